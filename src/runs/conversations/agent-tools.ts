import * as z from "zod";
import type { Agents } from "../../agents/definitions/index.ts";
import { mayRun, type RunCaller, type RunRight } from "../../kernel/rights/run-caller.ts";
import { delegationOf, messageIdOf } from "../../messaging/acl/index.ts";
import {
  failedCall,
  type NativeTools,
  type Tool,
  type ToolCall,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import { askAgent, type AskingDeps, checked } from "./asking.ts";
import { inputSchema } from "./tool-arguments.ts";

export type AgentToolsDeps = AskingDeps & { readonly agents: Pick<Agents, "find">; readonly version: string };

const AGENT = "agent";
const MINUTES = 60;
const MINUTES_MAX = 24 * 60;

const DelegateArguments = z.strictObject({
  request: z.string().min(1).meta({ description: "The task, with all that the agent needs to know" }),
  files: z
    .array(z.string().min(1))
    .max(16)
    .default([])
    .meta({ description: "Names of files of this run that the agent may read" }),
  background: z.boolean().default(false).meta({
    description: "Continue meanwhile; the result comes as a message. The run does not end before",
  }),
  minutes: z.number().positive().max(MINUTES_MAX).default(MINUTES).meta({ description: "How long to wait" }),
});

/** An agent as the tool of another. */
export const agentTool = (name: string, description: string): Tool => ({
  server: AGENT,
  name,
  title: `Delegate to ${name}`,
  description: `Gives a task to the agent ${name} and waits for its result. It sees the request and the named files only.${description === "" ? "" : ` ${name}: ${description}`}`,
  inputSchema: inputSchema(DelegateArguments),
  outputSchema: undefined,
  effects: { readOnly: false, idempotent: true },
});

/** Agents as tools: a call is a request to the agent, whose run is below the one that calls. */
export class AgentTools implements NativeTools {
  readonly name = AGENT;
  readonly description = "Agents to which another agent delegates. Which ones, its definition says.";
  readonly tools = [];
  readonly version: string;
  readonly #deps: AgentToolsDeps;

  constructor(deps: AgentToolsDeps) {
    this.#deps = deps;
    this.version = deps.version;
  }

  rightFor(agent: string, caller: RunCaller): RunRight | undefined {
    return mayRun(caller, agent) ? undefined : "runs:execute";
  }

  async call(call: ToolCall): Promise<ToolResult> {
    const { tool: agent, context, arguments: given } = call;
    if ((await this.#deps.agents.find(context.workspace, agent)) === undefined)
      return failedCall("tool-error", `there is no agent ${agent} here [AGENT_NOT_FOUND]. Continue without it.`);
    return checked(agentTool(agent, ""), DelegateArguments, given, ({ request, files, background, minutes }) =>
      askAgent(
        this.#deps,
        call,
        {
          performative: "request",
          content: { type: "text", text: request },
          address: { type: "receivers", names: [agent] },
          protocol: "fipa-request",
        },
        {
          replyWith: delegationOf(messageIdOf(call.id, "message")),
          delegation: { files, ...(background && { background }) },
          minutes,
        },
      ),
    );
  }
}
