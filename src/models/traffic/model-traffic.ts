import { createHash } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import type { LanguageModel, ModelCatalogue, ModelChoice } from "../port/index.ts";
import { Breaker, type BreakerOptions, type CircuitState, DEFAULT_BREAKER } from "./breaker.ts";
import { type AccountLimits, ProviderLimiter, NO_LIMITS } from "./provider-limiter.ts";
import { GuardedModel } from "./guarded-model.ts";

export type TrafficOptions = {
  /** By provider, the word before the slash of a model string. */
  readonly limits: { readonly [provider: string]: AccountLimits };
  readonly breaker: BreakerOptions;
  /** A stream that began and then sends nothing for this long has failed. */
  readonly idleMs: number;
};

export const DEFAULT_TRAFFIC: TrafficOptions = { limits: {}, breaker: DEFAULT_BREAKER, idleMs: 30_000 };

/** Status of one model of one key. */
export type ModelCondition = {
  readonly provider: string;
  /** `provider/model`. */
  readonly model: string;
  /** Distinguishes keys and addresses of one provider without revealing them; empty for the server's own. */
  readonly account: string;
  readonly circuit: CircuitState;
  /** Failures in a row that count towards opening the circuit. */
  readonly faults: number;
  /** Until an open circuit lets an attempt through. */
  readonly retryInMs: number;
  /** Running and waiting requests of the whole account. */
  readonly executing: number;
  readonly waiting: number;
  /** Until the end of the pause that the provider asked for. */
  readonly pausedMs: number;
};

type Known = {
  readonly provider: string;
  readonly model: string;
  readonly account: string;
  readonly limiter: ProviderLimiter;
  readonly breaker: Breaker;
};

/** Tracked models and keys; above it, idle ones are evicted, oldest first. */
const TRACKED_MAX = 1_000;

/**
 * Traffic from runs to models: limits for each provider and key, a circuit breaker for each model of a key.
 * Attempts of one key share a queue, whichever agent or run they belong to.
 */
export class ModelTraffic {
  readonly #clock: Clock;
  readonly #options: TrafficOptions;
  readonly #limiters = new Map<string, ProviderLimiter>();
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock, options: TrafficOptions = DEFAULT_TRAFFIC) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The catalogue's models, each kept within its limits. */
  guarded(models: Pick<ModelCatalogue, "resolve">): Pick<ModelCatalogue, "resolve"> {
    return { resolve: async (choice, role) => this.guard(await models.resolve(choice, role), choice) };
  }

  /** The model, kept within the limits of the provider and key of `choice`. */
  guard(model: LanguageModel, choice: ModelChoice): LanguageModel {
    const [provider = model.id] = model.id.split("/");
    const account = model.account ?? accountOf(choice);
    const { limiter, breaker } = this.#knownOf(provider, account, model.id);
    return new GuardedModel(model, { clock: this.#clock, limiter, breaker, idleMs: this.#options.idleMs });
  }

  /** Every model that was used, with its circuit and its queue. */
  conditions(): readonly ModelCondition[] {
    return [...this.#known.values()].map(({ provider, model, account, limiter, breaker }) => ({
      provider,
      model,
      account,
      circuit: breaker.state(),
      faults: breaker.faults,
      retryInMs: breaker.retryInMs,
      executing: limiter.executing,
      waiting: limiter.waiting,
      pausedMs: Math.ceil(limiter.pausedMs()),
    }));
  }

  #knownOf(provider: string, account: string, model: string): Known {
    const key = `${provider} ${account} ${model}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= TRACKED_MAX) this.#evictIdle();
    const made: Known = {
      provider,
      model,
      account,
      limiter: this.#limiterOf(provider, account),
      breaker: new Breaker(this.#clock, this.#options.breaker),
    };
    this.#known.set(key, made);
    return made;
  }

  #limiterOf(provider: string, account: string): ProviderLimiter {
    const key = `${provider} ${account}`;
    const known = this.#limiters.get(key);
    if (known) return known;
    const limits = Object.hasOwn(this.#options.limits, provider) ? this.#options.limits[provider] : undefined;
    const limiter = new ProviderLimiter(this.#clock, limits ?? NO_LIMITS);
    this.#limiters.set(key, limiter);
    return limiter;
  }

  #evictIdle(): void {
    for (const [key, { limiter, breaker }] of this.#known) {
      const isIdle = limiter.executing === 0 && limiter.waiting === 0 && breaker.state() === "closed";
      if (isIdle && limiter.pausedMs() === 0) this.#known.delete(key);
      if (this.#known.size < TRACKED_MAX / 2) break;
    }
    const used = new Set([...this.#known.values()].map(({ limiter }) => limiter));
    for (const [key, limiter] of this.#limiters) if (!used.has(limiter)) this.#limiters.delete(key);
  }
}

const ACCOUNT_CHARS = 8;

/** A short digest of the key and address a definition brings; empty when it brings neither. */
function accountOf({ apiKey, baseUrl }: ModelChoice): string {
  if (apiKey === undefined && baseUrl === undefined) return "";
  const digest = createHash("sha256").update(JSON.stringify([apiKey ?? null, baseUrl ?? null]));
  return digest.digest("hex").slice(0, ACCOUNT_CHARS);
}
