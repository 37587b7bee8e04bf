import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Memory } from "../knowledge/index.ts";
import { SnapshotNotFoundError, SnapshotsUnsupportedError } from "./errors.ts";

/**
 * `scheduled`: made by itself, and goes when its time is over; `manual`: stays; `replaced`: what a restored one took the place of;
 * `damaged`: the same of a memory that could not be read, which nobody can go back to.
 */
export const SNAPSHOT_KINDS = ["scheduled", "manual", "replaced", "damaged"] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

/** Memory as it was at a moment. */
export type MemorySnapshot = {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly atMs: number;
  readonly bytes: number;
};

/**
 * Where copies of memory are kept whole.
 * transfer.snapshots.N1. A copy is of one moment, and complete or not there.
 * transfer.snapshots.N2. What is forgotten in memory is forgotten in every copy before it is answered.
 */
export interface SnapshotPlace {
  /** Newest first. */
  list(): Promise<readonly MemorySnapshot[]>;
  /** For `replaced` one that cannot be read is kept as it is, as `damaged`. */
  create(kind: Exclude<SnapshotKind, "damaged">, atMs: number): Promise<MemorySnapshot>;
  /** Memory is what it was then; what is asked meanwhile waits. Rejects with MEMORY_FILE_DAMAGED, and nothing is changed. */
  restore(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Whether memory was written to since. */
  isChangedSince(atMs: number): Promise<boolean>;
}

/** How many of those made by themselves stay: the latest, the latest of each of so many days, and of so many weeks. */
export type SnapshotsKept = { readonly hourly: number; readonly daily: number; readonly weekly: number };

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Those that were replaced by a restore, and of those that were damaged. */
const REPLACED_KEPT = 3;

/** Those that are no longer to be kept. */
export function outOfKeeping(all: readonly MemorySnapshot[], kept: SnapshotsKept): readonly MemorySnapshot[] {
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
  /** Between two that are made by themselves; undefined makes none. */
  readonly everyMs: number | undefined;
  readonly kept: SnapshotsKept;
};

/** Copies of memory: made by themselves or when somebody asks, listed, put back. */
export class MemorySnapshots implements AsyncDisposable {
  readonly #placeNow: () => SnapshotPlace | undefined;
  readonly #around: (restoring: () => Promise<void>) => Promise<void>;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #options: SnapshotOptions;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;

  /** `place` says where copies are kept now; undefined: memory is kept where Caxton makes none, and each call says so. */
  constructor(
    deps: {
      readonly place: () => SnapshotPlace | undefined;
      readonly memory: Memory;
      readonly clock: Clock;
      /** Goes around a restore, which no log tells; may reject, and nothing is restored. */
      readonly around?: (restoring: () => Promise<void>) => Promise<void>;
    },
    options: SnapshotOptions,
  ) {
    this.#placeNow = deps.place;
    this.#around = deps.around ?? ((restoring) => restoring());
    this.#memory = deps.memory;
    this.#clock = deps.clock;
    this.#options = options;
  }

  get #place(): SnapshotPlace | undefined {
    return this.#placeNow();
  }

  /** Begins to make copies by itself. */
  start(): void {
    const { everyMs } = this.#options;
    if (everyMs !== undefined) this.#working = this.#keepOn(everyMs);
  }

  async #keepOn(everyMs: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#whenDue(everyMs).catch((error: unknown) => {
        log.error({ err: error }, "no snapshot of memory could be made; tried again at the next hour");
      });
      await this.#clock.sleep(Math.min(everyMs, DAY_MS), signal).catch(() => undefined);
    }
  }

  /** Makes one when the latest is old and memory is otherwise by now. */
  async #whenDue(everyMs: number): Promise<void> {
    const place = this.#place;
    if (!place) return;
    const latest = (await place.list()).find(({ kind }) => kind === "scheduled");
    const nowMs = this.#clock.nowMs();
    if (latest && nowMs - latest.atMs < everyMs) return;
    if (!(await place.isChangedSince(latest?.atMs ?? 0))) return;
    const { name, bytes } = await place.create("scheduled", nowMs);
    const gone = await this.#tidy();
    log.info({ snapshot: name, bytes, removed: gone }, "a snapshot of memory was made");
  }

  async #tidy(): Promise<number> {
    const place = this.#needed();
    const gone = outOfKeeping(await place.list(), this.#options.kept);
    for (const { name } of gone) await place.remove(name);
    return gone.length;
  }

  /** Newest first. Rejects with SnapshotsUnsupportedError. */
  async list(): Promise<readonly MemorySnapshot[]> {
    return this.#needed().list();
  }

  /** Rejects with SnapshotsUnsupportedError and storage errors. */
  async create(): Promise<MemorySnapshot> {
    return this.#needed().create("manual", this.#clock.nowMs());
  }

  /**
   * Memory becomes what it was; what it was before is kept as another snapshot, which is answered.
   * Rejects with SnapshotNotFoundError, SnapshotsUnsupportedError, and what the place rejects with.
   */
  async restore(name: string): Promise<{ readonly restored: MemorySnapshot; readonly replaced: MemorySnapshot }> {
    const place = this.#needed();
    const restored = await this.#find(name);
    const replaced = await place.create("replaced", this.#clock.nowMs());
    await this.#around(() => place.restore(name));
    this.#memory.capacity.uncounted();
    // It may have vectors of another model.
    await this.#memory.embeddings.open();
    await this.#tidy();
    log.warn({ snapshot: name, replaced: replaced.name }, "memory was put back to a snapshot");
    return { restored, replaced };
  }

  /** Rejects with SnapshotNotFoundError, SnapshotsUnsupportedError. */
  async remove(name: string): Promise<MemorySnapshot> {
    const found = await this.#find(name);
    await this.#needed().remove(name);
    return found;
  }

  async #find(name: string): Promise<MemorySnapshot> {
    const found = (await this.#needed().list()).find((one) => one.name === name);
    if (found) return found;
    throw new SnapshotNotFoundError(
      `there is no snapshot ${name.slice(0, 100)}`,
      "`caxton memory snapshot list` shows them.",
      { snapshot: name.slice(0, 100) },
    );
  }

  #needed(): SnapshotPlace {
    if (this.#place) return this.#place;
    throw new SnapshotsUnsupportedError(
      `memory is kept in ${this.#memory.store.name}, of which Caxton makes no snapshots`,
      "Use that database's own backups, or `caxton memory export --history`.",
      { backend: this.#memory.store.name },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }
}
