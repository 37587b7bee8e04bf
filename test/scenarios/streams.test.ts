import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { fastify } from "fastify";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DEFAULT_LIMITS, type Limits, LOCAL_LIMITS, ResourceLimits } from "../../src/access/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { EventStreams } from "../../src/api/http/responses/sse.ts";
import { httpServer } from "../../src/api/http/index.ts";
import { type Streamed, watchRun } from "../../src/api/operations/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import type { RunStreamEvent } from "../../src/api/contract/index.ts";
import type { LanguageModel, ModelPart } from "../../src/models/port/language-model.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { type ToolCall, ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { done, FakeTools, freshEngine } from "../helpers/engine.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.slow-reader", "api.rude-clients");

const limitsTo = (streams: Limits["streams"]) => new ResourceLimits({ ...LOCAL_LIMITS, streams }, systemClock);
const CHUNK = 256 * 1024;
/** A model's answer in pieces that each fill a response's buffer. */
const long = (chunks: number) => [{ text: "x".repeat(CHUNK * chunks), chunkChars: CHUNK }];

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ script: [{ text: "hello" }] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Sends a request as it stands and reads nothing of the answer. */
async function stalled(url: string, head: readonly string[], body: string): Promise<Socket> {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1").pause();
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write([head[0], `host: ${host}`, ...head.slice(1), "", body].join("\r\n"));
  return socket;
}

const NO_TOKENS = {
  inputTokens: undefined,
  outputTokens: undefined,
  cachedInputTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
};
const startBody = JSON.stringify({ agent: "greeter", input: "hello" });
const streamedStart = (url: string) =>
  fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", "x-request-id": "mine" },
    body: startBody,
  });

async function* large() {
  for (let id = 1; id <= 30; id += 1) yield { id: String(id), event: { type: "x".repeat(CHUNK) } };
}

async function* withoutEvents(signal: AbortSignal): AsyncGenerator<Streamed<{ type: string }>, void, undefined> {
  await once(signal, "abort");
  yield* [];
}

