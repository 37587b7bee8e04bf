import { scopeText } from "../../../memory/knowledge/index.ts";
import type { MemorySnapshot } from "../../../memory/transfer/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { instant } from "../instant.ts";

const present = ({ name, kind, atMs, bytes }: MemorySnapshot): contract.MemorySnapshot => ({
  name,
  kind,
  at: instant(atMs),
  bytes,
});

/** Newest first. Throws SnapshotsUnsupportedError. */
const snapshots = implement(operations.memoryMaintenance.snapshots, async ({ memory }) => ({
  items: (await memory.snapshots.list()).map(present),
  next: null,
}));

/** Throws SnapshotsUnsupportedError. */
const createSnapshot = implement(operations.memoryMaintenance.createSnapshot, async ({ memory }) =>
  present(await memory.snapshots.create()),
);

/** Throws SnapshotNotFoundError, SnapshotsUnsupportedError, MemoryFileDamagedError. */
const restoreSnapshot = implement(operations.memoryMaintenance.restoreSnapshot, async ({ memory }, { name }) => {
  const { restored, replaced } = await memory.snapshots.restore(name);
  return { restored: present(restored), replaced: present(replaced) };
});

/** Throws SnapshotNotFoundError, SnapshotsUnsupportedError. */
const deleteSnapshot = implement(operations.memoryMaintenance.deleteSnapshot, async ({ memory }, { name }) =>
  present(await memory.snapshots.remove(name)),
);

const check = implement(operations.memoryMaintenance.check, async ({ memory: { memory } }, { repair }) => {
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

const reindex = implement(operations.memoryMaintenance.reindex, async ({ memory: { memory } }) => {
  let all = 0;
  await memory.store.reindex((_done, whole) => (all = whole));
  return { done: all, all };
});

/** Throws RetentionOffError. */
const prune = implement(operations.memoryMaintenance.prune, async ({ memory: { retention } }, { dry_run: isTrial }) => {
  const { gone, action, archive, hasMore } = await retention.prune(isTrial);
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
});

export const memoryMaintenanceOperations = [
  snapshots,
  createSnapshot,
  restoreSnapshot,
  deleteSnapshot,
  check,
  reindex,
  prune,
] as const;
