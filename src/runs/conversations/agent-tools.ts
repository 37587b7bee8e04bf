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
import type { RemoteLookup } from "./ports.ts";
import { inputSchema } from "./tool-arguments.ts";

export type AgentToolsDeps = AskingDeps & {
  readonly agents: Pick<Agents, "find">;
  readonly participants: RemoteLookup;
  readonly version: string;
};

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

const RemoteArguments = DelegateArguments.extend({
  conversation: z.string().min(1).max(256).optional().meta({
    description: "Conversation of an earlier call, to answer its question or to continue it; a new one without it",
  }),
});

/** An agent as the tool of another. */
export const agentTool = (name: string, description: string, isRemote = false): Tool => ({
  server: AGENT,
  name,
  title: `Delegate to ${name}`,
  description: `Gives a task to the agent ${name} and waits for its result. It sees the request and the named files only.${description === "" ? "" : ` ${name}: ${description}`}`,
  inputSchema: inputSchema(isRemote ? RemoteArguments : DelegateArguments),
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
    const isAgent = (await this.#deps.agents.find(context.workspace, agent)) !== undefined;
    const isRemote = !isAgent && this.#deps.participants.remote(context.workspace, agent) !== undefined;
    if (!isAgent && !isRemote)
      return failedCall("tool-error", `there is no agent ${agent} here [AGENT_NOT_FOUND]. Continue without it.`);
    return checked(agentTool(agent, "", isRemote), isRemote ? RemoteArguments : DelegateArguments, given, (wanted) =>
      this.#ask(call, wanted, isRemote),
    );
  }

  #ask(call: ToolCall, wanted: z.output<typeof RemoteArguments>, isRemote: boolean): Promise<ToolResult> {
    const { request, files, background, minutes, conversation } = wanted;
    return askAgent(
      this.#deps,
      call,
      {
        performative: "request",
        content: { type: "text", text: request },
        address: { type: "receivers", names: [call.tool] },
        // A remote agent may ask before it answers, which this protocol does not have.
        protocol: isRemote ? undefined : "fipa-request",
        ...(conversation !== undefined && { conversationId: conversation }),
      },
      {
        replyWith: delegationOf(messageIdOf(call.id, "message")),
        delegation: { files, ...(background && { background }) },
        minutes,
      },
    );
  }
}
