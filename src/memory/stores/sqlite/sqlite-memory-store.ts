import { existsSync } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { CaxtonError, RemoteError } from "../../../kernel/errors.ts";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import { log } from "../../../kernel/log.ts";
import { programFile } from "../../../kernel/package.ts";
import type { ArgumentsOf, ResultOf } from "../../../kernel/rpc/protocol.ts";
import { RpcThread } from "../../../kernel/rpc/thread.ts";
import {
  type Change,
  type Entity,
  type EntityFilter,
  type EntityHistory,
  type EntityRestore,
  type EntityWrite,
  type Forgotten,
  type ForgetTarget,
  type MemoryPage,
  type MemoryStore,
  MemoryUnavailableError,
  type PageOf,
  type Passage,
  type Relation,
  type RelationWrite,
  type ScopeKey,
  type StoreStats,
  type StoreHits,
  type StoreProblem,
  type StoreSearch,
  type StoreWalk,
  type StoreWalked,
  type WriteOutcome,
  type ChangeFilter,
  type EntityKey,
  type ForgetBy,
  type PassageUpdate,
  type RelationFilter,
} from "../../knowledge/index.ts";
import { storageError } from "../../../kernel/sqlite/errors.ts";
import type { Synchronous } from "../../../kernel/sqlite/synchronous.ts";
import type { Job } from "./embedded-memory.ts";
import { flushDirectory, flushFile, makeDirectory, savedFile } from "./files/on-disk.ts";
import { hitsOf, idsOf, walkedOf } from "./files/packing.ts";
import { NameFilter } from "./name-filter.ts";
import { errorOf, type MemoryFailure, type MemoryMethods, type MemoryNotice } from "./requests.ts";
import { entityOf } from "./rows.ts";
import type { PassagePut } from "./indexing/vectors.ts";

export type SqliteMemoryOptions = {
  /** The data directory; its lock is the `Database`'s. */
  readonly directory: string;
  readonly synchronous: Synchronous;
  /** Of all vectors that searches go through; 4 GiB, the most there can be, where it is not said. */
  readonly vectorBytesMax?: number | undefined;
};

const NAME = "embedded";
/** Entities, or relations, of one message to the thread: a few milliseconds of work. */
const RESTORED_AT_ONCE = 250;
const NOTHING: StoreStats = { scopes: [], bytes: 0, passagesByModel: {}, passagesWithoutVector: 0, indexed: 1 };
/** What comes and goes in the thread is small: more would only be filled up. */
const YOUNG_MIB_MAX = 6;
/** Total of reported progress. */
const WHOLE = 1_000;

/**
 * Memory in `memory.db`, in a thread of its own with its indexes. The thread is started by the first call.
 * If it crashes, its pending requests fail, and the next call starts another: the file is authoritative.
 */
export class SqliteMemoryStore implements MemoryStore {
  readonly name = NAME;
  readonly #options: SqliteMemoryOptions;
  readonly #file: string;
  readonly #thread: RpcThread<MemoryMethods, MemoryFailure, number, MemoryNotice>;
  #opened: Promise<unknown> | undefined;
  /** While another file takes the place of memory's. */
  #replacing: Promise<unknown> | undefined;
  /** Which names may be taken; undefined while that is not known. */
  #names: NameFilter | undefined;
  #isClosed = false;
  #damage: Error | undefined;
  /** Why nothing can be changed. */
  #fault: RemoteError | undefined;

