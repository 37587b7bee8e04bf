import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { type Exceeded, RateLimitedError, ResourceLimitError, ServerBusyError, TooManyStreamsError } from "./errors.ts";
import type { Limits, Resource } from "./limits.ts";
import { RESOURCES } from "./limits.ts";
import { type Allowance, type Limited, OperationRates } from "./operation-rates.ts";
import { keyOf, NARROWEST_FIRST, type Party } from "./parties.ts";

/** `level` is the name of the operation for a limit that applies to one. */
type Refusals = { readonly limit: string; readonly level: string; count: number };

/** Refusals by one limit are logged together, at most this often. */
const LOGGED_EVERY_MS = 60_000;

type Closing = { readonly closed: boolean; once(event: "close", listener: () => void): unknown };

/** The part of a resource that is in use by one request or connection. Disposal returns it. */
export class Permit implements Disposable {
  readonly #counts: Map<string, number>;
  readonly #keys: readonly string[];
  #amount = 0;

  constructor(counts: Map<string, number>, keys: readonly string[], amount: number) {
    this.#counts = counts;
    this.#keys = keys;
    this.resize(amount);
  }

  get amount(): number {
    return this.#amount;
  }

  /** Changes the amount, without a check. */
  resize(amount: number): void {
    const change = amount - this.#amount;
    this.#amount = amount;
    for (const key of this.#keys) {
      const next = (this.#counts.get(key) ?? 0) + change;
      if (next > 0) this.#counts.set(key, next);
      else this.#counts.delete(key);
    }
  }

  /** Returns it when a connection or a response closes. */
  untilClosed(stream: Closing): this {
    if (stream.closed) this[Symbol.dispose]();
    else stream.once("close", () => this[Symbol.dispose]());
    return this;
  }

  [Symbol.dispose](): void {
    this.resize(0);
  }
}

/**
 * Counts what clients use of the server, and refuses what exceeds a limit.
 * access.limits.L1. A refused request uses nothing.
 * access.limits.L2. Memory of the counters is proportional to the connections and requests in progress.
 */
export class ResourceLimits {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #used: Readonly<Record<Resource, Map<string, number>>>;
  readonly #refusals = new Map<string, Refusals>();
  readonly #rates: OperationRates;
  readonly #logged = new Map<string, { atMs: number; count: number }>();

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#rates = new OperationRates(limits, clock);
    this.#used = {
      connections: new Map(),
      body_bytes: new Map(),
      streams: new Map(),
      sockets: new Map(),
      uploads: new Map(),
    };
  }

  /** Takes a part of a resource. Throws ResourceLimitError, ServerBusyError, TooManyStreamsError. */
  hold(resource: Resource, party: Party, amount = 1): Permit {
    const bounds = this.#limits[resource];
    const counts = this.#used[resource];
    const keys: string[] = [];
    for (const level of NARROWEST_FIRST) {
      const max = bounds[level];
      const own = max === undefined && level !== "server" ? undefined : keyOf(level, party);
      if (own === undefined) continue;
      const key = level + own;
      if (max !== undefined && (counts.get(key) ?? 0) + amount > max) throw this.#refused({ resource, level, max });
      keys.push(key);
    }
    return new Permit(counts, keys, amount);
  }

  /**
   * Counts an operation for a party. Returns the quota of which the least is left; undefined if none applies. Throws RateLimitedError.
   */
  spend(party: Party, operation: Limited): Allowance | undefined {
    if (!this.#rates.isLimited) return undefined;
    try {
      return this.#rates.spend(party, operation);
    } catch (error) {
      if (error instanceof RateLimitedError) this.#count("operations", error.details.policy, error.details.perMinute);
      throw error;
    }
  }

  /** The unused part of a resource. */
  free(resource: Resource): number {
    return (this.#limits[resource].server ?? Infinity) - (this.#used[resource].get(SERVER) ?? 0);
  }

  /** Use and maximum of each resource by all clients together. */
  usage(): readonly { readonly resource: Resource; readonly used: number; readonly max: number | undefined }[] {
    return RESOURCES.map((resource) => ({
      resource,
      used: this.#used[resource].get(SERVER) ?? 0,
      max: this.#limits[resource].server,
    }));
  }

  /** Requests and connections that each limit refused since the server started. */
  refusals(): readonly Readonly<Refusals>[] {
    return [...this.#refusals.values()];
  }

  #refused(exceeded: Exceeded): Error {
    const { resource, level, max } = exceeded;
    this.#count(resource, level, max);
    if (resource === "streams") return new TooManyStreamsError(exceeded);
    return level === "server" ? new ServerBusyError(exceeded) : new ResourceLimitError(exceeded);
  }

  #count(limit: string, level: string, max: number): void {
    const key = `${limit} ${level}`;
    const known = this.#refusals.get(key) ?? { limit, level, count: 0 };
    known.count += 1;
    this.#refusals.set(key, known);
    const nowMs = this.#clock.monotonicMs();
    const last = this.#logged.get(key);
    if (last !== undefined && nowMs - last.atMs < LOGGED_EVERY_MS) return;
    log.warn({ limit, level, max, refused: known.count - (last?.count ?? 0) }, "a resource limit refuses requests");
    this.#logged.set(key, { atMs: nowMs, count: known.count });
  }
}

const SERVER = "server";
