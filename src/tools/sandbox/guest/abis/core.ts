import { Wasi, WASI_MODULE, wasiImports } from "../../wasi/index.ts";
import type { GuestTool } from "../../wire/index.ts";
import {
  compiled,
  type Guest,
  type GuestAbi,
  type GuestAnswer,
  type GuestExports,
  type GuestHost,
  type ModuleOutline,
} from "./abi.ts";
import { answerOf, readJson, readText, shaped } from "./answer.ts";
import { CORE_IMPORTS, CORE_MODULES, CoreHost } from "./core-host.ts";
import { CAXTON_MODULE, HostCalls } from "./host-calls.ts";
import { readToolPage } from "./mcp.ts";
import { nullStdio } from "./null-stdio.ts";

/**
 * A module without a library: `memory`, an allocator and `handle_tool_call(ptr, len) -> i32`.
 *
 * guest.core.C1. The call is JSON, `{"id", "tool_name", "arguments"}`, at a place that the module's allocator gave.
 * guest.core.C2. What it returns is 0 when there is a result and an error code otherwise; either way `result_ptr()`
 *   and `result_len()` then give the location of the result, or the error's text, in memory.
 * guest.core.C3. `describe_tools() -> i32`, when there, leaves an MCP list of tools at the same place; else the
 *   manifest has them.
 */
export const core: GuestAbi = {
  name: "core",
  accepts: ({ imports, exports }) => {
    const isTool = exports.some(({ name, kind }) => name === "handle_tool_call" && kind === "function");
    return (
      isTool &&
      missingOfCore(exports).length === 0 &&
      imports.every(
        ({ module, name, kind }) => kind === "function" && (module === WASI_MODULE || isCoreImport(module, name)),
      )
    );
  },
  load: compiled((host, module) => new CoreGuest(host, module)),
};

/** Returns the exports that the core interface needs beside `handle_tool_call` and a module lacks. */
export function missingOfCore(exports: ModuleOutline["exports"]): readonly string[] {
  const has = (name: string): boolean => exports.some((each) => each.name === name && each.kind === "function");
  return [
    ...(exports.some(({ name, kind }) => name === "memory" && kind === "memory") ? [] : ["memory"]),
    ...(ALLOCATORS.some(has) ? [] : ["an allocator (caxton_alloc, alloc or malloc)"]),
    ...["result_ptr", "result_len"].filter((name) => !has(name)),
  ];
}

/** The first that is there is used. */
const ALLOCATORS = ["caxton_alloc", "alloc", "malloc"] as const;
/** Gives a place back, by its address or by address and length. */
const RELEASERS = ["caxton_free", "dealloc", "free"] as const;
const INITIALISERS = ["_initialize", "__wasm_call_ctors"] as const;
const HOST_CALLS: ReadonlySet<string> = new Set(["request", "response_size", "response"]);

/** Whether a module of the core interface may import this function besides those of WASI. */
export const isCoreImport = (module: string, name: string): boolean =>
  CORE_MODULES.includes(module) && (CORE_IMPORTS.has(name) || (module === CAXTON_MODULE && HOST_CALLS.has(name)));

const DESCRIPTION_BYTES_MAX = 1024 * 1024;

class CoreGuest implements Guest {
  readonly #host: GuestHost;
  readonly #module: WebAssembly.Module;
  readonly #wasi: Wasi;
  readonly #calls: HostCalls;
  #exports: GuestExports = {};
  /** Whether it imports anything that waits for the host. */
  #mayWait = true;
  #nextId = 1;

  constructor(host: GuestHost, module: WebAssembly.Module) {
    this.#host = host;
    this.#module = module;
    this.#calls = new HostCalls(host);
    const exit = (code: number): never => {
      throw this.#host.end("trap", `it ended itself with exit code ${code}`);
    };
    this.#wasi = new Wasi({ gate: host, files: host.files, stdio: nullStdio(host), exit }, host.settings);
  }

