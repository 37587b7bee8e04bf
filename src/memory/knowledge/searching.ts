import type { Entity } from "./entity.ts";
import { MemoryValueError } from "./errors.ts";
import type { NoVectors } from "./embeddings.ts";
import type { EntityFilter, StoreHit, StoreSearch } from "./memory-store.ts";
import type { ScopeKey } from "./scope.ts";
import { readOffset, writeOffset } from "./page-offset.ts";
import { fitFacts, type FactQuestion, rankFacts, type RankedHit } from "./fact-ranking.ts";
import type { Measure } from "./token-budget.ts";
import { isValidDuring, MEMORY_LIMITS, readNarrowing, readShare } from "./values.ts";

export type SearchMode = "hybrid" | "semantic" | "keyword";

/** `current`: what holds now; `all`: also what no longer or not yet holds; a span: what held at some moment of it. */
export type Temporal = "current" | "all" | { readonly fromMs: number; readonly toMs: number };

export type SearchInput = {
  readonly scopes: readonly ScopeKey[];
  /** The question; 1 to 10,000 characters. */
  readonly text: string;
  readonly mode?: SearchMode | undefined;
  /** Hits of one page; 1 to 100, 10 by default. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Cosine below which nearness in meaning does not count; 0 to 1. */
  readonly similarityMin?: number | undefined;
  readonly keywordWeight?: number | undefined;
  readonly recencyBoost?: number | undefined;
  readonly expand?: number | undefined;
  /** Compares all vectors, which takes longer where there are many; not by default. */
  readonly isExact?: boolean | undefined;
  readonly temporal?: Temporal | undefined;
  /** About so many tokens of entities at most; the first hit is always there, cut if it must be. */
  readonly tokensMax?: number | undefined;
  /** How these are counted, where entities are not told as text. */
  readonly measure?: Measure<Entity> | undefined;
  readonly filter?: Omit<EntityFilter, "scopes" | "validFromMs" | "validToMs"> | undefined;
};

/** What a search had to do without: `indexing`: not everything is indexed yet; `vectors-full`: some is found by words alone, for want of room. */
export type SearchNotice = NoVectors | "indexing" | "vectors-full";

export type SearchResult = {
  readonly hits: readonly RankedHit[];
  readonly next: string | undefined;
  readonly notices: readonly SearchNotice[];
  /** By the estimate. */
  readonly tokens: number;
};

/** What searches do where nobody says otherwise. */
export type SearchDefaults = Pick<StoreSearch, "similarityMin" | "keywordWeight" | "recencyBoost">;
export const SEARCH_DEFAULTS: SearchDefaults = { similarityMin: 0.2, keywordWeight: 0.7, recencyBoost: 1.2 };

const TEXT_CHARS_MAX = 10_000;
const EXPAND_MAX = 3;
const LIMIT = 10;
const RECENCY_MAX = 10;

/** The search of a store that answers the input, without its vector, and where its page begins. Throws MemoryValueError. */
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
      `Give a question or words, at most ${TEXT_CHARS_MAX} characters.`,
      { field: "query" },
    );
  }
  const offset = readOffset(input.cursor, MEMORY_LIMITS.hitsMax);
  const span = spanOf(temporal, nowMs);
  const recency = input.recencyBoost ?? defaults.recencyBoost;
  if (!(recency >= 1 && recency <= RECENCY_MAX))
    throw new MemoryValueError(`recency_boost is ${recency}`, `It lies between 1 and ${RECENCY_MAX}.`, {
      field: "recency_boost",
    });
  return {
    mode,
    offset,
    limit,
    span,
    search: {
      filter: readNarrowing({
        ...input.filter,
        scopes: input.scopes,
        validFromMs: span?.fromMs,
        validToMs: span?.toMs,
      }),
      text: mode === "semantic" ? "" : text,
      limit: Math.min(offset + limit + 1, MEMORY_LIMITS.hitsMax),
      similarityMin: readShare(input.similarityMin ?? defaults.similarityMin, "min_similarity"),
      keywordWeight:
        mode === "semantic"
          ? 0
          : mode === "keyword"
            ? 1
            : readShare(input.keywordWeight ?? defaults.keywordWeight, "keyword_weight"),
      recencyBoost: recency,
      expand: Math.min(input.expand ?? 0, EXPAND_MAX),
      isExact: input.isExact,
      nowMs,
    },
  };
}

/** One page of what was found, within the tokens; what does not hold in the span is left out of each. */
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

/** Undefined: of all times. */
export const spanOf = (temporal: Temporal, nowMs: number): Span | undefined =>
  temporal === "current" ? { fromMs: nowMs, toMs: nowMs } : temporal === "all" ? undefined : temporal;

/** Only what holds in the span. */
export const within = (entity: Entity, span: Span | undefined): Entity =>
  span
    ? { ...entity, observations: entity.observations.filter(({ validity }) => isValidDuring(validity, span)) }
    : entity;
