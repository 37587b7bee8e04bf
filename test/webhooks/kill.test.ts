import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CaxtonProcess } from "../helpers/process.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { callsOf } from "./hooked.ts";
import { answerOk, startReceiver, verify } from "./receiver.ts";

verifies("webhooks.kill-safe");

const AGENT = `name = "clerk"
version = "1.0.0"
capabilities = ["writing"]
system_prompt = "Repeat the request."
`;
const RUNS = 12;

async function serve(cwd: string) {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  await expect.poll(async () => (await fetch(`${url}/ready`)).status).toBe(200);
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url + path, {
      method,
      ...(body !== undefined && { headers, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  return { server, ...callsOf({ ask }), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test("a server that is killed before it records attempts repeats them with the same ids, and loses no event", async () => {
  using place = tempDirectory();
  await using receiver = await startReceiver();
  mkdirSync(join(place.path, "agents"));
  writeFileSync(join(place.path, "agents/clerk.toml"), AGENT);
  const config = `[server]\nport = 0\n[models]\ndefault = "mock"\n[webhooks]\nprivate_origins = ["${receiver.origin}"]\n`;
  writeFileSync(join(place.path, "caxton.toml"), config);
  let id = "";
  let secret: string | null = null;
  const runs: string[] = [];
  for (let kill = 0; kill < 3; kill += 1) {
    await using running = await serve(place.path);
    if (kill === 0) ({ id, secret } = await running.create({ url: receiver.url, events: ["run.completed"] }));
    // webhooks.sender.S1. The receiver has the request, and the server is killed before it gets the response.
    const hit = Promise.withResolvers<void>();
    receiver.answer(() => hit.resolve());
    for (let count = 0; count < RUNS / 3; count += 1) runs.push(await running.run(`Say ${count}`, "clerk"));
    await hit.promise;
    running.server.kill("SIGKILL");
  }
  // webhooks.dispatcher.W1
  receiver.answer(answerOk);
  await using running = await serve(place.path);
  await expect.poll(async () => (await running.get(id)).pending, { timeout: 60_000 }).toBe(0);
  const deliveries = await running.deliveries(id, "?limit=200");
  expect(deliveries.map(({ state }) => state)).toEqual(runs.map(() => "delivered"));
  expect(deliveries.map(({ data }) => data["run"]).toReversed()).toEqual(runs);
  expect(deliveries.map(({ sequence }) => sequence).toReversed()).toEqual(runs.map((_, index) => index + 1));
  const idsOf = new Map<unknown, Set<string>>();
  for (const { event } of receiver.received)
    idsOf.getOrInsertComputed(event.data["run"], () => new Set()).add(event.id);
  expect(new Set(idsOf.keys())).toEqual(new Set(runs));
  expect([...idsOf.values()].every((ids) => ids.size === 1)).toBe(true);
  expect(receiver.received.length).toBeGreaterThan(runs.length);
  expect(receiver.received.every((received) => verify(secret ?? "", received) === 0)).toBe(true);
}, 300_000);
