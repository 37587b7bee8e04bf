import type { Clock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import {
  type FinishReason,
  type LanguageModel,
  type ModelFailure,
  type ModelRequest,
  type ModelToolCall,
  type ModelUsage,
  isRetryable,
} from "./language-model.ts";
import type { Recorder } from "./recorder.ts";

export type RetryPolicy = {
  /** Attempts of one turn, the first included. */
  readonly attemptsMax: number;
  /** From the turn's begin to its last attempt's begin; a provider that asks for a longer wait is not waited for. */
  readonly totalMs: number;
};

/** One retry, 15 seconds in all: decided for people who wait for an answer. */
export const DEFAULT_RETRY: RetryPolicy = { attemptsMax: 2, totalMs: 15_000 };

const BACKOFF_MS = 500;

/** Something a model made that is no text. */
export type ModelFile = { readonly mediaType: string; readonly data: Uint8Array };

export type Answer = {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly files: readonly ModelFile[];
  readonly carried: JsonObject | undefined;
  readonly finish: FinishReason;
  readonly usage: ModelUsage;
  readonly durationMs: number;
  readonly firstPartMs: number;
};
export type Turn =
  | { readonly type: "answered"; readonly answer: Answer }
  | { readonly type: "failed"; readonly failure: ModelFailure }
  | { readonly type: "stopped" };

type TurnDeps = {
  readonly model: LanguageModel;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
};

/** One turn of the model: streamed, each attempt journaled, tried again where that can help. Never throws for what a model does. */
export async function takeTurn(
  deps: TurnDeps,
  step: number,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<Turn> {
  const { model, recorder, clock, retry } = deps;
  const begunMs = clock.monotonicMs();
  for (let attempt = 1; ; attempt += 1) {
    recorder.note({ type: "model-start", step, model: model.id, attempt });
    const outcome = await attemptTurn(deps, step, request, signal);
    if (outcome.type === "answered") return outcome;
    if (signal.aborted) return { type: "stopped" };
    const { failure } = outcome;
    const waitMs = failure.retryAfterMs ?? BACKOFF_MS * attempt;
    const inTime = clock.monotonicMs() - begunMs + waitMs <= retry.totalMs;
    const again = isRetryable(failure) && attempt < retry.attemptsMax && inTime;
    const { class: failureClass, message } = failure;
    await recorder.record({
      type: "model-fail",
      step,
      model: model.id,
      attempt,
      class: failureClass,
      message,
      retryInMs: again ? waitMs : null,
    });
    if (!again) return outcome;
    try {
      await clock.sleep(waitMs, signal);
    } catch {
      return { type: "stopped" };
    }
  }
}

async function attemptTurn(
  { model, recorder, clock }: TurnDeps,
  step: number,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<Exclude<Turn, { type: "stopped" }>> {
  const begunMs = clock.monotonicMs();
  let firstPartMs: number | undefined;
  let text = "";
  const toolCalls: ModelToolCall[] = [];
  const files: ModelFile[] = [];
  for await (const part of model.stream(request, signal)) {
    firstPartMs ??= clock.monotonicMs() - begunMs;
    switch (part.type) {
      case "text-delta":
        recorder.tell(step, text.length, part.text);
        text += part.text;
        break;
      case "reasoning-delta":
        break;
      case "tool-call":
        toolCalls.push(part.call);
        break;
      case "file":
        files.push({ mediaType: part.mediaType, data: part.data });
        break;
      case "error":
        return { type: "failed", failure: part.failure };
      case "finish": {
        const { reason: finish, usage, carried } = part;
        const durationMs = clock.monotonicMs() - begunMs;
        return {
          type: "answered",
          answer: { text, toolCalls, files, carried, finish, usage, durationMs, firstPartMs },
        };
      }
    }
  }
  const message = "the stream ended without saying that it was finished";
  return { type: "failed", failure: { class: "bad_response", message, status: undefined, retryAfterMs: undefined } };
}
