import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { startServer, type TestServer } from "../helpers/server.ts";

const READER =
  'name = "reader"\nversion = "1.0.0"\ncapabilities = ["data"]\ntools = ["csv_parser"]\nsystem_prompt = "Read."\n';
const describe = (column: string) => ({
  toolCalls: [{ name: "csv_parser__describe", arguments: { text: `${column},b\n1,2\n` } }],
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    script: [
      { when: { userIncludes: "foreign" }, ...describe("kumquat") },
      { when: { userIncludes: "own" }, ...describe("plum") },
      { when: { userIncludes: "again" }, toolCalls: [{ name: "caxton__read_result", arguments: { call: 1 } }] },
      { text: "done" },
    ],
  });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Asks in a workspace. */
async function ask(method: string, path: string, body?: object, workspace = "default") {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { "x-caxton-workspace": workspace, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}
const idOf = ({ text }: { readonly text: string }): string => z.object({ id: z.string() }).parse(JSON.parse(text)).id;
const runOf = ({ text }: { readonly text: string }): string =>
  z.object({ run: z.object({ id: z.string() }) }).parse(JSON.parse(text)).run.id;

test("an export that names a run of another workspace or another workspace shows nothing of it", async () => {
  await ask("POST", "/workspaces", { name: "other" });
  const say = async (thread: string, input: string, workspace?: string) =>
    runOf(await ask("POST", `/threads/${thread}/messages`, { input, wait: true }, workspace));
  await ask("POST", "/agents", { source: READER });
  await ask("POST", "/agents", { source: READER.replace("Read.", "Hide the kumquat.") }, "other");
  const other = idOf(await ask("POST", "/threads", { agent: "reader" }, "other"));
  const foreign = await say(other, "foreign", "other");
  // What a turn leaves is stored when a turn follows.
  await say(other, "foreign, too", "other");
  const thread = idOf(await ask("POST", "/threads", { agent: "reader" }));
  const first = await say(thread, "own");
  const second = await say(thread, "again");
  const { text } = await ask("GET", `/runs/${second}/export`);
  expect(text).toContain(first);
  const own = await ask("POST", "/runs/replay", JSON.parse(text));
  expect(JSON.parse(own.text)).toMatchObject({ same: true });
  // Without the earlier turns that the export has, the server looks for its own.
  const named = { ...JSON.parse(text.replaceAll(first, foreign)), history: {} };
  const forged = await ask("POST", "/runs/replay", named);
  expect(forged.status).toBe(200);
  expect(forged.text).not.toContain("kumquat");
  expect(JSON.parse(forged.text)).toMatchObject({ same: false });
  const moved = await ask("POST", "/runs/replay", JSON.parse(text.replaceAll('"default"', '"other"')));
  expect(moved.text).not.toContain("kumquat");
  expect(JSON.parse(moved.text)).toMatchObject({ same: true });
});
