import { type GetPromptResult, type ListPromptsResult, ProtocolError } from "@modelcontextprotocol/server";
import { type AgentSummary, operations } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";
import { INVALID_PARAMS } from "./errors.ts";
import { agentOf } from "./tools/agent-tools.ts";
import { agentToolName } from "./tools/tool-names.ts";

const PAGE = 100;
const MESSAGE = "message";

/** A page of the agents as prompts, by which people give a request to an agent. */
export async function listPrompts(caller: Caller, cursor: string | undefined): Promise<ListPromptsResult> {
  if (!caller.may(operations.run.start) || !caller.may(operations.agent.list)) return { prompts: [] };
  const { items, next } = await caller.perform(operations.agent.list, { limit: PAGE, cursor });
  return { prompts: items.map(promptOf), ...(next !== null && { nextCursor: next }) };
}

const promptOf = ({ name, description }: AgentSummary): ListPromptsResult["prompts"][number] => ({
  name: agentToolName(name),
  title: `Ask ${name}`,
  ...(description !== "" && { description }),
  arguments: [{ name: MESSAGE, description: "What the agent is to do", required: true }],
});

type Wanted = { readonly name: string; readonly arguments?: Readonly<Record<string, string>> | undefined };

/** Throws AgentNotFoundError, ProtocolError without a message. */
export async function getPrompt(caller: Caller, { name, arguments: given }: Wanted): Promise<GetPromptResult> {
  const agent = await agentOf(caller, name);
  const message = given?.[MESSAGE] ?? "";
  if (message.trim() === "")
    throw new ProtocolError(INVALID_PARAMS, `the prompt ${name} needs the argument ${MESSAGE}`);
  const text = `Call the tool \`${agentToolName(agent)}\` with the message between the lines, and report its answer.\n---\n${message}\n---`;
  return { messages: [{ role: "user", content: { type: "text", text } }] };
}
