import type { Agents, AgentSummary } from "../agents/index.ts";
import type { JsonObject } from "../kernel/json.ts";

/** Who is there, as deployed. */
export type AgentFinder = Pick<Agents, "list">;

type Wanted = { readonly words?: string | undefined; readonly capability?: string | undefined; readonly limit: number };

const PAGE = 200;
/** Agents that are looked at for words; with more deployed, ask for a capability. */
const LOOKED_AT_MAX = 2_000;
const STEM_CHARS = 5;

const wordsIn = (text: string): readonly string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) =>
    word.slice(0, Math.max(STEM_CHARS, word.length - 3)),
  );

/** Agents that fit, the best first, as text for a model and as data; the caller is left out. */
export async function findAgents(
  agents: AgentFinder,
  { workspace, agent }: { readonly workspace: string; readonly agent: string | undefined },
  { words = "", capability, limit }: Wanted,
): Promise<[text: string, structured: JsonObject]> {
  const there = (await allOf(agents, workspace, capability)).filter(({ name }) => name !== agent);
  const asked = new Set(wordsIn(words));
  const found = there
    .map((each) => ({ each, score: scoreOf(each, asked) }))
    .filter(({ score }) => asked.size === 0 || score > 0)
    .toSorted((one, other) => other.score - one.score || (one.each.name < other.each.name ? -1 : 1))
    .slice(0, limit)
    .map(({ each }) => each);
  const shown = found.map(({ name, description, capabilities }) => ({
    name,
    description,
    capabilities: [...capabilities],
  }));
  if (shown.length === 0) return [nobody(there), { agents: [] }];
  const lines = shown.map(
    (each) => `- ${each.name}: ${each.description || "no description"} (${each.capabilities.join(", ")})`,
  );
  return [lines.join("\n"), { agents: shown }];
}

async function allOf(agents: AgentFinder, workspace: string, capability: string | undefined) {
  const all: AgentSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await agents.list(workspace, { capability, cursor, limit: PAGE });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && all.length < LOOKED_AT_MAX);
  return all;
}

/** How many of the words an agent's name, capabilities and description have. */
function scoreOf({ name, description, capabilities }: AgentSummary, asked: ReadonlySet<string>): number {
  const told = new Set(wordsIn([name, ...capabilities, description].join(" ")));
  return [...asked].filter((word) => told.has(word)).length;
}

function nobody(there: readonly AgentSummary[]): string {
  const capabilities = [...new Set(there.flatMap((each) => each.capabilities))].toSorted();
  if (capabilities.length === 0) return "No other agent is there.";
  return `No agent fits. Capabilities that somebody provides: ${capabilities.slice(0, PAGE).join(", ")}.`;
}
