/**
 * Loaded into a sandbox child without the permission model, ahead of its own program. Once that has confined itself, it
 * tries what only the kernel still refuses, prints the outcomes as JSON and ends the child.
 */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { DynamicLibrary, getInt32, getRawPointer } from "node:ffi";
import { once } from "node:events";
import fs from "node:fs";
import { connect, createServer } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { getSystemErrorName } from "node:util";

const chdir = process.chdir.bind(process);
const dlopen = process.dlopen.bind(process);
const execve = process.execve?.bind(process);
const PLACE = "/tmp/caxton-escaped";

/** Numbers of asm/unistd_64.h and asm-generic/unistd.h; those that arm64 does not have are undefined. */
const CALLS: {
  readonly [name: string]: readonly [x64: number, arm64: number | undefined, ...given: readonly (number | string)[]];
} = {
  open: [2, undefined, "/etc/passwd"],
  creat: [85, undefined, PLACE, 0o600],
  openat: [257, 56, -100, "/etc/passwd"],
  openat2: [437, 437, -100, "/etc/passwd"],
  stat: [4, undefined, "/etc/passwd"],
  statx: [332, 291, -100, "/etc/passwd"],
  readlinkat: [267, 78, -100, "/proc/self/exe"],
  unlinkat: [263, 35, -100, PLACE],
  mkdirat: [258, 34, -100, PLACE, 0o700],
  renameat2: [316, 276, -100, PLACE, -100, PLACE],
  fchmodat: [268, 53, -100, PLACE, 0o777],
  memfd_create: [319, 279, "escaped"],
  execve: [59, 221, "/bin/true"],
  execveat: [322, 281, -100, "/bin/true"],
  fork: [57, undefined],
  vfork: [58, undefined],
  "clone of a process": [56, 220, 17],
  "clone of a namespace": [56, 220, 0x1000_0011],
  unshare: [272, 97, 0x1000_0000],
  setns: [308, 268, 0, 0],
  socket: [41, 198, 2, 1, 0],
  socketpair: [53, 199, 1, 1, 0],
  connect: [42, 203, 3],
  bind: [49, 200, 3],
  listen: [50, 201, 3, 1],
  accept4: [288, 242, 3],
  sendto: [44, 206, 3],
  sendmsg: [46, 211, 3],
  recvmsg: [47, 212, 3],
  "kill of the server": [62, 129, process.ppid, 0],
  "kill of all": [62, 129, -1, 0],
  "tgkill of the server": [234, 131, process.ppid, process.ppid, 0],
  tkill: [200, 130, process.ppid, 0],
  rt_sigqueueinfo: [129, 138, process.ppid, 0],
  pidfd_open: [434, 434, process.ppid, 0],
  pidfd_send_signal: [424, 424, 0, 0],
  pidfd_getfd: [438, 438, 0, 0],
  ptrace: [101, 117, 16, process.ppid],
  process_vm_readv: [310, 270, process.ppid],
  process_vm_writev: [311, 271, process.ppid],
  process_madvise: [440, 440, 0],
  setpriority: [141, 140, 0, process.ppid, 19],
  sched_setaffinity: [203, 122, process.ppid],
  "prlimit64 of the server": [302, 261, process.ppid, 7],
  "fcntl F_SETOWN": [72, 25, 3, 8, process.ppid],
  "fcntl F_DUPFD_CLOEXEC": [72, 25, 3, 1030, 0],
  "ioctl TIOCSTI": [16, 29, 0, 0x5412],
  "ioctl FIOSETOWN": [16, 29, 3, 0x8901],
  "prctl PR_SET_DUMPABLE": [157, 167, 4, 1],
  seccomp: [317, 277, 0],
  landlock_create_ruleset: [444, 444, 0, 0, 1],
  io_uring_setup: [425, 425, 1],
  io_uring_enter: [426, 426, 5, 1, 0, 0],
  io_uring_register: [427, 427, 5],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  add_key: [248, 217],
  keyctl: [250, 219],
  mount: [165, 40],
  setuid: [105, 146, 0],
  setgid: [106, 144, 0],
  shmget: [29, 194, 1, 4_096, 0o600],
};

