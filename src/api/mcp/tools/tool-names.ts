import { createHash } from "node:crypto";

/** What every client takes as the name of a tool. */
const NAME_CHARS_MAX = 64;
const SLUG_CHARS_MAX = 40;
const HASH_CHARS = 8;
/** Two underscores separate the parts of a name that was composed. */
const PLAIN = /^[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*$/;

/** The tool server of memory, whose tools have the names of the reference memory server. */
const MEMORY = "memory";
const MEMORY_TOOLS: ReadonlySet<string> = new Set([
  "create_entities",
  "create_relations",
  "add_observations",
  "delete_entities",
  "delete_observations",
  "delete_relations",
  "read_graph",
  "search_nodes",
  "open_nodes",
]);
/** The tool that waits for a run. */
export const WAIT_TOOL = "wait_for_run";

const isTaken = (name: string): boolean => MEMORY_TOOLS.has(name) || name === WAIT_TOOL;

const AGENT = "agent__";

/** The name of the tool that calls an agent: the agent's own, unless clients would refuse it or another tool has it. */
export const agentToolName = (agent: string): string =>
  PLAIN.test(agent) && agent.length <= NAME_CHARS_MAX && !isTaken(agent.toLowerCase())
    ? agent
    : `${AGENT}${shortened(agent)}`;

/** The name of a tool of a tool server. */
export function exposedToolName(server: string, tool: string): string {
  if (server === MEMORY && MEMORY_TOOLS.has(tool)) return tool;
  const name = `${server}__${tool}`;
  return /^[A-Za-z0-9_-]+$/.test(name) && name.length <= NAME_CHARS_MAX && !name.startsWith(AGENT)
    ? name
    : `tool__${shortened(`${server}.${tool}`)}`;
}

function shortened(name: string): string {
  const slug = name.replaceAll(/[^A-Za-z0-9-]+/g, "-").slice(0, SLUG_CHARS_MAX);
  return `${slug}-${createHash("sha256").update(name.toLowerCase()).digest("hex").slice(0, HASH_CHARS)}`;
}

/** Whether a name was composed for an agent, so that its agent is found in a list of all. */
export const isComposed = (name: string): boolean => name.startsWith(AGENT);
/** Whether a name can be that of a tool of a tool server. */
export const isExposed = (name: string): boolean =>
  MEMORY_TOOLS.has(name) || (name.includes("__") && !isComposed(name));
