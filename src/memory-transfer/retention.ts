import type { Clock } from "../kernel/clock.ts";
import type { EntityId } from "../kernel/ids.ts";
import { log } from "../kernel/log.ts";
import type { Entity, Memory, Provenance, ScopeKey } from "../memory/index.ts";
import { type ArchiveCounts, archiveEnd, archiveText } from "./archive.ts";
import { RetentionOffError } from "./errors.ts";

/** Whether what goes is only forgotten, or written to a file before. */
export const RETENTION_ACTIONS = ["delete", "archive"] as const;
/** `age`: not changed for too long; `confidence`: too little; `count`: the longest unchanged of a scope that has too many. */
type RetentionReason = "age" | "confidence" | "count";

/** What goes from memory; what is undefined takes nothing away. */
export type RetentionPolicy = {
  readonly ageMaxMs: number | undefined;
  readonly confidenceMin: number | undefined;
  readonly perScopeMax: number | undefined;
  /** Only entities of these types go and are counted; all when undefined. */
  readonly types: readonly string[] | undefined;
  readonly action: (typeof RETENTION_ACTIONS)[number];
  /** Between two passes. */
  readonly everyMs: number;
};

/** Where entities are written before they are forgotten. */
export interface RetentionArchive {
  /** Adds to the file of a pass, which is made when it is not there; it is on disk then. Answers where it lies. */
  append(pass: string, text: string): Promise<string>;
}

/** What went, or would go. */
export type PruneReport = {
  readonly isTrial: boolean;
  readonly action: RetentionPolicy["action"];
  readonly gone: readonly {
    readonly scope: ScopeKey;
    readonly reason: RetentionReason;
    readonly entities: number;
    /** The first few names. */
    readonly names: readonly string[];
  }[];
  /** The file, when anything was written to one. */
  readonly archive: string | undefined;
  /** One pass takes so many at most; there are more. */
  readonly hasMore: boolean;
};

type Doomed = Pick<Entity, "id" | "name" | "updatedAtMs"> & { readonly reason: RetentionReason };
type Archived = ArchiveCounts & { readonly file: string };
type Gone = PruneReport["gone"][number];

const PAGE = 200;
/** Forgotten at once; each time, every snapshot is rewritten. */
const BATCH = 200;
/** Entities of one pass at most. */
const PASS_MAX = 10_000;
const NAMES_MAX = 5;
/** The start of a server is busy enough; and what one pass left is soon taken up by the next. */
const FIRST_MS = 60_000;
/** Between two batches of a pass that nobody waits for. */
const PAUSE_MS = 200;
const BY: Provenance = { source: "tool", sourceId: "retention", agent: undefined };

/**
 * Takes out of memory what a policy says: by itself, or when somebody asks; one pass at a time, over any store.
 * R1. What was changed after it was looked at stays.
 * R2. With `archive`, what is forgotten is in the file before.
 */
