import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { type Memory, type Provenance, type Relation, type ScopeKey, scopeTypeOf } from "../knowledge/index.ts";
import { type ArchiveCounts, archiveEnd, archiveRelations, archiveText, endNames } from "./archive.ts";
import {
  type ExpiredEntity,
  expiredEntities,
  expiredRelations,
  type RetentionPolicy,
  type RetentionReason,
  unchangedEntities,
  unchangedRelations,
} from "./expired.ts";
import { RetentionOffError } from "./errors.ts";

/** Stores entities before they are deleted. */
export interface RetentionArchive {
  /** Appends to the file of a pass, which is created if necessary. The text is on disk when this resolves. Returns the file's path. */
  append(pass: string, text: string): Promise<string>;
}

/** What was deleted, or would be. */
export type PruneReport = {
  readonly isTrial: boolean;
  readonly action: RetentionPolicy["action"];
  readonly gone: readonly {
    readonly scope: ScopeKey;
    readonly reason: RetentionReason;
    readonly entities: number;
    /** Relations that expired themselves, not those deleted with their entities. */
    readonly relations: number;
    /** The first names. */
    readonly names: readonly string[];
  }[];
  /** The archive file, if anything was written. */
  readonly archive: string | undefined;
  /** The limit of one pass was reached; more data is expired. */
  readonly hasMore: boolean;
};

type Archived = ArchiveCounts & { readonly file: string };
type DeletedCounts = PruneReport["gone"][number];
/** Data deleted for one reason: entities, or relations, by name. */
type PassResult = {
  readonly reason: RetentionReason;
  readonly of: "entities" | "relations";
  readonly names: readonly string[];
};
/** State of a running pass. */
type Pass = {
  readonly name: string;
  readonly nowMs: number;
  readonly isTrial: boolean;
  readonly pauseMs: number;
  /** Remaining deletions of this pass. */
  room: number;
  hasMore: boolean;
  archived: Archived | undefined;
  readonly gone: DeletedCounts[];
};

/** Deleted at once; every snapshot is rewritten for each batch. */
const BATCH = 200;
/** Maximum entities and relations per pass. */
const PASS_MAX = 10_000;
const NAMES_MAX = 5;
/** Delay of the first pass, because the start of a server is busy. It is also the delay of a pass after one that reached its limit. */
const FIRST_MS = 60_000;
/** Pause between two batches of a scheduled pass. */
const PAUSE_MS = 200;
const BY: Provenance = { source: "tool", sourceId: "retention", agent: undefined };

