import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LAUNCHER } from "../cli/caxton.ts";
import { repository, startServer } from "../helpers/server.ts";

const guide = readFileSync(join(repository, "docs/guides/threads.md"), "utf8");
const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);

test("the commands of the guide work, in their order", async () => {
  await using server = await startServer();
  const bin = join(server.directory, "bin");
  mkdirSync(bin);
  const launcher = `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`;
  writeFileSync(join(bin, "caxton"), launcher, { mode: 0o755 });
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: server.directory, CAXTON_SERVER: server.url };
  expect(commands.length).toBeGreaterThan(0);
  const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly output: string }>();
  const child = execFile("/bin/sh", ["-e"], { cwd: server.directory, env }, (error, stdout, stderr) =>
    resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
  );
  child.stdin?.end(commands.join("\n"));
  const { code, output } = await promise;
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain("Describe examples/data/penguins.csv");
  expect(output).toMatch(/Another question|is deleted/);
});
