import { expect, test } from "vitest";
import type { ToolProgress, ToolQuestion } from "../../../src/tools/catalogue/index.ts";
import {
  callOf,
  Endpoint,
  httpAt,
  legacyListener,
  modernHandler,
  never,
  runnerTo,
  serverIn,
  textOf,
  until,
} from "./room.ts";
import { newState, type ServerState, testServer } from "./test-server.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.remote-mcp");

const ERAS = [
  { era: "2025", listenerOf: (state: ServerState) => legacyListener(testServer(state)) },
  { era: "2026", listenerOf: (state: ServerState) => modernHandler(testServer(state)).listener },
] as const;

for (const { era, listenerOf } of ERAS) {
  test(`a server of ${era} gives its tools, and they answer`, async () => {
    const state = newState();
    await using endpoint = await Endpoint.start(listenerOf(state));
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    const [server] = runner.servers();
    expect(server).toMatchObject({
      state: "loaded",
      reason: "",
      interface: "mcp-http",
      isSandboxed: false,
      version: "1.2.3",
    });
    expect(server?.tools[0]).toMatchObject({
      name: "add",
      description: "Adds two numbers",
      effects: { readOnly: true },
    });
    const result = await runner.call(callOf("add", { a: 2, b: 3 }), never);
    expect(result).toMatchObject({ type: "done", structured: { sum: 5 }, content: [{ type: "text", text: "5" }] });
    expect(await runner.call(callOf("fail"), never)).toMatchObject({
      reason: "tool-error",
      message: "the disk is full",
    });
    expect(runner.servers()[0]?.calls).toMatchObject({ done: 1, failed: 1 });
  });

  test(`images become files, links and documents text, from a server of ${era}`, async () => {
    await using endpoint = await Endpoint.start(listenerOf(newState()));
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    const result = await runner.call(callOf("gallery"), never);
    expect(result).toMatchObject({
      content: [
        { type: "bytes", name: "image-1.png", mediaType: "image/png" },
        { type: "text", text: "(link to report, file:///report.pdf, application/pdf)" },
        { type: "text", text: "memo://one:\nremember" },
      ],
    });
  });

  test(`progress keeps a slow call of ${era} alive and is passed on`, async () => {
    await using endpoint = await Endpoint.start(listenerOf(newState()));
    await using runner = runnerTo(httpAt(endpoint.url), { timeoutMs: 1_500 });
    await runner.open(5_000);
    const progress: ToolProgress[] = [];
    const call = callOf("slow", { steps: 6, stepMs: 300 }, { onProgress: (each) => progress.push(each) });
    expect(textOf(await runner.call(call, never))).toBe("done");
    expect(progress[0]).toEqual({ done: 1, total: 6, message: "step 1" });
    expect(progress.length).toBeGreaterThanOrEqual(5);
  });

  // remote.call.A1
  test(`a call of ${era} that keeps silent ends at its timeout, an endless one at its deadline`, async () => {
    const state = newState();
    await using endpoint = await Endpoint.start(listenerOf(state));
    await using silent = runnerTo(httpAt(endpoint.url), { timeoutMs: 500 });
    await silent.open(5_000);
    expect(await silent.call(callOf("hold"), never)).toMatchObject({
      reason: "deadline",
      message: expect.stringContaining("0.5 s"),
    });
    await until(() => (state.cancelled.length > 0 ? true : undefined));
    await using endless = runnerTo(httpAt(endpoint.url), { limits: { deadlineMs: 300 } });
    await endless.open(5_000);
    const call = callOf("slow", { steps: 100, stepMs: 50 });
    expect(await endless.call(call, never)).toMatchObject({
      reason: "deadline",
      message: expect.stringContaining("limits.deadline"),
    });
  });

  test(`a cancelled call of ${era} is cancelled at the server too`, async () => {
    const state = newState();
    await using endpoint = await Endpoint.start(listenerOf(state));
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    const controller = new AbortController();
    const result = runner.call(callOf("hold"), controller.signal);
    await until(() => (state.calls.includes("hold") ? true : undefined));
    controller.abort();
    expect(await result).toMatchObject({ reason: "cancelled" });
    await until(() => (state.cancelled.includes("hold") ? true : undefined));
    expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
  });

  test(`a question of a server of ${era} is put to whom the call belongs to`, async () => {
    await using endpoint = await Endpoint.start(listenerOf(newState()));
    await using runner = runnerTo(httpAt(endpoint.url), { timeoutMs: 20_000 });
    await runner.open(5_000);
    const asked: ToolQuestion[] = [];
    const answerAs = (name: string) => async (question: ToolQuestion) => {
      asked.push(question);
      return { type: "accepted", content: { name } } as const;
    };
    const [ada, bob, absent, refusing] = await Promise.all([
      runner.call(callOf("ask", {}, { session: "a", ask: answerAs("Ada") }), never),
      runner.call(callOf("ask", {}, { session: "b", ask: answerAs("Bob") }), never),
      runner.call(callOf("ask", {}, { session: "c" }), never),
      runner.call(callOf("ask", {}, { session: "d", ask: async () => ({ type: "declined" }) }), never),
    ]);
    // What the form's default says is sent along.
    expect([ada, bob, absent, refusing].map(textOf)).toEqual(["HELLO Ada", "HELLO Bob", "no answer", "no answer"]);
    expect(asked[0]).toMatchObject({
      server: "remote",
      message: "Who are you?",
      url: undefined,
      schema: { type: "object" },
    });
  });

  // remote.bounded-fetch.B1
  test(`a result of ${era} that is too large is refused, and the next call is fine`, async () => {
    await using endpoint = await Endpoint.start(listenerOf(newState()));
    await using runner = runnerTo(httpAt(endpoint.url), { limits: { resultBytesMax: 10_000 } });
    await runner.open(5_000);
    expect(await runner.call(callOf("huge", { bytes: 20_000 }), never)).toMatchObject({ reason: "bad-output" });
    expect(await runner.call(callOf("huge", { bytes: 3_000_000 }), never)).toMatchObject({ reason: "bad-output" });
    expect(await runner.call(callOf("huge", { bytes: 5_000 }), never)).toMatchObject({ type: "done" });
  });

  test(`after a restart of a server of ${era} the next call finds the new one`, async () => {
    const state = newState();
    await using endpoint = await Endpoint.start(listenerOf(state));
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    await endpoint.stop();
    const failing = runner.call(callOf("add", { a: 1, b: 2 }), never);
    const failed = await serverIn(runner, "failed");
    expect(failed.reason).toMatch(/^reconnecting/);
    expect(failed.tools.length).toBeGreaterThan(0);
    await endpoint.start(listenerOf(state));
    expect(textOf(await failing)).toBe("3");
    await serverIn(runner, "loaded");
  });

  // remote.mcp-tool-runner.M2
  test(`a call that a restart of a server of ${era} cut off is made again only when that does no harm`, async () => {
    const state = newState();
    await using endpoint = await Endpoint.start(listenerOf(state));
    await using runner = runnerTo(httpAt(endpoint.url));
    await runner.open(5_000);
    const harmful = runner.call(callOf("hold"), never);
    const harmless = runner.call(callOf("hold_harmless"), never);
    await until(() => (state.calls.length === 2 ? true : undefined));
    await endpoint.stop();
    state.release.resolve();
    await endpoint.start(listenerOf(state));
    expect(await harmful).toMatchObject({ reason: "crashed", message: expect.stringContaining("may or may not") });
    expect(textOf(await harmless)).toBe("released");
    expect(state.calls.filter((name) => name === "hold")).toHaveLength(1);
  });
}

