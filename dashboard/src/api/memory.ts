import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  fillRoute,
  ROUTES,
  type MemoryEntity,
  type MemoryEntityPage,
  type MemoryFigures,
  type MemoryForgotten,
  type MemoryGraph,
  type MemoryHistory,
  type MemoryRemembered,
  type MemorySearchResult,
  type SearchMemoryBody,
} from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import { retryUnlessRefused, withQuery } from "./queries.ts";

/** Memory changes without an event of its own, so it is read again while someone looks at it. */
const AGAIN_MS = 5_000;
const PAGE_SIZE = 50;

export const memoryFiguresQuery = queryOptions({
  queryKey: ["memory", "figures"],
  queryFn: ({ signal }) => ask<MemoryFigures>(ROUTES.memoryFigures, { signal }),
  refetchInterval: AGAIN_MS,
});

export type EntityFilter = { readonly scopes: readonly string[]; readonly type: string | undefined };

export const entitiesQuery = ({ scopes, type }: EntityFilter) =>
  infiniteQueryOptions({
    queryKey: ["memory", "entities", { scopes, type }],
    queryFn: ({ pageParam, signal }) =>
      ask<MemoryEntityPage>(
        withQuery(ROUTES.memoryEntities, { scopes: scopes.join(","), type, cursor: pageParam, limit: PAGE_SIZE }),
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
  });

export type Question = EntityFilter & {
  readonly query: string;
  readonly mode: SearchMemoryBody["mode"];
  readonly limit: number;
  /** How many relations away from hits others are found too. */
  readonly expand: number;
};

/** Asked once: a search may cost an embedding. */
export const memorySearchQuery = ({ type, ...question }: Question) =>
  infiniteQueryOptions({
    queryKey: ["memory", "search", { type, ...question }],
    queryFn: ({ pageParam, signal }) =>
      ask<MemorySearchResult>(ROUTES.searchMemory, {
        method: "POST",
        json: {
          ...question,
          ...(type === undefined ? {} : { types: [type] }),
          ...(pageParam === "" ? {} : { cursor: pageParam }),
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    retry: retryUnlessRefused,
  });

/** All that is cached of an entity. */
export const entityKey = (id: string) => ["memory", "entity", id] as const;

/** The entity with all that was ever said of it and each change. */
export const entityHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: [...entityKey(id), "history"],
    queryFn: ({ signal }) => ask<MemoryHistory>(fillRoute("memoryEntityHistory", { id }), { signal }),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : false),
  });

/** Who is around it, as far as its own scope and what everybody sees reach. */
export const neighbourhoodQuery = ({ id, scope }: Pick<MemoryEntity, "id" | "scope">, depth: number) =>
  queryOptions({
    queryKey: [...entityKey(id), "graph", depth],
    queryFn: ({ signal }) => {
      const scopes = [...new Set([scope, "workspace", "global"])].join(",");
      return ask<MemoryGraph>(withQuery(ROUTES.memoryGraph, { start: id, depth, scopes }), { signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
  });

export type Remembering = {
  readonly scope: string;
  readonly name: string;
  readonly type: string | undefined;
  readonly observation: string;
};

export const rememberObservation = ({ scope, name, type, observation }: Remembering) =>
  ask<MemoryRemembered>(ROUTES.memoryEntities, {
    method: "POST",
    json: { scope, entities: [{ name, ...(type === undefined ? {} : { type }), observations: [observation] }] },
  });

/** Fields to be otherwise, and texts of observations to take back. */
export type EntityChange = {
  readonly type?: string;
  readonly strength?: number;
  readonly withdraw?: readonly string[];
};

export const reviseEntity = (id: string, change: EntityChange) =>
  ask<MemoryEntity>(fillRoute("memoryEntity", { id }), { method: "PATCH", json: change });

export const revertEntity = (id: string, version: number) =>
  ask<MemoryEntity>(fillRoute("revertMemoryEntity", { id }), { method: "POST", json: { version } });

/** For ever; with `observation` only that one. */
export const forgetEntity = (id: string, observation?: string) =>
  ask<MemoryForgotten>(withQuery(fillRoute("memoryEntity", { id }), { observation }), { method: "DELETE" });
