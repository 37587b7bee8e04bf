import { isJsonObject, type JsonObject } from "../../kernel/json.ts";
import { type CallRestrictions, type ToolCall, type ToolResult, failedCall } from "./call.ts";
import { ToolNotFoundError, ToolServerNotFoundError } from "./errors.ts";
import { type SchemaCheck, schemaCheck } from "./schema-check.ts";
import { type Tool, type ToolServer, type ToolServerState, toolId } from "./tool.ts";
import type { ToolLogLine, ToolRunner } from "./tool-runner.ts";

/** What an agent's `tools` list stands for: entries are `server` or `server.tool`; "all" is every tool there is. */
export type ToolList = readonly string[] | "all";

const CLOSED: ReadonlySet<ToolServerState> = new Set(["paused", "pending", "draining"]);

/** Whether restrictions concern what a server reaches. */
const isConfined = ({ domains, network, files, servers }: CallRestrictions, server: string): boolean =>
  !network || !files || domains !== undefined || Object.hasOwn(servers, server);

export const NO_TOOLS: ToolRunner = {
  servers: () => [],
  call: async ({ server }) => failedCall("unknown-tool", `there is no tool server ${server}`),
  logs: () => [],
  endSession: () => undefined,
};

/** The tools of a workspace: which there are, which an agent may use, and calls with arguments and results checked. */
export class ToolCatalogue {
  readonly #runner: ToolRunner;
  readonly #failures: ReadonlyMap<string, string>;
  readonly #checks = new WeakMap<JsonObject, SchemaCheck>();

  /** `failures` are built-in servers that could not be deployed, with the reason. */
  constructor(runner: ToolRunner, failures: ReadonlyMap<string, string> = new Map()) {
    this.#runner = runner;
    this.#failures = failures;
  }

  /** Names of every server and every tool: `csv_parser`, `csv_parser.group`. */
  names(): readonly string[] {
    return this.servers().flatMap(({ name, tools }) => [name, ...tools.map(toolId)]);
  }

  servers(): readonly ToolServer[] {
    return this.#runner.servers();
  }

  /** Throws ToolServerNotFoundError. */
  server(name: string): ToolServer {
    const servers = this.servers();
    const found = servers.find((server) => server.name === name);
    if (found) return found;
    throw new ToolServerNotFoundError(
      name,
      servers.map((server) => server.name),
      this.#failures.get(name),
    );
  }

  /** Throws ToolServerNotFoundError, ToolNotFoundError. */
  tool(server: string, name: string): Tool {
    const { tools } = this.server(server);
    const found = tools.find((tool) => tool.name === name);
    if (found) return found;
    const known = tools.map(toolId);
    throw new ToolNotFoundError(`${server} has no tool "${name}"`, `Its tools: ${known.join(", ")}.`, {
      tool: `${server}.${name}`,
      known,
    });
  }

  /** Whether an entry of an agent's list names something that is here, and if not, what is. */
  knows(entry: string): { readonly known: true } | { readonly known: false; readonly alternatives: readonly string[] } {
    const servers = this.servers();
    if (servers.some(({ name, tools }) => name === entry || tools.some((tool) => toolId(tool) === entry))) {
      return { known: true };
    }
    const [serverName] = entry.split(".");
    const server = servers.find(({ name }) => name === serverName);
    return { known: false, alternatives: server ? server.tools.map(toolId) : servers.map(({ name }) => name) };
  }

  /**
   * Selects the tools of a list, in the catalogue's order; unknown entries select nothing. Servers that take no calls
   * are left out: a model is not offered tools that cannot be called.
   */
  select(list: ToolList): readonly Tool[] {
    const servers = this.servers().filter(({ state }) => !CLOSED.has(state));
    if (list === "all") return servers.flatMap((server) => (server.isOnlyByName === true ? [] : server.tools));
    const wanted = new Set(list);
    return servers.flatMap(({ name, tools }) => {
      if (wanted.has(name)) return tools;
      const isNamed = list.some((entry) => entry.startsWith(name) && entry[name.length] === ".");
      return isNamed ? tools.filter((tool) => wanted.has(toolId(tool))) : [];
    });
  }

  /** What of a call's arguments does not fit the tool's schema, one sentence each. */
  argumentProblems(tool: Tool, given: JsonObject): readonly string[] {
    return this.#check(tool.inputSchema)(given);
  }

  /** Calls a tool after checking the arguments, and checks its structured result. Never throws. */
  async call(tool: Tool, call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const wrong = this.argumentProblems(tool, call.arguments);
    if (wrong.length > 0) {
      return failedCall(
        "invalid-arguments",
        `the arguments do not fit ${toolId(tool)}: ${wrong.join("; ")}. Correct them and call again.`,
      );
    }
    const result = await this.run(call, signal);
    return result.type === "done" ? this.#checked(tool, result) : result;
  }

  /** Runs a call whose caller has a catalogue of his own that checks arguments and result. Never throws. */
  async run(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const { restrictions, agent = "" } = call.context;
    const server = restrictions && this.servers().find(({ name }) => name === call.server);
    if (restrictions === undefined || server === undefined || server.isSandboxed || server.interface === "native")
      return this.#runner.call(call, signal);
    if (isConfined(restrictions, call.server)) {
      const why = `${call.server} runs outside of the sandbox, where the restrictions of ${agent} cannot be enforced`;
      return failedCall("forbidden", `${why}, so the call was not made. Continue without it.`);
    }
    const { callTimeoutMs } = restrictions;
    if (callTimeoutMs === undefined) return this.#runner.call(call, signal);
    const late = AbortSignal.timeout(callTimeoutMs);
    const result = await this.#runner.call(call, AbortSignal.any([signal, late]));
    if (result.type === "done" || !late.aborted || signal.aborted) return result;
    return failedCall("deadline", `${call.server}.${call.tool} did not end within ${callTimeoutMs} ms`, result.usage);
  }

  #checked(tool: Tool, result: Extract<ToolResult, { type: "done" }>): ToolResult {
    if (!tool.outputSchema || result.structured === undefined) return result;
    const wrong = isJsonObject(result.structured)
      ? this.#check(tool.outputSchema)(result.structured)
      : ["the structured result is not an object"];
    if (wrong.length === 0) return result;
    return failedCall(
      "bad-output",
      `${toolId(tool)} answered what its own schema does not allow: ${wrong.join("; ")}`,
      result.usage,
    );
  }

  /** The last lines a server wrote to its log. Throws ToolServerNotFoundError. */
  logs(name: string): readonly ToolLogLine[] {
    return this.#runner.logs(this.server(name).name);
  }

  endSession(session: string): void {
    this.#runner.endSession(session);
  }

  #check(schema: JsonObject): SchemaCheck {
    let check = this.#checks.get(schema);
    if (!check) {
      check = schemaCheck(schema);
      this.#checks.set(schema, check);
    }
    return check;
  }
}
