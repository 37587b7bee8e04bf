import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CaxtonProcess } from "../helpers/process.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { startOfficialServer } from "./official-server.ts";
import { worldOf } from "./world.ts";

verifies("remotes.kill-safe");

async function serve(cwd: string) {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 20_000 }).toBe(200);
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = { "content-type": "application/json" };
    const given = body === undefined ? {} : { headers, body: JSON.stringify(body) };
    const response = await fetch(url + path, { method, ...given });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const world = worldOf(Object.assign({ url, ask }));
  return { ...world, kill: () => server.kill("SIGKILL"), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

// remotes.follower.F1, remotes.handler.H2, remotes.replies.P1, remotes.sending.S1
test("a server that is killed while it sends, and while tasks run, starts no task twice and delivers all results", async () => {
  using place = tempDirectory();
  await using official = await startOfficialServer();
  const config = `[server]\nport = 0\n[models]\ndefault = "mock"\n[a2a]\nprivate_origins = ["${official.origin}"]\n`;
  writeFileSync(join(place.path, "caxton.toml"), config);
  {
    await using first = await serve(place.path);
    await first.server.ask("PUT", "/api/v1/remote-agents/bakery", { url: official.url });
    for (let index = 0; index < 3; index += 1) await first.send({ content: `slow ${index}` }, 0);
    await expect.poll(() => official.worked.length).toBe(3);
    first.kill();
  }
  {
    await using second = await serve(place.path);
    // The remote server has the message, and the server is killed before it gets the response.
    official.instead = (method) => (method === "SendMessage" ? "cut-after" : undefined);
    await second.send({ content: "hello" }, 0);
    await expect.poll(() => official.worked.length).toBe(4);
    second.kill();
  }
  official.instead = undefined;
  official.release();
  await using third = await serve(place.path);
  await expect.poll(async () => (await third.get()).open_tasks, { timeout: 60_000 }).toBe(0);
  const { body } = await third.server.ask("GET", "/api/v1/messages?sender=bakery&limit=100");
  const contents = Object(body).items.map((each: { message: { content: string } }) => each.message.content);
  expect(contents.toSorted()).toEqual(["at last", "at last", "at last", "echo hello"]);
  expect(official.worked).toHaveLength(4);
}, 180_000);
