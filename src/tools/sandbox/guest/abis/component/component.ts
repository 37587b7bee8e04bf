import {
  ArgumentError,
  CanonFault,
  type ComponentExport,
  type ComponentTool,
  decodeBundle,
  FLAT_RESULTS_MAX,
  isTagged,
  JsonValues,
  Layouts,
  Lift,
  Lower,
  type Plan,
  runExport,
  toolsOf,
} from "../../../components/index.ts";
import {
  type AskServer,
  type Fetch,
  type SystemDeps,
  type SystemOfGuest,
  systemOf,
} from "../../../components/system/index.ts";
import { encodeWithBytes, type GuestTool, JSON_DEPTH_MAX, JSON_NODES_MAX, jsonShape } from "../../../wire/index.ts";
import type { Guest, GuestAbi, GuestAnswer, GuestExports, GuestHost } from "../abi.ts";
import { ComponentFunctions } from "./component-functions.ts";
import { askHost } from "../host-calls.ts";
import { type ReadReply, replyHead } from "../host-reply.ts";
import { McpDialog } from "../mcp-dialog.ts";
import { nullStdio } from "../null-stdio.ts";

/**
 * A WebAssembly component for WASI 0.2, which a build has taken apart. Its exported functions are tools, with their types
 * as JSON Schema; one that exports nothing but `wasi:cli/run` is a program, and is spoken to in MCP on its standard
 * streams.
 */
export const component: GuestAbi = {
  name: "component",
  accepts: () => false,
  load: (bytes) => {
    const { plan, modules } = decodeBundle(bytes);
    const program: Program = {
      plan,
      modules: modules.map((module) => new WebAssembly.Module(module)),
      layouts: new Layouts(plan.types),
      values: new JsonValues(plan.types),
      tools: new Map(toolsOf(plan).map((tool) => [tool.name, tool])),
    };
    const run = runExport(plan);
    const isProgram = run !== undefined && program.tools.size === 0;
    return (host) => (isProgram ? new ProgramGuest(host, program, run) : new FunctionsGuest(host, program));
  },
};

type Program = {
  readonly plan: Plan;
  readonly modules: readonly WebAssembly.Module[];
  readonly layouts: Layouts;
  readonly values: JsonValues;
  readonly tools: ReadonlyMap<string, ComponentTool>;
};

/** The module instances of one component, in the plan's order. */
class Modules {
  readonly instances: GuestExports[] = [];
  readonly #host: GuestHost;
  readonly #program: Program;

  constructor(host: GuestHost, program: Program) {
    this.#host = host;
    this.#program = program;
  }

  async start(functions: ComponentFunctions): Promise<void> {
    const { plan, modules } = this.#program;
    for (const { module, arguments: given } of plan.instances) {
      const compiled = modules[module];
      if (compiled === undefined) throw new Error(`the component has no module ${module}`);
      const imports = new Map<string, { readonly [name: string]: unknown }>();
      for (const [name, argument] of given) {
        const items =
          argument.type === "instance"
            ? (this.instances[argument.instance] ?? {})
            : Object.fromEntries(argument.items.map(([key, item]) => [key, functions.resolve(item)]));
        imports.set(name, items);
      }
      this.instances.push(this.#host.instantiate(compiled, Object.fromEntries(imports)));
      if (this.#host.startFunction !== undefined) await this.#host.run(this.#host.startFunction);
    }
  }
}

/** One fuel for each 16 bytes that are copied. */
const COPY_SHIFT = 4;

const fetchThrough =
  (host: GuestHost): Fetch =>
  ({ method, url, headers, body, timeoutMs }, settle) => {
    const head = { method, url, headers, ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }) };
    askHost(host, "http.fetch", Buffer.concat(encodeWithBytes(head, body)), (reply) => {
      const answer = replyHead(reply);
      if (answer.type === "refused") return settle(answer);
      const { status, headers: given } = answer.head;
      const pairs: readonly unknown[] = Array.isArray(given) ? given : [];
      settle({
        type: "answered",
        status: typeof status === "number" ? status : 0,
        headers: pairs.flatMap((pair) => (Array.isArray(pair) ? [[String(pair[0]), String(pair[1])] as const] : [])),
        body: answer.bytes,
      });
    });
  };

