import type { Entity } from "../entity.ts";
import { MemoryValueError } from "../errors.ts";
import type { NoVectors } from "../embeddings.ts";
import type { EntityFilter, StoreHit, StoreSearch } from "../memory-store.ts";
import type { ScopeKey } from "../scope.ts";
import { readOffset, writeOffset } from "../cursors.ts";
import { fitFacts, type FactQuestion, rankFacts, type RankedHit } from "./fact-ranking.ts";
import type { Measure } from "./token-budget.ts";
import { isValidDuring, MEMORY_LIMITS, readFilter, readRatio } from "../values.ts";

export type SearchMode = "hybrid" | "semantic" | "keyword";

/** `current`: facts valid now; `all`: also expired and future ones; a range: facts valid at some time of it. */
export type Temporal = "current" | "all" | { readonly fromMs: number; readonly toMs: number };

export type SearchInput = {
  readonly scopes: readonly ScopeKey[];
  /** The query; 1 to 10,000 characters. */
  readonly text: string;
  readonly mode?: SearchMode | undefined;
  /** Hits per page; 1 to 100, default 10. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Minimum cosine of a semantic hit; 0 to 1. */
  readonly similarityMin?: number | undefined;
  readonly keywordWeight?: number | undefined;
  readonly recencyBoost?: number | undefined;
  readonly expand?: number | undefined;
  /** Compares all vectors; slower if there are many. Default: false. */
  readonly isExact?: boolean | undefined;
  readonly temporal?: Temporal | undefined;
  /** Approximate maximum of tokens; the first hit is always returned, cut if necessary. */
  readonly tokensMax?: number | undefined;
  /** Counts tokens if entities are not shown as text. */
  readonly measure?: Measure<Entity> | undefined;
  readonly filter?: Omit<EntityFilter, "scopes" | "validFromMs" | "validToMs"> | undefined;
};

/**
 * Limitations of a search: `indexing`: indexing is incomplete; `vectors-full`: the vector index is full, so some entities are found by
 * keywords only.
 */
export type SearchNotice = NoVectors | "indexing" | "vectors-full";

export type SearchResult = {
  readonly hits: readonly RankedHit[];
  readonly next: string | undefined;
  readonly notices: readonly SearchNotice[];
  /** Estimated. */
  readonly tokens: number;
};

/** Defaults of searches. */
export type SearchDefaults = Pick<StoreSearch, "similarityMin" | "keywordWeight" | "recencyBoost">;
export const SEARCH_DEFAULTS: SearchDefaults = { similarityMin: 0.2, keywordWeight: 0.7, recencyBoost: 1.2 };

const TEXT_CHARS_MAX = 10_000;
const EXPAND_MAX = 3;
const LIMIT = 10;
const RECENCY_MAX = 10;

/** Converts the input to a store search without its vector, and the offset of its page. Throws MemoryValueError. */
export function readSearch(
  input: SearchInput,
  defaults: SearchDefaults,
  nowMs: number,
): {
  readonly search: Omit<StoreSearch, "vector" | "model">;
  readonly mode: SearchMode;
  readonly offset: number;
  readonly limit: number;
  readonly span: Span | undefined;
} {
  const { text, mode = "hybrid", limit = LIMIT, temporal = "current" } = input;
  if (text.trim() === "" || text.length > TEXT_CHARS_MAX) {
    throw new MemoryValueError(
      "there is nothing to search for",
      `Give a query of at most ${TEXT_CHARS_MAX} characters.`,
      { field: "query" },
    );
  }
  const offset = readOffset(input.cursor, MEMORY_LIMITS.hitsMax);
  const span = spanOf(temporal, nowMs);
  const recency = input.recencyBoost ?? defaults.recencyBoost;
  if (!(recency >= 1 && recency <= RECENCY_MAX))
    throw new MemoryValueError(`recency_boost is ${recency}`, `Use a value between 1 and ${RECENCY_MAX}.`, {
      field: "recency_boost",
    });
  return {
    mode,
    offset,
    limit,
    span,
    search: {
      filter: readFilter({
        ...input.filter,
        scopes: input.scopes,
        validFromMs: span?.fromMs,
        validToMs: span?.toMs,
      }),
      text: mode === "semantic" ? "" : text,
      limit: Math.min(offset + limit + 1, MEMORY_LIMITS.hitsMax),
      similarityMin: readRatio(input.similarityMin ?? defaults.similarityMin, "min_similarity"),
      keywordWeight:
        mode === "semantic"
          ? 0
          : mode === "keyword"
            ? 1
            : readRatio(input.keywordWeight ?? defaults.keywordWeight, "keyword_weight"),
      recencyBoost: recency,
      expand: Math.min(input.expand ?? 0, EXPAND_MAX),
      isExact: input.isExact,
      nowMs,
    },
  };
}

/** Returns one page of hits within the token limit, without facts that are invalid in the range. */
export async function pageOfHits(
  found: readonly StoreHit[],
  of: {
    readonly question: FactQuestion;
    readonly offset: number;
    readonly limit: number;
    readonly tokensMax: number | undefined;
    readonly measure: Measure<Entity> | undefined;
    readonly span: Span | undefined;
  },
): Promise<Pick<SearchResult, "hits" | "next" | "tokens">> {
  const hits = found
    .slice(of.offset, of.offset + of.limit)
    .map((hit) => ({ ...hit, entity: within(hit.entity, of.span) }));
  const { fitting, tokens } = fitFacts(await rankFacts(hits, of.question), of.tokensMax, of.measure);
  const end = of.offset + fitting.length;
  const next = end < found.length && end < MEMORY_LIMITS.hitsMax ? writeOffset(end) : undefined;
  return { hits: fitting, tokens, next };
}

type Span = { readonly fromMs: number; readonly toMs: number };

/** Undefined: any time. */
export const spanOf = (temporal: Temporal, nowMs: number): Span | undefined =>
  temporal === "current" ? { fromMs: nowMs, toMs: nowMs } : temporal === "all" ? undefined : temporal;

/** The entity with only the observations valid in the range. */
export const within = (entity: Entity, span: Span | undefined): Entity =>
  span
    ? { ...entity, observations: entity.observations.filter(({ validity }) => isValidDuring(validity, span)) }
    : entity;
