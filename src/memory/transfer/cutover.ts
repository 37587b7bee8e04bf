import { CancelledError } from "../../kernel/errors.ts";
import type { MemoryStore } from "../knowledge/index.ts";
import { type Comparison, CONSISTENCY_MIN, compareStores, type Samples } from "./comparison.ts";
import { MigrationNotCaughtUpError } from "./errors.ts";
import type { SwitchableStore } from "./switchable-store.ts";
import { latestSeq, type Migration } from "./migration.ts";

/** Maximum time that writes are blocked while the last changes are copied and both backends are compared. */
const QUIESCE_MAX_MS = 10_000;
const ATTEMPTS = 5;

type CutoverDeps = {
  readonly from: MemoryStore;
  readonly to: MemoryStore;
  readonly store: SwitchableStore;
  readonly migration: Migration;
  readonly samples: Samples;
  readonly signal: AbortSignal | undefined;
};

/**
 * Cuts over to the new backend at a moment when it holds all data. `commit` records the cutover, with the last change of the new backend;
 * from then on the cutover is final. Returns `hasCutOver: false` if the two differ. Rejects with MigrationNotCaughtUpError,
 * CancelledError and the errors of the stores; then the old backend stays active.
 */
export async function cutOver(
  { from, to, store, migration, samples, signal }: CutoverDeps,
  commit: (seq: number) => Promise<void>,
): Promise<{ readonly comparison: Comparison; readonly hasCutOver: boolean }> {
  // The first operations on a backend can be slow, and no write is blocked yet. Differences found now are checked again.
  await to.warmUp?.();
  await compareStores(from, to, samples);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (signal?.aborted === true) throw new CancelledError("the migration");
    // Copy nearly everything before writes are blocked.
    await migration.follow();
    const stilled = await store.quiesce(QUIESCE_MAX_MS, async (exchange) => {
      if (!(await migration.follow())) return undefined;
      const comparison = await compareStores(from, to, samples);
      const isSame = comparison.scopes.same === comparison.scopes.all && comparison.consistency >= CONSISTENCY_MIN;
      if (!isSame) return { comparison, hasCutOver: false };
      const seq = await latestSeq(to, migration.scopes);
      return (await exchange(to, () => commit(seq))) ? { comparison, hasCutOver: true } : undefined;
    });
    if (stilled.type === "done" && stilled.value !== undefined) return stilled.value;
  }
  throw new MigrationNotCaughtUpError(
    `the cutover timed out: ${to.name} did not catch up with concurrent writes; ${from.name} stays active`,
    "Reduce the writes and run the same migration again: it resumes. No other server may use the old backend.",
    { from: from.name, to: to.name },
  );
}
