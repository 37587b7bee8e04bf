import process from "node:process";
import { getSystemErrorName } from "node:util";
import { type Confinement, MECHANISMS } from "../../wire/index.ts";
import { removeCalls } from "./calls.ts";
import { INSTRUCTION_BYTES } from "./bpf.ts";
import { filterProgram, ringFilterProgram } from "./filter.ts";
import { ARCHITECTURES, type Architecture, CONFINING } from "./system-calls.ts";

type Ffi = typeof import("node:ffi");
type Machine = { readonly ffi: Ffi; readonly architecture: Architecture } & ReturnType<typeof nativeFunctions>;
/** Returns what the call returns, or the negative errno. A buffer is given by its address. */
type SystemCall = (name: keyof typeof CONFINING, ...given: readonly (number | ArrayBuffer)[]) => number;
/** Why a mechanism is missing; undefined if it is active. */
type Missing = string | undefined;

/** linux/prctl.h */
const PR_SET_NO_NEW_PRIVS = 38;
const PR_GET_NO_NEW_PRIVS = 39;
const PR_GET_SECCOMP = 21;
/** linux/seccomp.h */
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
const SECCOMP_MODE_FILTER = 2;
/** linux/landlock.h: the rights on files, on TCP and on other processes that exist since a version of its ABI. */
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const FILE_RIGHTS = [
  { since: 5, bits: 0xffff },
  { since: 3, bits: 0x7fff },
  { since: 2, bits: 0x3fff },
  { since: 1, bits: 0x1fff },
];
const TCP_RIGHTS = { since: 4, bits: 0x3 };
const SCOPES = { since: 6, bits: 0x3 };
const ATTRIBUTE_BYTES = 8;
/** linux/fcntl.h, asm-generic/errno-base.h */
const AT_FDCWD = -100;
const EACCES = 13;

/**
 * Confines a sandbox child, before it takes anything from the server: removes calls that Node does not check and, on
 * Linux, has the kernel refuse what a guest that controls the process could do.
 *
 * sandbox.confine.C1. A mechanism that is not reported as missing is active: each return value is checked, and the kernel is
 *   asked afterwards.
 * sandbox.confine.C2. Afterwards no JavaScript of the process can call native functions.
 */
export function confine(isWanted: boolean): Confinement {
  const confinement = isWanted ? confineByKernel() : allMissing("off by configuration");
  removeCalls();
  return confinement;
}

function confineByKernel(): Confinement {
  if (process.platform !== "linux") return allMissing(`not available on ${process.platform}`);
  const architecture = ARCHITECTURES.find((name) => name === process.arch);
  if (architecture === undefined) return allMissing(`not available on ${process.arch}`);
  try {
    const ffi: Ffi | undefined = process.getBuiltinModule("node:ffi");
    if (ffi === undefined) return allMissing("this Node has no node:ffi");
    // Closed at the end: functions could still be looked up in a library that is open.
    using library = new ffi.DynamicLibrary(null);
    const machine = { ffi, architecture, ...nativeFunctions(library) };
    const call = systemCalls(machine);
    const missing = {
      no_new_privs: forbidPrivileges(call),
      landlock: denyFiles(call),
      seccomp: closeRings(call, machine) ?? installFilter(call, machine, filterProgram(architecture, process.pid)),
    };
    return Object.fromEntries(Object.entries(missing).filter(([, reason]) => reason !== undefined));
  } catch (error) {
    return allMissing(`node:ffi does not work: ${String(error)}`);
  } finally {
    dropFfi();
  }
}

const allMissing = (reason: string): Confinement => Object.fromEntries(MECHANISMS.map((name) => [name, reason]));

/** Without the permission model, which only tests do without, there is nothing to drop. */
function dropFfi(): void {
  const permission: typeof process.permission | undefined = process.permission;
  permission?.drop("ffi");
  if (permission?.has("ffi")) throw new Error("the permission to call native functions cannot be dropped");
}

const nativeFunctions = (library: InstanceType<Ffi["DynamicLibrary"]>) =>
  library.getFunctions({
    syscall: { return: "i64", arguments: ["i64", "u64", "u64", "u64", "u64", "u64"] },
    __errno_location: { return: "pointer", arguments: [] },
    uv_loop_fork: { return: "i32", arguments: ["pointer"] },
  });

function systemCalls({ ffi, architecture, syscall, __errno_location: errnoLocation }: Machine): SystemCall {
  return (name, ...given) => {
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = given.map((value) =>
      typeof value === "number" ? BigInt.asUintN(64, BigInt(value)) : ffi.getRawPointer(value),
    );
    const result = syscall(BigInt(CONFINING[name][architecture]), a, b, c, d, e);
    return result === -1n ? -ffi.getInt32(errnoLocation()) : Number(result);
  };
}

const failureOf = (what: string, result: number): string =>
  `${what}: ${result < 0 ? getSystemErrorName(result) : `returned ${result}`}`;

function forbidPrivileges(call: SystemCall): Missing {
  const result = call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (result !== 0) return failureOf("prctl", result);
  const is = call("prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  return is === 1 ? undefined : failureOf("prctl", is);
}

/** Denies this thread, and threads that it starts, all rights that the kernel knows, by a set of rules without a rule. */
function denyFiles(call: SystemCall): Missing {
  const version = call("landlock_create_ruleset", 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return failureOf("landlock_create_ruleset", version);
  const bits = [FILE_RIGHTS.find(({ since }) => version >= since), TCP_RIGHTS, SCOPES].flatMap((rights) =>
    rights !== undefined && version >= rights.since ? [BigInt(rights.bits)] : [],
  );
  const attributes = BigUint64Array.from(bits).buffer;
  const rules = call("landlock_create_ruleset", attributes, bits.length * ATTRIBUTE_BYTES, 0);
  if (rules < 0) return failureOf("landlock_create_ruleset", rules);
  const result = call("landlock_restrict_self", rules, 0);
  call("close", rules);
  if (result !== 0) return failureOf("landlock_restrict_self", result);
  const opened = call("openat", AT_FDCWD, new TextEncoder().encode("/\0").buffer, 0, 0);
  return opened === -EACCES ? undefined : failureOf("openat after landlock_restrict_self", opened);
}

/**
 * By a ring of io_uring the kernel can be asked for what a filter of system calls refuses. libuv has one for its event
 * loop and needs io_uring_enter for it, until the loop is renewed while no ring can be had.
 */
function closeRings(call: SystemCall, machine: Machine): Missing {
  const refusal = installFilter(call, machine, ringFilterProgram(machine.architecture));
  if (refusal !== undefined) return refusal;
  const result = machine.uv_loop_fork(machine.ffi.getCurrentEventLoop());
  return result === 0 ? undefined : failureOf("uv_loop_fork", result);
}

/** In all threads; a positive result is the id of a thread that could not be included. */
function installFilter(call: SystemCall, { ffi }: Machine, program: ArrayBuffer): Missing {
  // struct sock_fprog: the number of instructions, and their address.
  const count = BigInt(program.byteLength / INSTRUCTION_BYTES);
  const description = BigUint64Array.of(count, ffi.getRawPointer(program)).buffer;
  const result = call("seccomp", SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, description);
  if (result !== 0) return failureOf("seccomp", result);
  const mode = call("prctl", PR_GET_SECCOMP, 0, 0, 0, 0);
  return mode === SECCOMP_MODE_FILTER ? undefined : failureOf("prctl", mode);
}