describe("readers", () => {
  test("one that takes what it is sent leaves no listeners behind", async () => {
    const warnings: string[] = [];
    const warned = (warning: Error) => void warnings.push(warning.name);
    process.on("warning", warned);
    const streams = new EventStreams(limitsTo({}));
    const http = fastify();
    http.get("/", async (asked, reply) => streams.send(asked, reply, large));
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    const text = await (await fetch(url)).text();
    await http.close();
    process.off("warning", warned);
    expect(text).toContain("id: 30\n");
    expect(warnings).toEqual([]);
  });

  test("the stream of a run that is started by it names the run and the request", async () => {
    const response = await streamedStart(server.url);
    expect(response.headers.get("location")).toMatch(/^\/api\/v1\/runs\/[\w-]{36}$/);
    expect(response.headers.get("x-request-id")).toBe("mine");
    await response.body?.cancel();
  });

  test("clients that neither take nor send anything do not keep the server from stopping", async () => {
    // More text than sockets buffer.
    await using stopping = await startServer({ script: long(64) });
    const json = ["content-type: application/json", `content-length: ${startBody.length}`];
    const head = ["POST /api/v1/runs HTTP/1.1", "accept: text/event-stream", ...json];
    const reader = await stalled(stopping.url, head, startBody);
    const upload = ["POST /api/v1/uploads?name=a.csv HTTP/1.1", "content-type: text/csv", "content-length: 1000000"];
    const sender = await stalled(stopping.url, upload, "a,b\n");
    await once(reader, "readable");
    const begun = performance.now();
    await stopping.started[Symbol.asyncDispose]();
    expect(performance.now() - begun).toBeLessThan(10_000);
    reader.destroy();
    sender.destroy();
  }, 30_000);

  test("one that takes nothing for too long is cut off, and its stream is let go", async () => {
    const letGo = Promise.withResolvers<string>();
    async function* endless() {
      try {
        for (let id = 1; ; id += 1) yield { id: String(id), event: { type: "x".repeat(CHUNK) } };
      } finally {
        letGo.resolve("let go");
      }
    }
    const streams = new EventStreams(limitsTo({ server: 2, address: 1 }), 20);
    const http = fastify();
    http.get("/", async (asked, reply) => streams.send(asked, reply, endless));
    http.setErrorHandler(async (error: Error) => ({ refused: error.message }));
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    const reader = await stalled(url, ["GET / HTTP/1.1"], "");
    expect(await letGo.promise).toBe("let go");
    reader.destroy();
    await http.close();
  });

  test("one address has not all the streams there are", async () => {
    const stop = new AbortController();
    async function* quiet() {
      yield { id: "1", event: { type: "ready" } };
      await once(stop.signal, "abort");
    }
    const streams = new EventStreams(limitsTo({ server: 2, address: 1 }));
    const http = fastify();
    http.get("/", async (asked, reply) => streams.send(asked, reply, quiet));
    http.setErrorHandler(async (error: Error) => ({ refused: error.message }));
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    const first = await fetch(url);
    expect(await (await fetch(url)).json()).toEqual({ refused: "the limit of 1 event streams per address is reached" });
    stop.abort();
    await first.text();
    streams.closeAll();
    await http.close();
  });

  test("HEAD of a stream without events holds no permit after its answer", async () => {
    const streams = new EventStreams(limitsTo({ server: 1 }));
    const http = fastify();
    http.get("/", async (asked, reply) => streams.send(asked, reply, withoutEvents));
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    const statuses: number[] = [];
    for (let times = 0; times < 3; times += 1) statuses.push((await fetch(url, { method: "HEAD" })).status);
    expect(statuses).toEqual([200, 200, 200]);
    streams.closeAll();
    await http.close();
  });

  test("HEAD and OPTIONS of a stream are answered at once, without one", async () => {
    const head = await fetch(`${server.url}/api/v1/events`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    expect(await head.text()).toBe("");
    const gone = await fetch(`${server.url}/api/v1/runs/00000000-0000-7000-8000-000000000000/events`, {
      method: "HEAD",
    });
    expect(gone.status).toBe(404);
    const options = await fetch(`${server.url}/api/v1/events`, { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
    expect((await fetch(`${server.url}/api/v1/nothing`, { method: "OPTIONS" })).status).toBe(404);
  });

  test("a kind of event that there is not is refused with those there are", async () => {
    const { status, body } = await server.ask("GET", "/api/v1/events?types=run,weather");
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain("tool-server");
  });

  test("past the limit of streams a run is refused before it is started", async () => {
    const { port } = new URL(server.url);
    const opened = Array.from({ length: DEFAULT_LIMITS.streams.address }, () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const open = request({ port, path: "/api/v1/events", agent: false }, () => resolve()).on("error", reject);
      open.end();
      return { promise, open };
    });
    await Promise.all(opened.map(({ promise }) => promise));
    const count = async () =>
      contract.runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?limit=200")).body).items.length;
    const before = await count();
    const refused = await streamedStart(server.url);
    const problem = {
      code: "TOO_MANY_STREAMS",
      retry_after_ms: 5_000,
      detail: expect.stringContaining("per address"),
    };
    expect([refused.status, await refused.json()]).toMatchObject([429, problem]);
    expect(await count()).toBe(before);
    for (const { open } of opened) open.on("error", () => undefined).destroy();
  });
});

describe("a client that disconnects", () => {
  test("stops the tool call it asked for", async () => {
    const called = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const run = async (_call: unknown, signal: AbortSignal) => {
      called.resolve();
      await once(signal, "abort");
      stopped.resolve();
      return done("stopped");
    };
    const { services } = server.started;
    const catalogue = new ToolCatalogues(() => new FakeTools([{ name: "wait", run }]));
    const options = {
      allowedHosts: [],
      dashboardDirectory: undefined,
      errorsPage: "",
      agentSchema: () => ({}),
      agentTestSchema: () => ({}),
    };
    const { http } = await httpServer({ ...services, tools: { ...services.tools, catalogue } }, options);
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    const leaving = new AbortController();
    const answer = fetch(`${url}/api/v1/tools/fake/wait/call`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ arguments: {} }),
      signal: leaving.signal,
    });
    await called.promise;
    leaving.abort();
    await expect(answer).rejects.toThrow("aborted");
    await stopped.promise;
    await http.close();
  });

  test("releases its stream's permit, also when the stream began with a POST", async () => {
    await using other = await startServer({ script: [{ text: "late", delayMs: 60_000 }] });
    const { hub } = other.started.services.runs.runs;
    const follow = hub.follow.bind(hub);
    const unwatched = Promise.withResolvers<string>();
    hub.follow = (id, listener) => {
      using moved = new DisposableStack();
      moved.use(follow(id, listener));
      moved.defer(() => unwatched.resolve("unwatched"));
      return moved.move();
    };
    const leaving = new AbortController();
    const response = await fetch(`${other.url}/api/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: startBody,
      signal: leaving.signal,
    });
    const id = response.headers.get("location")?.split("/").at(-1);
    leaving.abort();
    expect(await unwatched.promise).toBe("unwatched");
    await other.ask("POST", `/api/v1/runs/${id}/cancel`);
  });
});

const text = (runId: RunId, step: number) => ({ type: "text-delta", runId, step, offset: 0, text: "x" }) as const;
const EMPTY_OUTBOX = { get: () => undefined };
const readingOf = ({ runs, journal, artifacts }: ReturnType<typeof freshEngine>) => ({
  runs,
  stores: { journal, artifacts, memoryOutbox: EMPTY_OUTBOX },
});
const isDelta = ({ event }: Streamed<RunStreamEvent>) => event.type === "text-delta";
/** The text of the last streamed turn, as a client puts it together. */
const writtenBy = (events: readonly Streamed<RunStreamEvent>[]): string =>
  events.reduce(
    (known, { event }) => (event.type === "text-delta" ? known.slice(0, event.offset) + event.text : known),
    "",
  );

describe("the text of a running turn", () => {
  // record.run-hub.H2
  test("is given to a reader who comes late, then what follows, with nothing missing or doubled", async () => {
    const pieces = ["One, ", "two, ", "three, ", "four."];
    const asked: (() => void)[] = [];
    const model: LanguageModel = Object.assign(scripted([{ text: "" }]), {
      async *stream(): AsyncGenerator<ModelPart> {
        yield { type: "reasoning-delta", text: "They " };
        yield { type: "reasoning-delta", text: "count." };
        for (const piece of pieces) {
          yield { type: "text-delta", text: piece };
          const { promise, resolve } = Promise.withResolvers<void>();
          asked.push(resolve);
          await promise;
        }
        yield { type: "finish", reason: "stop", usage: NO_TOKENS };
      },
    });
    await using engine = freshEngine({ model });
    const { id, ended } = await engine.begin("count");
    const services = readingOf(engine);
    const until = (count: number) => vi.waitFor(() => expect(asked).toHaveLength(count));
    const readers: Promise<Streamed<RunStreamEvent>[]>[] = [];
    for (let count = 1; count <= pieces.length; count += 1) {
      await until(count);
      readers.push(collect(watchRun(services, id, {}, AbortSignal.timeout(10_000))));
      asked[count - 1]?.();
    }
    await ended;
    for (const reader of readers) {
      const received = await reader;
      expect(writtenBy(received)).toBe(pieces.join(""));
      expect(received.at(-1)?.event).toMatchObject({ type: "end", run: { output: pieces.join("") } });
    }
    const late = await readers[2];
    const thought = { type: "reasoning-delta", turn: 1, offset: 0, text: "They count." };
    expect(late?.map(({ event }) => event).filter(({ type }) => type === "reasoning-delta")).toEqual([thought]);
    expect(late?.find(isDelta)?.event).toMatchObject({ offset: 0, text: "One, two, three, " });
    expect(engine.runs.hub.drafts(id)).toEqual([]);
  });

  test("begins again at the beginning when the turn is tried again", async () => {
    const failing = { class: "overloaded", message: "later", times: 1, retryAfterMs: 1, afterChars: 4 } as const;
    await using engine = freshEngine({ model: scripted([{ text: "Good day.", chunkChars: 2, error: failing }]) });
    const { id, ended } = await engine.begin("hello");
    const received = await collect(watchRun(readingOf(engine), id, {}, AbortSignal.timeout(10_000)));
    await ended;
    const begun = received.filter(({ event }) => event.type === "text-delta" && event.offset === 0);
    expect(begun).toHaveLength(2);
    expect(writtenBy(received)).toBe("Good day.");
  });
});

test("the progress of a call, and the log of its tool, are streamed while it runs", async () => {
  const slow = {
    name: "slow",
    run: ({ context }: ToolCall) => {
      context.onProgress?.({ done: 1, total: 4, message: "a quarter" });
      context.onLog?.([{ atMs: 0, text: "reading" }]);
      return done("done");
    },
  };
  await using engine = freshEngine({
    model: scripted([{ toolCalls: [{ name: "fake__slow", arguments: {} }] }, { text: "end" }]),
    tools: [slow],
  });
  const { id, ended } = await engine.begin("go");
  const received = await collect(watchRun(readingOf(engine), id, {}, AbortSignal.timeout(10_000)));
  await ended;
  const event = received.find((each) => each.event.type === "tool-progress")?.event;
  expect(event).toMatchObject({ type: "tool-progress", turn: 1, done: 1, total: 4, message: "a quarter" });
  const log = received.find((each) => each.event.type === "tool-log")?.event;
  expect(log).toMatchObject({ turn: 1, lines: [{ at: "1970-01-01T00:00:00.000Z", text: "reading" }] });
  const asked = { types: ["run", "step"] } as const;
  const steps = await collect(watchRun(readingOf(engine), id, asked, AbortSignal.timeout(10_000)));
  expect(new Set(steps.map((each) => each.event.type))).toEqual(new Set(["run", "step", "end"]));
});

describe("a reader that is too slow", () => {
  test("of a run is cut off, with no event after the gap", async () => {
    const blocked = Promise.withResolvers<void>();
    const wait = { name: "wait", run: async () => (await blocked.promise, done("done")) };
    await using engine = freshEngine({
      model: scripted([{ toolCalls: [{ name: "fake__wait", arguments: {} }] }, { text: "end" }]),
      tools: [wait],
    });
    const { id, ended } = await engine.begin("go");
    const events = watchRun(readingOf(engine), id, {}, AbortSignal.timeout(5_000));
    await events.next();
    // Texts of turn after turn, so that none is joined with the previous one; the last still waits for more.
    for (let step = 0; step <= LIMITS.streamEventsMax + 1; step += 1) {
      engine.runs.hub.publish(id, text(id, step));
    }
    const received: unknown[] = [];
    for (let count = 0; count < 100; count += 1) {
      const next = await events.next();
      if (next.done) break;
      received.push(next.value.id);
    }
    blocked.resolve();
    await ended;
    const rest = await collect(events);
    expect(rest.length).toBeGreaterThan(1_000);
    expect(rest.filter((event) => event.id !== undefined)).toEqual([]);
    expect(rest.at(-1)?.event).toEqual({ type: "lagged" });
  });

  // record.run-hub.H1
  test("who never reads at all holds up no run, and is given no more than its buffer", async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `${index} `).join("");
    await using engine = freshEngine({ model: scripted([{ text: words.repeat(12), chunkChars: 500 }]) });
    const { id, ended } = await engine.begin("go");
    const events = watchRun(readingOf(engine), id, {}, AbortSignal.timeout(10_000));
    await events.next();
    expect(await ended).toEqual({ state: "completed" });
    const rest = await collect(events);
    const chars = rest.reduce((sum, { event }) => sum + (event.type === "text-delta" ? event.text.length : 0), 0);
    expect(chars).toBeLessThanOrEqual(LIMITS.streamTextCharsMax + LIMITS.draftCharsMax);
    expect(rest.at(-1)?.event).toEqual({ type: "lagged" });
  });
});

test("an id is that of an entry's last event, so that a cut before it loses nothing", async () => {
  const file = { type: "file", name: "a.txt", mediaType: "text/plain", text: "a" } as const;
  const make = { name: "make", run: () => ({ ...done("made"), content: [file, { ...file, name: "b.txt" }] }) };
  await using engine = freshEngine({
    model: scripted([{ toolCalls: [{ name: "fake__make", arguments: {} }] }, { text: "end" }]),
    tools: [make],
  });
  const { id } = await engine.run("go");
  const events = await collect(watchRun(readingOf(engine), id, {}, new AbortController().signal));
  const first = events.findIndex(({ event }) => event.type === "artifact");
  const entry = events.slice(first - 1, first + 2);
  expect(entry.map(({ event }) => event.type)).toEqual(["step", "artifact", "artifact"]);
  expect(entry.map((event) => event.id)).toEqual([undefined, undefined, expect.any(String)]);
});

async function collect<Event>(events: AsyncGenerator<Streamed<Event>, void, undefined>): Promise<Streamed<Event>[]> {
  return Array.fromAsync(events);
}
