import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as z from "zod";
import { assemble, Room } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.child-process");

/** What a sandbox child is run with: its flags, and its program. */
async function childArguments(): Promise<readonly string[]> {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  await room.call("p.answer");
  const [pid] = room.pids();
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1, -1);
}

const PROBE = fileURLToPath(new URL("confinement-probe.ts", import.meta.url));
/** Refused by the permission model, off by a flag, or removed from the process. */
const SHUT =
  /^(ERR_ACCESS_DENIED|ERR_UNKNOWN_BUILTIN_MODULE|ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION|ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED|MODULE_NOT_FOUND|EvalError: .*|TypeError: .* not a function|TypeError: Cannot read properties of undefined .*|Error: no cache is written)$/;

/** A child with the flags of a real one that loads something before its own program; its pipe says nothing. */
function childWith(flags: readonly string[], ...more: readonly string[]) {
  const child = [...flags.slice(0, -1), `--allow-fs-read=${PROBE}`, ...more, flags.at(-1) ?? ""];
  return spawnSync(process.execPath, child, { env: {}, encoding: "utf8", stdio: ["ignore", "pipe", "pipe", "pipe"] });
}

// sandbox.guest-process.P1
test("a process that runs guests reaches nothing through any module that is built into Node", async () => {
  const flags = await childArguments();
  expect(flags).toContain("--permission");
  const run = childWith(flags, "--import", PROBE);
  const outcomes = Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(run.stdout)));
  expect(outcomes.length).toBeGreaterThan(50);
  expect(outcomes.filter(([, outcome]) => !SHUT.test(outcome))).toEqual([]);
});

test("a process that runs guests ends when it changes a flag of V8, some of which write files", async () => {
  const code = `import { setFlagsFromString } from "node:v8"; setFlagsFromString("--trace-turbo"); process.stdout.write("done");`;
  const run = childWith(await childArguments(), "--import", `data:text/javascript,${encodeURIComponent(code)}`);
  expect(run).toMatchObject({ stdout: "", status: null });
});

// sandbox.guest-process.P1
test("a process that runs guests has no environment and no descriptors but its pipe", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  await room.call("p.answer");
  const [pid] = room.pids();
  expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
  const open = readdirSync(`/proc/${pid}/fd`).map((number) => readlinkSync(`/proc/${pid}/fd/${number}`));
  expect(open.filter((name) => !/^(\/dev\/null|anon_inode:.*|(pipe|socket):\[\d+\])$/.test(name))).toEqual([]);
});
