import { createHash } from "node:crypto";

/** What every client takes as the name of a tool. */
const NAME_CHARS_MAX = 64;
const SLUG_CHARS_MAX = 40;
const HASH_CHARS = 8;
/** Two underscores separate the parts of a name that was composed. */
const PLAIN = /^[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*$/;

/** Names of tools that are not agents. */
const TAKEN: ReadonlySet<string> = new Set<string>();

const COMPOSED = "agent__";

/** The name of the tool that calls an agent: the agent's own, unless clients would refuse it or another tool has it. */
export function toolNameOf(agent: string): string {
  if (PLAIN.test(agent) && agent.length <= NAME_CHARS_MAX && !TAKEN.has(agent.toLowerCase())) return agent;
  const slug = agent.replaceAll(/[^A-Za-z0-9-]+/g, "-").slice(0, SLUG_CHARS_MAX);
  const hash = createHash("sha256").update(agent.toLowerCase()).digest("hex").slice(0, HASH_CHARS);
  return `${COMPOSED}${slug}-${hash}`;
}

/** Whether a name was composed, so that only a list of the agents tells whose it is. */
export const isComposed = (name: string): boolean => name.startsWith(COMPOSED);
