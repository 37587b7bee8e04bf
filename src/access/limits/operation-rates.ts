import { type Quota, RateLimiter } from "../../kernel/async/rate-limiter.ts";
import type { Clock } from "../../kernel/clock.ts";
import { RateLimitedError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { LevelKey } from "./resource-limits.ts";

const MINUTE_MS = 60_000;
/** This share of the operations of a minute may come at once. */
const BURST = 1 / 6;

/** What an operation has to do with limits. */
export type Limited = {
  readonly name: string;
  /** Whether it is performed while other operations of the party are refused. */
  readonly isUrgent: boolean;
};

/** The state of a quota, for the client. `resetS` is the time until it is whole again. */
export type Allowance = {
  /** The level, or the name of the operation. */
  readonly policy: string;
  readonly max: number;
  readonly windowS: number;
  readonly left: number;
  readonly resetS: number;
};

type Rate = Quota & { readonly policy: string; readonly setting: string; readonly perMinute: number };

const rateOf = (policy: string, setting: string, perMinute: number): Rate => {
  const max = Math.max(1, Math.round(perMinute * BURST));
  return { policy, setting, perMinute, max, windowMs: (max * MINUTE_MS) / perMinute };
};

/**
 * Limits operations per time.
 * access.limits.L3. Urgent operations have quotas apart from the others, so that those who use up theirs can still cancel, approve
 *   and revoke.
 */
export class OperationRates {
  readonly #limiter: RateLimiter;
  readonly #byLevel: ReadonlyMap<string, Rate>;
  readonly #byOperation: ReadonlyMap<string, Rate>;
  /** Whether any applies. */
  readonly isLimited: boolean;

  constructor({ operations, operation_rates: byName }: Pick<Limits, "operations" | "operation_rates">, clock: Clock) {
    this.#limiter = new RateLimiter(clock);
    this.#byLevel = new Map(
      Object.entries(operations).flatMap(([level, perMinute]) =>
        perMinute === undefined ? [] : [[level, rateOf(level, `operations.${level}`, perMinute)] as const],
      ),
    );
    this.#byOperation = new Map(
      Object.entries(byName).map(([name, perMinute]) => [name, rateOf(name, `operation_rates."${name}"`, perMinute)]),
    );
    this.isLimited = this.#byLevel.size + this.#byOperation.size > 0;
  }

  /**
   * Counts an operation for each party. Returns the quota of which the least is left; undefined if none applies. Throws
   * RateLimitedError: then the parties after the one that exceeds its limit are not charged.
   */
  spend(keys: readonly LevelKey[], { name, isUrgent }: Limited): Allowance | undefined {
    const prefix = isUrgent ? "urgent " : "";
    let least: Allowance | undefined;
    for (const [level, key] of keys) {
      const own = level === "principal" ? this.#byOperation.get(name) : undefined;
      if (own !== undefined) least = lesser(this.#take(own, `${name} ${key}`), least);
      const rate = this.#byLevel.get(level);
      if (rate !== undefined) least = lesser(this.#take(rate, prefix + key), least);
    }
    return least;
  }

  #take(rate: Rate, key: string): Allowance {
    const { max, windowMs } = rate;
    const left = this.#limiter.spend(key, rate);
    if (left < 0) throw new RateLimitedError(rate, Math.ceil((-left * windowMs) / max));
    const resetS = Math.ceil(((max - left) * windowMs) / max / 1_000);
    return { policy: rate.policy, max, windowS: Math.ceil(windowMs / 1_000), left: Math.floor(left), resetS };
  }
}

/** Returns the allowance of which the smaller share is left. */
export const lesser = (one: Allowance, other: Allowance | undefined): Allowance =>
  other === undefined || one.left / one.max < other.left / other.max ? one : other;
