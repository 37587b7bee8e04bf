import { type Quota, RateLimiter } from "../../kernel/async/rate-limiter.ts";
import type { Clock } from "../../kernel/clock.ts";
import { RateLimitedError } from "./errors.ts";
import type { Level, Limits } from "./limits.ts";
import { keyOf, NARROWEST_FIRST, type Party } from "./parties.ts";

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

/** How many operations each party of a level may perform. */
type Rate = Quota & {
  readonly level: Level;
  readonly policy: string;
  readonly setting: string;
  readonly perMinute: number;
  readonly counters: RateLimiter;
  readonly urgentCounters: RateLimiter;
};

function rateOf(names: Pick<Rate, "level" | "policy" | "setting">, perMinute: number, clock: Clock): Rate {
  const max = Math.max(1, Math.round(perMinute * BURST));
  const counters = { counters: new RateLimiter(clock), urgentCounters: new RateLimiter(clock) };
  return { ...names, ...counters, perMinute, max, windowMs: (max * MINUTE_MS) / perMinute };
}

/**
 * Limits operations per time.
 * access.limits.L3. Urgent operations have quotas apart from the others, so that those who use up theirs can still cancel, approve
 *   and revoke.
 */
export class OperationRates {
  /** The narrowest first. */
  readonly #byLevel: readonly Rate[];
  readonly #byOperation: ReadonlyMap<string, Rate>;
  /** Whether any applies. */
  readonly isLimited: boolean;

  constructor({ operations, operation_rates: byName }: Pick<Limits, "operations" | "operation_rates">, clock: Clock) {
    this.#byLevel = NARROWEST_FIRST.flatMap((level) => {
      const perMinute = operations[level];
      const names = { level, policy: level, setting: `operations.${level}` };
      return perMinute === undefined ? [] : [rateOf(names, perMinute, clock)];
    });
    this.#byOperation = new Map(
      Object.entries(byName).map(([name, perMinute]) => {
        const names = { level: "principal", policy: name, setting: `operation_rates."${name}"` } as const;
        return [name, rateOf(names, perMinute, clock)];
      }),
    );
    this.isLimited = this.#byLevel.length + this.#byOperation.size > 0;
  }

  /**
   * Counts an operation for each party. Returns the quota of which the least is left; undefined if none applies. Throws
   * RateLimitedError: then the parties after the one that exceeds its limit are not charged.
   */
  spend(party: Party, { name, isUrgent }: Limited): Allowance | undefined {
    const own = this.#byOperation.get(name);
    let least = own && take(own, party, isUrgent);
    for (const rate of this.#byLevel) {
      const allowance = take(rate, party, isUrgent);
      if (allowance !== undefined) least = lesser(allowance, least);
    }
    return least;
  }
}

function take(rate: Rate, party: Party, isUrgent: boolean): Allowance | undefined {
  const key = keyOf(rate.level, party);
  if (key === undefined) return undefined;
  const { max, windowMs, counters, urgentCounters } = rate;
  const left = (isUrgent ? urgentCounters : counters).spend(key, rate);
  if (left < 0) throw new RateLimitedError(rate, Math.ceil((-left * windowMs) / max));
  const resetS = Math.ceil(((max - left) * windowMs) / max / 1_000);
  return { policy: rate.policy, max, windowS: Math.ceil(windowMs / 1_000), left: Math.floor(left), resetS };
}

/** Returns the allowance of which the smaller share is left. */
export const lesser = (one: Allowance, other: Allowance | undefined): Allowance =>
  other === undefined || one.left / one.max < other.left / other.max ? one : other;
