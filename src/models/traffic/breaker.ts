import type { Clock } from "../../kernel/clock.ts";

export type BreakerOptions = {
  /** Turns that fail one after the other, without a success between them, that open the circuit; 0 is never. */
  readonly failuresMax: number;
  /** Only failures this recent count. */
  readonly windowMs: number;
  /** Time from the opening to the first permitted attempt. */
  readonly openMs: number;
};

export const DEFAULT_BREAKER: BreakerOptions = { failuresMax: 5, windowMs: 60_000, openMs: 30_000 };

/** `closed` permits every attempt, `open` none, `half-open` one probe. */
export type CircuitState = "closed" | "open" | "half-open";

/** A failure of a broken service: the turn that it belongs to, if any, and its text. */
export type Fault = { readonly turn: string | undefined; readonly message: string };

/** The outcome of an attempt: answered, failed because of a broken service, or neither. */
export type AttemptOutcome = "answered" | "neither" | Fault;

export type Permit =
  | { readonly type: "go"; readonly end: (outcome: AttemptOutcome) => void }
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

  /** Message of the oldest fault; empty without one. */
  get cause(): string {
    return this.#faults[0]?.message ?? "";
  }

  /** Milliseconds until the next attempt is permitted; 0 if now. */
  get retryInMs(): number {
    return Math.max(0, Math.ceil((this.#openUntilMs ?? 0) - this.#clock.monotonicMs()));
  }

  /** Requests permission for an attempt. The caller reports the outcome of a permitted attempt once, with `end`. */
  acquire(): Permit {
    const state = this.state();
    if (state === "open") return { type: "stop", retryInMs: this.retryInMs, cause: this.cause };
    if (state === "closed") return { type: "go", end: once((outcome) => this.#record(outcome)) };
    if (this.#isProbing) return { type: "stop", retryInMs: this.#options.openMs, cause: this.cause };
    this.#isProbing = true;
    return {
      type: "go",
      end: once((outcome) => {
        this.#isProbing = false;
        if (outcome === "answered") this.#close();
        else if (outcome !== "neither") this.#open();
      }),
    };
  }

  #record(outcome: AttemptOutcome): void {
    // An attempt from before the opening says nothing about the time after it.
    if (this.#openUntilMs !== undefined || outcome === "neither") return;
    if (outcome === "answered") return this.#close();
    const nowMs = this.#clock.monotonicMs();
    const { failuresMax, windowMs } = this.#options;
    const recent = this.#faults.filter(({ atMs }) => atMs > nowMs - windowMs);
    const isKnown = outcome.turn !== undefined && recent.some(({ turn }) => turn === outcome.turn);
    this.#faults = isKnown ? recent : [...recent, { ...outcome, atMs: nowMs }];
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

function once(end: (outcome: AttemptOutcome) => void): (outcome: AttemptOutcome) => void {
  let isOver = false;
  return (outcome) => {
    if (isOver) return;
    isOver = true;
    end(outcome);
  };
}
