import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { tempDirectory } from "../helpers/temp.ts";
import { LAUNCHER } from "./caxton.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("package.old-node");

/** Where npm installs Caxton. */
const INSTALLED = join("node_modules", "caxton-server");
/** The npm package with Node for the machine these tests run on. */
const PLATFORM_PACKAGE = `node-${process.platform}-${process.arch}`;

/**
 * A copy of the launcher in a package in `home`, run by a Node that says it is version 20. `packaged` stands for the
 * packaged Node, which is a shell script, so that a test sees how it is called and how it ends.
 */
function launch(home: string, args: readonly string[], { version, script, parent = "" }: Packaged) {
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(LAUNCHER, join(bin, "caxton.mjs"));
  const optionalDependencies = { [PLATFORM_PACKAGE]: "26.10.0" };
  const manifest = { name: "caxton-server", version: "7.8.9", type: "module", optionalDependencies };
  writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
  const old = join(home, "old.mjs");
  writeFileSync(old, 'Object.defineProperty(process.versions, "node", { value: "20.0.0" });');
  if (version !== undefined) {
    const node = join(home, "node_modules", parent, PLATFORM_PACKAGE);
    mkdirSync(join(node, "bin"), { recursive: true });
    writeFileSync(join(node, "package.json"), JSON.stringify({ version, bin: { node: "bin/node" } }));
    if (script !== undefined) writeFileSync(join(node, "bin", "node"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    if (parent !== "") writeFileSync(join(home, "node_modules", "node", "package.json"), '{"name":"node"}');
  }
  const child = spawn(process.execPath, ["--import", old, join(bin, "caxton.mjs"), ...args], {
    env: { PATH: "/usr/bin:/bin" },
    stdio: "pipe",
  });
  child.stdin.end();
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([, stdout, stderr]) => ({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
  );
  return { child, ended };
}

type Packaged = { readonly version?: string; readonly script?: string; readonly parent?: string };

test("an older Node starts the packaged one, with the same arguments, streams and exit code", async () => {
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

test("the Node below the npm package `node` serves too", async () => {
  using directory = tempDirectory();
  const packaged = { version: "26.10.0", script: "exit 5", parent: "node/node_modules" };
  expect(await launch(directory.path, ["serve"], packaged).ended).toMatchObject({ code: 5, stderr: "" });
});

test("without a packaged Node it says what to do where it is installed", async () => {
  using checkout = tempDirectory();
  using project = tempDirectory();
  using shared = tempDirectory();
  writeFileSync(join(checkout.path, "package-lock.json"), "{}");
  writeFileSync(join(project.path, "package.json"), "{}");
  const [inCheckout, inProject, forAll] = await Promise.all([
    launch(checkout.path, ["serve"], {}).ended,
    launch(join(project.path, INSTALLED), ["serve"], { version: "26.10.0" }).ended,
    launch(join(shared.path, INSTALLED), ["serve"], { version: "22.1.0", script: "exit 0" }).ended,
  ]);
  expect(inCheckout).toMatchObject({ code: 1, stdout: "" });
  expect(inCheckout.stderr).toContain("Caxton needs Node.js 26 or newer; this is Node.js 20.0.0");
  expect(inCheckout.stderr).toContain(`in ${checkout.path} run: npm ci --include=optional\n`);
  expect(inProject.stderr).toContain(`in ${project.path} run: npm install --include=optional\n`);
  expect(forAll.stderr).toContain("  run: npm install --global --include=optional caxton-server\n");
  for (const { stderr } of [inCheckout, inProject, forAll]) expect(stderr).toContain("  or install Node.js 26 from");
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
