import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { snapshot } from "./snapshot.ts";

/** The stack size given to the linker of the engine: the stack is below everything else. */
export const STACK_BYTES = 256 * 1024;
const BUILD_EXPORTS = [
  "caxton_reserve",
  "caxton_compile",
  "caxton_code",
  "caxton_code_size",
  "caxton_places",
  "caxton_load",
  "caxton_message",
  "caxton_message_size",
];
const RUN_EXPORTS = ["memory", "_start"];
/** A program's top level may take so long. */
const BUILD_MS_MAX = 10_000;
const STDERR = 2;
/** WASI's "bad descriptor": no directory is open while a tool is built. */
const BAD_DESCRIPTOR = 8;

export type Loaded =
  | {
      readonly type: "loaded";
      readonly module: Uint8Array<ArrayBuffer>;
      readonly log: string;
    }
  | { readonly type: "failed"; readonly message: string };

/**
 * Puts a program into the engine. It is evaluated here, so that it need not be at each start, unless its top level
 * asks for anything from outside: time, chance, files, the server. Such a program is only compiled here.
 */
export async function loadProgram(engine: Uint8Array<ArrayBuffer>, program: string, places: string): Promise<Loaded> {
  const code = await attempt(async () => (await BuildGuest.open(engine)).compile(program, "module"));
  if (!(code instanceof Uint8Array)) return code;
  const now = await tryLoad(engine, { code, places }, "now");
  return now === "asks-outside" ? finished(await tryLoad(engine, { code, places }, "later")) : now;
}

/** Does something with a guest; what the guest throws, or runs into, is an outcome. */
async function attempt<Value>(act: () => Promise<Value>): Promise<Value | Extract<Loaded, { type: "failed" }>> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof GuestError) return { type: "failed", message: error.message };
    if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError)
      return { type: "failed", message: `the engine stopped: ${error.message}` };
    throw error;
  }
}

const finished = (loaded: Loaded | "asks-outside"): Loaded => {
  assert.notEqual(loaded, "asks-outside", "compiling asks for nothing");
  return loaded === "asks-outside" ? { type: "failed", message: "" } : loaded;
};

type When = "now" | "later";

async function tryLoad(
  engine: Uint8Array<ArrayBuffer>,
  program: { readonly code: Uint8Array; readonly places: string },
  when: When,
): Promise<Loaded | "asks-outside"> {
  const guest = await BuildGuest.open(engine);
  const failed = await attempt(async () => {
    guest.give("caxton_places", Buffer.from(program.places));
    guest.give("caxton_load", program.code, when === "later" ? 1 : 0);
  });
  // What was refused while building may be why it failed.
  if (guest.asksOutside && when === "now") return "asks-outside";
  if (failed) return failed;
  return { type: "loaded", module: guest.snapshot(engine, RUN_EXPORTS), log: guest.log };
}

/** The engine with its runtime evaluated, from which all tools begin. Throws GuestError. */
export async function prepareEngine(bare: Uint8Array<ArrayBuffer>, runtime: string): Promise<Uint8Array<ArrayBuffer>> {
  const code = (await BuildGuest.open(bare)).compile(runtime, "script");
  const guest = await BuildGuest.open(bare);
  guest.give("caxton_prepare", code);
  return guest.snapshot(bare, [...RUN_EXPORTS, ...BUILD_EXPORTS]);
}

/** The program, or the engine's runtime, threw. */
export class GuestError extends Error {}

/** Calls what may never return. Throws GuestError when it takes too long. */
function withinTime(call: () => unknown): unknown {
  try {
    return runInNewContext("call()", { call }, { timeout: BUILD_MS_MAX });
  } catch (error) {
    // It is an Error of the other context.
    const isObject = typeof error === "object" && error !== null;
    const isLate = isObject && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
    if (!isLate) throw error;
    throw new GuestError(
      `its top level has not come to an end within ${BUILD_MS_MAX / 1_000} s; what takes so long belongs into run`,
    );
  }
}

/** An instance of the engine that is not run but filled. It reaches nothing outside. */
class BuildGuest {
  readonly #exports: { readonly [name: string]: WebAssembly.ExportValue };
  readonly #memory: WebAssembly.Memory;
  log = "";
  asksOutside = false;

  static async open(engine: Uint8Array<ArrayBuffer>): Promise<BuildGuest> {
    const module = await WebAssembly.compile(engine);
    let guest: BuildGuest | undefined;
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      const room = (imports[from] ??= {});
      room[name] = (...values: readonly number[]) => guest?.imported(name, values) ?? BAD_DESCRIPTOR;
    }
    guest = new BuildGuest(await WebAssembly.instantiate(module, imports));
    return guest;
  }

  constructor(instance: WebAssembly.Instance) {
    const { memory } = instance.exports;
    assert.ok(memory instanceof WebAssembly.Memory, "the engine exports its memory");
    this.#exports = instance.exports;
    this.#memory = memory;
  }

  imported(name: string, values: readonly number[]): number {
    const [first = 0, second = 0, third = 0, fourth = 0] = values;
    if (name === "fd_write" && first === STDERR) return this.#write(second, third, fourth);
    this.asksOutside = true;
    // The engine itself ends where there is no clock at all.
    if (name !== "clock_time_get") return BAD_DESCRIPTOR;
    new DataView(this.#memory.buffer).setBigUint64(third, 0n, true);
    return 0;
  }

  #write(parts: number, count: number, out: number): number {
    const view = new DataView(this.#memory.buffer);
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const [at, length] = [view.getUint32(parts + index * 8, true), view.getUint32(parts + index * 8 + 4, true)];
      this.log += Buffer.from(this.#memory.buffer, at, length).toString("utf8");
      total += length;
    }
    view.setUint32(out, total, true);
    return 0;
  }

  #call(name: string, ...values: readonly number[]): number {
    const exported = this.#exports[name];
    assert.ok(typeof exported === "function", `the engine exports ${name}`);
    const result: unknown = withinTime(() => exported(...values));
    return typeof result === "number" ? result : 0;
  }

  /** Compiled code. Throws GuestError. */
  compile(source: string, kind: "script" | "module"): Uint8Array {
    this.give("caxton_compile", Buffer.from(source), kind === "module" ? 1 : 0);
    const at = this.#call("caxton_code") >>> 0;
    return new Uint8Array(this.#memory.buffer, at, this.#call("caxton_code_size"));
  }

  /** Hands bytes to a function of the engine. Throws GuestError with what the engine says. */
  give(name: string, bytes: Uint8Array, ...more: readonly number[]): void {
    // QuickJS reads one byte past the end, which has to be zero.
    const at = this.#call("caxton_reserve", bytes.length + 1) >>> 0;
    assert.ok(at !== 0, "the engine has memory for its input");
    const room = new Uint8Array(this.#memory.buffer, at, bytes.length + 1);
    room.set(bytes);
    room[bytes.length] = 0;
    if (this.#call(name, at, bytes.length, ...more) === 0) return;
    const messageAt = this.#call("caxton_message") >>> 0;
    const message = Buffer.from(this.#memory.buffer, messageAt, this.#call("caxton_message_size"));
    throw new GuestError(message.toString("utf8"));
  }

  snapshot(module: Uint8Array, exports: readonly string[]): Uint8Array<ArrayBuffer> {
    return snapshot(module, {
      memory: new Uint8Array(this.#memory.buffer),
      stackBytes: STACK_BYTES,
      exports: new Set(exports),
    });
  }
}
