import { expect, test } from "vitest";
import * as z from "zod";
import { startServer } from "../helpers/server.ts";

const Body = z.looseObject({ id: z.string().default(""), run: z.looseObject({ id: z.string() }).default({ id: "" }) });

async function ask(url: string, method: string, path: string, body?: object) {
  const init = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return Body.parse(await (await fetch(`${url}/api/v1${path}`, { method, ...init })).json());
}

test("a turn that was exported is replayed on another server with the turns before it", async () => {
  await using one = await startServer();
  await using other = await startServer();
  const thread = await ask(one.url, "POST", "/threads", { agent: "greeter" });
  const send = (input: string) => ask(one.url, "POST", `/threads/${thread.id}/messages`, { input, wait: true });
  await send("say hello");
  const { run } = await send("say goodbye");
  const exported = await ask(one.url, "GET", `/runs/${run.id}/export`);
  expect(JSON.stringify(exported["history"])).toContain("say hello");
  expect(await ask(other.url, "POST", "/runs/replay", exported)).toMatchObject({ same: true, divergences: [] });
  const alone = { ...exported, history: {} };
  expect(await ask(other.url, "POST", "/runs/replay", alone)).toMatchObject({ same: false });
});