/** What `caxton:host` asks; the guest is parked meanwhile. */
const askServerThrough =
  (host: GuestHost): AskServer =>
  (operation, head, bytes) => {
    host.charge(bytes.length >>> COPY_SHIFT);
    const body = Buffer.concat(encodeWithBytes(head, bytes));
    return host.suspend<ReadReply, ReadReply>(
      (settle) => askHost(host, operation, body, (reply) => settle(replyHead(reply))),
      (reply) => reply,
    );
  };

const systemFor = (host: GuestHost, own: Pick<SystemDeps, "streams" | "exit">): SystemOfGuest =>
  systemOf({
    ...own,
    host,
    fetch: fetchThrough(host),
    askServer: askServerThrough(host),
    hostMemoryBytesMax: host.memoryBytesMax,
  });

/** A component whose functions are tools. */
class FunctionsGuest implements Guest {
  readonly #host: GuestHost;
  readonly #program: Program;
  readonly #modules: Modules;
  readonly #functions: ComponentFunctions;
  readonly #system: SystemOfGuest;
  /** Why the guest was ended within its rights. */
  #refusal: string | undefined;

  constructor(host: GuestHost, program: Program) {
    this.#host = host;
    this.#program = program;
    this.#modules = new Modules(host, program);
    const refuse = (reason: string): Error => {
      this.#refusal = reason;
      return host.finish();
    };
    const exit = (code: number): never => {
      throw refuse(`it ended itself with exit code ${code}`);
    };
    this.#system = systemFor(host, { streams: nullStdio(host), exit });
    const { plan, layouts } = program;
    this.#functions = new ComponentFunctions({
      host,
      plan,
      layouts,
      system: this.#system.interfaces,
      instances: this.#modules.instances,
      refuse,
    });
  }

  start(): Promise<void> {
    return this.#modules.start(this.#functions);
  }

  /** What functions take and give is what their types say; a manifest may add what they are for, and what they touch. */
  async listTools(toolsMax: number, declared: readonly GuestTool[]): Promise<readonly GuestTool[]> {
    const tools = [...this.#program.tools.values()];
    if (tools.length === 0) throw this.#host.end("bad-output", "it exports no functions");
    if (tools.length > toolsMax) throw this.#host.end("bad-output", `it exports more than ${toolsMax} functions`);
    return tools.map(({ name, description, inputSchema, outputSchema }) => {
      const said = declared.find((tool) => tool.name === name);
      return {
        name,
        title: "",
        description: said?.description || description,
        inputSchema,
        outputSchema,
        readOnly: said?.readOnly ?? false,
        idempotent: said?.idempotent ?? false,
        ...(said?.destructive === true && { destructive: true }),
      };
    });
  }

  async call(tool: string, argumentsText: Uint8Array): Promise<GuestAnswer> {
    const called = this.#program.tools.get(tool)?.export;
    if (called === undefined) throw this.#host.end("bad-output", `it has no function "${tool}"`);
    try {
      return await this.#call(called, argumentsText);
    } catch (error) {
      if (error instanceof ArgumentError) return { type: "tool-error", text: error.message };
      if (this.#refusal !== undefined) return { type: "tool-error", text: this.#refusal };
      if (error instanceof CanonFault) throw this.#host.end("bad-output", error.message);
      throw error;
    }
  }

  async #call(called: ComponentExport, argumentsText: Uint8Array): Promise<GuestAnswer> {
    const { values, layouts } = this.#program;
    const given: { readonly [name: string]: unknown } = JSON.parse(Buffer.from(argumentsText).toString("utf8"));
    const read = called.parameters.map(([name, type]) =>
      values.read(type, Object.hasOwn(given, name) ? given[name] : undefined, name),
    );
    const canon = this.#functions.canon(called.options, (...call) => this.#host.run(...call));
    const types = called.parameters.map(([, type]) => type);
    const core = await new Lower(canon).parameters(types, read);
    const returned = await this.#host.run(this.#functions.exported(called.function), ...core);
    const { result } = called;
    let answer: GuestAnswer = { type: "done", content: [{ type: "text", text: "" }], structured: undefined };
    if (result !== null) {
      const lift = new Lift(canon);
      const isReturned = (layouts.of(result).flat?.length ?? Infinity) <= FLAT_RESULTS_MAX;
      const value = isReturned
        ? lift.flat(result, { values: [returned], at: 0 })
        : lift.load(result, typeof returned === "number" ? returned >>> 0 : 0);
      answer = this.#answer(result, value);
    }
    const after = this.#functions.exported(called.options.postReturn);
    if (after !== undefined) await this.#host.run(after, returned);
    return answer;
  }

  /** A text is the answer as it is; of a result, its error makes the call fail; the rest is JSON. */
  #answer(index: number, value: unknown): GuestAnswer {
    const type = this.#program.plan.types[index];
    if (type?.kind === "result" && isTagged(value)) {
      const carried = value.tag === "err" ? type.error : type.ok;
      const { text, json } = this.#said(carried, value.value);
      if (value.tag === "err") return { type: "tool-error", text: text || "it failed" };
      return this.#done(carried, text, json);
    }
    const { text, json } = this.#said(index, value);
    return this.#done(index, text, json);
  }

  #said(index: number | null, value: unknown): { readonly text: string; readonly json: unknown } {
    const json = index === null ? null : this.#program.values.write(index, value);
    const text = index === null ? "" : typeof json === "string" ? json : JSON.stringify(json);
    if (Buffer.byteLength(text) > this.#host.resultBytesMax) {
      throw this.#host.end("bad-output", `its answer is larger than ${this.#host.resultBytesMax} bytes`);
    }
    const shape = typeof json === "string" ? { type: "fits" } : jsonShape(Buffer.from(text));
    if (shape.type === "too-deep") {
      throw this.#host.end("bad-output", `its answer is nested deeper than ${JSON_DEPTH_MAX} levels`);
    }
    if (shape.type === "too-many") {
      throw this.#host.end("bad-output", `its answer has more than ${JSON_NODES_MAX} values`);
    }
    return { text, json };
  }

  #done(index: number | null, text: string, json: unknown): GuestAnswer {
    const isText = index === null || this.#program.plan.types[index]?.kind === "string";
    return { type: "done", content: [{ type: "text", text }], structured: isText ? undefined : { result: json } };
  }

  endCall(): void {
    this.#refusal = undefined;
    this.#system.endCall();
  }
}

/** A component that is a program. */
class ProgramGuest implements Guest {
  readonly #host: GuestHost;
  readonly #modules: Modules;
  readonly #functions: ComponentFunctions;
  readonly #system: SystemOfGuest;
  readonly #dialog: McpDialog;
  readonly #run: ComponentExport;

  constructor(host: GuestHost, program: Program, run: ComponentExport) {
    this.#host = host;
    this.#run = run;
    this.#dialog = new McpDialog(host);
    this.#modules = new Modules(host, program);
    const exit = (code: number): never => {
      throw this.#dialog.ended(`it ended itself with exit code ${code}`);
    };
    this.#system = systemFor(host, { streams: this.#dialog.stdio, exit });
    const { plan, layouts } = program;
    this.#functions = new ComponentFunctions({
      host,
      plan,
      layouts,
      system: this.#system.interfaces,
      instances: this.#modules.instances,
      refuse: (reason) => host.end("trap", reason),
    });
  }

  async start(): Promise<void> {
    await this.#modules.start(this.#functions);
    this.#host.run(this.#functions.exported(this.#run.function)).then(
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
    this.#system.endCall();
  }
}
