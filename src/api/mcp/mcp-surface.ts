import {
  type CallToolRequestParams,
  type JsonSchemaValidator,
  type jsonSchemaValidator,
  type ListToolsResult,
  ProtocolError,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { logLevelOf, toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import type { ApiServices, Caller } from "../operations/index.ts";
import { callerOf } from "./caller-info.ts";
import { METHOD_NOT_FOUND, rpcError, type ToolAnswer } from "./errors.ts";
import { complete } from "./completion.ts";
import { ExposedContent } from "./exposed-content.ts";
import { mayFollow } from "./list-changes.ts";
import type { McpOptions } from "./options.ts";
import { requestStates, type StateCodec } from "./request-state.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { listResources, readResource, SCHEME, TEMPLATES } from "./resources/resources.ts";
import { TASKS_EXTENSION } from "./tasks/task.ts";
import { serveExtensionTasks, serveTasks } from "./tasks/task-methods.ts";
import { TaskCreated, TaskServer } from "./tasks/task-server.ts";
import { AgentTools } from "./tools/agent-tools.ts";
import { ExposedTools } from "./tools/exposed-tools.ts";
import { RunCalls, type Serving } from "./tools/run-calls.ts";
import { isExposed, WAIT_TOOL } from "./tools/tool-names.ts";
import { WaitTool } from "./tools/wait-tool.ts";

const INSTRUCTIONS =
  "Each tool without `__` in its name, except those of memory, sends a message to an agent and returns the agent's answer. Agents have their own models, tools and memory: state the whole task in `message`.";

/** Tasks in a session of 2025-11-25, and in requests of 2026-07-28. */
const SESSION_TASKS = { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
const REQUEST_TASKS = { extensions: { [TASKS_EXTENSION]: {} } };

/** Stands in for the library's own checker, which generates code from a schema. The operation checks what users answer. */
const NO_CHECK: jsonSchemaValidator = {
  getValidator: <Value>(): JsonSchemaValidator<Value> => {
    const checked = z.custom<Value>();
    return (input) => ({ valid: true, data: checked.parse(input), errorMessage: undefined });
  },
};

/** What the MCP server offers, with the handlers for it. */
export class McpSurface {
  readonly #version: string;
  readonly #clock: Clock;
  readonly #dataDirectory: string;
  readonly #options: McpOptions;
  readonly #closing = new AbortController();
  #states: StateCodec | undefined;

  constructor({ server }: ApiServices, options: McpOptions) {
    this.#version = server.version;
    this.#clock = server.clock;
    this.#dataDirectory = server.dataDirectory;
    this.#options = options;
  }

  /** A server for one request of 2026, or one session of 2025. */
  createServer(serving: Serving, caller: Caller): Server {
    const states = () => (this.#states ??= requestStates(this.#dataDirectory));
    const lists = { listChanged: mayFollow(caller) };
    const isSession = serving === "session";
    const server = new TaskServer(
      { name: "caxton", title: "Caxton", version: this.#version },
      {
        capabilities: {
          tools: lists,
          resources: lists,
          prompts: lists,
          completions: {},
          ...(isSession ? SESSION_TASKS : REQUEST_TASKS),
        },
        instructions: INSTRUCTIONS,
        jsonSchemaValidator: NO_CHECK,
        requestState: { verify: (state, context) => states().verify(state, context) },
      },
    );
    const capabilities = () => server.getClientCapabilities();
    const { approvals, expose } = this.#options;
    const environment = { serving, states, clock: this.#clock, approvals, closing: this.#closing.signal, capabilities };
    const runs = new RunCalls(environment);
    const exposed = new ExposedTools(expose, environment);
    if (isSession) serveTasks(server, runs, guarded);
    else serveExtensionTasks(server, runs, { guarded, capabilities });
    const agents = new AgentTools(runs);
    const waiting = new WaitTool(runs);
    server.setRequestHandler("tools/list", ({ params }, context) =>
      guarded(() => this.#list({ agents, waiting, exposed }, context, params?.cursor)),
    );
    server.setRequestHandler("tools/call", ({ params }, context) =>
      guarded(() => this.#call({ agents, waiting, exposed, runs }, params, context)),
    );
    serveContent(server, exposed);
    return server;
  }

  /** From now on, a request that ends does not cancel its run: the server continues the run when it starts again. */
  close(): void {
    this.#closing.abort();
  }

  async #list(
    { agents, waiting, exposed }: ListedTools,
    context: ServerContext,
    cursor?: string,
  ): Promise<ListToolsResult> {
    const caller = callerOf(context);
    const page = await agents.list(caller, cursor);
    if (cursor !== undefined) return page;
    return { ...page, tools: [...page.tools, ...waiting.list(caller), ...(await exposed.list(caller))] };
  }

  #call(
    { agents, waiting, exposed, runs }: RunTools,
    params: CallToolRequestParams,
    context: ServerContext,
  ): Promise<ToolAnswer> {
    const { name, arguments: given = {} } = params;
    if (runs.asksForTask(params) && (name === WAIT_TOOL || isExposed(name)))
      throw new ProtocolError(METHOD_NOT_FOUND, `the tool ${name} does not run as a task. Call it without \`task\`.`);
    if (name === WAIT_TOOL) return waiting.call(given, context);
    if (isExposed(name)) return exposed.call(name, given, context);
    return agents.call(params, context);
  }
}

type ListedTools = { readonly agents: AgentTools; readonly waiting: WaitTool; readonly exposed: ExposedTools };
type RunTools = ListedTools & { readonly runs: RunCalls };

/** Resources, prompts and completions: Caxton's own, and after their last page those of exposed servers. */
function serveContent(server: Server, exposed: ExposedTools): void {
  const contentFor = (context: ServerContext) => new ExposedContent(exposed, callerOf(context), context.mcpReq.signal);
  server.setRequestHandler("resources/list", ({ params }, context) =>
    guarded(async () => {
      const page = await listResources(callerOf(context), params?.cursor);
      if (page.nextCursor !== undefined) return page;
      return { resources: [...page.resources, ...(await contentFor(context).resources())] };
    }),
  );
  server.setRequestHandler("resources/templates/list", (_request, context) =>
    guarded(async () => ({ resourceTemplates: [...TEMPLATES, ...(await contentFor(context).templates())] })),
  );
  server.setRequestHandler("resources/read", ({ params: { uri } }, context) =>
    guarded(async () => {
      const found = uri.startsWith(SCHEME) ? undefined : await contentFor(context).resource(uri);
      return found ?? readResource(callerOf(context), uri);
    }),
  );
  server.setRequestHandler("prompts/list", ({ params }, context) =>
    guarded(async () => {
      const page = await listPrompts(callerOf(context), params?.cursor);
      if (page.nextCursor !== undefined) return page;
      return { prompts: [...page.prompts, ...(await contentFor(context).prompts())] };
    }),
  );
  server.setRequestHandler("prompts/get", ({ params }, context) =>
    guarded(() =>
      isExposed(params.name)
        ? contentFor(context).prompt(params.name, params.arguments)
        : getPrompt(callerOf(context), params),
    ),
  );
  server.setRequestHandler("completion/complete", ({ params }, context) =>
    guarded(() => complete(callerOf(context), params)),
  );
}

/** Reports failures as JSON-RPC errors with Caxton's code. */
async function guarded<Result>(handle: () => Promise<Result>): Promise<Result> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof TaskCreated) throw error;
    const fault = toFault(error);
    log[logLevelOf(error)]({ code: fault.code, ...(fault.code === "BUG" ? { err: error } : {}) }, "MCP request failed");
    const { code, message, data } = rpcError(fault);
    throw new ProtocolError(code, message, data);
  }
}
