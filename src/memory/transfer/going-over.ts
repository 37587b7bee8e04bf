import { CancelledError } from "../../kernel/errors.ts";
import type { MemoryStore } from "../knowledge/index.ts";
import { type Comparison, CONSISTENCY_MIN, compareStores, type Samples } from "./comparison.ts";
import { MigrationNotCaughtUpError } from "./errors.ts";
import type { MemoryPlace } from "./memory-place.ts";
import { latestSeq, type Migration } from "./migration.ts";

/** How long changes wait at most while the last of them are taken over, and both places are compared. */
const HELD_MS = 10_000;
const ATTEMPTS = 5;

type GoingOver = {
  readonly from: MemoryStore;
  readonly to: MemoryStore;
  readonly place: MemoryPlace;
  readonly migration: Migration;
  readonly samples: Samples;
  readonly signal: AbortSignal | undefined;
};

/**
 * Goes over to the new place at a moment at which it holds all. `commit` notes that, with the last change of the new place;
 * what is noted holds. Says `hasSwitched: false` when the two differ. Rejects with MigrationNotCaughtUpError, CancelledError,
 * and what the stores reject with; then the old place stays.
 */
export async function goOver(
  { from, to, place, migration, samples, signal }: GoingOver,
  commit: (seq: number) => Promise<void>,
): Promise<{ readonly comparison: Comparison; readonly hasSwitched: boolean }> {
  // What a place does for the first time can take long; nobody waits yet. What differs now is looked at again.
  await to.rehearse?.();
  await compareStores(from, to, samples);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (signal?.aborted === true) throw new CancelledError("the migration");
    // Nearly all is there before anybody waits.
    await migration.follow();
    const stilled = await place.whileStill(HELD_MS, async (exchange) => {
      if (!(await migration.follow())) return undefined;
      const comparison = await compareStores(from, to, samples);
      const isSame = comparison.scopes.same === comparison.scopes.all && comparison.consistency >= CONSISTENCY_MIN;
      if (!isSame) return { comparison, hasSwitched: false };
      const seq = await latestSeq(to, migration.scopes);
      return (await exchange(to, () => commit(seq))) ? { comparison, hasSwitched: true } : undefined;
    });
    if (stilled.type === "done" && stilled.value !== undefined) return stilled.value;
  }
  throw new MigrationNotCaughtUpError(
    `memory was changed faster than ${to.name} took it over; ${from.name} is used as before`,
    "Let less be remembered meanwhile, and do the same again: it goes on where it is. Nobody but this server may use the old place.",
    { from: from.name, to: to.name },
  );
}
