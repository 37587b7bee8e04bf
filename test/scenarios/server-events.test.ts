import { describe, expect, test, vi } from "vitest";
import { Agents } from "../../src/agents/definitions/index.ts";
import type { ServerEvent } from "../../src/api/contract/index.ts";
import { type Streamed, watchServer } from "../../src/api/operations/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { SqliteAgentStore, SqliteChangeLog } from "../../src/storage/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { engine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.resume", "api.slow-reader");

type Query = Parameters<typeof watchServer>[1];

/** No messages and no tasks. */
const SILENT = { watch: () => ({ [Symbol.dispose]: () => {} }) };

/** The changes of a dedicated server, as its events report them. */
function serverEvents() {
  using stack = new DisposableStack();
  const directory = stack.use(tempDirectory());
  const made = engine({ model: scripted([{ text: "end" }]), directory: directory.path });
  const changes = new SqliteChangeLog(made.database);
  const agents = new SqliteAgentStore(made.database, changes);
  const stop = new AbortController();
  const read = vi.spyOn(made.journal, "read");
  const watch = (query: Query) =>
    watchServer(
      {
        runs: { runs: made.runs, stores: made },
        messaging: { router: SILENT, tasks: SILENT },
        storage: { changes },
        server: { clock: systemClock },
      },
      query,
      AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]),
    );
  const owned = stack.move();
  return {
    engine: made,
    changes,
    agents,
    read,
    watch,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await made[Symbol.asyncDispose]();
      owned[Symbol.dispose]();
    },
  };
}

/** Events of a stream up to one that fits, that one included. */
async function upTo<Event>(
  events: AsyncGenerator<Streamed<Event>, void, undefined>,
  fits: (event: Event) => boolean,
): Promise<Streamed<Event>[]> {
  const received: Streamed<Event>[] = [];
  for (let next = await events.next(); !next.done; next = await events.next()) {
    received.push(next.value);
    if (fits(next.value.event)) break;
  }
  return received;
}

const hasEnded = (id: RunId) => (event: ServerEvent) =>
  event.type === "run" && event.run.id === id && event.run.state === "completed";
const changed = (name: string) => ({ type: "tool-server", name, state: "running" }) as const;

