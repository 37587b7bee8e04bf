import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { Database } from "../../src/storage/index.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import type { RunState } from "../../src/runs/index.ts";
import { done, engine } from "../helpers/engine.ts";
import { settled } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";

const call = (name: string) => ({ name: `fake__${name}`, arguments: {} });

/** Fails each of its turns; how often it was asked. */
function down(id: string): { readonly model: LanguageModel; asked: number } {
  const counted = { model: scripted([]), asked: 0 };
  const inner = scripted([{ error: { class: "overloaded", message: `${id} is down`, retryAfterMs: 1 } }], { id });
  counted.model = {
    id,
    limits: undefined,
    stream: (request, signal) => {
      counted.asked += 1;
      return inner.stream(request, signal);
    },
  };
  return counted;
}

const SCHEMA = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };

/** One life of a server, whose journal takes so many writes and then none. */
function life(directory: string, database: Database, writesMax: number) {
  const first = down("a/one");
  const second = down("b/two");
  const third = scripted([{ toolCalls: [call("look")] }, { text: "not JSON" }, { text: '{"n": 3}' }], {
    id: "c/three",
  });
  const made = engine({
    model: first.model,
    backups: { "b/two": second.model, "c/three": third },
    tools: [{ name: "look", run: () => done("3") }],
    plan: { fallback: ["b/two"], outputSchema: SCHEMA },
    directory,
    database,
  });
  const died = Promise.withResolvers<void>();
  const append = made.journal.append.bind(made.journal);
  let writes = 0;
  const under: Promise<unknown>[] = [];
  made.journal.append = (entries) => {
    writes += 1;
    if (writes <= writesMax) {
      const written = append(entries);
      under.push(written);
      return written;
    }
    died.resolve();
    return new Promise<never>(() => undefined);
  };
  return { made, first, second, died: died.promise, written: () => Promise.allSettled(under) };
}

const isAtRest = (state: RunState | undefined) => state !== undefined && state !== "queued" && state !== "running";

test("killed before any of its writes, a run that meets failures, backups, a choice and a repair ends as if it had not been", async () => {
  let crashes = 0;
  for (let writes = 1; writes <= 24; writes += 1) {
    using directory = tempDirectory();
    using database = Database.open({ directory: directory.path, synchronous: "normal" });
    const before = life(directory.path, database, writes);
    const { id } = await before.made.begin("go", { onModelFailure: "ask" });
    let isDead = false;
    const resume = async (world: typeof before) => {
      const isGone = () => isDead && world === before;
      const state = () => world.made.journal.summary(id)?.state;
      for (;;) {
        while (!isAtRest(state()) && !isGone()) await settled();
        if (state() !== "awaiting-choice" || isGone()) return;
        await world.made.runs.choose(id, { choice: "use", model: "c/three" });
      }
    };
    const crashed = await Promise.race([before.died.then(() => (isDead = true)), resume(before).then(() => false)]);
    if (crashed) crashes += 1;

    // What had begun to be written before the end is on disk, or not, when the next server starts.
    await before.written();
    const after = life(directory.path, database, Infinity);
    after.made.runs.resumeUnfinished();
    await resume(after);
    const view = after.made.runs.view(id);
    expect(view, `after ${writes} writes`).toMatchObject({
      state: "completed",
      outputJson: { n: 3 },
      modelInUse: "c/three",
    });
    const [turn] = view.steps;
    const attempts =
      turn?.kind === "model" ? turn.attempts.map(({ model, next }) => `${model} ${next ?? ""}`.trim()) : [];
    expect(attempts, `after ${writes} writes`).toEqual(["a/one", "a/one b/two", "b/two", "b/two"]);
    expect(view.steps.map(({ kind }) => kind)).toEqual(["model", "tool", "model", "model"]);
    await after.made[Symbol.asyncDispose]();
  }
  expect(crashes).toBeGreaterThan(12);
}, 60_000);
