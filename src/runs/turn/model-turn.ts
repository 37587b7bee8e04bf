import type { ContextReport } from "../context/index.ts";
import { type Tool, toolsTokens } from "../../tools/catalogue/index.ts";
import { cutOff } from "./cut-off.ts";
import { boundedStream } from "./bounded-stream.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { type FailedAttempt, type RunRecord, type RunFailure } from "../record/index.ts";
import {
  type FinishReason,
  isRetryable,
  type LanguageModel,
  type ModelFailure,
  type ModelMessage,
  type ModelRequest,
  type ModelSettings,
  type ModelToolCall,
  type ModelUsage,
} from "../../models/port/index.ts";
import { hasUsage, NO_USAGE } from "../spending/index.ts";
import { attemptsOf, nextBackup } from "./model-choice.ts";
import { type Prepared, shrunkWindow } from "./turn-context.ts";
import type { Meter, TurnPermit } from "../spending/index.ts";

export type RetryPolicy = {
  /** Attempts of one turn with one model, the first included. */
  readonly attemptsMax: number;
  /**
   * From the turn's begin to its last attempt's begin, without the time that attempts waited for their turn; a provider that
   * asks for a longer wait is not waited for. A backup gets its first attempt also when this is over.
   */
  readonly totalMs: number;
};

/** One retry within 15 seconds in total, because a person may be waiting for the output. */
export const DEFAULT_RETRY: RetryPolicy = { attemptsMax: 2, totalMs: 15_000 };

const BACKOFF_MS = 500;

/** Something a model made that is no text. */
export type ModelFile = { readonly mediaType: string; readonly data: Uint8Array };

/** A model with the settings it is called with. */
export type ModelInUse = { readonly model: LanguageModel; readonly settings: ModelSettings };

export type Answer = {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly files: readonly ModelFile[];
  readonly providerMetadata: JsonObject | undefined;
  readonly finish: FinishReason;
  readonly usage: ModelUsage;
  readonly durationMs: number;
  readonly firstPartMs: number;
  /** Before the attempt was made, for its turn within the limits of the provider's key; not part of `durationMs`. */
  readonly queuedMs: number;
};

/** The models of a run, and what follows if one fails. */
export type RunModels = {
  readonly current: LanguageModel;
  /** The model that writes summaries. Rejects with UnknownModelError. */
  readonly summarizer: () => Promise<LanguageModel>;
  /**
   * Returns a model by its `provider/model`, with the settings that are valid for it. Never rejects: an unknown model
   * fails when it is called.
   */
  readonly backup: (name: string) => Promise<ModelInUse>;
  readonly retry: RetryPolicy;
  /** Time that a run waits for the choice of a person after its model failed. */
  readonly choiceTimeoutMs: number;
};

type GrantedPermit = Extract<TurnPermit, { type: "granted" }>;
export type Turn =
  /** The caller that writes the end of the turn releases its reservation. */
  | {
      readonly type: "answered";
      readonly answer: Answer;
      readonly use: ModelInUse;
      readonly permit: GrantedPermit;
      /** Tools offered to the model. */
      readonly offered: readonly Tool[];
    }
  /** A budget has no room for the turn, or its time is used up. */
  | { readonly type: "refused"; readonly failure: RunFailure }
  | { readonly type: "failed"; readonly failure: ModelFailure; readonly model: string }
  | { readonly type: "stopped" };

export type TurnDeps = {
  readonly models: RunModels;
  readonly recorder: RunRecord;
  readonly clock: Clock;
  /** Fallback models, tried in this order when the one in use fails. */
  readonly fallback: readonly string[];
  readonly meter: Pick<Meter, "forTurn">;
  /** The request for a model, within its window; a smaller window than its own when the provider refused more. */
  readonly prepare: (use: ModelInUse, window: number | undefined, signal: AbortSignal) => Promise<Prepared>;
  /** A longer answer is broken off. */
  readonly outputBytesMax: number;
};

type TurnState = { readonly step: number; readonly startedMs: number; throttledMs: number };

/**
 * One turn: streamed, each attempt journaled, tried again where that can help, and then with the definition's backups in
 * their order. Never throws for what a model does.
 */
export async function takeTurn(
  deps: TurnDeps,
  step: number,
  settings: ModelSettings,
  signal: AbortSignal,
): Promise<Turn> {
  const last = attemptsOf(deps.recorder.view(), step).at(-1);
  if (last && last.retryInMs === null && (last.next ?? null) === null) return givenUp(last);
  const state: TurnState = { step, startedMs: deps.clock.monotonicMs(), throttledMs: 0 };
  let use: ModelInUse = { model: deps.models.current, settings };
  for (;;) {
    const outcome = await tryModel(deps, state, use, signal);
    if (outcome.type !== "failed") return outcome;
    if (outcome.next === null) return { type: "failed", failure: outcome.failure, model: use.model.id };
    use = await deps.models.backup(outcome.next);
  }
}

