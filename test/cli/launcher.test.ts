import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { tempDirectory } from "../helpers/temp.ts";
import { LAUNCHER } from "./caxton.ts";

/**
 * A copy of the launcher in a package of its own, run by a Node that says it is version 20. `packaged` is what stands
 * for the Node of the package: told by a script, so that the test sees how it is called and how it ends.
 */
function launch(directory: string, args: readonly string[], packaged: Packaged) {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(LAUNCHER, join(bin, "caxton.mjs"));
  writeFileSync(join(directory, "package.json"), '{"name":"caxton","version":"7.8.9","type":"module"}');
  writeFileSync(join(directory, "old.mjs"), 'Object.defineProperty(process.versions, "node", { value: "20.0.0" });');
  if (packaged.version !== undefined) {
    const node = join(directory, "node_modules", "node");
    mkdirSync(join(node, "bin"), { recursive: true });
    writeFileSync(join(node, "package.json"), JSON.stringify({ name: "node", version: packaged.version }));
    if (packaged.script !== undefined) {
      writeFileSync(join(node, "bin", "node"), `#!/bin/sh\n${packaged.script}\n`, { mode: 0o755 });
    }
  }
  const child = spawn(process.execPath, ["--import", join(directory, "old.mjs"), join(bin, "caxton.mjs"), ...args], {
    env: { PATH: "/usr/bin:/bin" },
    stdio: "pipe",
  });
  child.stdin.end();
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([, stdout, stderr]) => ({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
  );
  return { child, ended };
}

type Packaged = { readonly version?: string; readonly script?: string };

test("on an older Node the packaged one takes over, with the arguments, the streams and the exit code", async () => {
  using directory = tempDirectory();
  const script = 'shift 3\necho "called with $*"\necho "a note" >&2\nexit 9';
  const { ended } = launch(directory.path, ["run", "greeter", "a b"], { version: "26.10.0", script });
  expect(await ended).toEqual({ code: 9, signal: null, stdout: "called with run greeter a b\n", stderr: "a note\n" });
});

test("a signal reaches the packaged Node, and its end by a signal is passed on", async () => {
  using directory = tempDirectory();
  const script = 'trap "echo stopping; kill -KILL $$" TERM\necho ready\nwhile :; do sleep 0.05; done';
  const { child, ended } = launch(directory.path, ["serve"], { version: "26.10.0", script });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: null, signal: "SIGKILL" });
});

test("without a packaged Node it says exactly what to do", async () => {
  using missing = tempDirectory();
  using skipped = tempDirectory();
  using old = tempDirectory();
  const [none, noScript, tooOld] = await Promise.all([
    launch(missing.path, ["serve"], {}).ended,
    launch(skipped.path, ["serve"], { version: "26.10.0" }).ended,
    launch(old.path, ["serve"], { version: "22.1.0", script: "exit 0" }).ended,
  ]);
  expect(none).toMatchObject({ code: 1, stdout: "" });
  expect(none.stderr).toContain("Caxton needs Node.js 26 or newer; this is Node.js 20.0.0");
  expect(none.stderr).toContain(`in ${missing.path} run: npm install\n`);
  expect(noScript.stderr).toContain(`in ${skipped.path} run: npm rebuild node\n`);
  expect(tooOld.stderr).toContain(`in ${old.path} run: npm install node@26\n`);
});

test("--version needs no other Node", async () => {
  using directory = tempDirectory();
  const { ended } = launch(directory.path, ["--version"], {});
  expect(await ended).toEqual({ code: 0, signal: null, stdout: "7.8.9\n", stderr: "" });
});

test("the command as npm links it is the same", async () => {
  using directory = tempDirectory();
  const link = join(directory.path, "caxton");
  symlinkSync(LAUNCHER, link);
  const child = spawn(process.execPath, [link, "--version"], { env: {}, stdio: ["ignore", "pipe", "inherit"] });
  expect(await text(child.stdout)).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(dirname(link)).toBe(directory.path);
});
