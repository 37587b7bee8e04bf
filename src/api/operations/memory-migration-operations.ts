import type * as z from "zod";
import { CONSISTENCY_MIN, type MemoryMigrations, type MigrationProgress } from "../../memory/transfer/index.ts";
import type { memoryMigration as schemas } from "../contract/index.ts";
import type * as contract from "../contract/index.ts";
import type { MemoryServices } from "./memory-operations.ts";
import { instant } from "./present-run.ts";

export type MemoryMigrationServices = { readonly memoryMigrations: MemoryMigrations };

type Progress = Omit<Extract<contract.MemoryMigrationEvent, { type: "progress" }>, "type">;

const present = ({ phase, entities, relations, followed, all }: MigrationProgress): Progress => ({
  phase,
  entities,
  relations,
  followed,
  all,
});

/** Rejects with MigrationRefusedError, CancelledError, MemoryUnavailableError. */
export async function migrateMemory(
  { memory, memoryMigrations }: MemoryServices & MemoryMigrationServices,
  { from, to, resume, switch: isSwitching }: z.output<typeof schemas.MigrateBody>,
  { onProgress, signal }: { readonly onProgress: (progress: Progress) => void; readonly signal: AbortSignal },
): Promise<contract.MemoryMigrationReport> {
  const place = from ?? memory.store.name;
  const { progress, comparison, hasSwitched } = await memoryMigrations.migrate({
    from: place,
    to,
    isResumed: resume,
    isSwitching,
    signal,
    onProgress: (now) => onProgress(present(now)),
  });
  return {
    from: place,
    to,
    ...present(progress),
    ...comparison,
    queries: [...comparison.queries],
    switched: hasSwitched,
    sound: comparison.consistency >= CONSISTENCY_MIN,
  };
}

/** Where memory is, and whether it is on its way. Rejects with MemoryPlaceUnknownError. */
export async function memoryWhereabouts({
  memoryMigrations,
}: MemoryMigrationServices): Promise<contract.MemoryWhereabouts> {
  const { place, configured, note, running } = await memoryMigrations.whereabouts();
  return {
    place,
    configured,
    came_from: note?.seq === undefined ? null : { place: note.was, at: instant(note.atMs) },
    migration: running
      ? { from: running.from, to: running.to, progress: running.progress ? present(running.progress) : null }
      : null,
  };
}