  async start(): Promise<void> {
    const wanted = WebAssembly.Module.imports(this.#module).filter(({ module }) => module === WASI_MODULE);
    const imports = new CoreHost(this.#host, this.#wasi.memory).imports();
    const given: { readonly [module: string]: { readonly [name: string]: unknown } } = {
      [WASI_MODULE]: wasiImports(
        this.#wasi,
        wanted.map(({ name }) => name),
      ),
      env: imports,
      [CAXTON_MODULE]: { ...imports, ...this.#calls.imports() },
    };
    this.#mayWait = WebAssembly.Module.imports(this.#module).some(
      ({ module, name }) => given[module]?.[name] instanceof WebAssembly.Suspending,
    );
    const exports = this.#host.instantiate(this.#module, given);
    this.#exports = exports;
    const { memory } = exports;
    if (memory instanceof WebAssembly.Memory) {
      this.#wasi.memory.bind(memory);
      this.#calls.memory.bind(memory);
    }
    if (this.#host.startFunction !== undefined) await this.#host.run(this.#host.startFunction);
    for (const name of INITIALISERS) if (name in exports) await this.#host.run(exports[name]);
  }

  async listTools(toolsMax: number, declared: readonly GuestTool[]): Promise<readonly GuestTool[]> {
    if (!("describe_tools" in this.#exports)) {
      if (declared.length > 0) return declared;
      throw this.#host.end("bad-output", "it does not describe its tools, and its manifest lists none ([[tools]])");
    }
    const code = await this.#host.run(this.#exports["describe_tools"]);
    if (code !== 0) throw this.#host.end("bad-output", `describe_tools returned ${String(code)}`);
    const listed = readJson(this.#host, await this.#result(DESCRIPTION_BYTES_MAX), "a list of tools");
    const { tools } = shaped(this.#host, () => readToolPage(listed));
    if (tools.length > toolsMax) throw this.#host.end("bad-output", `it lists more than ${toolsMax} tools`);
    return tools;
  }

  async call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer> {
    const head = `{"id":${this.#nextId++},"tool_name":${JSON.stringify(tool)},"arguments":`;
    const request = Buffer.concat([Buffer.from(head), argumentsText, Buffer.from("}")]);
    return this.#mayWait ? this.#callStepwise(request) : this.#callAtOnce(request);
  }

  /** What comes before and after may wait for the host, each in a turn of its own. */
  async #callStepwise(request: Buffer): Promise<GuestAnswer> {
    const at = this.#place(request, await this.#host.run(this.#allocator, request.length));
    const code = await this.#host.run(this.#exports["handle_tool_call"], at, request.length);
    const answer = this.#answer(code, await this.#result(this.#host.resultBytesMax));
    if (typeof this.#releaser === "function") await this.#host.run(this.#releaser, at, request.length);
    return answer;
  }

  /** A third of the time: one turn, and one stack. */
  #callAtOnce(request: Buffer): Promise<GuestAnswer> {
    const plain: GuestHost["plain"] = (...given) => this.#host.plain(...given);
    let at = 0;
    return this.#host.runWithin(
      this.#exports["handle_tool_call"],
      () => {
        at = this.#place(request, plain(this.#allocator, request.length));
        return [at, request.length];
      },
      (code) => {
        const place = this.#number("result_ptr", plain(this.#exports["result_ptr"]));
        const length = this.#number("result_len", plain(this.#exports["result_len"]));
        const answer = this.#answer(code, this.#copy(place, length, this.#host.resultBytesMax));
        if (typeof this.#releaser === "function") plain(this.#releaser, at, request.length);
        return answer;
      },
    );
  }

  #answer(code: unknown, result: Buffer): GuestAnswer {
    if (code === 0) return answerOf(this.#host, readJson(this.#host, result, "a result"));
    return { type: "tool-error", text: readText(this.#host, result) || `it returned the error code ${String(code)}` };
  }

  get #allocator(): WebAssembly.ExportValue | undefined {
    return this.#exports[ALLOCATORS.find((each) => each in this.#exports) ?? ""];
  }

  get #releaser(): WebAssembly.ExportValue | undefined {
    return this.#exports[RELEASERS.find((each) => each in this.#exports) ?? ""];
  }

  /** Puts a request where the module's allocator says. */
  #place(bytes: Uint8Array, given: unknown): number {
    const at = typeof given === "number" ? given >>> 0 : 0;
    const memory = this.#wasi.memory;
    memory.enter();
    const target = at === 0 ? undefined : memory.slice(at, bytes.length);
    if (target === undefined) {
      throw this.#host.end(at === 0 ? "memory" : "trap", `its allocator gave ${at} for ${bytes.length} bytes`);
    }
    target.set(bytes);
    return at;
  }

  /** A copy of what is at `result_ptr`. */
  async #result(bytesMax: number): Promise<Buffer> {
    const at = this.#number("result_ptr", await this.#host.run(this.#exports["result_ptr"]));
    const length = this.#number("result_len", await this.#host.run(this.#exports["result_len"]));
    return this.#copy(at, length, bytesMax);
  }

  #copy(at: number, length: number, bytesMax: number): Buffer {
    if (length > bytesMax) throw this.#host.end("bad-output", `its answer is larger than ${bytesMax} bytes`);
    this.#wasi.memory.enter();
    const bytes = this.#wasi.memory.slice(at, length);
    if (bytes === undefined) {
      throw this.#host.end("bad-output", `its answer, ${length} bytes at ${at}, is outside of its memory`);
    }
    return Buffer.from(bytes);
  }

  #number(name: string, value: unknown): number {
    if (typeof value === "number") return value >>> 0;
    throw this.#host.end("bad-output", `${name} does not return an i32`);
  }

  endCall(): void {
    this.#wasi.descriptors.endCall();
    this.#calls.endCall();
  }
}
