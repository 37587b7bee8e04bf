import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository, startServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { publishInto, typeErrors } from "./published.ts";

verifies("api.client");

/** What each example of the guide prints. */
const PRINTED = [
  /^Caxton \d+\.\d+\.\d+/,
  /^welcomer: created$/,
  /^greeter$/m,
  /^completed \S/,
  /^completed \S/,
  /^2 turns$/m,
  /^month,total\nMay,120\nJune,180$/m,
  /^\[ 'Rex' \]$/,
  /^404 AGENT_NOT_FOUND \S/,
  /^ended completed$/,
];

test("the examples of the guide fit the published types, and work in their order", async () => {
  await using server = await startServer();
  const guide = readFileSync(join(repository, "docs/guides/client.md"), "utf8");
  const examples = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  expect(examples).toHaveLength(PRINTED.length);
  const files = examples.map((text, index) => {
    writeFileSync(join(server.directory, `example-${index}.mts`), text);
    return `example-${index}.mts`;
  });
  await publishInto(server.directory);
  expect(await typeErrors(server.directory, files)).toBe("");
  for (const [index, file] of files.entries()) {
    const env = { CAXTON_SERVER: server.url };
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: server.directory, env });
    expect(stdout.trim(), file).toMatch(PRINTED[index] ?? /^$/);
  }
}, 60_000);

test("the published types refuse what an operation does not take", async () => {
  await using server = await startServer();
  await publishInto(server.directory);
  const program = `import { createClient } from "caxton-server/client";
    const caxton = createClient({ server: "http://127.0.0.1" });
    await caxton.run.start({ agent: "greeter", input: "x", waitt: true });
    await caxton.run.start({ agent: "greeter" });
    await caxton.thread.turns();
    const { nonsense } = await caxton.server.status();`;
  writeFileSync(join(server.directory, "wrong.mts"), program);
  const found = await typeErrors(server.directory, ["wrong.mts"]);
  expect(found.match(/wrong\.mts\(\d+/g)).toEqual([3, 4, 5, 6].map((line) => `wrong.mts(${line}`));
});
