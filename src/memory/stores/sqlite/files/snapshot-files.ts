import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { log } from "../../../../kernel/log.ts";
import { EmbeddedMemory, type Job } from "../embedded-memory.ts";
import { isLeftDamaged, memoryError, MemoryFileDamagedError, snapshotNames } from "../errors.ts";
import { copyDatabase, flushDirectory, makeDirectory, savedFile } from "./on-disk.ts";
import { isMemory } from "../schema.ts";

/** Copies the file at one moment, also during concurrent writes. */
export async function copyMemory(file: string, to: string): Promise<void> {
  makeDirectory(dirname(to));
  const source = new DatabaseSync(file, { readOnly: true });
  try {
    await copyDatabase(source, to, { isAlone: false });
  } finally {
    source.close();
  }
}

/** Throws MemoryFileDamagedError, and what SQLite throws. */
export function verifyMemory(file: string): void {
  try {
    const said = quickCheck(file);
    if (said !== "ok") throw damagedSnapshot(file, said);
  } catch (error) {
    const known = memoryError(error, file);
    throw known instanceof MemoryFileDamagedError ? damagedSnapshot(file, String(error)) : known;
  }
}

function quickCheck(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    if (!isMemory(db)) return "it is no memory";
    return String(db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
  } finally {
    db.close();
  }
}

const damagedSnapshot = (file: string, why: string): MemoryFileDamagedError =>
  new MemoryFileDamagedError(
    `the snapshot ${file} is damaged: ${why}`,
    "Memory stays as it is. Restore another one: `caxton memory snapshot list`.",
    { file, snapshot: null },
  );

/** Copies that were not finished when the server was killed. */
const leftovers = (directory: string): readonly string[] => [
  ...(existsSync(directory) ? readdirSync(directory).filter((name) => name.includes(".db.part")) : []).map((name) =>
    join(directory, name),
  ),
  ...["", "-wal", "-shm"].map((ending) => join(directory, "..", `memory.db.restored${ending}`)),
  ...["", ".part"].map((ending) => join(directory, "..", savedFile("memory.db") + ending)),
];

/**
 * Deletes data from all snapshots. A snapshot that cannot be opened, and a damaged memory that a restore left, is
 * removed, because its content is unknown. Incomplete copies are removed as well.
 * Runs before the deletion in memory itself, so that an interrupted deletion can be repeated.
 */
export function forgetInSnapshots(directory: string, jobs: readonly Job[]): void {
  const forgetting = jobs.filter(({ type }) => type === "forget");
  if (forgetting.length === 0) return;
  for (const file of leftovers(directory)) rmSync(file, { force: true });
  for (const name of snapshotNames(directory)) {
    const file = join(directory, name);
    try {
      if (isLeftDamaged(name)) throw new Error("it is a damaged memory that a restore left");
      const memory = EmbeddedMemory.open({ file, synchronous: "full" });
      try {
        memory.run(forgetting, () => undefined);
        memory.scrub();
      } finally {
        memory.close();
      }
    } catch (error) {
      log.error({ err: error, snapshot: name }, "a snapshot of memory from which nothing can be forgotten was removed");
      for (const ending of ["", "-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
      flushDirectory(directory);
    }
  }
}
