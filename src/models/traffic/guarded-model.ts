import type { Clock } from "../../kernel/clock.ts";
import { LinkedAbort } from "../../kernel/async/linked-abort.ts";
import type { LanguageModel, ModelFailure, ModelLimits, ModelPart, ModelRequest, ModelUsage } from "../port/index.ts";
import type { AttemptOutcome, Breaker } from "./breaker.ts";
import type { Admission, ProviderLimiter } from "./provider-limiter.ts";
import { IdleWatch } from "./idle-watch.ts";

export type Guards = {
  readonly clock: Clock;
  readonly limiter: ProviderLimiter;
  readonly breaker: Breaker;
  readonly idleMs: number;
};

/** A model whose attempts wait for a permit, are refused while its circuit is open, and end if their stream stalls. */
export class GuardedModel implements LanguageModel {
  readonly id: string;
  readonly limits: ModelLimits | undefined;
  readonly #model: LanguageModel;
  readonly #guards: Guards;

  constructor(model: LanguageModel, guards: Guards) {
    this.id = model.id;
    this.limits = model.limits;
    this.#model = model;
    this.#guards = guards;
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    const { limiter, breaker } = this.#guards;
    // Checked before the wait too, so that no request queues for a model whose circuit is open.
    if (breaker.state() === "open") return yield refusal(circuitOpen(this.id, breaker));
    const { waitsFor, admission } = limiter.enter(limiter.countsTokens ? tokensOf(request) : 0, signal);
    if (waitsFor !== undefined) yield { type: "hold", why: waitsFor };
    const entered = await admission;
    if (entered.type === "refused") return yield refusal(notAdmitted(this.id, entered));
    if (waitsFor !== undefined) yield { type: "admitted", queuedMs: Math.round(entered.queuedMs) };
    let used: number | undefined;
    try {
      const permit = breaker.acquire();
      if (permit.type === "stop") return yield refusal(circuitOpen(this.id, permit));
      let outcome: AttemptOutcome = "neither";
      try {
        for await (const part of this.#watched(request, signal)) {
          if (part.type === "error") {
            outcome = classifyOutcome(part.failure, request);
            this.#pauseOn(part.failure);
          } else if (part.type === "finish") {
            outcome = "answered";
            used = totalOf(part.usage);
          }
          yield part;
        }
      } finally {
        permit.end(outcome);
      }
    } finally {
      entered.permit.release(used);
    }
  }

  /** The model's stream; ends with a `timeout` failure if it stalls. */
  async *#watched(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    const { clock, idleMs } = this.#guards;
    using stall = new LinkedAbort(signal);
    let isStalled = false;
    using idle = new IdleWatch(clock, idleMs, () => {
      isStalled = true;
      stall.abort("the stream stalled");
    });
    for await (const part of this.#model.stream(request, stall.signal)) {
      idle.touch();
      const stalled = part.type === "error" && isStalled && !signal.aborted;
      yield stalled ? refusal(failure("timeout", `no data for ${idleMs / 1000} seconds`, undefined)) : part;
    }
  }

  /** A rate-limit response to one attempt applies to all requests of the key. */
  #pauseOn({ class: kind, retryAfterMs }: ModelFailure): void {
    if (retryAfterMs !== undefined && (kind === "rate_limited" || kind === "overloaded"))
      this.#guards.limiter.pause(retryAfterMs);
  }
}

/** Distinguishes a broken service from one that works but refuses the request. */
function classifyOutcome({ class: kind, message }: ModelFailure, { turn }: ModelRequest): AttemptOutcome {
  switch (kind) {
    case "overloaded":
    case "timeout":
    case "network":
    case "bad_response":
      return { turn, message: `${kind}: ${message}` };
    case "auth":
    case "invalid_request":
    case "context_too_long":
    case "content_filtered":
    case "output_too_large":
      return "answered";
    case "rate_limited":
    case "cancelled":
    case "queue_full":
    case "circuit_open":
      return "neither";
  }
}

const totalOf = ({ inputTokens, outputTokens }: ModelUsage): number | undefined =>
  inputTokens === undefined && outputTokens === undefined ? undefined : (inputTokens ?? 0) + (outputTokens ?? 0);

const CHARS_PER_TOKEN = 4;
/** Tokens reserved for an answer without a length limit. */
const ANSWER_TOKENS = 1_024;

/** Estimates the tokens of a request and its longest answer: four characters per token. */
function tokensOf({ system, messages, tools, settings }: ModelRequest): number {
  const chars =
    system.length + JSON.stringify(messages).length + (tools.length === 0 ? 0 : JSON.stringify(tools).length);
  return Math.ceil(chars / CHARS_PER_TOKEN) + (settings.outputTokensMax ?? ANSWER_TOKENS);
}

const failure = (kind: ModelFailure["class"], message: string, retryAfterMs: number | undefined): ModelFailure => ({
  class: kind,
  message,
  status: undefined,
  retryAfterMs,
});

const refusal = (what: ModelFailure): ModelPart => ({ type: "error", failure: what });

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

const circuitOpen = (model: string, { retryInMs, cause }: Pick<Breaker, "retryInMs" | "cause">): ModelFailure =>
  failure(
    "circuit_open",
    `the circuit of ${model} is open for ${seconds(retryInMs)} after consecutive failed turns. The first failure was ${cause}`,
    retryInMs,
  );

function notAdmitted(model: string, { why, retryInMs }: Extract<Admission, { type: "refused" }>): ModelFailure {
  switch (why) {
    case "aborted":
      return failure("cancelled", "cancelled while waiting for a permit", undefined);
    case "full":
      return failure("queue_full", `the request queue of the provider of ${model} is full`, retryInMs);
    case "too-long": {
      const when = retryInMs === undefined ? "" : `; expected wait: ${seconds(retryInMs)}`;
      return failure(
        "rate_limited",
        `the limits of the provider of ${model} would delay the request too long${when}`,
        retryInMs,
      );
    }
  }
}
