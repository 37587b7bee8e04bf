import * as z from "zod";
import {
  CheckBody,
  Checked,
  PruneBody,
  Pruned,
  Reindexed,
  RestoreBody,
  Restored,
  Snapshot,
  SnapshotPage,
} from "./memory-maintenance.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["memory"], permission: "memory:admin", surfaces: ["rest", "cli"] } as const;
const params = z.object({ name: z.string() });

export const snapshots = operation({
  ...COMMON,
  name: "memoryMaintenance.snapshots",
  scope: "server",
  summary: "List snapshots, newest first",
  http: { method: "GET", path: "/api/v1/memory/snapshots" },
  effect: "read",
  output: SnapshotPage,
});

export const createSnapshot = operation({
  ...COMMON,
  name: "memoryMaintenance.createSnapshot",
  scope: "server",
  summary: "Create a snapshot of memory",
  http: { method: "POST", path: "/api/v1/memory/snapshots", status: 201 },
  effect: "write",
  retry: "by-key",
  output: Snapshot,
});

export const restoreSnapshot = operation({
  ...COMMON,
  name: "memoryMaintenance.restoreSnapshot",
  scope: "server",
  summary: "Restore a snapshot",
  description: "The current state is kept as another snapshot. The server keeps running; requests to memory wait.",
  http: { method: "POST", path: "/api/v1/memory/snapshots/:name/restore" },
  effect: "destroy",
  retry: "never",
  params,
  body: RestoreBody,
  output: Restored,
});

export const deleteSnapshot = operation({
  ...COMMON,
  name: "memoryMaintenance.deleteSnapshot",
  scope: "server",
  summary: "Delete a snapshot",
  http: { method: "DELETE", path: "/api/v1/memory/snapshots/:name" },
  effect: "destroy",
  params,
  output: Snapshot,
});

export const check = operation({
  ...COMMON,
  name: "memoryMaintenance.check",
  scope: "server",
  summary: "Check memory for inconsistencies",
  http: { method: "POST", path: "/api/v1/memory/check" },
  effect: "write",
  retry: "by-key",
  body: CheckBody,
  output: Checked,
});

export const prune = operation({
  ...COMMON,
  name: "memoryMaintenance.prune",
  scope: "server",
  summary: "Apply the retention policy now",
  description: "Applies `[memory.retention]` of the configuration and responds when it is done.",
  http: { method: "POST", path: "/api/v1/memory/prune" },
  effect: "destroy",
  retry: "by-key",
  keepsAnswer: false,
  body: PruneBody,
  output: Pruned,
});

export const reindex = operation({
  ...COMMON,
  name: "memoryMaintenance.reindex",
  scope: "server",
  summary: "Rebuild all indexes of memory",
  description: "Responds when it is done. Searches continue, with the notice `indexing`.",
  http: { method: "POST", path: "/api/v1/memory/reindex" },
  effect: "write",
  retry: "by-key",
  output: Reindexed,
});
