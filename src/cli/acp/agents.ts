import type { SessionConfigOption, SessionModeState } from "@agentclientprotocol/sdk";
import { type AgentSummary, operations } from "../../api/contract/index.ts";
import type { Client } from "../client/index.ts";
import { NoAgentError } from "./errors.ts";

const AGENTS_MAX = 200;
/** The option by which the agent of a session is chosen. */
export const AGENT_OPTION = "agent";

export type Choices = { readonly modes: SessionModeState; readonly configOptions: SessionConfigOption[] };

export async function agentsOf(client: Client): Promise<readonly AgentSummary[]> {
  const { value } = await client.call(operations.agent.list, { limit: AGENTS_MAX });
  return value.items;
}

/** The agent of a new session. Throws NoAgentError. */
export function firstAgent(agents: readonly AgentSummary[], server: URL): string {
  const agent = agents.find(({ state }) => state === "active") ?? agents[0];
  if (agent === undefined) throw new NoAgentError(server);
  return agent.name;
}

/** The agents as modes, and as an option, for editors of either kind. */
export function choicesOf(agents: readonly AgentSummary[], current: string): Choices {
  const known = agents.some(({ name }) => name === current) ? agents : [{ name: current, description: "" }, ...agents];
  return {
    modes: {
      currentModeId: current,
      availableModes: known.map(({ name, description }) => ({ id: name, name, description })),
    },
    configOptions: [
      {
        id: AGENT_OPTION,
        type: "select",
        category: "mode",
        name: "Agent",
        currentValue: current,
        options: known.map(({ name, description }) => ({ value: name, name, description })),
      },
    ],
  };
}
