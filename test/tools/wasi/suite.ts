/**
 * Measures this host with the public WASI test suite: `node test/tools/wasi/suite.ts <directory of the test suite> [name …]`.
 * The directory is a checkout that has the compiled programs, or any directory with such in it; each `x.wasm` may have
 * an `x.json` beside it that says what it is given and what is expected. Nothing in the directory is changed. With `--record`
 * as the first word, the counts become those that `caxton conformance` prints, with the commit of the checkout.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import * as z from "zod";
import { recordSuites } from "../../../scripts/conformance-record.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { runCommand } from "./command.ts";

const Expected = z.object({
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  root: z.string().nullable().default(null),
  exit_code: z.int().default(0),
  stdout: z.string().optional(),
});

/** Why a program of the suite does not pass; undefined when it does. */
async function measure(file: string): Promise<string | undefined> {
  const description = file.replace(/\.wasm$/, ".json");
  const expected = Expected.parse(existsSync(description) ? JSON.parse(readFileSync(description, "utf8")) : {});
  using temp = tempDirectory();
  const root = expected.root === null ? undefined : join(temp.path, "root");
  if (root !== undefined) {
    mkdirSync(root);
    const from = join(dirname(file), expected.root ?? "");
    if (existsSync(from)) cpSync(from, root, { recursive: true });
  }
  const { exitCode, trap, stdout, stderr } = await runCommand({
    module: readFileSync(file),
    arguments: expected.args,
    environment: expected.env,
    root,
    clock: true,
  });
  const said = stderr.trim().split("\n").slice(0, 2).join(" ").slice(0, 200);
  if (exitCode === undefined) return `${trap}${said === "" ? "" : `; ${said}`}`;
  if (exitCode !== expected.exit_code) return `exit code ${exitCode}; ${said}`;
  if (expected.stdout !== undefined && stdout !== expected.stdout) return `it wrote ${JSON.stringify(stdout)}`;
  return undefined;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

const isRecord = process.argv[2] === "--record";
const [directory, ...names] = process.argv.slice(isRecord ? 3 : 2);
if (directory === undefined)
  throw new Error("usage: node test/tools/wasi/suite.ts <directory of the test suite> [name …]");
const files = globSync("**/*.wasm", { cwd: directory })
  // Later versions of WASI are components, which is another matter.
  .filter((file) => !/wasip[23]/.test(file))
  .filter((file) => names.length === 0 || names.includes(basename(file, ".wasm")))
  .toSorted();
const failed: string[] = [];
for (const file of files) {
  const why = await measure(join(directory, file)).catch((error: unknown) => String(error));
  if (why !== undefined) failed.push(relative(".", file));
  say(`${why === undefined ? "pass" : "FAIL"} ${file}${why === undefined ? "" : `: ${why}`}`);
}
say(`${files.length - failed.length} of ${files.length} pass`);
if (isRecord) {
  const commit = execFileSync("git", ["-C", directory, "rev-parse", "--short=8", "HEAD"], { encoding: "utf8" }).trim();
  const counts = { passed: files.length - failed.length, total: files.length };
  recordSuites([
    { protocol: "WASI", suite: "WebAssembly/wasi-testsuite", version: commit, part: "preview 1", ...counts },
  ]);
}
