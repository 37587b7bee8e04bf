import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { programFile } from "../../../kernel/package.ts";
import { frameTaker, type SandboxChild, type SandboxChildOptions } from "./sandbox-child.ts";
import { Connection } from "../wire/index.ts";

/**
 * A child process in which guests run.
 *
 * sandbox.guest-process.P1. It can read its own sources and nothing else, has no environment, no network, no
 *   processes of its own, and no descriptor but its pipe: whatever a guest breaks out into, there is nothing there.
 * sandbox.guest-process.P2. A child that sends a malformed frame is killed.
 * sandbox.guest-process.P3. `onExit` is called once, after the process has ended, and never before the constructor
 *   has returned: a process that could not be started, for lack of memory or descriptors, is one that ended at once.
 */
const PIPE = 3;
const STDERR_CHARS_MAX = 4_096;

/** Bounds inside V8, behind those of the meter. */
const V8_FLAGS = [
  "--wasm-max-mem-pages=4096",
  "--wasm-max-table-size=100000",
  "--max-wasm-functions=50000",
  "--wasm-max-committed-code-mb=512",
  "--max-old-space-size=512",
  "--max-semi-space-size=8",
  "--disallow-code-generation-from-strings",
  // Some of V8's flags write files wherever they like; with this the child ends when it sets one.
  "--freeze-flags-after-init",
];

/** The permission model, and the modules and globals off that it does not cover. */
const NODE_FLAGS = ["--permission", "--no-addons", "--no-experimental-sqlite", "--no-experimental-webstorage"];

/** Where a child confines itself by calls of the kernel; it drops the permission before it takes anything from the server. */
const hasFfi = process.platform === "linux" && process.allowedNodeEnvironmentFlags.has("--allow-ffi");
const FFI_FLAGS = ["--allow-ffi", "--disable-warning=PERM0003", "--disable-warning=ExperimentalWarning"];
const NO_FFI_FLAGS = ["--no-experimental-ffi"];

const ENTRY = programFile("tools/sandbox/guest/child");
const ROOM = dirname(dirname(ENTRY.path));
/** What a child runs: frames, WASI, components, the guest host. */
const SOURCES = ENTRY.isBuilt
  ? [ENTRY.path]
  : ["wire", "wasi", "components", "guest"].map((room) => join(ROOM, room, "*"));
/** What only making a module ready needs. */
const BUILD_SOURCES = ENTRY.isBuilt ? [] : [join(ROOM, "meter", "*"), join(dirname(dirname(ROOM)), "kernel", "*")];

export class GuestProcess implements SandboxChild {
  readonly #child: ChildProcess | undefined;
  readonly #connection: Connection | undefined;
  readonly #exited = Promise.withResolvers<void>();
  #frames = 0;
  #hasEnded = false;
  #stderr = "";
  #fault: string | undefined;

  constructor(options: SandboxChildOptions) {
    const sources = options.use === "build" ? [...SOURCES, ...BUILD_SOURCES] : SOURCES;
    const allowed = sources.map((path) => `--allow-fs-read=${path}`);
    const { confinement = "auto", use } = options;
    const ffi = hasFfi && confinement !== "off" ? FFI_FLAGS : NO_FFI_FLAGS;
    try {
      this.#child = spawn(
        process.execPath,
        [...V8_FLAGS, ...NODE_FLAGS, ...ffi, ...allowed, ENTRY.path, confinement, use],
        {
          env: {},
          stdio: ["ignore", "ignore", "pipe", "pipe"],
        },
      );
    } catch (error) {
      process.nextTick(() => this.#ended(options, String(error)));
      return;
    }
    const child = this.#child;
    // A process that is there has not ended because it could not be sent a signal.
    child.on("error", (error) => child.pid === undefined && this.#ended(options, error.message));
    child.once("close", (code, signal) => this.#ended(options, this.#reason(code, signal)));
    if (child.pid !== undefined) preferAsVictim(child.pid);
    const socket = pipeOf(child);
    if (socket === undefined) {
      process.nextTick(() => {
        child.kill("SIGKILL");
        this.#ended(options, "it has no pipe");
      });
      return;
    }
    this.#connection = this.#connect(socket, options);
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-STDERR_CHARS_MAX);
    });
  }

  #connect(socket: Socket, options: SandboxChildOptions): Connection {
    const take = frameTaker(options, (reason) => this.kill(reason));
    return new Connection(socket, {
      payloadBytesMax: options.payloadBytesMax,
      kinds: options.kinds,
      onFrame: (frame) => {
        this.#frames += 1;
        take(frame);
      },
      onEnd: (reason) => this.kill(reason),
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get framesReceived(): number {
    return this.#frames;
  }

  send(kind: number, id: number, server: number, ...parts: readonly Uint8Array[]): void {
    this.#connection?.send(kind, id, server, ...parts);
  }

  sendText(...message: Parameters<Connection["sendText"]>): void {
    this.#connection?.sendText(...message);
  }

  kill(reason: string): void {
    this.#fault ??= reason;
    this.#child?.kill("SIGKILL");
  }

  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  #ended(options: SandboxChildOptions, reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#connection?.close();
    this.#exited.resolve();
    options.onExit(reason);
  }

  #reason(code: number | null, signal: NodeJS.Signals | null): string {
    const fatal = /^(?:FATAL ERROR|Fatal|\w*Error).*/m.exec(this.#stderr.replaceAll(/[ \t]+/g, " "))?.[0];
    const way = signal === null ? `exit code ${code}` : signal;
    return fatal ?? (this.#fault === undefined ? way : `${this.#fault} (${way})`);
  }
}

/** Undefined when there were no descriptors left to give it one; then it has no streams at all, whatever their types say. */
function pipeOf({ stdio }: { readonly stdio: unknown }): Socket | undefined {
  const pipe: unknown = Array.isArray(stdio) ? stdio[PIPE] : undefined;
  return pipe instanceof Socket ? pipe : undefined;
}

/** When the machine runs out of memory, a child shall go before the server does; where the system has no such thing, it does without. */
function preferAsVictim(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "800");
  } catch {
    // Not Linux, or already gone.
  }
}

/** Resident memory of a process, in bytes; undefined if it cannot be read. */
export function residentBytes(pid: number): number | undefined {
  try {
    const [, pages = ""] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    const count = Number(pages);
    return Number.isSafeInteger(count) ? count * PAGE_BYTES : undefined;
  } catch {
    return undefined;
  }
}
const PAGE_BYTES = 4_096;
