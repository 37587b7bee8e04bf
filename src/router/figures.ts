import { type Message, PERFORMATIVES, type Performative } from "../messages/index.ts";
import { type Outcome, OUTCOMES } from "./ports/index.ts";

/** Upper bounds, in seconds, of how long recipients take; one more for all that takes longer. */
export const DURATION_BOUNDS_S = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300] as const;

/** Names that are counted apart; whatever comes after them is counted as `other`, so that no sender makes the list long. */
const NAMES_MAX = 1_000;

/** How many, how long, since the server started. */
export type RouterFigures = {
  readonly accepted: readonly { readonly performative: Performative; readonly count: number }[];
  readonly settled: readonly {
    readonly performative: Performative;
    readonly outcome: Outcome;
    readonly count: number;
  }[];
  /** Messages that were refused or answered by the server, by the code of why. */
  readonly errors: ReadonlyMap<string, number>;
  /** Messages to a capability that somebody provides. */
  readonly capabilities: ReadonlyMap<string, number>;
  readonly retries: number;
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
export class Figures {
  readonly #accepted = new Float64Array(PERFORMATIVES.length);
  readonly #settled = new Float64Array(PERFORMATIVES.length * OUTCOMES.length);
  readonly #buckets = new Float64Array(PERFORMATIVES.length * BUCKETS);
  readonly #sums = new Float64Array(PERFORMATIVES.length);
  readonly #errors = new Map<string, number>();
  readonly #capabilities = new Map<string, number>();
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

  now(): RouterFigures {
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
      durations: used,
    };
  }
}

function count(counts: Map<string, number>, name: string): void {
  const before = counts.get(name);
  if (before !== undefined || counts.size < NAMES_MAX) counts.set(name, (before ?? 0) + 1);
  else counts.set("other", (counts.get("other") ?? 0) + 1);
}
