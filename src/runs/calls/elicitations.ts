import type { Clock } from "../../kernel/clock.ts";
import { mint, QuestionId, type RunId, type ToolCallId } from "../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { answerProblems, type ToolQuestion, type ToolReply, withDefaults } from "../../tools/catalogue/index.ts";
import type { EventOf, QuestionReply, Recorder, RunView, ToolStep } from "../record/index.ts";
import { inputClosed, inputNotFound, unfitAnswer } from "./input-refusals.ts";

/** Asks a person for one call of a run. Rejects when the call or the run ends meanwhile. */
export type RequestInput = (
  call: { readonly step: number; readonly callId: ToolCallId },
  question: ToolQuestion,
  signal: AbortSignal,
) => Promise<ToolReply>;

/** A person's answer to a question of a tool. */
export type Answer = { readonly action: "accept"; readonly content: Json } | { readonly action: "decline" };

type Settled = { readonly reply: QuestionReply; readonly answer: JsonObject | null };
type Open = {
  readonly runId: RunId;
  readonly schema: JsonObject | undefined;
  readonly settled: PromiseWithResolvers<Settled>;
  /** Resolves when the answer is on disk; rejects when it came too late. */
  readonly recorded: PromiseWithResolvers<void>;
};

const EXPIRY_MS = 15 * 60_000;
/** The agent needs some of its run's time to continue with the answer, or without one. */
const SHARE_OF_TIME = 0.9;
const OPEN_PER_RUN_MAX = 16;

/**
 * Questions that tools ask people during runs.
 * calls.elicitations.A1. A question is durable before it can be answered, and its end before the sender of the answer
 *   receives the confirmation.
 * calls.elicitations.A2. The first event decides: an answer, the expiry, or the end of the call.
 */
export class Elicitations {
  readonly #clock: Clock;
  readonly #open = new Map<QuestionId, Open>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Elicits input for one run until its time is over. */
  elicitorOf(recorder: Recorder, endsAtMs: number, run: AbortSignal): RequestInput {
    return async (call, question, signal) => {
      if (this.#openOf(recorder.runId) >= OPEN_PER_RUN_MAX) return { type: "declined" };
      const id = mint(QuestionId);
      const leftMs = (endsAtMs - this.#clock.monotonicMs()) * SHARE_OF_TIME;
      const waitMs = Math.max(0, Math.round(Math.min(EXPIRY_MS, leftMs)));
      const open: Open = {
        runId: recorder.runId,
        schema: question.schema,
        settled: Promise.withResolvers(),
        recorded: Promise.withResolvers(),
      };
      // The sender of an answer gets the failure; if there is no answer, no caller waits for it.
      open.recorded.promise.catch(() => undefined);
      this.#open.set(id, open);
      try {
        await recorder.append({
          type: "run-ask",
          ...call,
          questionId: id,
          server: question.server,
          url: question.url ?? null,
          expiresAtMs: this.#clock.nowMs() + waitMs,
          content: { message: question.message, schema: question.schema ?? null },
        });
        const { reply, answer } = await this.#wait(open, waitMs, AbortSignal.any([signal, run]));
        this.#open.delete(id);
        // A run that is stopped writes its own end.
        if (!run.aborted) {
          const isAllowed = this.#openOf(recorder.runId);
          const event = { type: "run-answer", callId: call.callId, questionId: id, reply, open: isAllowed } as const;
          await recorder.append({ ...event, content: { answer } });
        }
        open.recorded.resolve();
        return replyOf(reply, answer);
      } catch (error) {
        open.recorded.reject(error);
        throw error;
      } finally {
        this.#open.delete(id);
      }
    };
  }

  /** Answers a question; on disk when resolved. Throws InputNotFoundError, InputClosedError, AnswerInvalidError, storage errors. */
  async answer(view: RunView, question: string, answer: Answer): Promise<void> {
    const known = view.questions.find(({ id }) => id === question);
    if (known === undefined) throw inputNotFound(view, question);
    const open = this.#open.get(known.id);
    if (open === undefined) {
      const state = known.state === "open" ? "settled" : known.state;
      throw inputClosed(view, question, `it is ${state}`, { state, by: "" });
    }
    if (answer.action === "accept" && !isJsonObject(answer.content)) throw unfitAnswer(["expected an object"]);
    const given = answer.action === "accept" && isJsonObject(answer.content) ? answer.content : null;
    const content = given && withDefaults(open.schema ?? {}, given);
    if (content !== null && open.schema !== undefined) {
      const problems = answerProblems(open.schema, content);
      if (problems.length > 0) throw unfitAnswer(problems);
    }
    this.#open.delete(known.id);
    open.settled.resolve({ reply: answer.action === "accept" ? "accepted" : "declined", answer: content });
    await open.recorded.promise;
  }

  #openOf(runId: RunId): number {
    return [...this.#open.values()].filter((open) => open.runId === runId).length;
  }

  async #wait(open: Open, waitMs: number, signal: AbortSignal): Promise<Settled> {
    const timer = new AbortController();
    const over = this.#clock.sleep(waitMs, AbortSignal.any([signal, timer.signal])).then(
      (): Settled => ({ reply: "expired", answer: null }),
      (): Settled => ({ reply: "cancelled", answer: null }),
    );
    try {
      return await Promise.race([open.settled.promise, over]);
    } finally {
      timer.abort("the question is settled");
    }
  }
}

/** Whether all that executes in a run are calls whose tools ask a person. */
export function isOnlyAsking({ questions, steps }: RunView): boolean {
  const asked = new Set(questions.filter(({ state }) => state === "open").map(({ callId }) => callId));
  const running = steps.filter(({ end }) => end.state === "running");
  return asked.size > 0 && running.every((step) => step.kind === "tool" && asked.has(step.callId));
}

/** The ends of calls that a stop of the server cut off while their tools asked a person. */
export const lostQuestions = ({ questions }: RunView, calls: readonly ToolStep[]): readonly EventOf<"tool-end">[] =>
  calls.flatMap(({ turn: step, callId, name }) => {
    const last = questions.findLast((question) => question.callId === callId);
    // That the attempt began, which closes its question, may not be written yet.
    if (last?.state !== "open" && last?.state !== "cancelled") return [];
    const text = `Caxton was stopped while ${last.server} asked the user ${JSON.stringify(last.message)}. The question ended with its connection [INPUT_CLOSED]. There is no answer, and ${name} may or may not have had its effect: call it again only if that does no harm.`;
    const content = { text, structured: null };
    const used = { fuel: 0, memoryBytes: 0, durationMs: 0, artifacts: [] };
    return [{ type: "tool-end", step, callId, outcome: "crashed", ...used, content }];
  });

function replyOf(reply: QuestionReply, answer: JsonObject | null): ToolReply {
  if (reply === "accepted") return { type: "accepted", content: answer ?? {} };
  return { type: reply === "declined" ? "declined" : "cancelled" };
}