describe("the server's events", () => {
  test("are read from the journal once for all readers, which receive the same objects", async () => {
    await using place = serverEvents();
    const readers = Array.from({ length: 40 }, () => place.watch({ workspace: "default", types: ["run", "step"] }));
    await Promise.all(readers.map((reader) => upTo(reader, ({ type }) => type === "ready")));
    place.read.mockClear();
    const { id, ended } = await place.engine.begin("hello");
    const [[first = [], ...others]] = await Promise.all([
      Promise.all(readers.map((reader) => upTo(reader, hasEnded(id)))),
      ended,
    ]);
    expect(first.map(({ event }) => event.type)).toContain("step");
    for (const other of others) expect(other.at(-1)?.event).toBe(first.at(-1)?.event);
    // Once for each frame in which the run changed; each reader for itself would read 40 times as much.
    expect(place.read.mock.calls.length).toBeLessThan(20);
  });

  // operations.server-events.S1
  test("carry ids, and a reader that reconnects with one receives what it missed, once each", async () => {
    await using place = serverEvents();
    const before = await place.engine.run("before");
    const [ready] = await upTo(place.watch({ workspace: "default" }), ({ type }) => type === "ready");
    const missed = [await place.engine.run("one"), await place.engine.run("two")];
    place.changes.publish("default", changed("missed"));
    await vi.waitFor(() => expect(place.changes.range().last).toBe(1));
    const received = await upTo(
      place.watch({ workspace: "default", after: String(ready?.id) }),
      hasEnded(missed[1]?.id ?? before.id),
    );
    const runs = received.flatMap(({ event }) => (event.type === "run" ? [event.run.id] : []));
    expect(runs).toEqual(missed.map(({ id }) => id));
    expect(received.filter(({ event }) => event.type === "tool-server").map(({ event }) => event)).toEqual([
      changed("missed"),
    ]);
    // Nothing is missed any more.
    const last = received.at(-1)?.id;
    const again = place.watch({ workspace: "default", after: String(last) });
    await again.next();
    place.changes.publish("default", changed("later"));
    expect((await again.next()).value?.event).toEqual(changed("later"));
  });

  // operations.server-events.S2
  test("wherever a reader is cut off, it receives the rest", async () => {
    await using place = serverEvents();
    const [ready] = await upTo(place.watch({ workspace: "default" }), ({ type }) => type === "ready");
    const runs: RunId[] = [];
    for (const input of ["a", "b", "c", "d"]) runs.push((await place.engine.run(input)).id);
    const heard = new Set<string>();
    let after = String(ready?.id);
    for (const _ of runs) {
      const received = await upTo(
        place.watch({ workspace: "default", after, types: ["run"] }),
        ({ type }) => type === "run",
      );
      const event = received.at(-1);
      if (event?.event.type === "run") heard.add(event.event.run.id);
      after = String(event?.id);
    }
    expect([...heard]).toEqual(runs);
  });

  test("are those asked for, and steps only when they are", async () => {
    await using place = serverEvents();
    const steps = place.watch({ workspace: "default", types: ["step"] });
    const usual = place.watch({ workspace: "default" });
    await Promise.all([steps.next(), usual.next()]);
    place.changes.publish("default", changed("other"));
    const { id } = await place.engine.run("go");
    const [step] = await upTo(steps, ({ type }) => type === "step");
    expect(step?.event).toMatchObject({ type: "step", run: id, step: { kind: "model", text: "end", state: "done" } });
    const received = await upTo(usual, hasEnded(id));
    expect(new Set(received.map(({ event }) => event.type))).toEqual(new Set(["tool-server", "run"]));
  });

  // operations.server-events.S2
  test("reset a reader whose id is not this server's, or whose gap is too wide", async () => {
    await using place = serverEvents();
    for (const after of ["nonsense", "7", "900-0", "0-900"]) {
      const [first, second] = await upTo(place.watch({ workspace: "default", after }), ({ type }) => type === "ready");
      expect([first?.event.type, second?.event.type]).toEqual(["reset", "ready"]);
    }
    for (let count = 0; count <= LIMITS.replayMax; count += 1) place.changes.publish("default", changed(`${count}`));
    await vi.waitFor(() => expect(place.changes.range().last).toBeGreaterThan(LIMITS.replayMax));
    const [first] = await upTo(place.watch({ workspace: "default", after: "0-0" }), ({ type }) => type === "ready");
    expect(first?.event.type).toBe("reset");
  });

  test("report a deployment in its own transaction: both are on disk or neither", async () => {
    await using place = serverEvents();
    const events = place.watch({ workspace: "default", types: ["agent"] });
    await events.next();
    const agents = new Agents({ store: place.agents, clock: systemClock, knownTools: () => [] });
    const source =
      'name = "greeter"\nversion = "1.0.0"\ncapabilities = ["greeting"]\ntools = []\nsystem_prompt = "Greet."\n';
    await agents.deploy("default", { source, fileName: "greeter.toml" });
    await agents.deploy("default", { source, fileName: "greeter.toml" });
    await agents.delete("default", "greeter");
    const received = [await events.next(), await events.next()].map(({ value }) => value?.event);
    expect(received).toMatchObject([
      { change: "deployed", revision: 1 },
      { change: "deleted", revision: 1 },
    ]);
    expect(place.changes.range().last).toBe(2);
  });

  // operations.server-events.S3
  test("reset a reader that is too slow, rather than skip events", async () => {
    await using place = serverEvents();
    const events = place.watch({ workspace: "default", types: ["run"] });
    expect((await events.next()).value?.event).toEqual({ type: "ready" });
    const first = events.next();
    for (let seq = 1; seq <= LIMITS.streamEventsMax + 1; seq += 1) {
      const event = { type: "run-start", attempt: 1 } as const;
      const runId = mint(RunId);
      place.engine.runs.hub.publish(runId, { type: "entry", entry: { seq, runId, atMs: 0, event } });
    }
    expect((await first).value?.event).toEqual({ type: "reset" });
  });
});
