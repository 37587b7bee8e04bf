import { cleanLine } from "../../kernel/clean.ts";
import { log } from "../../kernel/log.ts";
import { estimateTokens } from "../../kernel/tokens.ts";
import {
  type Entity,
  ENTITY_MEASURE,
  type Measure,
  type Memory,
  type Observation,
  type ScopeKey,
  scopeKey,
  type SearchInput,
  type SearchResult,
  visibleScopes,
} from "../../memory/knowledge/index.ts";

/** Approximate maximum tokens of recalled memory in a prompt. */
const TOKENS_MAX = 1_000;
/** Time limits of recall: in total, and for semantic search before it falls back to keywords. */
type Waits = { readonly allMs: number; readonly embeddingTimeoutMs: number };
const WAITS: Waits = { allMs: 2_000, embeddingTimeoutMs: 1_500 };
const QUESTION_CHARS_MAX = 2_000;

/** Scope and parameters of a recall. */
export type RecallFor = {
  readonly workspace: string;
  readonly agent: string;
  readonly conversationId: string | undefined;
  readonly input: string;
  readonly memory: {
    readonly scope: "agent-only" | "workspace" | "global" | "conversation";
    readonly limit: number;
    readonly similarityMin?: number | undefined;
    readonly isSemantic: boolean;
  };
};

/** Text for the prompt, empty if nothing was recalled, with notices for readers of the run. */
export type RecalledText = {
  readonly text: string;
  readonly notices: readonly { readonly code: string; readonly message: string }[];
};

/** Looks up what is remembered of a request's matter. A memory that fails is a notice; never rejects. */
export async function recallFor(
  memory: Pick<Memory, "search">,
  of: RecallFor,
  waits: Waits = WAITS,
): Promise<RecalledText> {
  const text = of.input.slice(0, QUESTION_CHARS_MAX);
  if (text.trim() === "") return NOTHING;
  try {
    const { limit, similarityMin, isSemantic } = of.memory;
    const asked = { scopes: scopesOf(of), text, limit, similarityMin, tokensMax: TOKENS_MAX, measure: TOKEN_MEASURE };
    const { hits, notices } = await look(memory, { ...asked, mode: isSemantic ? "hybrid" : "keyword" }, waits);
    const without = notices.filter((notice) => isSemantic || notice === "indexing");
    return {
      text: hits
        .map(({ entity, ranked }) =>
          formatEntity(
            entity,
            ranked.map(({ fact }) => fact),
          ),
        )
        .join("\n"),
      notices: without.map((notice) => ({
        code: "memory-degraded",
        message: `What was recalled ${DEGRADED[notice]}.`,
      })),
    };
  } catch (error) {
    log.warn({ err: error, agent: of.agent }, "nothing was recalled for a run");
    return {
      text: "",
      notices: [
        {
          code: "memory-failed",
          message: "Nothing was recalled: memory could not be searched. The server's log says why.",
        },
      ],
    };
  }
}

type Recalled = Pick<SearchResult, "hits"> & { readonly notices: readonly (keyof typeof DEGRADED)[] };

/** Results found in time; if the embedder is slow, those of keyword search. */
async function look(memory: Pick<Memory, "search">, asked: SearchInput, waits: Waits): Promise<Recalled> {
  const late = AbortSignal.timeout(waits.allMs);
  if (asked.mode === "keyword") return memory.search(asked, late);
  const slow = AbortSignal.timeout(waits.embeddingTimeoutMs);
  try {
    return await memory.search(asked, slow);
  } catch (error) {
    if (!slow.aborted) throw error;
    const { hits, notices } = await memory.search({ ...asked, mode: "keyword" }, late);
    return { hits, notices: [...notices, "too-slow"] };
  }
}

const NOTHING: RecalledText = { text: "", notices: [] };

const DEGRADED = {
  "no-embedder": "was found by words alone: there is no embedder",
  "embedder-failed": "was found by words alone: the embedder failed",
  "too-slow": "was found by words alone: by meaning it took too long",
  "model-changing": "was found by words alone: memory gets vectors of another model",
  indexing: "may lack something: memory is still being indexed",
  "vectors-full": "may lack something: there is no room for all vectors",
} as const;

function scopesOf({ workspace, agent, conversationId, memory: { scope } }: RecallFor): readonly ScopeKey[] {
  const visible = visibleScopes({ workspace, agent, conversationId });
  const seen = {
    global: () => true,
    workspace: ({ type }: { readonly type: string }) => type !== "global",
    "agent-only": ({ type }: { readonly type: string }) => type === "agent-only" || type === "conversation",
    conversation: ({ type }: { readonly type: string }) => type === "conversation",
  };
  const scopes = visible.filter(seen[scope]);
  return (scopes.length > 0 ? scopes : visible.filter(({ type }) => type === "agent-only")).map(scopeKey);
}

/** In one line, without hidden characters, and without the brackets that origins stand in. */
const oneLine = (text: string): string =>
  cleanLine(text, text.length)
    .replaceAll(/[[［]/gu, "(")
    .replaceAll(/[\]］]/gu, ")");

/** Source and date of an observation. */
const originOf = ({ provenance: { source, agent }, atMs }: Observation): string => {
  const who = source === "run" ? `agent ${agent ?? ""}` : agent === undefined ? source : `${source} ${agent}`;
  return `[${oneLine(who).replaceAll(/[[\]]/gu, "").trim()}, ${new Date(atMs).toISOString().slice(0, DAY_CHARS)}]`;
};
const DAY_CHARS = 10;

/**
 * The entity and its facts, best first, those of one origin together behind it; all in one line, so that no text looks like another
 * entity.
 */
function formatEntity({ name, type }: Entity, facts: readonly Observation[]): string {
  const groups = Map.groupBy(facts, originOf);
  const said = [...groups].map(([origin, of]) => `${origin} ${of.map(({ text }) => oneLine(text)).join("; ")}`);
  return `- ${oneLine(`${name} (${type})`)}${said.length > 0 ? `: ${said.join(" ")}` : ""}`;
}

/** Tokens of the text as it is formatted; separate facts are counted with their origins. */
const TOKEN_MEASURE: Measure<Entity> = {
  tokensOf: (entity) => estimateTokens(formatEntity(entity, entity.observations)),
  cutTo: (entity, tokensMax) => ENTITY_MEASURE.cutTo(entity, tokensMax - ORIGIN_TOKENS),
};
/** About what an origin takes. */
const ORIGIN_TOKENS = 12;
