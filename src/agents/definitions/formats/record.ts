import type { Data } from "../../../text/documents/index.ts";

export const isRecord = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

/** Tools that stand for the agents that a definition names, as rules call them: `agent.researcher`. */
export const agentToolsIn = ({ agents, handoffs }: Readonly<Record<string, unknown>>): readonly string[] => [
  ...(isStrings(agents) ? agents.map((name) => `agent.${name}`) : []),
  ...(isStrings(handoffs) ? handoffs.map((name) => `handoff.${name}`) : []),
];
