import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { startServer } from "../helpers/server.ts";
import { caxton } from "./caxton.ts";

const FILER = `name = "filer"
version = "1.0.0"
capabilities = ["filing"]
tools = ["file_system"]
system_prompt = "You file."
`;
const write = (path: string) => [
  {
    when: { userIncludes: path },
    toolCalls: [{ name: "file_system__write_file", arguments: { path, content: "kumquat" } }],
  },
  { when: { userIncludes: path }, text: "Written." },
];

async function room() {
  const script = [...write("one.txt"), ...write("two.txt"), { text: "Done." }];
  const server = await startServer({
    files: { "examples/agents/filer.toml": FILER },
    overrides: { models: models(scripted(script)) },
  });
  const context = { server: server.url, cwd: server.directory };
  const run = async (...args: string[]) => {
    const ended = await caxton(["thread", ...args], context);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return ended;
  };
  const id = (await run("create", "filer", "--expires-after", "30d")).stdout.trim();
  const shown = async () => contract.threads.Thread.parse(JSON.parse((await run("get", id, "--json")).stdout));
  return { run, id, shown, context, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test("undo and a replaced message list the calls whose effects stay", { timeout: 120_000 }, async () => {
  await using place = await room();
  const { run, id, shown } = place;
  await run("send", id, "write one.txt");
  const first = (await shown()).head ?? "";
  await run("send", id, "write two.txt");
  const undone = await run("undo", id);
  expect(undone.stderr).toContain("what these calls may have changed stays changed:");
  expect(undone.stderr).toMatch(/ {2}file_system\.write_file \{.*"two\.txt".*kumquat/);
  expect(undone.stderr).not.toContain("one.txt");
  expect((await shown()).head).toBe(first);
  const replaced = await run("send", id, "--instead-of", first, "only say it");
  expect(replaced.stderr).toMatch(/ {2}file_system\.write_file \{.*"one\.txt"/);
  expect(replaced.stderr).not.toContain("two.txt");
  const harmless = await run("undo", id);
  expect(harmless.stderr).not.toContain("stays changed");
});

test("expiry, tags, revision and branch of a thread are set and cleared", { timeout: 120_000 }, async () => {
  await using place = await room();
  const { run, id, shown, context } = place;
  const expiresIn = async () => Date.parse((await shown()).expires_at ?? "") - Date.now();
  expect((await expiresIn()) / 86_400_000).toBeCloseTo(30, 1);
  await run("update", id, "--expires-after", "12h", "--tag", "a", "--latest");
  expect((await expiresIn()) / 3_600_000).toBeCloseTo(12, 1);
  expect(await shown()).toMatchObject({ tags: ["a"], revision: null });
  await run("update", id, "--never-expires", "--clear-tags", "--revision", "1");
  expect(await shown()).toMatchObject({ expires_at: null, tags: [], revision: 1 });
  await run("send", id, "hello");
  const first = (await shown()).head ?? "";
  await run("send", id, "--instead-of", first, "good day");
  expect((await shown()).head).not.toBe(first);
  await run("update", id, "--branch", first);
  expect((await shown()).head).toBe(first);
  const wrong = await caxton(["thread", "update", id, "--expires-after", "soon"], context);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain("--expires-after <duration>: soon is not a time span");
});
