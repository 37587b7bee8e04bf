import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  listed,
  type MemoryEntity,
  type MemoryFigures,
  type MemoryHistory,
  type SearchMemoryBody,
  operations,
} from "../../../../src/api/contract/index.ts";
import type { Claim } from "./claim.ts";
import { call } from "../client.ts";
import { pagesFrom } from "../page.ts";
import { isAway, retryUnlessRefused } from "../queries.ts";

/** Refetch interval of a visible page: changes of memory send no events. */
const AGAIN_MS = 5_000;
const IN_PROGRESS_MS = 1_000;
const PAGE_SIZE = 50;
const HISTORY_PAGE = 200;
const NAMES_SHOWN = 8;
const FOUND_MAX = 50;
/** What is large is read again less often. */
const SELDOM_MS = 60_000;
/** Entities around one that are asked for at first, and at most. */
const AROUND_FIRST = 100;
export const AROUND_MAX = 1_000;

export const memoryFiguresQuery = queryOptions({
  queryKey: ["memory", "figures"],
  queryFn: ({ signal }) => call(operations.memory.stats, {}, signal),
  refetchInterval: ({ state }) =>
    isInProgress(state.data) ? IN_PROGRESS_MS : entitiesIn(state.data) > MANY ? SELDOM_MS : AGAIN_MS,
});

/** To count more than these takes the server a while, and changes little of what is seen. */
const MANY = 20_000;
const entitiesIn = (figures: MemoryFigures | undefined): number =>
  figures?.scopes.reduce((sum, { entities }) => sum + entities, 0) ?? 0;

/** Indexes or vectors are being made. */
const isInProgress = (figures: MemoryFigures | undefined): boolean =>
  figures !== undefined &&
  (figures.indexed < 1 || (figures.requested_model !== null && figures.passages_without_vector > 0));

/** What leaves entities out, of a list as of a search. */
export type Narrowing = {
  readonly type?: string | undefined;
  /** When it must hold: an instant, `now` or `any`; without it a list has what holds whenever, a search what does now. */
  readonly at?: string | undefined;
  /** Who said something of it. */
  readonly agent?: string | undefined;
  readonly metadata?: object | undefined;
};
export type EntityFilter = Narrowing & { readonly scopes: readonly string[] };

export const entitiesQuery = ({ scopes, metadata, ...narrowing }: EntityFilter) =>
  infiniteQueryOptions({
    queryKey: ["memory", "entities", { scopes, metadata, ...narrowing }],
    ...pagesFrom((cursor, signal) =>
      call(
        operations.memory.list,
        {
          scopes: listed(scopes),
          metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
          ...narrowing,
          cursor,
          limit: PAGE_SIZE,
        },
        signal,
      ),
    ),
    placeholderData: keepPreviousData,
    // The error of a next page stays visible until the page is requested again.
    refetchInterval: ({ state }) => (state.error !== null && state.fetchMeta?.fetchMore ? false : AGAIN_MS),
  });

export type Question = EntityFilter & {
  readonly query: string;
  readonly mode: SearchMemoryBody["mode"];
  readonly limit: number;
  /** How many relations away from hits others are found too. */
  readonly expand: number;
  /** About so many tokens of entities at most. */
  readonly tokens?: number | undefined;
  /** Cosine below which nearness in meaning does not count. */
  readonly similarity?: number | undefined;
};

/** Asked once, but for a server that is away: a search may cost an embedding. */
export const memorySearchQuery = ({ type, tokens, similarity, ...question }: Question) =>
  infiniteQueryOptions({
    queryKey: ["memory", "search", { type, tokens, similarity, ...question }],
    ...pagesFrom((cursor, signal) =>
      call(
        operations.memory.search,
        {
          ...question,
          types: type === undefined ? undefined : [type],
          max_tokens: tokens,
          min_similarity: similarity,
          cursor,
        },
        signal,
      ),
    ),
    placeholderData: keepPreviousData,
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.data === undefined && isAway(state.error) ? AGAIN_MS : false),
  });

