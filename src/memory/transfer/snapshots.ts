import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Memory } from "../knowledge/index.ts";
import { SnapshotNotFoundError, SnapshotsUnsupportedError } from "./errors.ts";

/**
 * `scheduled`: created automatically and deleted when it expires; `manual`: kept; `replaced`: the state before a restore; `damaged`: the
 * same, of memory that was unreadable; it cannot be restored.
 */
export const SNAPSHOT_KINDS = ["scheduled", "manual", "replaced", "damaged"] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

/** A copy of memory at one moment. */
export type MemorySnapshot = {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly atMs: number;
  readonly bytes: number;
};

/**
 * Stores copies of memory.
 * transfer.snapshots.N1. A copy is of one moment, and complete or absent.
 * transfer.snapshots.N2. When deletion from memory is confirmed, the data is deleted from every copy.
 */
export interface SnapshotStore {
  /** Newest first. */
  list(): Promise<readonly MemorySnapshot[]>;
  /** For `replaced`, unreadable memory is copied unchanged as `damaged`. */
  create(kind: Exclude<SnapshotKind, "damaged">, atMs: number): Promise<MemorySnapshot>;
  /** Restores memory to the copy; concurrent calls wait. Rejects with MEMORY_FILE_DAMAGED, and nothing is changed. */
  restore(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Whether memory was written to since. */
  isChangedSince(atMs: number): Promise<boolean>;
}

/** Number of scheduled snapshots to keep: the latest, the latest of each of the last days, and of the last weeks. */
export type SnapshotRetention = { readonly hourly: number; readonly daily: number; readonly weekly: number };

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Number of `replaced` and of `damaged` snapshots to keep. */
const REPLACED_KEPT = 3;

/** Returns the snapshots that have expired. */
export function expiredSnapshots(all: readonly MemorySnapshot[], kept: SnapshotRetention): readonly MemorySnapshot[] {
  const newestFirst = all.toSorted((one, other) => other.atMs - one.atMs);
  const own = newestFirst.filter(({ kind }) => kind === "scheduled");
  const latestOf = (spanMs: number, count: number) => {
    const spans = new Map<number, MemorySnapshot>();
    for (const one of own) {
      const span = Math.floor(one.atMs / spanMs);
      if (!spans.has(span)) spans.set(span, one);
    }
    return [...spans.values()].slice(0, count);
  };
  const stay = new Set([
    ...own.slice(0, kept.hourly),
    ...latestOf(DAY_MS, kept.daily),
    ...latestOf(WEEK_MS, kept.weekly),
    ...newestFirst.filter(({ kind }) => kind === "manual"),
    ...newestFirst.filter(({ kind }) => kind === "replaced").slice(0, REPLACED_KEPT),
    ...newestFirst.filter(({ kind }) => kind === "damaged").slice(0, REPLACED_KEPT),
  ]);
  return newestFirst.filter((one) => !stay.has(one));
}

export type SnapshotOptions = {
  /** Interval between scheduled snapshots; undefined: none. */
  readonly everyMs: number | undefined;
  readonly kept: SnapshotRetention;
};

/** Snapshots of memory: creates them on schedule or on request, lists and restores them. */
export class MemorySnapshots implements AsyncDisposable {
  readonly #currentStore: () => SnapshotStore | undefined;
  readonly #around: (restoring: () => Promise<void>) => Promise<void>;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #options: SnapshotOptions;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;

  /** `place` returns the current snapshot store; undefined: the backend has no snapshots, and each call rejects with that. */
  constructor(
    deps: {
      readonly place: () => SnapshotStore | undefined;
      readonly memory: Memory;
      readonly clock: Clock;
      /** Wraps a restore, which no log records. May reject; then nothing is restored. */
      readonly around?: (restoring: () => Promise<void>) => Promise<void>;
    },
    options: SnapshotOptions,
  ) {
    this.#currentStore = deps.place;
    this.#around = deps.around ?? ((restoring) => restoring());
    this.#memory = deps.memory;
    this.#clock = deps.clock;
    this.#options = options;
  }

  get #store(): SnapshotStore | undefined {
    return this.#currentStore();
  }

  /** Starts scheduled snapshots. */
  start(): void {
    const { everyMs } = this.#options;
    if (everyMs !== undefined) this.#working = this.#runScheduled(everyMs);
  }

  async #runScheduled(everyMs: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#createIfDue(everyMs).catch((error: unknown) => {
        log.error({ err: error }, "failed to create a memory snapshot; retrying in an hour");
      });
      await this.#clock.sleep(Math.min(everyMs, DAY_MS), signal).catch(() => undefined);
    }
  }

  /** Creates a snapshot if the latest is old and memory has changed. */
  async #createIfDue(everyMs: number): Promise<void> {
    const place = this.#store;
    if (!place) return;
    const latest = (await place.list()).find(({ kind }) => kind === "scheduled");
    const nowMs = this.#clock.nowMs();
    if (latest && nowMs - latest.atMs < everyMs) return;
    if (!(await place.isChangedSince(latest?.atMs ?? 0))) return;
    const { name, bytes } = await place.create("scheduled", nowMs);
    const gone = await this.#tidy();
    log.info({ snapshot: name, bytes, removed: gone }, "created a memory snapshot");
  }

  async #tidy(): Promise<number> {
    const place = this.#requireStore();
    const gone = expiredSnapshots(await place.list(), this.#options.kept);
    for (const { name } of gone) await place.remove(name);
    return gone.length;
  }

  /** Newest first. Rejects with SnapshotsUnsupportedError. */
  async list(): Promise<readonly MemorySnapshot[]> {
    return this.#requireStore().list();
  }

  /** Rejects with SnapshotsUnsupportedError and storage errors. */
  async create(): Promise<MemorySnapshot> {
    return this.#requireStore().create("manual", this.#clock.nowMs());
  }

  /**
   * Restores memory to a snapshot. Its previous state is kept as another snapshot, which is returned.
   * Rejects with SnapshotNotFoundError, SnapshotsUnsupportedError and the errors of the snapshot store.
   */
  async restore(name: string): Promise<{ readonly restored: MemorySnapshot; readonly replaced: MemorySnapshot }> {
    const place = this.#requireStore();
    const restored = await this.#find(name);
    const replaced = await place.create("replaced", this.#clock.nowMs());
    await this.#around(() => place.restore(name));
    this.#memory.capacity.uncounted();
    // The snapshot may have vectors of another model.
    await this.#memory.embeddings.open();
    await this.#tidy();
    log.warn({ snapshot: name, replaced: replaced.name }, "restored memory to a snapshot");
    return { restored, replaced };
  }

  /** Rejects with SnapshotNotFoundError, SnapshotsUnsupportedError. */
  async remove(name: string): Promise<MemorySnapshot> {
    const found = await this.#find(name);
    await this.#requireStore().remove(name);
    return found;
  }

  async #find(name: string): Promise<MemorySnapshot> {
    const found = (await this.#requireStore().list()).find((one) => one.name === name);
    if (found) return found;
    throw new SnapshotNotFoundError(
      `there is no snapshot ${name.slice(0, 100)}`,
      "`caxton memory snapshot list` shows them.",
      { snapshot: name.slice(0, 100) },
    );
  }

  #requireStore(): SnapshotStore {
    if (this.#store) return this.#store;
    throw new SnapshotsUnsupportedError(
      `memory is kept in ${this.#memory.store.name}, which has no snapshots`,
      "Use that database's own backups, or `caxton memory export --history`.",
      { backend: this.#memory.store.name },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }
}