test("a session that the server forgot is opened again, and the call is made once", async () => {
  const state = newState();
  await using endpoint = await Endpoint.start(legacyListener(testServer(state)));
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  await endpoint.stop();
  await endpoint.start(legacyListener(testServer(state)));
  expect(textOf(await runner.call(callOf("add", { a: 4, b: 4 }), never))).toBe("8");
  expect(state.calls).toEqual(["add"]);
});

test("a change of the tools is heard of over the stream of changes", async () => {
  const state = newState();
  const { listener, handler } = modernHandler(testServer(state));
  await using endpoint = await Endpoint.start(listener);
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  const before = runner.servers()[0]?.moduleHash;
  state.extra.push("newcomer");
  handler.notify.toolsChanged();
  const server = await until(() => runner.servers().find(({ tools }) => tools.some(({ name }) => name === "newcomer")));
  expect(server.moduleHash).not.toBe(before);
  expect(textOf(await runner.call(callOf("newcomer"), never))).toBe("newcomer");
});

test("only tools of the list are imported", async () => {
  await using endpoint = await Endpoint.start(modernHandler(testServer(newState())).listener);
  await using runner = runnerTo(httpAt(endpoint.url), { tools: ["add", "missing"] });
  await runner.open(5_000);
  expect(runner.servers()[0]?.tools.map(({ name }) => name)).toEqual(["add"]);
  expect(runner.logs("remote").map(({ text }) => text)).toContain(
    "tools names missing, which the server does not have",
  );
  expect(await runner.call(callOf("huge", { bytes: 1 }), never)).toMatchObject({ reason: "unknown-tool" });
});