/** Entities that words which are being typed find. Nothing is embedded for it. */
export const foundEntitiesQuery = (scopes: readonly string[], typed: string) =>
  queryOptions({
    queryKey: ["memory", "found", scopes, typed],
    queryFn: async ({ signal }) => {
      const question = { query: typed, scopes, mode: "keyword", limit: FOUND_MAX, at: "any" } as const;
      const { items } = await call(operations.memory.search, question, signal);
      return items.map(({ entity }) => entity);
    },
    enabled: typed !== "",
    placeholderData: keepPreviousData,
    retry: false,
  });

/** Names in a scope that words which are being typed find. */
export const nearNamesQuery = (scope: string, typed: string) => ({
  ...foundEntitiesQuery([scope], typed),
  select: (found: readonly MemoryEntity[]) => found.slice(0, NAMES_SHOWN).map(({ name }) => name),
});

/** All that is cached of an entity. */
export const entityKey = (id: string) => ["memory", "entity", id] as const;

/** The entity with all that was ever said of it and each change. */
export const entityHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: [...entityKey(id), "history"],
    queryFn: ({ signal }) => wholeHistory(id, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null || isAway(state.error) ? AGAIN_MS : false),
  });

/** One entity as it is now; for a name that stands somewhere else. */
export const entityQuery = (id: string) =>
  queryOptions({
    queryKey: [...entityKey(id), "now"],
    queryFn: ({ signal }) => call(operations.memory.get, { id }, signal),
    retry: retryUnlessRefused,
  });

async function wholeHistory(id: string, signal: AbortSignal): Promise<MemoryHistory> {
  const read = (cursor?: string) => call(operations.memory.history, { id, cursor, limit: HISTORY_PAGE }, signal);
  let whole = await read();
  while (whole.next !== null) {
    const page = await read(whole.next);
    const known = new Set(whole.observations.map((one) => one.id));
    whole = {
      ...page,
      changes: [...whole.changes, ...page.changes],
      // A later page may retract what an earlier one contained.
      observations: [...whole.observations, ...page.observations.filter((one) => !known.has(one.id))],
    };
  }
  return whole;
}

/** The graph around an entity, within its own scope and the shared ones. */
export const neighbourhoodQuery = (
  { id, scope }: Pick<MemoryEntity, "id" | "scope">,
  depth: number,
  limit: number = AROUND_FIRST,
) =>
  queryOptions({
    queryKey: [...entityKey(id), "graph", depth, limit],
    queryFn: ({ signal }) => {
      const scopes = listed([...new Set([scope, "workspace", "global"])]);
      return call(operations.memory.graph, { start: id, depth, scopes, limit }, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => ((state.data?.entities.length ?? 0) > AROUND_FIRST ? SELDOM_MS : AGAIN_MS),
  });

export type Remembering = {
  readonly scope: string;
  readonly name: string;
  readonly type: string | undefined;
  readonly observation: string;
};

export const rememberObservation = ({ scope, name, type, observation }: Remembering) =>
  call(operations.memory.remember, { scope, entities: [{ name, type, observations: [observation] }] });

/** Changed fields, amended observations, and texts of observations to retract. */
export type EntityChange = Claim & {
  readonly name?: string;
  readonly type?: string;
  readonly strength?: number;
  readonly metadata?: object;
  readonly observations?: readonly (Claim & { readonly text: string })[];
  readonly withdraw?: readonly string[];
};

export const reviseEntity = (id: string, change: EntityChange) => call(operations.memory.revise, { id, ...change });

export const revertEntity = (id: string, version: number) => call(operations.memory.revert, { id, version });

/** Between two of one scope, by their names; takes the place of the one with the same ends and type. */
export type Relating = Claim & {
  readonly scope: string;
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly strength: number;
  readonly bidirectional: boolean;
  readonly metadata?: object;
};

export const relate = ({ scope, ...relation }: Relating) =>
  call(operations.memory.relate, { scope, relations: [relation] });

export const unrelate = (id: string) => call(operations.memory.unrelate, { id });

/** Forgets an entity permanently, or only `observation`. */
export const forgetEntity = (id: string, observation?: string) => call(operations.memory.forget, { id, observation });
