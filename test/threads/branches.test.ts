import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    script: [{ when: { userIncludes: "slowly" }, text: "in time", delayMs: 600 }, { text: "answer" }],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const create = async () =>
  contract.threads.Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "greeter" })).body);
const send = async (id: string, body: object) =>
  contract.threads.Sent.parse((await server.ask("POST", `/api/v1/threads/${id}/messages`, body)).body);
const say = async (id: string, input: string, more = {}) => (await send(id, { input, wait: true, ...more })).run.id;

/** Server-sent events of a path until the signal aborts or the stream ends. */
async function* eventsOf(path: string, signal: AbortSignal): AsyncGenerator<{ readonly [key: string]: unknown }> {
  const response = await fetch(`${server.url}${path}`, { headers: { accept: "text/event-stream" }, signal });
  let rest = "";
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
  }
}

test("a branch is shown up to its newest turn, and each turn says what it used", async () => {
  const { id } = await create();
  const first = await say(id, "one");
  const second = await say(id, "two");
  const third = await say(id, "three");
  const other = await say(id, "instead of two", { instead_of: second });
  const shown = async (branch: string) =>
    contract.threads.Thread.parse((await server.ask("PATCH", `/api/v1/threads/${id}`, { branch })).body).head;
  expect(await shown(second)).toBe(third);
  expect(await shown(other)).toBe(other);
  expect(await shown(first)).toBe(other);
  const { body } = await server.ask("GET", `/api/v1/threads/${id}/turns`);
  const [newest] = contract.threads.TurnPage.parse(body).items;
  expect(newest).toMatchObject({ run: other, siblings: [second, other], cost: { usd: 0 } });
  expect(newest?.input_tokens).toBeGreaterThan(0);
  const refused = await server.ask("PATCH", `/api/v1/threads/${id}`, { branch: "run_01JABCDEFGHJKMNPQRSTVWXYZ0" });
  expect(refused.status).toBe(404);
});

test("clients that watch the server learn of changed threads, and those that watch a run of messages that join it", async () => {
  using stop = new DisposableStack();
  const controller = stop.adopt(new AbortController(), (each) => each.abort());
  const changes = eventsOf("/api/v1/events?types=thread", controller.signal);
  expect((await changes.next()).value).toMatchObject({ type: "ready" });
  const { id } = await create();
  await server.ask("PATCH", `/api/v1/threads/${id}`, { title: "Renamed" });
  expect((await changes.next()).value).toEqual({ type: "thread", id });
  expect((await changes.next()).value).toEqual({ type: "thread", id });
  const { run } = await send(id, { input: "slowly" });
  const joined = await send(id, { input: "and shorter", when_busy: "steer" });
  expect(joined).toMatchObject({ joined: true, run: { id: run.id, inputs: [{ turn: 2, text: "and shorter" }] } });
  const events = await Array.fromAsync(eventsOf(`/api/v1/runs/${run.id}/events?types=input`, controller.signal));
  expect(events).toMatchObject([
    { type: "input", input: { turn: 2, text: "and shorter", author: "local" } },
    { type: "end", run: { inputs: [{ turn: 2 }] } },
  ]);
});