  constructor(options: SqliteMemoryOptions) {
    this.#options = options;
    this.#file = join(options.directory, "memory.db");
    this.#thread = new RpcThread({
      start: startThread,
      errorOf: (failure) => this.#failed(errorOf(failure)),
      notice: (notice) => this.#onNotice(notice),
      ended: (cause) => this.#ended(cause),
      absent: () => this.#gone("is not running"),
    });
  }

  async write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]> {
    return this.#do<readonly WriteOutcome[]>({
      type: "write",
      writes: writes.map((write) => (write.type === "entity" ? withoutTexts(write) : write)),
    });
  }
  async restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void> {
    // Piece by piece, so that neither thread is busy with one of them for long; relations come when their ends are there.
    for (let at = 0; at < entities.length; at += RESTORED_AT_ONCE) {
      const some = entities.slice(at, at + RESTORED_AT_ONCE).map(withoutTexts);
      await this.#do({ type: "restore", entities: some, relations: [] });
    }
    for (let at = 0; at < relations.length; at += RESTORED_AT_ONCE)
      await this.#do({ type: "restore", entities: [], relations: relations.slice(at, at + RESTORED_AT_ONCE) });
  }
  async embedded(of: PassageUpdate): Promise<boolean> {
    return this.#do<boolean>({ type: "embedded", of: withoutTexts(of) });
  }
  async switchModel(model: string): Promise<void> {
    await this.#do({ type: "switch-model", model });
  }
  dropOthers(model: string, limit: number): Promise<boolean> {
    return this.#do<boolean>({ type: "drop-others", model, limit });
  }
  async forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
    return this.#do<Forgotten>({ type: "forget", target, by });
  }
  async find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    return (await this.#ask("find", keys)).map((cells) => cells && entityOf(cells));
  }
  async findIds(scope: ScopeKey, names: readonly string[]): Promise<readonly (EntityId | undefined)[]> {
    return idsOf(await this.#ask("findIds", scope, names));
  }
  lacks(scope: ScopeKey, name: string): boolean {
    return this.#names?.mayHave(scope, name) === false;
  }
  async get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    return (await this.#ask("get", ids)).map((cells) => cells && entityOf(cells));
  }
  async search(search: StoreSearch): Promise<StoreHits> {
    return hitsOf(await this.#ask("search", search));
  }
  async list(filter: EntityFilter, page: PageOf): Promise<MemoryPage<Entity>> {
    const { entries, next } = await this.#ask("list", filter, page);
    return { entries: entries.map(entityOf), next };
  }
  relations(of: RelationFilter, page: PageOf): Promise<MemoryPage<Relation>> {
    return this.#ask("relations", of, page);
  }
  relation(id: RelationId): Promise<Relation | undefined> {
    return this.#ask("relation", id);
  }
  async walk(walk: StoreWalk): Promise<StoreWalked> {
    return walkedOf(await this.#ask("walk", walk));
  }
  log(of: ChangeFilter, page: PageOf): Promise<MemoryPage<Change>> {
    return this.#ask("log", of, page);
  }
  history(id: EntityId): Promise<EntityHistory | undefined> {
    return this.#ask("history", id);
  }
  async unembedded(model: string, limit: number): Promise<readonly Entity[]> {
    return (await this.#ask("unembedded", model, limit)).map(entityOf);
  }
  /** Without a file there is none, and no thread is started to say so. */
  async model(): Promise<string | undefined> {
    return this.#isThere ? this.#ask("model") : undefined;
  }
  /** Without a file there is nothing, and none is made to say so. */
  async stats(): Promise<StoreStats> {
    return this.#isThere ? this.#ask("stats") : NOTHING;
  }
  get #isThere(): boolean {
    return this.#opened !== undefined || [this.#file, savedFile(this.#file)].some((file) => existsSync(file));
  }
  problem(): string | undefined {
    return this.#fault && `${this.#fault.message}. ${this.#fault.hint}`;
  }
  check(repair: boolean): Promise<readonly StoreProblem[]> {
    return this.#ask("check", repair);
  }

  async reindex(progress: (done: number, all: number) => void): Promise<void> {
    await this.#open();
    const onPart = (indexed: number) => progress(Math.round(indexed * WHOLE), WHOLE);
    await this.#thread.call("reindex", [], { onPart });
  }

  /** What was found of the file to be damaged, until it is replaced. */
  get damage(): Error | undefined {
    return this.#damage;
  }

  /** Copies all there is at this moment into another file. */
  async copyTo(file: string): Promise<void> {
    await this.#open();
    await this.#thread.call("copy", [file]);
  }

  /**
   * Memory is what is in another file from now on; what is asked meanwhile waits. Rejects with MemoryFileDamagedError, and
   * storage errors; then memory is as it was. One that is damaged and cannot be opened is replaced too.
   */
  async replaceWith(file: string): Promise<void> {
    await this.#open().catch((error: unknown) => {
      if (this.#damage === undefined) throw error;
    });
    // Another's file has its path, and would be lost.
    if (this.#fault?.code === "MEMORY_FILE_FOREIGN") throw this.#fault;
    const fresh = `${this.#file}.restored`;
    try {
      await copyFile(file, fresh);
      flushFile(fresh);
      await this.#thread.call("verify", [fresh]);
      const replaced = this.#replace(fresh);
      this.#replacing = replaced.catch(() => undefined);
      await replaced;
    } finally {
      this.#replacing = undefined;
      // Data deleted later must not stay in an unknown copy.
      await removeDatabase(fresh);
    }
  }

  async #replace(fresh: string): Promise<void> {
    // Who has just found memory open still asks.
    await setImmediate();
    await this.#thread.call("close", []);
    this.#opened = undefined;
    this.#names = undefined;
    this.#fault = undefined;
    await this.#thread.stop(this.#gone("was restored to a snapshot"));
    // All of the log is in the file when the last connection has closed.
    await removeLog(this.#file);
    await rename(fresh, this.#file);
    flushDirectory(this.#options.directory);
    this.#damage = undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#thread.call("close", []).catch(() => undefined);
    await this.#thread.stop(this.#gone("is closed"));
  }

  async #ask<Name extends keyof MemoryMethods>(
    name: Name,
    ...args: ArgumentsOf<MemoryMethods[Name]>
  ): Promise<ResultOf<MemoryMethods[Name]>> {
    await this.#open();
    return this.#thread.call(name, args);
  }

  #do<Value>(job: Job): Promise<Value>;
  async #do(job: Job): Promise<unknown> {
    await this.#open();
    return this.#thread.call("do", [job]);
  }

  #open(): Promise<unknown> {
    if (this.#replacing) return this.#replacing.then(() => this.#open());
    if (this.#isClosed) return Promise.reject(this.#gone("is closed"));
    this.#opened ??= this.#start().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #start(): Promise<void> {
    const { directory, synchronous, vectorBytesMax } = this.#options;
    try {
      makeDirectory(directory);
    } catch (error) {
      throw storageError(error, directory);
    }
    // The one that could not open it before is asked again.
    this.#thread.start();
    await this.#thread.call("open", [{ file: this.#file, synchronous, vectorBytesMax }, log.level]);
  }

  #onNotice(notice: MemoryNotice): void {
    if (notice.type === "names") this.#names = new NameFilter(notice.names);
    else this.#fault = notice.fault && new RemoteError(notice.fault);
  }

  #failed(error: Error): Error {
    if (isDamageOf(this.#file, error)) this.#damage = error;
    return error;
  }

  #ended(cause: unknown): Error {
    this.#opened = undefined;
    this.#names = undefined;
    this.#fault = undefined;
    if (!this.#isClosed)
      log.error({ err: cause }, "the thread of memory has ended; it is started again when it is needed");
    return this.#gone("ended before it answered");
  }

  #gone(what: string): MemoryUnavailableError {
    return new MemoryUnavailableError(
      `memory ${what}`,
      "Retry; if it fails again, see the server's log. No confirmed change is lost.",
      { backend: NAME },
    );
  }
}

const startThread = (): Worker =>
  new Worker(programFile("memory/stores/sqlite/thread").path, {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB_MAX },
  });

const isDamageOf = (file: string, error: Error): boolean =>
  error instanceof CaxtonError &&
  error.code === "MEMORY_FILE_DAMAGED" &&
  "file" in error.details &&
  error.details.file === file;

/** Texts of passages follow from what is said, and need not go along. */
const withoutTexts = <Of extends { readonly passages: readonly Passage[] }>(
  of: Of,
): Omit<Of, "passages"> & { readonly passages: readonly PassagePut[] } => ({
  ...of,
  passages: of.passages.map(({ ordinal, vector }) => ({ ordinal, vector })),
});

async function removeLog(file: string): Promise<void> {
  for (const ending of ["-wal", "-shm"]) await rm(`${file}${ending}`, { force: true });
}

async function removeDatabase(file: string): Promise<void> {
  await rm(file, { force: true });
  await removeLog(file);
}
