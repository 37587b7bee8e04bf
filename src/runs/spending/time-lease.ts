import { NOTHING, type Patience, type RunBudget, type InsufficientBudget } from "../../agents/budgets/index.ts";
import type { Clock } from "../../kernel/clock.ts";

/** Time is reserved in pieces of this length, so that a run does not keep from others what it may never need. */
const SLICE_MS = 10_000;
/** Less is not worth beginning with. */
const MIN_MS = 100;

type LeaseDeps = {
  readonly budget: RunBudget;
  readonly clock: Clock;
  /** Time of this run that is over and not counted yet. */
  readonly uncountedMs: () => number;
};

/** Time reserved for running work, in pieces, until the work ends or the budget is used up. */
export class TimeLease {
  readonly #deps: LeaseDeps;
  readonly #ended = new AbortController();
  readonly #usedUp = new AbortController();
  #held: number | undefined;
  #shortage: InsufficientBudget | undefined;

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  /** Reserves the first piece; where there is no limit, nothing. */
  async start(signal: AbortSignal, how: Patience): Promise<"begun" | "stopped" | InsufficientBudget> {
    const { budget } = this.#deps;
    const left = budget.left("seconds", "used");
    if (left === undefined) return "begun";
    const ms = Math.max(MIN_MS, Math.min(left, SLICE_MS));
    const reserving = await budget.reserve({ ...NOTHING, seconds: ms }, signal, how);
    if (reserving.type === "short") return reserving.shortage;
    if (reserving.type === "stopped") return "stopped";
    this.#held = reserving.id;
    void this.#watch(ms);
    return "begun";
  }

  /** Aborted when no more time can be had; undefined where there is no limit. */
  get signal(): AbortSignal | undefined {
    return this.#held === undefined ? undefined : this.#usedUp.signal;
  }

  /** Why the signal was aborted. */
  get shortage(): InsufficientBudget | undefined {
    return this.#shortage;
  }

  async #watch(firstMs: number): Promise<void> {
    for (let ms = firstMs; ms > 0; ms = this.#renew()) {
      try {
        await this.#deps.clock.sleep(ms, this.#ended.signal);
      } catch {
        return;
      }
      if (this.#ended.signal.aborted) return;
    }
    this.#usedUp.abort("the time of a budget is used up");
  }

  /** Replaces the finished piece, part of which may be counted already; returns 0 if nothing is left. */
  #renew(): number {
    const { budget, uncountedMs } = this.#deps;
    this.#giveBack();
    const passed = uncountedMs();
    const left = budget.left("seconds", "used and reserved") ?? passed + SLICE_MS;
    const next = Math.min(left - passed, SLICE_MS);
    const reserving = budget.tryReserve({ ...NOTHING, seconds: passed + Math.max(1, next) });
    if (reserving.type === "short") {
      this.#shortage = reserving.shortage;
      return 0;
    }
    this.#held = reserving.id;
    return next;
  }

  #giveBack(): void {
    if (this.#held !== undefined) this.#deps.budget.release(this.#held);
  }

  end(): void {
    this.#ended.abort("what the time was for is over");
    this.#giveBack();
  }
}
