import { Wasi, WASI_MODULE, wasiImports } from "../../../wasi/index.ts";
import type { GuestTool } from "../../../wire/index.ts";
import { compiled, type Guest, type GuestAbi, type GuestAnswer, type GuestExports, type GuestHost } from "../abi.ts";
import { readJson, readText, shaped } from "../answer.ts";
import { EXTISM_MODULE, ExtismHost } from "./extism-host.ts";
import { CAXTON_MODULE, HostCalls } from "../host-calls.ts";
import { isToolName, readCallResult, readToolPage } from "../mcp.ts";
import { nullStdio } from "../null-stdio.ts";

/** Functions that other hosts give a plug-in. */
const USER_MODULE = "extism:host/user";
const MODULES: ReadonlySet<string> = new Set([EXTISM_MODULE, USER_MODULE, WASI_MODULE, CAXTON_MODULE]);

/**
 * A plug-in for Extism's hosts: exported functions without parameters, which take their input from the host and give it
 * their output; a result other than 0 is an error. It is one of three kinds, by what it exports:
 *
 * - `list_tools` and `call_tool`: hyper-mcp, second version;
 * - `describe` and `call`: hyper-mcp, first version, and mcp.run;
 * - neither: each function is a tool that takes and gives a text.
 */
export const extism: GuestAbi = {
  name: "extism",
  accepts: ({ imports, exports }) =>
    imports.some(({ module }) => module === EXTISM_MODULE) &&
    imports.every(({ module, kind }) => MODULES.has(module) && kind === "function") &&
    exports.some(({ kind }) => kind === "function"),
  load: compiled((host, module) => new ExtismGuest(host, module)),
};

const LIST_INPUT = JSON.stringify({ request: {}, context: { id: "list", _meta: {} } });
/** Run once before anything else, those that are there. */
const INITIALISERS = ["hs_init", "_initialize", "__wasm_call_ctors"] as const;
/** Functions that languages export for themselves. */
const INTERNAL = /^(?:_.*|malloc|free|calloc|realloc|hs_init|asyncify_.*)$/;
/** Notifications of hyper-mcp's plug-ins to their host, which need no answer. */
const NOTICE = /^notify_/;

type Kind = "describe" | "list_tools" | "functions";

class ExtismGuest implements Guest {
  readonly #host: GuestHost;
  readonly #module: WebAssembly.Module;
  readonly #kernel: ExtismHost;
  readonly #wasi: Wasi;
  readonly #calls: HostCalls;
  #exports: GuestExports = {};
  #kind: Kind = "functions";
  /** How the plug-in has ended itself, within its rights. */
  #ending: { readonly isSuccess: boolean; readonly reason: string } | undefined;

  constructor(host: GuestHost, module: WebAssembly.Module) {
    this.#host = host;
    this.#module = module;
    this.#kernel = new ExtismHost(host, host.memoryBytesMax);
    this.#calls = new HostCalls(host);
    const exit = (code: number): never => {
      throw this.#finish(code === 0, `it ended itself with exit code ${code}`);
    };
    this.#wasi = new Wasi({ gate: host, files: host.files, stdio: nullStdio(host), exit }, host.settings);
  }

