import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { MemoryFullError } from "./errors.ts";
import type { MemoryStore, StoreFigures } from "./memory-store.ts";

/** How much there is of something that is bounded: entities; vectors, where searches have room for so many only. */
export type LimitUse = {
  readonly what: "entities" | "vectors";
  readonly used: number;
  readonly max: number;
  readonly near: boolean;
};

/** From what share of the bound on it is said aloud. */
const NEAR_SHARE = 0.8;
/** How long a count is gone by: others may share the place, and counting may look at each entity. */
const FAR_COUNT_MS = 3_600_000;
const NEAR_COUNT_MS = 60_000;
/** A count that somebody is refused by is younger than that. */
const REFUSING_COUNT_MS = 5_000;
/** That somebody is refused is said once, and again when it still happens so much later. */
const REFUSED_AGAIN_MS = 3_600_000;

/**
 * How many entities memory may have. What is made here is counted as it is made; the place is counted anew now and then,
 * and before anybody is refused. Several servers at one place may pass the bound by what they make meanwhile.
 */
export class Capacity {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #max: number;
  #counted: { readonly used: number; readonly atMs: number } | undefined;
  #vectors: StoreFigures["vectorRoom"];
  #hasWarned = false;
  #saidFullAtMs = Number.NEGATIVE_INFINITY;

  /** `max`: entities at most; 0: as many as there are. */
  constructor(deps: { readonly store: MemoryStore; readonly clock: Clock; readonly entitiesMax?: number | undefined }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#max = deps.entitiesMax ?? 0;
  }

  /** Makes room for so many new ones. Throws MemoryFullError; then none has room. */
  async admit(fresh: number): Promise<void> {
    if (this.#max === 0 || fresh === 0) return;
    let used = await this.#used();
    if (used + fresh > this.#max) used = await this.#used(REFUSING_COUNT_MS);
    if (used + fresh > this.#max) throw this.#full(used, fresh);
    this.#changeBy(fresh);
  }

  /** So many of those that had room were not made after all, or were forgotten. */
  freed(count: number): void {
    if (count > 0) this.#changeBy(-count);
  }

  /** What there is was counted by somebody. */
  counted({ scopes, vectorRoom }: StoreFigures): void {
    this.#vectors = vectorRoom;
    this.#set({ used: scopes.reduce((sum, { entities }) => sum + entities, 0), atMs: this.#clock.nowMs() });
  }

  /** Nothing that was counted holds any more. */
  uncounted(): void {
    this.#counted = undefined;
    this.#vectors = undefined;
  }

  /** What is bounded, and how much of it there is; none without a bound. Counts where nobody has yet, for a bound on entities. */
  async limits(): Promise<readonly LimitUse[]> {
    if (this.#max > 0) await this.#used();
    return this.known();
  }

  /** The same without counting: none before somebody has. */
  known(): readonly LimitUse[] {
    const entities = this.#max > 0 && this.#counted ? [use("entities", this.#counted.used, this.#max)] : [];
    const vectors = this.#vectors ? [use("vectors", this.#vectors.used, this.#vectors.max)] : [];
    return [...entities, ...vectors];
  }

  async #used(maxAgeMs?: number): Promise<number> {
    const known = this.#counted;
    const ageMs = maxAgeMs ?? (known && isNear(known.used, this.#max) ? NEAR_COUNT_MS : FAR_COUNT_MS);
    if (!known || this.#clock.nowMs() - known.atMs >= ageMs) this.counted(await this.#store.figures());
    return this.#counted?.used ?? 0;
  }

  /** It is expected, and who asked is told: the log need not have it each time. */
  #full(used: number, fresh: number): MemoryFullError {
    const error = full({ used, max: this.#max, fresh });
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#saidFullAtMs >= REFUSED_AGAIN_MS) {
      log.warn({ entities: used, max: this.#max }, `new entities are refused: ${error.message}. ${error.hint}`);
      this.#saidFullAtMs = nowMs;
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

const isNear = (used: number, max: number): boolean => used >= max * NEAR_SHARE;

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