/**
 * Deletes expired memory by policy, on schedule or on request; one pass at a time, on any backend.
 * transfer.retention.R1. Data that changes after it was selected is not deleted.
 * transfer.retention.R2. With `archive`, data is in the file before it is deleted.
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
    const { ageMaxMs, confidenceMin, strengthMin, relationStrengthMin, perScopeMax } = this.#policy;
    const bounds = [ageMaxMs, confidenceMin, strengthMin, relationStrengthMin, perScopeMax];
    return bounds.some((bound) => bound !== undefined);
  }

  /** Starts scheduled passes if a policy is configured. */
  start(): void {
    if (this.isOn) this.#working ??= this.#runScheduled();
  }

  /**
   * Runs a pass; `isTrial`: reports what would be deleted, and deletes nothing. Rejects with RetentionOffError and the errors of memory
   * and the archive.
   */
  async prune(isTrial: boolean): Promise<PruneReport> {
    return this.#runExclusive(() => this.#pass({ isTrial, pauseMs: 0 }));
  }

  async #runScheduled(): Promise<void> {
    const { signal } = this.#stop;
    let restMs = FIRST_MS;
    while (!signal.aborted) {
      await this.#clock.sleep(restMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      restMs = await this.#runExclusive(() => this.#pass({ isTrial: false, pauseMs: PAUSE_MS })).then(
        ({ hasMore }) => (hasMore ? FIRST_MS : this.#policy.everyMs),
        (error: unknown) => {
          log.error({ err: error }, "failed to prune memory; retrying at the next interval");
          return this.#policy.everyMs;
        },
      );
    }
  }

  async #runExclusive<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #pass(how: { readonly isTrial: boolean; readonly pauseMs: number }): Promise<PruneReport> {
    if (!this.isOn)
      throw new RetentionOffError(
        "no retention policy is configured",
        "Set max_age, min_confidence, min_strength, min_relation_strength or max_entities_per_scope in [memory.retention] of caxton.toml, and restart the server.",
        {},
      );
    const nowMs = this.#clock.nowMs();
    const name = new Date(nowMs).toISOString().replaceAll(/[:.-]/g, "");
    const pass: Pass = { ...how, name, nowMs, room: PASS_MAX, hasMore: false, archived: undefined, gone: [] };
    const { scopes: kinds } = this.#policy;
    const meant = (await this.#memory.figures()).scopes.filter(({ scope }) => {
      const kind = scopeTypeOf(scope);
      return kinds === undefined || (kind !== undefined && kinds.includes(kind));
    });
    // Runs before entities are deleted with their relations, so that a dry run reports the same.
    const related = meant.filter(({ relations }) => relations > 0).map(({ scope }) => scope);
    if (related.length > 0) await this.#passRelations(related, pass);
    for (const { scope, entities } of meant) await this.#passEntities(scope, entities, pass);
    return this.#reported(pass);
  }

  async #reported({ name, isTrial, archived, gone, hasMore }: Pass): Promise<PruneReport> {
    if (archived) await this.#archive.append(name, archiveEnd(archived));
    const archive = archived?.file;
    const sum = (of: "entities" | "relations") => gone.reduce((total, one) => total + one[of], 0);
    const [entities, relations] = [sum("entities"), sum("relations")];
    if (!isTrial && gone.length > 0) {
      const numbers = gone.map((one) => `${one.scope}: ${one.entities || one.relations} by ${one.reason}`);
      log.info({ entities, relations, gone: numbers, archive, hasMore }, "pruned memory");
    }
    return { isTrial, action: this.#policy.action, gone, archive, hasMore };
  }

  /** For all scopes at once: a store may read all relations to find those of one scope. */
  async #passRelations(scopes: readonly ScopeKey[], pass: Pass): Promise<void> {
    const of = { memory: this.#memory, policy: this.#policy, limit: pass.room, signal: this.#stop.signal };
    await this.#inBatches(await expiredRelations({ ...of, scopes }), pass, async (batch) => {
      const deleted = pass.isTrial ? batch : await this.#unrelate(batch, pass);
      const ends = await endNames(this.#memory, deleted);
      for (const [scope, some] of Map.groupBy(deleted, (one) => one.scope)) {
        const names = some.map(({ from, type, to }) => `${ends.get(from)} ${type} ${ends.get(to)}`);
        count(pass.gone, scope, { reason: "relation-strength", of: "relations", names });
      }
    });
  }

  async #passEntities(scope: ScopeKey, entities: number, pass: Pass): Promise<void> {
    const of = { memory: this.#memory, policy: this.#policy, limit: pass.room, signal: this.#stop.signal };
    await this.#inBatches(await expiredEntities({ ...of, scope, entities, nowMs: pass.nowMs }), pass, async (batch) => {
      const deleted = pass.isTrial ? batch : await this.#forget(scope, batch, pass);
      for (const [reason, some] of Map.groupBy(deleted, (one) => one.reason))
        count(pass.gone, scope, { reason, of: "entities", names: some.map(({ name }) => name) });
    });
  }

  /** As many as the pass has room for. */
  async #inBatches<One>(
    all: readonly One[],
    pass: Pass,
    work: (batch: readonly One[]) => Promise<void>,
  ): Promise<void> {
    pass.hasMore ||= all.length > pass.room;
    const now = all.slice(0, pass.room);
    pass.room -= now.length;
    for (let at = 0; at < now.length && !this.#stop.signal.aborted; at += BATCH) {
      await work(now.slice(at, at + BATCH));
      if (pass.pauseMs > 0) await this.#clock.sleep(pass.pauseMs, this.#stop.signal).catch(() => undefined);
    }
  }

  /** Deletes entities that did not change since they were selected. */
  async #forget(scope: ScopeKey, batch: readonly ExpiredEntity[], pass: Pass): Promise<readonly ExpiredEntity[]> {
    const still = await unchangedEntities(this.#memory, batch);
    if (still.length === 0) return [];
    if (this.#policy.action === "archive") await this.#keep(await archiveText(this.#memory, scope, still), pass);
    await this.#memory.forget({ type: "entities", ids: still.map(({ id }) => id) }, BY);
    const ids = new Set(still.map(({ id }) => id));
    return batch.filter(({ id }) => ids.has(id));
  }

  async #unrelate(batch: readonly Relation[], pass: Pass): Promise<readonly Relation[]> {
    const still = await unchangedRelations(this.#memory, batch);
    if (still.length === 0) return [];
    if (this.#policy.action === "archive") await this.#keep(await archiveRelations(this.#memory, still), pass);
    const atMs = this.#clock.nowMs();
    await this.#memory.store.write(
      still.map((relation) => ({ type: "relation", action: "unrelate", relation, provenance: BY, atMs })),
    );
    return still;
  }

  /** Writes to the file of the pass. */
  async #keep({ text, entities, relations }: ArchiveCounts & { readonly text: string }, pass: Pass): Promise<void> {
    const file = await this.#archive.append(pass.name, text);
    const { archived: before } = pass;
    pass.archived = {
      file,
      entities: entities + (before?.entities ?? 0),
      relations: relations + (before?.relations ?? 0),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#working;
    await this.#last;
  }
}

/** Adds to the rows of a report. */
function count(gone: DeletedCounts[], scope: ScopeKey, { reason, of, names }: PassResult): void {
  if (names.length === 0) return;
  const at = gone.findIndex((one) => one.scope === scope && one.reason === reason);
  const row = gone[at] ?? { scope, reason, entities: 0, relations: 0, names: [] };
  gone[at === -1 ? gone.length : at] = {
    ...row,
    [of]: row[of] + names.length,
    names: [...row.names, ...names].slice(0, NAMES_MAX),
  };
}
