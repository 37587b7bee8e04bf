import type { Agents, AgentSummary } from "../../agents/definitions/index.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Directory } from "../../messaging/router/index.ts";

/** Deployed agents, and all who provide capabilities: also programs and agents of other platforms. */
export type AgentFinder = {
  readonly agents: Pick<Agents, "list">;
  readonly directory: Pick<Directory, "capabilities" | "find" | "providers">;
};

type AgentQuery = {
  readonly words?: string | undefined;
  readonly capability?: string | undefined;
  readonly limit: number;
};

const PAGE = 200;
/** Agents that are looked at for words; with more deployed, ask for a capability. */
const CANDIDATES_MAX = 2_000;
const STEM_CHARS = 5;

const termsIn = (text: string): readonly string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) =>
    word.slice(0, Math.max(STEM_CHARS, word.length - 3)),
  );

/** Agents that fit, the best first, as text for a model and as data; the caller is left out. */
export async function findAgents(
  finder: AgentFinder,
  { workspace, agent }: { readonly workspace: string; readonly agent: string | undefined },
  { words = "", capability, limit }: AgentQuery,
): Promise<[text: string, structured: JsonObject]> {
  const deployed = await allOf(finder.agents, workspace, capability);
  const there = [...deployed, ...othersOf(finder, workspace, capability)].filter(({ name }) => name !== agent);
  const asked = new Set(termsIn(words));
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
  if (shown.length === 0) return [noAgentText(there), { agents: [] }];
  const lines = shown.map(
    (each) => `- ${each.name}: ${each.description || "no description"} (${each.capabilities.join(", ")})`,
  );
  return [lines.join("\n"), { agents: shown }];
}

type AgentMatch = Pick<AgentSummary, "name" | "description" | "capabilities">;

/** Active providers of capabilities that are not deployed agents. */
function othersOf({ directory }: AgentFinder, workspace: string, wanted: string | undefined): readonly AgentMatch[] {
  const found = new Map<string, { name: string; description: string; capabilities: string[] }>();
  for (const capability of wanted === undefined ? directory.capabilities(workspace) : [wanted])
    for (const { name, status } of directory.providers(workspace, capability)) {
      if (status !== "active" || directory.find(workspace, name)?.presence === "agent") continue;
      const known = found.get(name) ?? { name, description: "", capabilities: [] };
      known.capabilities.push(capability);
      found.set(name, known);
    }
  return [...found.values()];
}

async function allOf(agents: AgentFinder["agents"], workspace: string, capability: string | undefined) {
  const all: AgentSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await agents.list(workspace, { capability, cursor, limit: PAGE });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && all.length < CANDIDATES_MAX);
  return all;
}

/** Number of the words that occur in an agent's name, capabilities and description. */
function scoreOf({ name, description, capabilities }: AgentMatch, asked: ReadonlySet<string>): number {
  const known = new Set(termsIn([name, ...capabilities, description].join(" ")));
  return [...asked].filter((word) => known.has(word)).length;
}

function noAgentText(there: readonly AgentMatch[]): string {
  const capabilities = [...new Set(there.flatMap((each) => each.capabilities))].toSorted();
  if (capabilities.length === 0) return "No other agent is there.";
  return `No agent fits. Provided capabilities: ${capabilities.slice(0, PAGE).join(", ")}.`;
}
