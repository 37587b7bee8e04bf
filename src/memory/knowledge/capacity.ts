import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { MemoryFullError } from "./errors.ts";
import type { MemoryStore, StoreStats } from "./memory-store.ts";
import { type ScopeKey, workspaceOf } from "./scope.ts";

/** Usage of a bounded resource: entities, or the vectors that the search index can hold. */
export type LimitUse = {
  readonly what: "entities" | "vectors";
  readonly used: number;
  readonly max: number;
  readonly near: boolean;
};

/** Limits the entities of workspaces. */
export interface EntityQuotas {
  hasQuota(workspace: string): boolean;
  /** Throws if a workspace may not have so many entities. */
  require(workspace: string, entities: number): void;
}

type CapacityDeps = {
  readonly store: MemoryStore;
  readonly clock: Clock;
  readonly entitiesMax?: number | undefined;
};

/** Usage ratio from which a warning is logged. */
const WARN_RATIO = 0.8;
/** Maximum age of a count while usage is low. Other servers may use the same backend, and counting may read every entity. */
const COUNT_AGE_MAX_MS = 3_600_000;
const COUNT_AGE_MAX_NEAR_LIMIT_MS = 60_000;
/** Maximum age of a count on which a refusal is based. */
const COUNT_AGE_MAX_TO_REFUSE_MS = 5_000;
/** Minimum interval between two log entries about refusals. */
const REFUSAL_LOG_INTERVAL_MS = 3_600_000;

/**
 * Enforces `memory.max_entities`. Counts its own creations as they happen, and recounts the store periodically and before a refusal.
 * Several servers on one backend can exceed the limit by what they create between two counts.
 */
export class Capacity {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #filling = new KeyedMutex<string>();
  #quotas: EntityQuotas | undefined;
  #counted: { readonly used: number; readonly atMs: number } | undefined;
  #vectors: StoreStats["vectorRoom"];
  #hasWarned = false;
  #loggedFullAtMs = Number.NEGATIVE_INFINITY;

  /** `max`: maximum number of entities; 0: unlimited. */
  constructor(deps: CapacityDeps) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#max = deps.entitiesMax ?? 0;
  }

  /** Limits the entities of workspaces from now on. */
  limitWorkspaces(quotas: EntityQuotas): void {
    this.#quotas = quotas;
  }

  /**
   * Reserves room for `fresh` new entities while `write` creates them and returns how many it created. In a workspace with a
   * quota, one write runs after the other. Throws MemoryFullError, what the quotas throw, and what `write` throws.
   */
  async fill(fresh: number, scope: ScopeKey, write: () => Promise<number>): Promise<void> {
    const workspace = workspaceOf(scope);
    if (fresh === 0) await write();
    else if (workspace === undefined || this.#quotas?.hasQuota(workspace) !== true) await this.#reserve(fresh, write);
    else
      await this.#filling.run(workspace, async () => {
        await this.#requireQuota(fresh, workspace);
        await this.#reserve(fresh, write);
      });
  }

  async #reserve(fresh: number, write: () => Promise<number>): Promise<void> {
    await this.#admit(fresh);
    let created = 0;
    try {
      created = await write();
    } finally {
      this.freed(fresh - created);
    }
  }

  async #admit(fresh: number): Promise<void> {
    if (this.#max === 0) return;
    let used = await this.#used();
    if (used + fresh > this.#max) used = await this.#used(COUNT_AGE_MAX_TO_REFUSE_MS);
    if (used + fresh > this.#max) throw this.#full(used, fresh);
    this.#changeBy(fresh);
  }

  /** Counts the store each time: few workspaces have a quota, and what others wrote counts too. */
  async #requireQuota(fresh: number, workspace: string): Promise<void> {
    const { scopes } = await this.#store.stats();
    const own = scopes.filter((one) => workspaceOf(one.scope) === workspace);
    this.#quotas?.require(workspace, own.reduce((sum, { entities }) => sum + entities, 0) + fresh);
  }

  /** Releases room of entities that were not created, or were deleted. */
  freed(count: number): void {
    if (count > 0) this.#changeBy(-count);
  }

  /** Updates the usage from counts that another component has read. */
  counted({ scopes, vectorRoom }: StoreStats): void {
    this.#vectors = vectorRoom;
    this.#set({ used: scopes.reduce((sum, { entities }) => sum + entities, 0), atMs: this.#clock.nowMs() });
  }

  /** Invalidates all counts. */
  uncounted(): void {
    this.#counted = undefined;
    this.#vectors = undefined;
  }

  /** The limits with their usage; empty without a limit. Counts entities if they are limited and have not been counted. */
  async limits(): Promise<readonly LimitUse[]> {
    if (this.#max > 0) await this.#used();
    return this.known();
  }

  /** The limits whose usage is known; never counts. */
  known(): readonly LimitUse[] {
    const entities = this.#max > 0 && this.#counted ? [use("entities", this.#counted.used, this.#max)] : [];
    const vectors = this.#vectors ? [use("vectors", this.#vectors.used, this.#vectors.max)] : [];
    return [...entities, ...vectors];
  }

  async #used(maxAgeMs?: number): Promise<number> {
    const known = this.#counted;
    const ageMs = maxAgeMs ?? (known && isNear(known.used, this.#max) ? COUNT_AGE_MAX_NEAR_LIMIT_MS : COUNT_AGE_MAX_MS);
    if (!known || this.#clock.nowMs() - known.atMs >= ageMs) this.counted(await this.#store.stats());
    return this.#counted?.used ?? 0;
  }

  /** A refusal is an expected condition and its caller receives the error, so it is not logged each time. */
  #full(used: number, fresh: number): MemoryFullError {
    const error = full({ used, max: this.#max, fresh });
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#loggedFullAtMs >= REFUSAL_LOG_INTERVAL_MS) {
      log.warn({ entities: used, max: this.#max }, `new entities are refused: ${error.message}. ${error.hint}`);
      this.#loggedFullAtMs = nowMs;
    }
    return error;
  }

  #changeBy(count: number): void {
    if (this.#counted) this.#set({ ...this.#counted, used: Math.max(0, this.#counted.used + count) });
  }

  #set(counted: { readonly used: number; readonly atMs: number }): void {
    this.#counted = counted;
    const isNearlyFull = this.#max > 0 && isNear(counted.used, this.#max);
    if (isNearlyFull && !this.#hasWarned)
      log.warn(
        { entities: counted.used, max: this.#max },
        "memory is nearly full: at memory.max_entities nothing new is remembered; `caxton memory prune`, forget some, or raise it",
      );
    this.#hasWarned = isNearlyFull;
  }
}

const isNear = (used: number, max: number): boolean => used >= max * WARN_RATIO;

const use = (what: LimitUse["what"], used: number, max: number): LimitUse => ({
  what,
  used,
  max,
  near: isNear(used, max),
});

const full = ({ used, max, fresh }: { readonly used: number; readonly max: number; readonly fresh: number }) =>
  new MemoryFullError(
    `memory has ${used} of at most ${max} entities, and ${fresh === 1 ? "one" : fresh} more would be new`,
    "Forget some (`caxton memory forget`, `caxton memory prune`), or raise memory.max_entities; what is known can still be added to.",
    { used, max },
  );