/** The server stopped when no attempt was left, and before it was written what that means for the run. */
const givenUp = ({ model, class: failureClass, message }: FailedAttempt): Turn => ({
  type: "failed",
  model,
  failure: { class: failureClass, message, status: undefined, retryAfterMs: undefined },
});

type Answered = Extract<Turn, { type: "answered" }>;
type Tried = Exclude<Turn, { type: "failed" }> | { type: "failed"; failure: ModelFailure; next: string | null };

/**
 * All attempts with one model, within its window and the budgets. What its provider thinks too long is sent once more, made
 * smaller; what it refuses, without what it signed in earlier turns, which may be of another key.
 */
async function tryModel(deps: TurnDeps, state: TurnState, use: ModelInUse, signal: AbortSignal): Promise<Tried> {
  const { step } = state;
  for (;;) {
    const before = attemptsWith(deps, step, use);
    const refused = before.find((each) => each.class === "context_too_long");
    const window = refused && shrunkWindow(deps.recorder.view(), step, before.at(-1) === refused);
    const prepared = await deps.prepare(use, window, signal);
    if (prepared.type === "stopped") return prepared;
    if (prepared.type === "failed") return unsent(deps, state, use, prepared.failure);
    const request = isRefusedSigned(deps, use) ? withoutSigned(prepared.request) : prepared.request;
    const permit = await deps.meter.forTurn(use.model, request, toolsTokens(prepared.offered), signal);
    if (permit.type !== "granted") return permit;
    const tried = await tryRepeatedly(deps, state, { use, permit, context: prepared.report }, permit.signal);
    if (tried.type === "answered") return { ...tried, offered: prepared.offered };
    permit.release();
    const failure = permit.cut();
    if (failure) return { type: "refused", failure };
    if (tried.type !== "retry") return tried;
  }
}

const attemptsWith = ({ recorder }: TurnDeps, step: number, { model }: ModelInUse): readonly FailedAttempt[] =>
  attemptsOf(recorder.view(), step).filter((attempt) => attempt.model === model.id);

const isSigned = (message: ModelMessage): boolean =>
  message.role === "assistant" && message.providerMetadata !== undefined;

/** Whether the provider refused what it signed in earlier turns, in this turn or in one before. */
const isRefusedSigned = ({ recorder }: TurnDeps, { model }: ModelInUse): boolean =>
  recorder
    .view()
    .steps.some(
      (step) =>
        step.kind === "model" &&
        step.attempts.some(
          (attempt) => attempt.model === model.id && attempt.class === "invalid_request" && attempt.retryInMs !== null,
        ),
    );

const withoutSigned = (request: ModelRequest): ModelRequest => ({
  ...request,
  messages: request.messages.map((message) =>
    message.role === "assistant" ? { ...message, providerMetadata: undefined } : message,
  ),
});

/** Writes of a turn that it was not even sent. */
async function unsent(deps: TurnDeps, { step }: TurnState, use: ModelInUse, failure: ModelFailure): Promise<Tried> {
  const { recorder, fallback } = deps;
  const model = use.model.id;
  const attempt = attemptsWith(deps, step, use).length + 1;
  const next = nextBackup(recorder.view(), fallback, { step, model, failure });
  const { class: failureClass, message } = failure;
  await recorder.append(
    { type: "model-start", step, model, attempt },
    { type: "model-fail", step, model, attempt, class: failureClass, message, retryInMs: null, next, queuedMs: 0 },
  );
  return { type: "failed", failure, next };
}

type Trying = { readonly use: ModelInUse; readonly permit: GrantedPermit; readonly context: ContextReport };
type Attempted =
  | Exclude<Tried, { type: "answered" }>
  | Omit<Answered, "offered">
  /** The turn is repeated with another request or permit; the reservation of this attempt is spent. */
  | { readonly type: "retry" };