export class MemoryRetention implements AsyncDisposable {
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #archive: RetentionArchive;
  readonly #policy: RetentionPolicy;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    deps: { readonly memory: Memory; readonly clock: Clock; readonly archive: RetentionArchive },
    policy: RetentionPolicy,
  ) {
    this.#memory = deps.memory;
    this.#clock = deps.clock;
    this.#archive = deps.archive;
    this.#policy = policy;
  }

  get isOn(): boolean {
    const { ageMaxMs, confidenceMin, perScopeMax } = this.#policy;
    return ageMaxMs !== undefined || confidenceMin !== undefined || perScopeMax !== undefined;
  }

  /** Begins to do passes by itself, where there is a policy. */
  start(): void {
    if (this.isOn) this.#working ??= this.#keepOn();
  }

  /** A pass now; `isTrial`: says what would go, and nothing goes. Rejects with RetentionOffError, and what memory and the archive reject with. */
  async prune(isTrial: boolean): Promise<PruneReport> {
    return this.#inTurn(() => this.#pass({ isTrial, pauseMs: 0 }));
  }

  async #keepOn(): Promise<void> {
    const { signal } = this.#stop;
    let restMs = FIRST_MS;
    while (!signal.aborted) {
      await this.#clock.sleep(restMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      restMs = await this.#inTurn(() => this.#pass({ isTrial: false, pauseMs: PAUSE_MS })).then(
        ({ hasMore }) => (hasMore ? FIRST_MS : this.#policy.everyMs),
        (error: unknown) => {
          log.error({ err: error }, "memory could not be pruned; it is tried again at the next time");
          return this.#policy.everyMs;
        },
      );
    }
  }

  async #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #pass({ isTrial, pauseMs }: { readonly isTrial: boolean; readonly pauseMs: number }): Promise<PruneReport> {
    if (!this.isOn)
      throw new RetentionOffError(
        "no policy says what goes from memory",
        "Set max_age, min_confidence or max_entities_per_scope in [memory.retention] of caxton.toml, and start the server again.",
        {},
      );
    const nowMs = this.#clock.nowMs();
    const pass = new Date(nowMs).toISOString().replaceAll(/[:.-]/g, "");
    const gone: Gone[] = [];
    let archived: Archived | undefined;
    let room = PASS_MAX;
    let hasMore = false;
    for (const { scope, entities } of (await this.#memory.figures()).scopes) {
      const doomed = await this.#doomed(scope, { entities, nowMs, most: room });
      hasMore ||= doomed.length > room;
      const now = doomed.slice(0, room);
      room -= now.length;
      for (let at = 0; at < now.length && !this.#stop.signal.aborted; at += BATCH) {
        const batch = now.slice(at, at + BATCH);
        const done = isTrial ? { went: batch, archived } : await this.#forget(scope, batch, { pass, archived });
        archived = done.archived;
        count(gone, scope, done.went);
        if (pauseMs > 0) await this.#clock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
      }
    }
    if (archived) await this.#archive.append(pass, archiveEnd(archived));
    const archive = archived?.file;
    const entities = gone.reduce((sum, one) => sum + one.entities, 0);
    if (!isTrial && entities > 0) {
      const numbers = gone.map((one) => `${one.scope}: ${one.entities} by ${one.reason}`);
      log.info({ entities, gone: numbers, archive, hasMore }, "memory was pruned");
    }
    return { isTrial, action: this.#policy.action, gone, archive, hasMore };
  }

  /** At most one more than `most` that are too old or uncertain, and what is then too many. */
  async #doomed(
    scope: ScopeKey,
    of: { readonly entities: number; readonly nowMs: number; readonly most: number },
  ): Promise<readonly Doomed[]> {
    const { ageMaxMs, confidenceMin, perScopeMax, types } = this.#policy;
    const oldMs = ageMaxMs === undefined ? undefined : of.nowMs - ageMaxMs;
    const isByAgeOnly = confidenceMin === undefined && perScopeMax === undefined;
    const filter = { scopes: [scope], types, updatedToMs: isByAgeOnly ? oldMs : undefined };
    // No more than these can be too many.
    const excessMax = perScopeMax === undefined ? 0 : Math.max(0, of.entities - perScopeMax);
    const doomed: Doomed[] = [];
    let oldest: Doomed[] = [];
    let staying = 0;
    let cursor: string | undefined;
    do {
      const { entries, next } = await this.#memory.list(filter, { limit: PAGE, cursor });
      cursor = next;
      for (const { id, name, updatedAtMs, confidence } of entries) {
        if (oldMs !== undefined && updatedAtMs < oldMs) doomed.push({ id, name, updatedAtMs, reason: "age" });
        else if (confidenceMin !== undefined && confidence < confidenceMin)
          doomed.push({ id, name, updatedAtMs, reason: "confidence" });
        else {
          staying += 1;
          if (excessMax > 0) oldest.push({ id, name, updatedAtMs, reason: "count" });
        }
      }
      if (oldest.length > 2 * excessMax + PAGE) oldest = oldestFirst(oldest).slice(0, excessMax);
      if (doomed.length > of.most) return doomed;
    } while (cursor !== undefined && !this.#stop.signal.aborted);
    const excess = perScopeMax === undefined ? 0 : Math.max(0, staying - perScopeMax);
    return [...doomed, ...oldestFirst(oldest).slice(0, excess)];
  }

  /** Those that are still as they were when they were looked at go. */
  async #forget(
    scope: ScopeKey,
    batch: readonly Doomed[],
    { pass, archived: before }: { readonly pass: string; readonly archived: Archived | undefined },
  ): Promise<{ readonly went: readonly Doomed[]; readonly archived: Archived | undefined }> {
    const seen = new Map<EntityId, number>(batch.map(({ id, updatedAtMs }) => [id, updatedAtMs]));
    const there = await this.#memory.store.get([...seen.keys()]);
    const still = there.filter((one) => one !== undefined).filter((one) => seen.get(one.id) === one.updatedAtMs);
    if (still.length === 0) return { went: [], archived: before };
    const archived = this.#policy.action === "archive" ? await this.#keep(scope, still, { pass, before }) : undefined;
    await this.#memory.forget({ type: "entities", ids: still.map(({ id }) => id) }, BY);
    const ids = new Set(still.map(({ id }) => id));
    return { went: batch.filter(({ id }) => ids.has(id)), archived };
  }

  /** Written to the file of the pass, with what that has by now. */
  async #keep(
    scope: ScopeKey,
    entities: readonly Entity[],
    { pass, before }: { readonly pass: string; readonly before: Archived | undefined },
  ): Promise<Archived> {
    const { text, ...counts } = await archiveText(this.#memory, scope, entities);
    const file = await this.#archive.append(pass, text);
    return {
      file,
      entities: counts.entities + (before?.entities ?? 0),
      relations: counts.relations + (before?.relations ?? 0),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#working;
    await this.#last;
  }
}

const oldestFirst = (all: readonly Doomed[]): Doomed[] =>
  all.toSorted((one, other) => one.updatedAtMs - other.updatedAtMs || (one.id < other.id ? -1 : 1));

/** Adds to the rows of a report. */
function count(gone: Gone[], scope: ScopeKey, went: readonly Doomed[]): void {
  for (const { reason, name } of went) {
    const at = gone.findIndex((one) => one.scope === scope && one.reason === reason);
    const row = gone[at] ?? { scope, reason, entities: 0, names: [] };
    const names = row.names.length < NAMES_MAX ? [...row.names, name] : row.names;
    gone[at === -1 ? gone.length : at] = { ...row, entities: row.entities + 1, names };
  }
}
