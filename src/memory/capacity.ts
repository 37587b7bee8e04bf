import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { MemoryFullError } from "./errors.ts";
import type { MemoryStore, StoreFigures } from "./memory-store.ts";

/** How much there is of something that is bounded; `max` 0: it is not. */
export type LimitUse = {
  readonly what: "entities";
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

/**
 * How many entities memory may have. What is made here is counted as it is made; the place is counted anew now and then,
 * and before anybody is refused. Several servers at one place may pass the bound by what they make meanwhile.
 */
export class Capacity {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #max: number;
  #counted: { readonly used: number; readonly atMs: number } | undefined;
  #hasWarned = false;

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
    if (used + fresh > this.#max) throw full({ used, max: this.#max, fresh });
    this.#changeBy(fresh);
  }

  /** So many of those that had room were not made after all, or were forgotten. */
  freed(count: number): void {
    if (count > 0) this.#changeBy(-count);
  }

  /** What there is was counted by somebody. */
  counted({ scopes }: StoreFigures): void {
    this.#set({ used: scopes.reduce((sum, { entities }) => sum + entities, 0), atMs: this.#clock.nowMs() });
  }

  /** Nothing that was counted holds any more. */
  uncounted(): void {
    this.#counted = undefined;
  }

  /** What is bounded, and how much of it there is; none without a bound. Counts where nobody has yet. */
  async limits(): Promise<readonly LimitUse[]> {
    if (this.#max === 0) return [];
    await this.#used();
    return this.known();
  }

  /** The same without counting: none before somebody has. */
  known(): readonly LimitUse[] {
    const used = this.#counted?.used;
    if (this.#max === 0 || used === undefined) return [];
    return [{ what: "entities", used, max: this.#max, near: this.#isNear(used) }];
  }

  async #used(maxAgeMs?: number): Promise<number> {
    const known = this.#counted;
    const ageMs = maxAgeMs ?? (known && this.#isNear(known.used) ? NEAR_COUNT_MS : FAR_COUNT_MS);
    if (!known || this.#clock.nowMs() - known.atMs >= ageMs) this.counted(await this.#store.figures());
    return this.#counted?.used ?? 0;
  }

  #isNear(used: number): boolean {
    return used >= this.#max * NEAR_SHARE;
  }

  #changeBy(count: number): void {
    if (this.#counted) this.#set({ ...this.#counted, used: Math.max(0, this.#counted.used + count) });
  }

  #set(counted: { readonly used: number; readonly atMs: number }): void {
    this.#counted = counted;
    const isNear = this.#max > 0 && this.#isNear(counted.used);
    if (isNear && !this.#hasWarned)
      log.warn(
        { entities: counted.used, max: this.#max },
        "memory is nearly full: at memory.max_entities nothing new is remembered; `caxton memory prune`, forget some, or raise it",
      );
    this.#hasWarned = isNear;
  }
}

const full = ({ used, max, fresh }: { readonly used: number; readonly max: number; readonly fresh: number }) =>
  new MemoryFullError(
    `memory has ${used} of at most ${max} entities, and ${fresh === 1 ? "one" : fresh} more would be new`,
    "Forget some (`caxton memory forget`, `caxton memory prune`), or raise memory.max_entities; what is known can still be added to.",
    { used, max },
  );