  async start(): Promise<void> {
    const wanted = WebAssembly.Module.imports(this.#module);
    const named = (module: string) => wanted.filter((each) => each.module === module).map(({ name }) => name);
    const exports = this.#host.instantiate(this.#module, {
      [EXTISM_MODULE]: this.#kernel.imports(),
      [USER_MODULE]: Object.fromEntries(named(USER_MODULE).map((name) => [name, () => this.#foreign(name)])),
      [WASI_MODULE]: wasiImports(this.#wasi, named(WASI_MODULE)),
      [CAXTON_MODULE]: this.#calls.imports(),
    });
    this.#exports = exports;
    this.#kind = isFunction(exports["list_tools"])
      ? "list_tools"
      : isFunction(exports["describe"]) && isFunction(exports["call"])
        ? "describe"
        : "functions";
    const { memory } = exports;
    if (memory instanceof WebAssembly.Memory) {
      this.#wasi.memory.bind(memory);
      this.#calls.memory.bind(memory);
    }
    if (this.#host.startFunction !== undefined) await this.#host.run(this.#host.startFunction);
    for (const name of INITIALISERS) {
      // Haskell's takes a count and a list of arguments: none.
      if (isFunction(exports[name])) await this.#host.run(exports[name], 0, 0);
    }
  }

  async listTools(toolsMax: number, declared: readonly GuestTool[]): Promise<readonly GuestTool[]> {
    const tools =
      this.#kind === "functions" ? this.#functions(declared) : await this.#described(this.#kind, LIST_INPUT);
    if (tools.length > toolsMax) throw this.#host.end("bad-output", `it lists more than ${toolsMax} tools`);
    return tools;
  }

  async #described(name: string, input: string): Promise<readonly GuestTool[]> {
    const answer = await this.#invoke(name, Buffer.from(input));
    if (answer.type === "failed") throw this.#host.end("bad-output", `it refused ${name}: ${answer.reason}`);
    const listed = readJson(this.#host, answer.output, "a list of tools");
    this.endCall();
    return shaped(this.#host, () => readToolPage(listed).tools);
  }

  /** A `_start` is a tool only when there is nothing else to call. */
  #functions(declared: readonly GuestTool[]): readonly GuestTool[] {
    const callable = Object.entries(this.#exports).filter(([name, value]) => isFunction(value) && isToolName(name));
    const named = callable.filter(([name, value]) => isFunction(value) && value.length === 0 && !INTERNAL.test(name));
    const chosen = named.length > 0 ? named : callable.filter(([name]) => name === "_start");
    return chosen.map(([name]) => textTool(name, declared.find((tool) => tool.name === name)?.description ?? ""));
  }

  async call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer> {
    if (this.#kind === "functions") return this.#callFunction(tool, argumentsText);
    const name = JSON.stringify(tool);
    const text = Buffer.from(argumentsText).toString("utf8");
    const isSecond = this.#kind === "list_tools";
    const input = isSecond
      ? `{"request":{"name":${name},"arguments":${text}},"context":{"id":"call","_meta":{}}}`
      : `{"method":"tools/call","params":{"name":${name},"arguments":${text}}}`;
    const answer = await this.#invoke(isSecond ? "call_tool" : "call", Buffer.from(input));
    if (answer.type === "failed") return { type: "tool-error", text: answer.reason };
    const result = readJson(this.#host, answer.output, "an answer");
    return shaped(this.#host, () => readCallResult(result));
  }

  async #callFunction(name: string, argumentsText: Uint8Array): Promise<GuestAnswer> {
    const given: { readonly input?: unknown } = JSON.parse(Buffer.from(argumentsText).toString("utf8"));
    const answer = await this.#invoke(name, Buffer.from(typeof given.input === "string" ? given.input : ""));
    if (answer.type === "failed") return { type: "tool-error", text: answer.reason };
    const text = readText(this.#host, answer.output);
    return { type: "done", content: [{ type: "text", text }], structured: undefined };
  }

  /** Calls an export with an input. The output is good until the call is over. */
  async #invoke(
    name: string,
    input: Uint8Array,
  ): Promise<
    { readonly type: "done"; readonly output: Buffer } | { readonly type: "failed"; readonly reason: string }
  > {
    this.#kernel.begin(input);
    let code: unknown;
    try {
      code = await this.#host.run(this.#exports[name]);
    } catch (error) {
      const ending = this.#ending ?? this.#kernelEnding();
      if (ending === undefined) throw error;
      if (!ending.isSuccess) return { type: "failed", reason: ending.reason };
    }
    const error = this.#kernel.error();
    const hasFailed = error !== undefined || (typeof code === "number" && code !== 0);
    if (!hasFailed) return { type: "done", output: this.#kernel.output() };
    const reason = error === undefined ? "" : readText(this.#host, error);
    return { type: "failed", reason: reason || `it returned ${String(code)}` };
  }

  #kernelEnding(): { readonly isSuccess: false; readonly reason: string } | undefined {
    const reason = this.#kernel.refusal;
    return reason === undefined ? undefined : { isSuccess: false, reason };
  }

  endCall(): void {
    this.#ending = undefined;
    this.#kernel.endCall();
    this.#wasi.descriptors.endCall();
    this.#calls.endCall();
  }

  #finish(isSuccess: boolean, reason: string): Error {
    this.#ending = { isSuccess, reason };
    return this.#host.finish();
  }

  /** A function that another host would give. Most return nothing or 64 bits. */
  #foreign(name: string): bigint {
    this.#host.charge(FOREIGN_FUEL);
    if (NOTICE.test(name)) return 0n;
    throw this.#finish(false, `it calls "${name}", a function that this host does not have`);
  }
}

const FOREIGN_FUEL = 100;

const isFunction = (value: WebAssembly.ExportValue | undefined): value is WebAssembly.Callable =>
  typeof value === "function";

const textTool = (name: string, description: string): GuestTool => ({
  name,
  title: "",
  description,
  inputSchema: {
    type: "object",
    properties: { input: { type: "string", description: "The text that the tool works on" } },
    required: ["input"],
    additionalProperties: false,
  },
  outputSchema: undefined,
  readOnly: false,
  idempotent: false,
});
