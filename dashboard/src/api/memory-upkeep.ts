import { queryOptions } from "@tanstack/react-query";
import {
  fillRoute,
  listed,
  ROUTES,
  type MemoryChangePage,
  type MemoryChecked,
  type MemoryForgotten,
  type MemoryPruned,
  type MemoryRestored,
  type MemorySnapshot,
  type MemorySnapshotPage,
  type MemoryWhereabouts,
} from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import { isAway, retryUnlessRefused, withQuery } from "./queries.ts";

/** They are made by themselves each hour. */
const AGAIN_MS = 60_000;
const LOOK_MS = 5_000;
const UNDER_WAY_MS = 1_000;
const CHANGES_MAX = 200;

/** Of the place where memory is: another one has others, or none. Without it of one that cannot be read. */
export const snapshotsQuery = (place: string | undefined) =>
  queryOptions({
    queryKey: ["memory", "snapshots", place],
    queryFn: ({ signal }) => ask<MemorySnapshotPage>(ROUTES.memorySnapshots, { signal }),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : isAway(state.error) ? LOOK_MS : false),
  });

/** Where memory is, and whether it is on its way to another place. */
export const whereaboutsQuery = queryOptions({
  queryKey: ["memory", "whereabouts"],
  queryFn: ({ signal }) => ask<MemoryWhereabouts>(ROUTES.migrateMemory, { signal }),
  retry: retryUnlessRefused,
  refetchInterval: ({ state }) => (state.data?.migration ? UNDER_WAY_MS : LOOK_MS),
});

/** The latest changes of scopes, newest first. */
export const latestChangesQuery = (scopes: readonly string[]) =>
  queryOptions({
    queryKey: ["memory", "log", scopes],
    queryFn: ({ signal }) =>
      ask<MemoryChangePage>(withQuery(ROUTES.memoryLog, { scopes: listed(scopes), limit: CHANGES_MAX }), { signal }),
    staleTime: 0,
    retry: retryUnlessRefused,
  });

export const createSnapshot = () => ask<MemorySnapshot>(ROUTES.memorySnapshots, { method: "POST", json: {} });

export const restoreSnapshot = (name: string) =>
  ask<MemoryRestored>(fillRoute("restoreMemorySnapshot", { name }), { method: "POST", json: { confirm: true } });

export const deleteSnapshot = (name: string) =>
  ask<MemorySnapshot>(fillRoute("memorySnapshot", { name }), { method: "DELETE" });

/** Looks all through; `mend` repairs what is derived. */
export const checkMemory = (mend: boolean) =>
  ask<MemoryChecked>(ROUTES.checkMemory, { method: "POST", json: { mend } });

export const reindexMemory = () =>
  ask<{ readonly done: number; readonly all: number }>(ROUTES.reindexMemory, { method: "POST", json: {} });

/** What the policy takes out; `isTrial`: what it would. */
export const pruneMemory = (isTrial: boolean) =>
  ask<MemoryPruned>(ROUTES.pruneMemory, { method: "POST", json: { dry_run: isTrial } });

/** Everything in it, for ever. */
export const forgetScope = (scope: string) =>
  ask<MemoryForgotten>(ROUTES.forgetMemoryScope, { method: "POST", json: { scope, confirm: true } });
