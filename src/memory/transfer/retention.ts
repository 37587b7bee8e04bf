import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { type Memory, type Provenance, type Relation, type ScopeKey, scopeTypeOf } from "../knowledge/index.ts";
import { type ArchiveCounts, archiveEnd, archiveRelations, archiveText, endNames } from "./archive.ts";
import {
  type DoomedEntity,
  doomedEntities,
  doomedRelations,
  type RetentionPolicy,
  type RetentionReason,
  stillDoomed,
  stillRelated,
} from "./doomed.ts";
import { RetentionOffError } from "./errors.ts";

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
    /** That go by themselves; those that go with their entities are not counted. */
    readonly relations: number;
    /** Of the first few. */
    readonly names: readonly string[];
  }[];
  /** The file, when anything was written to one. */
  readonly archive: string | undefined;
  /** One pass takes so many at most; there are more. */
  readonly hasMore: boolean;
};

type Archived = ArchiveCounts & { readonly file: string };
type Gone = PruneReport["gone"][number];
/** What goes for one reason: entities, or relations, by name. */
type Went = {
  readonly reason: RetentionReason;
  readonly of: "entities" | "relations";
  readonly names: readonly string[];
};
/** One pass, as far as it has come. */
type Pass = {
  readonly name: string;
  readonly nowMs: number;
  readonly isTrial: boolean;
  readonly pauseMs: number;
  /** How many more may go. */
  room: number;
  hasMore: boolean;
  archived: Archived | undefined;
  readonly gone: Gone[];
};

/** Forgotten at once; each time, every snapshot is rewritten. */
const BATCH = 200;
/** Entities and relations of one pass at most. */
const PASS_MAX = 10_000;
const NAMES_MAX = 5;
/** The start of a server is busy enough; and what one pass left is soon taken up by the next. */
const FIRST_MS = 60_000;
/** Between two batches of a pass that nobody waits for. */
const PAUSE_MS = 200;
const BY: Provenance = { source: "tool", sourceId: "retention", agent: undefined };

/**
 * Takes out of memory what a policy says: by itself, or when somebody asks; one pass at a time, over any store.
 * transfer.retention.R1. What was changed after it was looked at stays.
 * transfer.retention.R2. With `archive`, what is forgotten is in the file before.
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

  async #pass(how: { readonly isTrial: boolean; readonly pauseMs: number }): Promise<PruneReport> {
    if (!this.isOn)
      throw new RetentionOffError(
        "no policy says what goes from memory",
        "Set max_age, min_confidence, min_strength, min_relation_strength or max_entities_per_scope in [memory.retention] of caxton.toml, and start the server again.",
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
    // Before entities go with theirs: a trial says the same.
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
      log.info({ entities, relations, gone: numbers, archive, hasMore }, "memory was pruned");
    }
    return { isTrial, action: this.#policy.action, gone, archive, hasMore };
  }

  /** Of all scopes at once: a store may look through the relations of all for those of one. */
  async #passRelations(scopes: readonly ScopeKey[], pass: Pass): Promise<void> {
    const of = { memory: this.#memory, policy: this.#policy, most: pass.room, signal: this.#stop.signal };
    await this.#inBatches(await doomedRelations({ ...of, scopes }), pass, async (batch) => {
      const went = pass.isTrial ? batch : await this.#unrelate(batch, pass);
      const ends = await endNames(this.#memory, went);
      for (const [scope, some] of Map.groupBy(went, (one) => one.scope)) {
        const names = some.map(({ from, type, to }) => `${ends.get(from)} ${type} ${ends.get(to)}`);
        count(pass.gone, scope, { reason: "relation-strength", of: "relations", names });
      }
    });
  }

  async #passEntities(scope: ScopeKey, entities: number, pass: Pass): Promise<void> {
    const of = { memory: this.#memory, policy: this.#policy, most: pass.room, signal: this.#stop.signal };
    await this.#inBatches(await doomedEntities({ ...of, scope, entities, nowMs: pass.nowMs }), pass, async (batch) => {
      const went = pass.isTrial ? batch : await this.#forget(scope, batch, pass);
      for (const [reason, some] of Map.groupBy(went, (one) => one.reason))
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

  /** Those that are still as they were when they were looked at go. */
  async #forget(scope: ScopeKey, batch: readonly DoomedEntity[], pass: Pass): Promise<readonly DoomedEntity[]> {
    const still = await stillDoomed(this.#memory, batch);
    if (still.length === 0) return [];
    if (this.#policy.action === "archive") await this.#keep(await archiveText(this.#memory, scope, still), pass);
    await this.#memory.forget({ type: "entities", ids: still.map(({ id }) => id) }, BY);
    const ids = new Set(still.map(({ id }) => id));
    return batch.filter(({ id }) => ids.has(id));
  }

  async #unrelate(batch: readonly Relation[], pass: Pass): Promise<readonly Relation[]> {
    const still = await stillRelated(this.#memory, batch);
    if (still.length === 0) return [];
    if (this.#policy.action === "archive") await this.#keep(await archiveRelations(this.#memory, still), pass);
    const atMs = this.#clock.nowMs();
    await this.#memory.store.write(
      still.map((relation) => ({ type: "relation", action: "unrelate", relation, provenance: BY, atMs })),
    );
    return still;
  }

  /** Written to the file of the pass. */
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
function count(gone: Gone[], scope: ScopeKey, { reason, of, names }: Went): void {
  if (names.length === 0) return;
  const at = gone.findIndex((one) => one.scope === scope && one.reason === reason);
  const row = gone[at] ?? { scope, reason, entities: 0, relations: 0, names: [] };
  gone[at === -1 ? gone.length : at] = {
    ...row,
    [of]: row[of] + names.length,
    names: [...row.names, ...names].slice(0, NAMES_MAX),
  };
}
