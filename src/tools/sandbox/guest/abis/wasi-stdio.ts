import { WASI_MODULE, Wasi, wasiImports } from "../../wasi/index.ts";
import type { GuestTool } from "../../wire/index.ts";
import { compiled, type Guest, type GuestAbi, type GuestAnswer, type GuestHost, type ModuleOutline } from "./abi.ts";
import { CAXTON_MODULE, HostCalls } from "./host-calls.ts";
import { McpDialog } from "./mcp-dialog.ts";

/** A WASI preview 1 command that speaks MCP on its standard streams. */
export const wasiStdio: GuestAbi = {
  name: "wasi-stdio",
  accepts: ({ imports, exports }: ModuleOutline) =>
    exports.some(({ name, kind }) => name === "_start" && kind === "function") &&
    exports.some(({ name, kind }) => name === "memory" && kind === "memory") &&
    imports.every(({ module, kind }) => (module === WASI_MODULE || module === CAXTON_MODULE) && kind === "function") &&
    imports.some(({ name }) => name === "fd_read"),
  load: compiled((host, module) => new StdioGuest(host, module)),
};

class StdioGuest implements Guest {
  readonly #host: GuestHost;
  readonly #module: WebAssembly.Module;
  readonly #dialog: McpDialog;
  readonly #wasi: Wasi;
  readonly #calls: HostCalls;

  constructor(host: GuestHost, module: WebAssembly.Module) {
    this.#host = host;
    this.#module = module;
    this.#calls = new HostCalls(host);
    this.#dialog = new McpDialog(host);
    const exit = (code: number): never => {
      throw this.#dialog.ended(`it ended itself with exit code ${code}`);
    };
    this.#wasi = new Wasi({ gate: host, files: host.files, stdio: this.#dialog.stdio, exit }, host.settings);
  }

  async start(): Promise<void> {
    const wanted = WebAssembly.Module.imports(this.#module).filter(({ module }) => module === WASI_MODULE);
    const exports = this.#host.instantiate(this.#module, {
      [WASI_MODULE]: wasiImports(
        this.#wasi,
        wanted.map(({ name }) => name),
      ),
      [CAXTON_MODULE]: this.#calls.imports(),
    });
    const { memory, _start: main } = exports;
    if (memory instanceof WebAssembly.Memory) {
      this.#wasi.memory.bind(memory);
      this.#calls.memory.bind(memory);
    }
    if (this.#host.startFunction !== undefined) await this.#host.run(this.#host.startFunction);
    this.#host.run(main).then(
      () => this.#dialog.ended("it came to its end while it was needed"),
      () => {},
    );
    await this.#dialog.initialize();
  }

  listTools(toolsMax: number): Promise<readonly GuestTool[]> {
    return this.#dialog.listTools(toolsMax);
  }

  call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer> {
    return this.#dialog.call(tool, argumentsText);
  }

  endCall(): void {
    this.#dialog.endCall();
    this.#wasi.descriptors.endCall();
    this.#calls.endCall();
  }
}
