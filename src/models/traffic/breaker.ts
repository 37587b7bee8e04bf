import type { Clock } from "../../kernel/clock.ts";

export type BreakerOptions = {
  /** Turns that fail one after the other, without a success between them, that open the circuit; 0 is never. */
  readonly failuresMax: number;
  /** Only failures this recent count. */
  readonly windowMs: number;
  /** From the opening to the first attempt that is let through again. */
  readonly openMs: number;
};

export const DEFAULT_BREAKER: BreakerOptions = { failuresMax: 5, windowMs: 60_000, openMs: 30_000 };

/** `closed` lets everything through, `open` nothing, `half-open` one attempt to see whether it works again. */
export type CircuitState = "closed" | "open" | "half-open";

/** An attempt that failed as broken services do: the turn it belongs to, if any, and the failure as text. */
export type Fault = { readonly turn: string | undefined; readonly message: string };

/** The outcome of an attempt: answered, failed because of a broken service, or neither. */
export type AttemptOutcome = "answered" | "neither" | Fault;

export type Permit =
  | { readonly type: "go"; readonly end: (fate: AttemptOutcome) => void }
  | { readonly type: "stop"; readonly retryInMs: number; readonly cause: string };

/**
 * Circuit breaker of a model.
 * traffic.breaker.B1. Opens after `failuresMax` turns in a row with faults within the window, however many attempts
 *   each of them made; while it is open no attempt is made.
 * traffic.breaker.B2. Half-open, exactly one attempt is running: an answer closes the circuit, a fault opens it
 *   again, and an abandoned attempt permits another one.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #options: BreakerOptions;
  #faults: (Fault & { readonly atMs: number })[] = [];
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

  /** Turns with faults that count at the moment. */
  get faults(): number {
    return this.#faults.length;
  }

  /** What failed first of that; empty while nothing has. */
  get cause(): string {
    return this.#faults[0]?.message ?? "";
  }

  /** Until the next attempt is let through; 0 when it is now. */
  get retryInMs(): number {
    return Math.max(0, Math.ceil((this.#openUntilMs ?? 0) - this.#clock.monotonicMs()));
  }

  /** Whether an attempt may be made; who may has to say how it ended, once. */
  ask(): Permit {
    const state = this.state();
    if (state === "open") return { type: "stop", retryInMs: this.retryInMs, cause: this.cause };
    if (state === "closed") return { type: "go", end: once((fate) => this.#learn(fate)) };
    if (this.#isProbing) return { type: "stop", retryInMs: this.#options.openMs, cause: this.cause };
    this.#isProbing = true;
    return {
      type: "go",
      end: once((fate) => {
        this.#isProbing = false;
        if (fate === "answered") this.#close();
        else if (fate !== "neither") this.#open();
      }),
    };
  }

  #learn(fate: AttemptOutcome): void {
    // An attempt from before the opening says nothing about the time after it.
    if (this.#openUntilMs !== undefined || fate === "neither") return;
    if (fate === "answered") return this.#close();
    const nowMs = this.#clock.monotonicMs();
    const { failuresMax, windowMs } = this.#options;
    const recent = this.#faults.filter(({ atMs }) => atMs > nowMs - windowMs);
    const isKnown = fate.turn !== undefined && recent.some(({ turn }) => turn === fate.turn);
    this.#faults = isKnown ? recent : [...recent, { ...fate, atMs: nowMs }];
    if (failuresMax > 0 && this.#faults.length >= failuresMax) this.#open();
  }

  #open(): void {
    this.#openUntilMs = this.#clock.monotonicMs() + this.#options.openMs;
  }

  #close(): void {
    this.#faults = [];
    this.#openUntilMs = undefined;
  }
}

function once(end: (fate: AttemptOutcome) => void): (fate: AttemptOutcome) => void {
  let isOver = false;
  return (fate) => {
    if (isOver) return;
    isOver = true;
    end(fate);
  };
}
