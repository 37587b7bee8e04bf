import { existsSync } from "node:fs";
import { copyFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_FILE } from "../../../../kernel/files/private-files.ts";
import { type MemorySnapshot, SNAPSHOT_KINDS, type SnapshotKind, type SnapshotStore } from "../../../transfer/index.ts";
import { flushDirectory, flushFile, makeDirectory } from "./on-disk.ts";
import { snapshotNames } from "../errors.ts";
import type { SqliteMemoryStore } from "../sqlite-memory-store.ts";

const NAME = /^memory-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([a-z]+)\.db$/;

const nameOf = (kind: SnapshotKind, atMs: number): string =>
  `memory-${new Date(atMs).toISOString().replaceAll(/[-:.]/g, "")}-${kind}`;

/** Snapshots in `snapshots/` of the data directory, each a database file of its own. */
export class SqliteSnapshots implements SnapshotStore {
  readonly #store: SqliteMemoryStore;
  readonly #directory: string;
  readonly #file: string;

  constructor(of: { readonly store: SqliteMemoryStore; readonly directory: string }) {
    this.#store = of.store;
    this.#directory = join(of.directory, "snapshots");
    this.#file = join(of.directory, "memory.db");
  }

  async list(): Promise<readonly MemorySnapshot[]> {
    const found = await Promise.all(snapshotNames(this.#directory).map((name) => this.#read(name)));
    return found.flatMap((one) => one ?? []).toSorted((one, other) => other.atMs - one.atMs);
  }

  async #read(name: string): Promise<MemorySnapshot | undefined> {
    const [, year, month, day, hour, minute, second, ms, word] = NAME.exec(name) ?? [];
    const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
    const kind = SNAPSHOT_KINDS.find((one) => one === word);
    const size = await stat(join(this.#directory, name)).catch(() => undefined);
    if (kind === undefined || size === undefined || Number.isNaN(atMs)) return undefined;
    return { name: name.slice(0, -".db".length), kind, atMs, bytes: size.size };
  }

  async create(kind: SnapshotKind, nowMs: number): Promise<MemorySnapshot> {
    // No scheduled snapshot is made of damaged memory, or in time no valid one would be left.
    if (kind === "scheduled" && this.#store.damage) throw this.#store.damage;
    return this.#made(kind, nowMs, (path) => this.#store.copyTo(path)).catch((error: unknown) => {
      if (kind !== "replaced" || !this.#store.damage) throw error;
      return this.#made("damaged", nowMs, (path) => this.#copyFiles(path));
    });
  }

  async #made(kind: SnapshotKind, nowMs: number, make: (path: string) => Promise<void>): Promise<MemorySnapshot> {
    let atMs = nowMs;
    // Two of one moment are two.
    while (existsSync(this.#path(nameOf(kind, atMs)))) atMs += 1;
    const name = nameOf(kind, atMs);
    await make(this.#path(name));
    const { size } = await stat(this.#path(name));
    return { name, kind, atMs, bytes: size };
  }

  /** Copies the files unchanged for later analysis: a damaged database cannot be copied as a database. */
  async #copyFiles(path: string): Promise<void> {
    makeDirectory(this.#directory);
    // The file may be gone, and only its log be left.
    for (const [from, to] of [
      [`${this.#file}-wal`, `${path}-wal`],
      [this.#file, path],
    ] as const) {
      if (existsSync(from)) await copyFile(from, to);
      else if (to === path) await writeFile(to, "", { mode: PRIVATE_FILE });
      if (existsSync(to)) flushFile(to);
    }
    flushDirectory(this.#directory);
  }

  async restore(name: string): Promise<void> {
    await this.#store.replaceWith(this.#path(name));
  }

  async remove(name: string): Promise<void> {
    for (const ending of ["", "-wal", "-shm"]) await rm(`${this.#path(name)}${ending}`, { force: true });
    if (existsSync(this.#directory)) flushDirectory(this.#directory);
  }

  async isChangedSince(atMs: number): Promise<boolean> {
    const times = await Promise.all([this.#file, `${this.#file}-wal`].map((file) => stat(file).catch(() => undefined)));
    return times.some((found) => found !== undefined && found.mtimeMs > atMs);
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.db`);
  }
}
