import { ProtocolError, Server } from "@modelcontextprotocol/server";
import { log } from "../../kernel/log.ts";
import { logLevelOf, toFault } from "../../kernel/errors.ts";
import type { ApiServices } from "../operations/index.ts";
import { callerOf } from "./caller-info.ts";
import { rpcError } from "./errors.ts";
import { AgentTools } from "./tools/agent-tools.ts";
import { RunCalls, type Serving } from "./tools/run-calls.ts";

const INSTRUCTIONS =
  "Each tool sends a message to an agent and returns the agent's answer. Agents have their own models, tools and memory: state the whole task in `message`.";

/** What the MCP server offers, with the handlers for it. */
export class McpSurface {
  readonly #version: string;
  readonly #closing = new AbortController();

  constructor({ server: { version } }: ApiServices) {
    this.#version = version;
  }

  /** A server for one request of 2026, or one session of 2025. */
  createServer(serving: Serving): Server {
    const server = new Server(
      { name: "caxton", title: "Caxton", version: this.#version },
      { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
    );
    const agents = new AgentTools(new RunCalls(serving, this.#closing.signal));
    server.setRequestHandler("tools/list", ({ params }, context) =>
      guarded(() => agents.list(callerOf(context), params?.cursor)),
    );
    server.setRequestHandler("tools/call", ({ params }, context) => guarded(() => agents.call(params, context)));
    return server;
  }

  /** From now on, a request that ends does not cancel its run: the server continues the run when it starts again. */
  close(): void {
    this.#closing.abort();
  }
}

/** Reports failures as JSON-RPC errors with Caxton's code. */
async function guarded<Result>(handle: () => Promise<Result>): Promise<Result> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const fault = toFault(error);
    log[logLevelOf(error)]({ code: fault.code, ...(fault.code === "BUG" ? { err: error } : {}) }, "MCP request failed");
    const { code, message, data } = rpcError(fault);
    throw new ProtocolError(code, message, data);
  }
}