/** After a stop of the server, resumes the attempt, and the wait, that was interrupted. */
async function tryRepeatedly(
  deps: TurnDeps,
  state: TurnState,
  { use, permit, context }: Trying,
  signal: AbortSignal,
): Promise<Attempted> {
  const { recorder, clock } = deps;
  const { retry } = deps.models;
  const { model } = use;
  const { step } = state;
  for (;;) {
    const before = attemptsWith(deps, step, use);
    if ((await backOff(clock, before.at(-1), signal)) === "stopped") return { type: "stopped" };
    const attempt = before.length + 1;
    recorder.enqueue({ type: "model-start", step, model: model.id, attempt, content: { context } });
    const outcome = await attemptTurn({ ...deps, model }, step, permit.request, signal);
    if (outcome.type === "answered") return { ...outcome, use, permit };
    const { failure, queuedMs, charged, content } = outcome;
    const cost = charged && (await permit.charge(charged));
    const usage = charged && hasUsage(charged.usage) ? charged.usage : undefined;
    if (signal.aborted) {
      if (charged)
        await recorder.append(cutOff({ step, model: model.id, attempt, queuedMs }, { usage, cost, content }));
      return { type: "stopped" };
    }
    state.throttledMs += queuedMs;
    const isTooLong = failure.class === "context_too_long";
    const shrinks = isTooLong && before.every((each) => each.class !== "context_too_long");
    const strips = failure.class === "invalid_request" && permit.request.messages.some(isSigned);
    const changes = shrinks || strips;
    const waitMs = changes ? 0 : (failure.retryAfterMs ?? BACKOFF_MS * attempt);
    const inTime = clock.monotonicMs() - state.startedMs - state.throttledMs + waitMs <= retry.totalMs;
    // What was cut off from outside says nothing of the model.
    const own = attempt - before.filter((each) => each.class === "cancelled").length;
    const again = changes || (isRetryable(failure) && own < retry.attemptsMax && inTime);
    const next = again ? null : nextBackup(recorder.view(), deps.fallback, { step, model: model.id, failure });
    const { class: failureClass, message } = failure;
    await recorder.append({
      type: "model-fail",
      step,
      model: model.id,
      attempt,
      class: failureClass,
      message,
      retryInMs: again ? waitMs : null,
      next,
      queuedMs,
      usage,
      cost,
      content,
    });
    if (changes || (again && cost)) return { type: "retry" };
    if (!again) return { type: "failed", failure, next };
  }
}

/** Waits as long as is left of the wait that the last attempt asked for. */
async function backOff(
  clock: Clock,
  last: FailedAttempt | undefined,
  signal: AbortSignal,
): Promise<"waited" | "stopped"> {
  if (last === undefined || last.retryInMs === null) return "waited";
  const leftMs = Math.min(last.retryInMs, last.atMs + last.retryInMs - clock.nowMs());
  try {
    if (leftMs > 0) await clock.sleep(leftMs, signal);
    return "waited";
  } catch {
    return "stopped";
  }
}

type Charged = Pick<Answer, "text" | "toolCalls" | "usage">;
type Attempt =
  | { readonly type: "answered"; readonly answer: Answer }
  | {
      readonly type: "failed";
      readonly failure: ModelFailure;
      readonly queuedMs: number;
      /**
       * Usage charged for a failed attempt: as the provider reports it, or estimated from the received parts; undefined
       * if there is none.
       */
      readonly charged: Charged | undefined;
      /** The answer up to the failure; undefined if there is none. */
      readonly content: { readonly text: string } | undefined;
    };

type AttemptDeps = Pick<TurnDeps, "recorder" | "clock" | "outputBytesMax"> & { readonly model: LanguageModel };

async function attemptTurn(
  { model, recorder, clock, outputBytesMax }: AttemptDeps,
  step: number,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<Attempt> {
  let begunMs = clock.monotonicMs();
  let firstPartMs: number | undefined;
  let queuedMs = 0;
  let text = "";
  let reasoning = "";
  const toolCalls: ModelToolCall[] = [];
  const files: ModelFile[] = [];
  const failed = (failure: ModelFailure, usage: ModelUsage = NO_USAGE): Attempt => {
    const hasStarted = text !== "" || reasoning !== "" || toolCalls.length > 0 || files.length > 0;
    const charged = hasStarted || hasUsage(usage) ? { text: text + reasoning, toolCalls, usage } : undefined;
    return { type: "failed", failure, queuedMs, charged, content: text === "" ? undefined : { text } };
  };
  for await (const part of boundedStream(model, request, outputBytesMax, signal)) {
    if (part.type === "hold") {
      recorder.enqueue({ type: "model-throttle", step, model: model.id, why: part.why });
      continue;
    }
    if (part.type === "admitted") {
      ({ queuedMs } = part);
      begunMs = clock.monotonicMs();
      continue;
    }
    firstPartMs ??= clock.monotonicMs() - begunMs;
    switch (part.type) {
      case "text-delta":
        recorder.emit({ type: "text-delta", step, offset: text.length, text: part.text });
        text += part.text;
        break;
      case "reasoning-delta":
        recorder.emit({ type: "reasoning-delta", step, offset: reasoning.length, text: part.text });
        reasoning += part.text;
        break;
      case "tool-call":
        toolCalls.push(part.call);
        break;
      case "file":
        files.push({ mediaType: part.mediaType, data: part.data });
        break;
      case "error":
        return failed(part.failure, part.usage);
      case "finish": {
        const { reason: finish, usage, providerMetadata } = part;
        const durationMs = clock.monotonicMs() - begunMs;
        return {
          type: "answered",
          answer: {
            text,
            reasoning,
            toolCalls,
            files,
            providerMetadata,
            finish,
            usage,
            durationMs,
            firstPartMs,
            queuedMs,
          },
        };
      }
    }
  }
  const message = "the stream ended without saying that it was finished";
  return failed({ class: "bad_response", message, status: undefined, retryAfterMs: undefined });
}
