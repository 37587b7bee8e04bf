import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { assemble, Room } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.child-process", "tool.os-confinement");

/** What a sandbox child is run with: its flags, and its program. */
async function childArguments(): Promise<readonly string[]> {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  await room.call("p.answer");
  const [pid] = room.pids();
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1, -1);
}

/** The program of a child, and its two arguments. */
const PROGRAM = 3;
const KERNEL_PROBE = fileURLToPath(new URL("kernel-probe.ts", import.meta.url));
const PROBE = fileURLToPath(new URL("confinement-probe.ts", import.meta.url));
/** Prints what the kernel says of the process, once that has confined itself. */
const STATUS = `data:text/javascript,${encodeURIComponent(
  `import { openSync, readSync, writeSync } from "node:fs";
   const file = openSync("/proc/self/status");
   const wait = setInterval(() => {
     if ("kill" in process) return;
     clearInterval(wait);
     const buffer = Buffer.alloc(8192);
     writeSync(1, buffer.subarray(0, readSync(file, buffer)));
     process.exit(0);
   }, 10);`,
)}`;
/** Refused by the permission model, off by a flag, or removed from the process. */
const SHUT =
  /^(ERR_ACCESS_DENIED|ERR_UNKNOWN_BUILTIN_MODULE|ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION|ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED|MODULE_NOT_FOUND|EvalError: .*|TypeError: .* not a function|TypeError: Cannot read properties of undefined .*|Error: no cache is written)$/;

/** A child with the flags of a real one that loads something before its own program; its pipe says nothing. */
function childWith(flags: readonly string[], ...more: readonly string[]) {
  const child = [...flags.slice(0, -PROGRAM), ...more, ...flags.slice(-PROGRAM)];
  return spawnSync(process.execPath, child, {
    env: {},
    encoding: "utf8",
    timeout: 20_000,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
}

// sandbox.guest-process.P1, sandbox.confine.C2
test("a process that runs guests reaches nothing through any module that is built into Node", async () => {
  const flags = await childArguments();
  expect(flags).toContain("--permission");
  const run = childWith(flags, `--allow-fs-read=${PROBE}`, "--import", PROBE);
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

describe.runIf(process.platform === "linux")("on Linux", () => {
  // sandbox.confine.C1
  test("every thread of a process that runs guests has no_new_privs and a filter of system calls", async () => {
    await using room = new Room();
    await room.deploy(await assemble("probe.wat"), "p");
    await room.call("p.answer");
    const [pid] = room.pids();
    const threads = readdirSync(`/proc/${pid}/task`);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
    }
  });

  // sandbox.confine.C1
  test("the kernel refuses what the permission model would have refused, and every system call that reaches out", async () => {
    const flags = (await childArguments()).filter((flag) => !/^--(permission|allow-|no-)/.test(flag));
    const run = childWith(flags, "--import", KERNEL_PROBE);
    const outcomes = Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(run.stdout)));
    expect(outcomes.length).toBeGreaterThan(50);
    expect(outcomes.filter(([, outcome]) => !/^(EPERM|control: done)$/.test(outcome))).toEqual([]);
    expect(outcomes.filter(([name]) => name.startsWith("control"))).not.toEqual([]);
  });

  test("a process that runs guests starts without confinement when it is off, and reports what is missing", async () => {
    const flags = await childArguments();
    const off = [...flags.slice(0, -2), "off", "run"];
    const refused = [...flags.filter((flag) => flag !== "--allow-ffi").slice(0, -2), "required", "run"];
    expect(childWith(off, "--allow-fs-read=/proc/*", "--import", STATUS).stdout).toMatch(
      /NoNewPrivs:\t0\n(.*\n)*Seccomp:\t0/,
    );
    expect(childWith(refused).stderr).toMatch(/SANDBOX_UNCONFINED: no_new_privs: .*; landlock: .*; seccomp: /);
  });

  test("tools run where confinement is required and complete", async () => {
    await using room = new Room({ confinement: "required" });
    await room.deploy(await assemble("probe.wat"), "p");
    expect(await room.text("p.answer")).toBe("ok");
  });
});

test("no tool server is deployed where confinement is required and impossible", async () => {
  await using room = new Room({ confinement: "required", isolation: "worker" });
  await expect(room.deploy(await assemble("probe.wat"), "p")).rejects.toMatchObject({ code: "SANDBOX_UNCONFINED" });
});