type Attempt = () => unknown;
/** What JavaScript reaches without the permission model. */
const ATTEMPTS: { readonly [name: string]: Attempt } = {
  "fs.readFileSync": () => fs.readFileSync("/etc/passwd"),
  "fs.promises.readFile, in the thread pool": () => fs.promises.readFile("/etc/passwd"),
  "fs.promises.writeFile": () => fs.promises.writeFile(PLACE, ""),
  "fs.statSync": () => fs.statSync("/etc/passwd"),
  "fs.readdirSync": () => fs.readdirSync("/"),
  "fs.rmSync": () => fs.unlinkSync(PLACE),
  child_process: () => execFileSync("/bin/true"),
  "net.connect": () => once(connect(9, "127.0.0.1"), "connect"),
  "net.connect to a path": () => once(connect("/tmp/caxton.sock"), "connect"),
  "net.listen": () => once(createServer().listen(0), "listening"),
  dgram: () => once(createSocket("udp4").bind(0), "listening"),
  "process.chdir": () => chdir("/"),
  "process.execve": () => execve?.("/bin/true", ["true"], {}),
  "process.dlopen": () => dlopen({ exports: {} }, "/usr/lib/x86_64-linux-gnu/libc.so.6"),
  sqlite: () => new DatabaseSync("/tmp/caxton-escaped.db"),
};

const library = new DynamicLibrary(null);
const { syscall, __errno_location: errnoLocation } = library.getFunctions({
  syscall: { return: "i64", arguments: ["i64", "i64", "i64", "i64", "i64", "i64"] },
  __errno_location: { return: "pointer", arguments: [] },
});
const strings: ArrayBuffer[] = [];

function argumentOf(value: number | string): bigint {
  if (typeof value === "number") return BigInt(value);
  const bytes = new TextEncoder().encode(`${value}\0`).buffer;
  strings.push(bytes);
  return getRawPointer(bytes);
}

function called(number: number, given: readonly (number | string)[]): string {
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = given.map(argumentOf);
  const result = syscall(BigInt(number), a, b, c, d, e);
  return result === -1n ? getSystemErrorName(-getInt32(errnoLocation())) : `returned ${result}`;
}

async function outcomeOf(attempt: Attempt): Promise<string> {
  try {
    await attempt();
    return "done";
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    const text = `${"code" in error ? String(error.code) : ""} ${error.message}`;
    return /EPERM|Operation not permitted|unable to open database/.test(text) ? "EPERM" : text;
  }
}

async function probe(): Promise<void> {
  const outcomes: Record<string, string> = {};
  for (const [name, [x64, arm64, ...given]] of Object.entries(CALLS)) {
    const number = process.arch === "x64" ? x64 : arm64;
    if (number !== undefined) outcomes[name] = called(number, given);
  }
  for (const [name, attempt] of Object.entries(ATTEMPTS)) outcomes[name] = await outcomeOf(attempt);
  // What the child needs still works.
  const getpid = called(process.arch === "x64" ? 39 : 172, []);
  outcomes["control of getpid"] = getpid === `returned ${process.pid}` ? "control: done" : getpid;
  const module = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  outcomes["control of WebAssembly"] = module instanceof WebAssembly.Module ? "control: done" : "no module";
  fs.writeSync(1, JSON.stringify(outcomes));
  called(process.arch === "x64" ? 62 : 129, [process.pid, 9]);
}

/** The child's own program removes calls once it is confined. */
const deadline = Date.now() + 5_000;
const wait = setInterval(() => {
  if ("kill" in process && Date.now() < deadline) return;
  clearInterval(wait);
  void probe();
}, 10);
