import { Wasi, WASI_MODULE, wasiImports } from "../wasi/index.ts";
import type { GuestTool } from "../wire/index.ts";
import { compiled, type Guest, type GuestAbi, type GuestAnswer, type GuestExports, type GuestHost } from "./abi.ts";
import { answerOf, readJson, readText, shaped } from "./answer.ts";
import { CORE_IMPORTS, CORE_MODULES, CoreHost } from "./core-host.ts";
import { CAXTON_MODULE, HostCalls } from "./host-calls.ts";
import { readToolPage } from "./mcp.ts";
import { quietStreams } from "./quiet-streams.ts";

/**
 * A module without a library: `memory`, an allocator and `handle_tool_call(ptr, len) -> i32`.
 *
 * C1. The call is JSON, `{"id", "tool_name", "arguments"}`, at a place that the module's allocator gave.
 * C2. What it returns is 0 when there is a result and an error code otherwise; either way `result_ptr()` and
 *     `result_len()` then tell where the result, or the error's text, is in memory.
 * C3. `describe_tools() -> i32`, when there, leaves an MCP list of tools at the same place; else the manifest has them.
 */
export const core: GuestAbi = {
  name: "core",
  accepts: ({ imports, exports }) => {
    const has = (name: string): boolean => exports.some((each) => each.name === name && each.kind === "function");
    return (
      has("handle_tool_call") &&
      has("result_ptr") &&
      has("result_len") &&
      ALLOCATORS.some(has) &&
      exports.some(({ name, kind }) => name === "memory" && kind === "memory") &&
      imports.every(
        ({ module, name, kind }) => kind === "function" && (module === WASI_MODULE || isKnown(module, name)),
      )
    );
  },
  load: compiled((host, module) => new CoreGuest(host, module)),
};

/** The first that is there is used. */
const ALLOCATORS = ["caxton_alloc", "alloc", "malloc"] as const;
/** Gives a place back, by its address or by address and length. */
const RELEASERS = ["caxton_free", "dealloc", "free"] as const;
const INITIALISERS = ["_initialize", "__wasm_call_ctors"] as const;
const HOST_CALLS: ReadonlySet<string> = new Set(["request", "response_size", "response"]);

const isKnown = (module: string, name: string): boolean =>
  CORE_MODULES.includes(module) && (CORE_IMPORTS.has(name) || (module === CAXTON_MODULE && HOST_CALLS.has(name)));

const DESCRIPTION_BYTES_MAX = 1024 * 1024;

class CoreGuest implements Guest {
  readonly #host: GuestHost;
  readonly #module: WebAssembly.Module;
  readonly #wasi: Wasi;
  readonly #calls: HostCalls;
  #exports: GuestExports = {};
  #nextId = 1;

  constructor(host: GuestHost, module: WebAssembly.Module) {
    this.#host = host;
    this.#module = module;
    this.#calls = new HostCalls(host);
    const exit = (code: number): never => {
      throw this.#host.end("trap", `it ended itself with exit code ${code}`);
    };
    this.#wasi = new Wasi({ gate: host, files: host.files, stdio: quietStreams(host), exit }, host.settings);
  }

  async start(): Promise<void> {
    const wanted = WebAssembly.Module.imports(this.#module).filter(({ module }) => module === WASI_MODULE);
    const imports = new CoreHost(this.#host, this.#wasi.memory).imports();
    const exports = this.#host.instantiate(this.#module, {
      [WASI_MODULE]: wasiImports(
        this.#wasi,
        wanted.map(({ name }) => name),
      ),
      env: imports,
      [CAXTON_MODULE]: { ...imports, ...this.#calls.imports() },
    });
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
    const at = await this.#place(request);
    const code = await this.#host.run(this.#exports["handle_tool_call"], at, request.length);
    const result = await this.#result(this.#host.resultBytesMax);
    const answer: GuestAnswer =
      code === 0
        ? answerOf(this.#host, readJson(this.#host, result, "a result"))
        : { type: "tool-error", text: readText(this.#host, result) || `it returned the error code ${String(code)}` };
    await this.#release(at, request.length);
    return answer;
  }

  /** Puts a request where the module's allocator says. */
  async #place(bytes: Uint8Array): Promise<number> {
    const name = ALLOCATORS.find((each) => each in this.#exports);
    const given = await this.#host.run(this.#exports[name ?? ""], bytes.length);
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
    const at = await this.#number("result_ptr");
    const length = await this.#number("result_len");
    if (length > bytesMax) throw this.#host.end("bad-output", `its answer is larger than ${bytesMax} bytes`);
    this.#wasi.memory.enter();
    const bytes = this.#wasi.memory.slice(at, length);
    if (bytes === undefined) {
      throw this.#host.end("bad-output", `its answer, ${length} bytes at ${at}, is outside of its memory`);
    }
    return Buffer.from(bytes);
  }

  async #number(name: string): Promise<number> {
    const value = await this.#host.run(this.#exports[name]);
    if (typeof value === "number") return value >>> 0;
    throw this.#host.end("bad-output", `${name} does not return an i32`);
  }

  async #release(at: number, length: number): Promise<void> {
    const releaser = this.#exports[RELEASERS.find((each) => each in this.#exports) ?? ""];
    if (typeof releaser === "function") await this.#host.run(releaser, at, length);
  }

  endCall(): void {
    this.#wasi.descriptors.endCall();
    this.#calls.endCall();
  }
}
