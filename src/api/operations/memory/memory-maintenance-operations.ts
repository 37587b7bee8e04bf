import { scopeText } from "../../../memory/knowledge/index.ts";
import type { MemoryRetention, MemorySnapshot, MemorySnapshots } from "../../../memory/transfer/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import type { MemoryServices } from "./memory-operations.ts";
import { implement } from "../perform.ts";
import { instant } from "../runs/present-run.ts";

export type MemoryMaintenanceServices = {
  readonly memorySnapshots: MemorySnapshots;
  readonly memoryRetention: MemoryRetention;
};

const present = ({ name, kind, atMs, bytes }: MemorySnapshot): contract.MemorySnapshot => ({
  name,
  kind,
  at: instant(atMs),
  bytes,
});

/** Newest first. Throws SnapshotsUnsupportedError. */
const snapshots = implement(
  operations.memoryMaintenance.snapshots,
  async ({ memorySnapshots }: MemoryMaintenanceServices) => ({
    items: (await memorySnapshots.list()).map(present),
    next: null,
  }),
);

/** Throws SnapshotsUnsupportedError. */
const createSnapshot = implement(
  operations.memoryMaintenance.createSnapshot,
  async ({ memorySnapshots }: MemoryMaintenanceServices) => present(await memorySnapshots.create()),
);

/** Throws SnapshotNotFoundError, SnapshotsUnsupportedError, MemoryFileDamagedError. */
const restoreSnapshot = implement(
  operations.memoryMaintenance.restoreSnapshot,
  async ({ memorySnapshots }: MemoryMaintenanceServices, { name }) => {
    const { restored, replaced } = await memorySnapshots.restore(name);
    return { restored: present(restored), replaced: present(replaced) };
  },
);

/** Throws SnapshotNotFoundError, SnapshotsUnsupportedError. */
const deleteSnapshot = implement(
  operations.memoryMaintenance.deleteSnapshot,
  async ({ memorySnapshots }: MemoryMaintenanceServices, { name }) => present(await memorySnapshots.remove(name)),
);

const check = implement(operations.memoryMaintenance.check, async ({ memory }: MemoryServices, { repair }) => {
  const problems = await memory.check(repair);
  return {
    backend: memory.store.name,
    items: problems.map(({ what, hint, isRepaired, isPending = false }) => ({
      what,
      hint,
      repaired: isRepaired,
      pending: isPending,
    })),
  };
});

const reindex = implement(operations.memoryMaintenance.reindex, async ({ memory }: MemoryServices) => {
  let all = 0;
  await memory.store.reindex((_done, whole) => (all = whole));
  return { done: all, all };
});

/** Throws RetentionOffError. */
const prune = implement(
  operations.memoryMaintenance.prune,
  async ({ memoryRetention }: MemoryMaintenanceServices, { dry_run: isTrial }) => {
    const { gone, action, archive, hasMore } = await memoryRetention.prune(isTrial);
    return {
      dry_run: isTrial,
      action,
      entities: gone.reduce((sum, { entities }) => sum + entities, 0),
      relations: gone.reduce((sum, { relations }) => sum + relations, 0),
      items: gone.map(({ scope, reason, entities, relations, names }) => ({
        scope: scopeText(scope),
        reason,
        entities,
        relations,
        examples: [...names],
      })),
      archive: archive ?? null,
      more: hasMore,
    };
  },
);

export const memoryMaintenanceOperations = [
  snapshots,
  createSnapshot,
  restoreSnapshot,
  deleteSnapshot,
  check,
  reindex,
  prune,
] as const;
