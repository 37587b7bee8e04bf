import { queryOptions } from "@tanstack/react-query";
import { listed, operations } from "../../../../src/api/contract/index.ts";
import { call } from "../client.ts";
import { isAway, retryUnlessRefused } from "../queries.ts";

/** Snapshots are created automatically each hour. */
const AGAIN_MS = 60_000;
const LOOK_MS = 5_000;
const IN_PROGRESS_MS = 1_000;
const CHANGES_MAX = 200;

/** Of the place where memory is: another one has others, or none. Without it of one that cannot be read. */
export const snapshotsQuery = (place: string | undefined) =>
  queryOptions({
    queryKey: ["memory", "snapshots", place],
    queryFn: ({ signal }) => call(operations.memoryMaintenance.snapshots, {}, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : isAway(state.error) ? LOOK_MS : false),
  });

/** Where memory is, and whether it is on its way to another place. */
export const locationQuery = queryOptions({
  queryKey: ["memory", "location"],
  queryFn: ({ signal }) => call(operations.memoryTransfer.location, {}, signal),
  retry: retryUnlessRefused,
  refetchInterval: ({ state }) => (state.data?.migration ? IN_PROGRESS_MS : LOOK_MS),
});

/** The latest changes of scopes, newest first. */
export const latestChangesQuery = (scopes: readonly string[]) =>
  queryOptions({
    queryKey: ["memory", "log", scopes],
    queryFn: ({ signal }) => call(operations.memory.log, { scopes: listed(scopes), limit: CHANGES_MAX }, signal),
    staleTime: 0,
    retry: retryUnlessRefused,
  });

export const createSnapshot = () => call(operations.memoryMaintenance.createSnapshot, {});

export const restoreSnapshot = (name: string) =>
  call(operations.memoryMaintenance.restoreSnapshot, { name, confirm: true });

export const deleteSnapshot = (name: string) => call(operations.memoryMaintenance.deleteSnapshot, { name });

/** Looks all through; `repair` repairs what is derived. */
export const checkMemory = (repair: boolean) => call(operations.memoryMaintenance.check, { repair });

export const reindexMemory = () => call(operations.memoryMaintenance.reindex, {});

/** What the policy takes out; `isTrial`: what it would. */
export const pruneMemory = (isTrial: boolean) => call(operations.memoryMaintenance.prune, { dry_run: isTrial });

/** Deletes everything in the scope permanently. */
export const forgetScope = (scope: string) => call(operations.memory.forgetScope, { scope, confirm: true });
