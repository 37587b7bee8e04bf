import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LAUNCHER } from "../cli/caxton.ts";
import { repository, startServer } from "./server.ts";

type GuideOptions = {
  readonly settings?: { readonly [setting: string]: unknown };
  /** Replaces what cannot be the same in every run, such as ports. */
  readonly edit?: (text: string) => string;
};

/** Runs the shell blocks of a guide in their order, with a new server. Returns the exit code and all output. */
export async function runGuide(
  name: string,
  { settings = {}, edit = (text) => text }: GuideOptions = {},
): Promise<{ readonly code: number; readonly output: string }> {
  const guide = edit(readFileSync(join(repository, "docs/guides", name), "utf8"));
  const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  if (commands.length === 0) throw new Error(`${name} has no shell blocks`);
  await using server = await startServer({ settings });
  const bin = join(server.directory, "bin");
  mkdirSync(bin);
  const launcher = `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`;
  writeFileSync(join(bin, "caxton"), launcher, { mode: 0o755 });
  symlinkSync(process.execPath, join(bin, "node"));
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: server.directory, CAXTON_SERVER: server.url };
  const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly output: string }>();
  const child = execFile("/bin/sh", ["-e"], { cwd: server.directory, env }, (error, stdout, stderr) =>
    resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
  );
  child.stdin?.end(commands.join("\n"));
  return await promise;
}