test("past its limits a server takes no more calls", async () => {
  const state = newState();
  await using endpoint = await Endpoint.start(modernHandler(testServer(state)).listener);
  await using runner = runnerTo(httpAt(endpoint.url), { limits: { concurrentMax: 1, callsPerMinuteMax: 2 } });
  await runner.open(5_000);
  const first = runner.call(callOf("hold"), never);
  const second = runner.call(callOf("add", { a: 1, b: 1 }), never);
  expect(await runner.call(callOf("add", { a: 1, b: 1 }), never)).toMatchObject({ reason: "overloaded" });
  await until(() => (state.calls.length > 0 ? true : undefined));
  expect(state.calls).toEqual(["hold"]);
  state.release.resolve();
  expect([textOf(await first), textOf(await second)]).toEqual(["released", "2"]);
});

test("a server whose name is taken is not used", async () => {
  await using runner = runnerTo(httpAt("http://127.0.0.1:9/mcp"), {}, { isTaken: (name) => name === "remote" });
  expect(runner.servers()).toEqual([]);
  expect(runner.shadowed()).toEqual(["remote"]);
});

test("an unreachable server fails calls quickly, and says why", async () => {
  await using endpoint = await Endpoint.start(() => undefined);
  const { url } = endpoint;
  await endpoint.stop();
  await using runner = runnerTo(httpAt(url), { timeoutMs: 100 });
  await runner.open(5_000);
  expect(runner.servers()[0]).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("ECONNREFUSED"),
    tools: [],
  });
  expect(await runner.call(callOf("add", { a: 1, b: 1 }), never)).toMatchObject({
    reason: "unavailable",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a check asks the server itself: how long it takes to answer, what it lists, and when it is silent", async () => {
  await using endpoint = await Endpoint.start(modernHandler(testServer(newState())).listener);
  await using runner = runnerTo(httpAt(endpoint.url), { timeoutMs: 20_000 });
  await runner.open(5_000);
  const before = endpoint.requests.length;
  const answer = await runner.check("remote", never);
  expect(answer).toMatchObject({ type: "answered", tools: runner.servers()[0]?.tools.length });
  expect(endpoint.requests.length).toBeGreaterThan(before + 1);
  // It looks connected until the next call.
  await endpoint.stop();
  await endpoint.start((_request, response) => void response.writeHead(503).end());
  expect(await runner.check("remote", never)).toMatchObject({
    type: "silent",
    reason: expect.stringMatching(/does not answer/),
  });
  expect(await runner.check("nonexistent", never)).toMatchObject({ type: "silent" });
  await expect(runner.check("remote", AbortSignal.abort("gone"))).rejects.toBe("gone");
});
