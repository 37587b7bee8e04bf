import type { Clock } from "../../kernel/clock.ts";
import type { ToolCall } from "../catalogue/index.ts";
import type { RemoteTool } from "./tool-list.ts";
import { type CallFailure, readFailure } from "./failure.ts";
import type { Elicitor } from "./request-scope.ts";
import type { McpSession } from "./connection/session.ts";
import { type RoundsEnd, Rounds } from "./rounds.ts";
import type { Secrets } from "./secrets.ts";

/** How one attempt at a call ended. */
export type Attempt = RoundsEnd | { readonly type: "failed"; readonly failure: CallFailure };

export type CallTimes = { readonly timeoutMs: number; readonly deadlineMs: number };

/** Why a call was given up; carried as the signal's reason. */
const SILENT = new Error("silent");
const LATE = new Error("late");

/**
 * One attempt at a call, through all its rounds. Never throws.
 * remote.call.A1. It ends `timeoutMs` after the last sign of life and `deadlineMs` after its begin, at the latest.
 * remote.call.A2. Time in which a person is asked counts for neither.
 */
export async function attemptCall(
  deps: { readonly session: McpSession; readonly clock: Clock; readonly secrets: Secrets },
  { tool, wire }: RemoteTool,
  { call, times }: { readonly call: ToolCall; readonly times: CallTimes },
  signal: AbortSignal,
): Promise<Attempt> {
  const controller = new AbortController();
  const pulse = new Pulse(deps.clock, times);
  void pulse.watch(controller);
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const { context } = call;
  const { ask } = context;
  const elicitor: Elicitor | undefined =
    ask && ((question) => pulse.paused(() => ask({ server: call.server, ...question }, controller.signal)));
  try {
    signal.throwIfAborted();
    return await new Rounds(deps, call, elicitor).run(
      wire,
      {
        arguments: call.arguments,
        owner: context.session,
        ask: elicitor,
        onProgress: (progress) => {
          pulse.beat();
          context.onProgress?.(progress);
        },
      },
      controller.signal,
    );
  } catch (error) {
    return { type: "failed", failure: failureOf(error, controller.signal, tool.name, times) };
  } finally {
    signal.removeEventListener("abort", abort);
    pulse.stop();
  }
}

function failureOf(error: unknown, signal: AbortSignal, tool: string, times: CallTimes): CallFailure {
  if (!signal.aborted) return readFailure(error, tool);
  const { reason } = signal;
  if (reason === SILENT) {
    const message = `${tool} gave no sign of life for ${times.timeoutMs / 1_000} s. Raise timeout of the server if it needs longer.`;
    return { type: "final", reason: "deadline", message };
  }
  if (reason === LATE) {
    const message = `${tool} took longer than ${times.deadlineMs / 1_000} s. Raise limits.deadline of the server if it needs longer.`;
    return { type: "final", reason: "deadline", message };
  }
  return { type: "final", reason: "cancelled", message: `the call of ${tool} was cancelled` };
}

/** When a call is over time. */
class Pulse {
  readonly #clock: Clock;
  readonly #times: CallTimes;
  readonly #over = new AbortController();
  readonly #begunMs: number;
  #beatMs: number;
  #pausedMs = 0;
  #questions = 0;
  #resumed = Promise.withResolvers<void>();

  constructor(clock: Clock, times: CallTimes) {
    this.#clock = clock;
    this.#times = times;
    this.#begunMs = clock.monotonicMs();
    this.#beatMs = this.#begunMs;
  }

  beat(): void {
    this.#beatMs = this.#clock.monotonicMs();
  }

  /** Does something whose time does not count. */
  async paused<Value>(work: () => Promise<Value>): Promise<Value> {
    const fromMs = this.#clock.monotonicMs();
    this.#questions += 1;
    try {
      return await work();
    } finally {
      this.#questions -= 1;
      if (this.#questions === 0) {
        this.#pausedMs += this.#clock.monotonicMs() - fromMs;
        this.beat();
        this.#resumed.resolve();
        this.#resumed = Promise.withResolvers();
      }
    }
  }

  /** Aborts the call when its time is over; ends when it is stopped. */
  async watch(call: AbortController): Promise<void> {
    const { timeoutMs, deadlineMs } = this.#times;
    while (!this.#over.signal.aborted) {
      if (this.#questions > 0) {
        await this.#resumed.promise;
        continue;
      }
      const nowMs = this.#clock.monotonicMs();
      const silenceMs = this.#beatMs + timeoutMs - nowMs;
      const totalMs = this.#begunMs + this.#pausedMs + deadlineMs - nowMs;
      if (silenceMs <= 0 || totalMs <= 0) {
        if (!this.#over.signal.aborted) call.abort(totalMs <= 0 ? LATE : SILENT);
        return;
      }
      try {
        await this.#clock.sleep(Math.min(silenceMs, totalMs), this.#over.signal);
      } catch {
        return;
      }
    }
  }

  stop(): void {
    this.#over.abort("the call is over");
    this.#resumed.resolve();
  }
}
