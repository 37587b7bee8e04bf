import type { Clock } from "../kernel/clock.ts";

export type BreakerOptions = {
  /** Failures one after the other, without a success between them, that open the circuit; 0 is never. */
  readonly failuresMax: number;
  /** Only failures this recent count. */
  readonly windowMs: number;
  /** From the opening to the first attempt that is let through again. */
  readonly openMs: number;
};

export const DEFAULT_BREAKER: BreakerOptions = { failuresMax: 5, windowMs: 60_000, openMs: 30_000 };

/** `closed` lets everything through, `open` nothing, `half-open` one attempt to see whether it works again. */
export type CircuitState = "closed" | "open" | "half-open";

/** What became of an attempt: it was answered, it failed as broken services do, or neither. */
export type AttemptFate = "answered" | "fault" | "neither";

export type Permit =
  | { readonly type: "go"; readonly end: (fate: AttemptFate) => void }
  | { readonly type: "stop"; readonly retryInMs: number };

/**
 * Keeps attempts away from a model that does not work.
 * B1. Opens after `failuresMax` faults in a row within the window; while it is open no attempt is made.
 * B2. Half-open, exactly one attempt is under way: an answer closes the circuit, a fault opens it again, and one that was
 *     given up lets the next one try.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #options: BreakerOptions;
  #faultsMs: number[] = [];
  #openUntilMs: number | undefined;
  #isProbing = false;

  constructor(clock: Clock, options: BreakerOptions = DEFAULT_BREAKER) {
    this.#clock = clock;
    this.#options = options;
  }

  state(): CircuitState {
    if (this.#openUntilMs === undefined) return "closed";
    return this.#clock.monotonicMs() < this.#openUntilMs ? "open" : "half-open";
  }

  /** Faults that count at the moment. */
  get faults(): number {
    return this.#faultsMs.length;
  }

  /** Until the next attempt is let through; 0 when it is now. */
  get retryInMs(): number {
    return Math.max(0, Math.ceil((this.#openUntilMs ?? 0) - this.#clock.monotonicMs()));
  }

  /** Whether an attempt may be made; who may has to say how it ended, once. */
  ask(): Permit {
    const state = this.state();
    if (state === "open") return { type: "stop", retryInMs: this.retryInMs };
    if (state === "closed") return { type: "go", end: once((fate) => this.#learn(fate)) };
    if (this.#isProbing) return { type: "stop", retryInMs: this.#options.openMs };
    this.#isProbing = true;
    return {
      type: "go",
      end: once((fate) => {
        this.#isProbing = false;
        if (fate === "fault") this.#open();
        else if (fate === "answered") this.#close();
      }),
    };
  }

  #learn(fate: AttemptFate): void {
    // An attempt from before the opening says nothing about the time after it.
    if (this.#openUntilMs !== undefined || fate === "neither") return;
    if (fate === "answered") return this.#close();
    const nowMs = this.#clock.monotonicMs();
    const { failuresMax, windowMs } = this.#options;
    this.#faultsMs = [...this.#faultsMs.filter((atMs) => atMs > nowMs - windowMs), nowMs];
    if (failuresMax > 0 && this.#faultsMs.length >= failuresMax) this.#open();
  }

  #open(): void {
    this.#openUntilMs = this.#clock.monotonicMs() + this.#options.openMs;
  }

  #close(): void {
    this.#faultsMs = [];
    this.#openUntilMs = undefined;
  }
}

function once(end: (fate: AttemptFate) => void): (fate: AttemptFate) => void {
  let isOver = false;
  return (fate) => {
    if (isOver) return;
    isOver = true;
    end(fate);
  };
}
