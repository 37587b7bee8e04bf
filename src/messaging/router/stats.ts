import type { Clock } from "../../kernel/clock.ts";
import { Histogram, type HistogramNow } from "../../kernel/histogram.ts";
import { type Message, PERFORMATIVES, type Performative } from "../acl/index.ts";
import { type Outcome, OUTCOMES } from "./ports/index.ts";

/** Upper bounds, in seconds, of how long recipients take; one more for all that takes longer. */
export const DURATION_BOUNDS_S = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300] as const;

/** Names that are counted apart; whatever comes after them is counted as `other`, so that no sender makes the list long. */
const NAMES_MAX = 1_000;

const NAME_CHARS_MAX = 256;

/** The same for what has a histogram for each name. */
const ROUTED_NAMES_MAX = 50;

/** In seconds, of waiting messages. Messages carry whole milliseconds, so that shorter times cannot be measured. */
const LATENCY_BOUNDS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 3_600, 86_400];
const ROUTING_BOUNDS_S = [1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/** How long what the two clocks differ by counts as known. */
const COMPARED_MS = 100;

/** Every so many messages the time their routing takes is measured. Prime: traffic has its own rhythm, often of two or four. */
export const ROUTING_SAMPLED = 61;

/** The status that a sender receives for its message. */
const RECEPTIONS = ["accepted", "answered", "refused", "duplicate"] as const;
type Reception = (typeof RECEPTIONS)[number];

/** How many, how long, since the server started. */
export type RouterStats = {
  readonly accepted: readonly { readonly performative: Performative; readonly count: number }[];
  readonly settled: readonly {
    readonly performative: Performative;
    readonly outcome: Outcome;
    readonly count: number;
  }[];
  /** Messages that were refused or answered by the server, by the code of why. */
  readonly errors: ReadonlyMap<string, number>;
  /** Messages to provided capabilities. */
  readonly capabilities: ReadonlyMap<string, number>;
  readonly retries: number;
  /** Messages by status. */
  readonly receptions: readonly { readonly reception: Reception; readonly count: number }[];
  /** Seconds from acceptance to first delivery, for each recipient. */
  readonly latency: HistogramNow;
  /** Seconds that finding the recipients took, of one message in `ROUTING_SAMPLED`; by capability, "" where it names none that is there. */
  readonly routing: readonly { readonly capability: string; readonly took: HistogramNow }[];
  /** Per act: counts by `DURATION_BOUNDS_S` (not cumulative), and the sum. */
  readonly durations: readonly {
    readonly performative: Performative;
    readonly buckets: readonly number[];
    readonly sumS: number;
  }[];
};

const INDEX = new Map<string, number>(PERFORMATIVES.map((performative, index) => [performative, index]));
const BUCKETS = DURATION_BOUNDS_S.length + 1;

/** Counts what the router does. On its hot path: whole numbers in arrays, nothing is allocated. */
export class RouterCounters {
  readonly #accepted = new Float64Array(PERFORMATIVES.length);
  readonly #settled = new Float64Array(PERFORMATIVES.length * OUTCOMES.length);
  readonly #buckets = new Float64Array(PERFORMATIVES.length * BUCKETS);
  readonly #sums = new Float64Array(PERFORMATIVES.length);
  readonly #errors = new Map<string, number>();
  readonly #capabilities = new Map<string, number>();
  readonly #receptions = new Float64Array(RECEPTIONS.length);
  readonly #latency = new Histogram(LATENCY_BOUNDS_S);
  readonly #routing = new Map<string, Histogram>();
  #clocksDifferMs = 0;
  #comparedUntilMs = -Infinity;
  /** Messages until routing is measured again. */
  #untilSample = 0;
  #retries = 0;

  accepted({ performative, address }: Message): void {
    const index = INDEX.get(performative) ?? 0;
    this.#accepted[index] = (this.#accepted[index] ?? 0) + 1;
    if (address.type === "capability") count(this.#capabilities, address.capability);
  }

  error(code: string): void {
    count(this.#errors, code);
  }

  retried(): void {
    this.#retries += 1;
  }

  /** Counts a message by its status. */
  received(reception: Reception): void {
    const index = RECEPTIONS.indexOf(reception);
    this.#receptions[index] = (this.#receptions[index] ?? 0) + 1;
  }

  /** Counts the first delivery of a message of `atMs`, in flight since `startedAtMs` on the monotonic clock. */
  delivered(atMs: number, startedAtMs: number, clock: Clock): void {
    if (startedAtMs >= this.#comparedUntilMs) {
      // Asking for the time costs more than all else here; what two clocks differ by stays the same for a while.
      this.#clocksDifferMs = clock.nowMs() - clock.monotonicMs();
      this.#comparedUntilMs = startedAtMs + COMPARED_MS;
    }
    const waitedMs = startedAtMs + this.#clocksDifferMs - atMs;
    // A clock that was set back meanwhile counts as no time.
    this.#latency.add(waitedMs > 0 ? waitedMs / 1_000 : 0);
  }

  /** Whether to measure the routing of the message at hand; asked once for each. */
  isRoutingSampled(): boolean {
    if (this.#untilSample > 0) {
      this.#untilSample -= 1;
      return false;
    }
    this.#untilSample = ROUTING_SAMPLED - 1;
    return true;
  }

  routed(capability: string, tookMs: number): void {
    const name = counted(this.#routing, capability, ROUTED_NAMES_MAX);
    const took = this.#routing.get(name) ?? new Histogram(ROUTING_BOUNDS_S);
    this.#routing.set(name, took);
    took.add(tookMs / 1_000);
  }

  /** A delivery is over. */
  settled(performative: Performative, outcome: Outcome, tookMs: number): void {
    const index = INDEX.get(performative) ?? 0;
    const place = index * OUTCOMES.length + OUTCOMES.indexOf(outcome);
    this.#settled[place] = (this.#settled[place] ?? 0) + 1;
    let bucket = 0;
    while (bucket < DURATION_BOUNDS_S.length && tookMs > (DURATION_BOUNDS_S[bucket] ?? 0) * 1_000) bucket += 1;
    const at = index * BUCKETS + bucket;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.#sums[index] = (this.#sums[index] ?? 0) + tookMs / 1_000;
  }

  now(): RouterStats {
    const used = PERFORMATIVES.flatMap((performative, index) => {
      const buckets = [...this.#buckets.subarray(index * BUCKETS, (index + 1) * BUCKETS)];
      return buckets.some((each) => each > 0) ? [{ performative, buckets, sumS: this.#sums[index] ?? 0 }] : [];
    });
    return {
      accepted: PERFORMATIVES.flatMap((performative, index) => {
        const accepted = this.#accepted[index] ?? 0;
        return accepted > 0 ? [{ performative, count: accepted }] : [];
      }),
      settled: PERFORMATIVES.flatMap((performative, index) =>
        OUTCOMES.flatMap((outcome, place) => {
          const settled = this.#settled[index * OUTCOMES.length + place] ?? 0;
          return settled > 0 ? [{ performative, outcome, count: settled }] : [];
        }),
      ),
      errors: this.#errors,
      capabilities: this.#capabilities,
      retries: this.#retries,
      receptions: RECEPTIONS.map((reception, index) => ({ reception, count: this.#receptions[index] ?? 0 })),
      latency: this.#latency.now(),
      routing: [...this.#routing].map(([capability, took]) => ({ capability, took: took.now() })),
      durations: used,
    };
  }
}

function count(counts: Map<string, number>, name: string): void {
  const own = counted(counts, name, NAMES_MAX);
  counts.set(own, (counts.get(own) ?? 0) + 1);
}

/** Under which name it is counted: its own, while there are few and it is a plausible one. */
const counted = (known: ReadonlyMap<string, unknown>, name: string, namesMax: number): string =>
  known.has(name) || (known.size < namesMax && name.length <= NAME_CHARS_MAX && name.isWellFormed()) ? name : "other";
