import { scopeText } from "../../memory/knowledge/index.ts";
import type { MemoryRetention, MemorySnapshot, MemorySnapshots } from "../../memory/transfer/index.ts";
import type * as contract from "../contract/index.ts";
import type { MemoryServices } from "./memory-operations.ts";
import { instant } from "./present-run.ts";

export type MemoryUpkeepServices = {
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
export async function listSnapshots({ memorySnapshots }: MemoryUpkeepServices): Promise<contract.MemorySnapshotPage> {
  return { items: (await memorySnapshots.list()).map(present), next: null };
}

/** Throws SnapshotsUnsupportedError. */
export const createSnapshot = async ({ memorySnapshots }: MemoryUpkeepServices): Promise<contract.MemorySnapshot> =>
  present(await memorySnapshots.create());

/** Throws SnapshotNotFoundError, SnapshotsUnsupportedError, MemoryFileDamagedError. */
export async function restoreSnapshot(
  { memorySnapshots }: MemoryUpkeepServices,
  name: string,
): Promise<contract.MemoryRestored> {
  const { restored, replaced } = await memorySnapshots.restore(name);
  return { restored: present(restored), replaced: present(replaced) };
}

/** Throws SnapshotNotFoundError, SnapshotsUnsupportedError. */
export const deleteSnapshot = async (
  { memorySnapshots }: MemoryUpkeepServices,
  name: string,
): Promise<contract.MemorySnapshot> => present(await memorySnapshots.remove(name));

/** What is not as it should be. */
export async function checkMemory({ memory }: MemoryServices, mend: boolean): Promise<contract.MemoryChecked> {
  const problems = await memory.check(mend);
  return {
    backend: memory.store.name,
    items: problems.map(({ what, hint, isMended, isPending = false }) => ({
      what,
      hint,
      mended: isMended,
      pending: isPending,
    })),
  };
}

/** Builds what is derived anew, and searches meanwhile. */
export const reindexMemory = async (
  { memory }: MemoryServices,
  onProgress: (done: number, all: number) => void,
): Promise<void> => memory.store.reindex(onProgress);

/** Takes out what the policy says, or says what that would be. Throws RetentionOffError. */
export async function pruneMemory(
  { memoryRetention }: MemoryUpkeepServices,
  isTrial: boolean,
): Promise<contract.MemoryPruned> {
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
}
