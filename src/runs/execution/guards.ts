import { failedCall } from "../../tools/catalogue/index.ts";
import {
  DEFAULT_LOOP_GUARD,
  DEFAULT_OUTPUT_LIMITS,
  lastTurnIsEmpty,
  type Loop,
  loopOf,
  RUN_FAILURE_CODES,
  type RunEvent,
  type RunNotice,
  type ExecutionPlan,
  type RunView,
  turnsSince,
} from "../record/index.ts";
import { type ModelToolCall } from "../../models/port/index.ts";
import type { Answer } from "../turn/index.ts";
import type { PreparedCall } from "../calls/index.ts";

/** Turns looked back at for loops: rounds of four turns, repeated ten times. */
const RECENT_CALLS = 40;

/** Why a run ends although its model asks for calls: it goes round in circles. Undefined when it does not. */
export function loopFailure(view: RunView, plan: ExecutionPlan, calls: readonly PreparedCall[]): RunEvent | undefined {
  const last = view.steps.findLast((step) => step.kind === "model" && step.end.state === "done")?.turn ?? 0;
  const turns = turnsSince(view, last - RECENT_CALLS, () => "");
  const asked = calls.map(({ start }) => ({ ...start, arguments: start.content.arguments }));
  const loop = loopOf(turns, asked, plan.loops ?? DEFAULT_LOOP_GUARD);
  return loop && { type: "run-fail", failure: failureOf(loop, plan.agent) };
}

function failureOf({ type, tools, times }: Loop, agent: string) {
  const names = tools.join(", ");
  if (type === "repeated") {
    return {
      code: RUN_FAILURE_CODES.loopRepeated,
      message: `the model called ${names} ${times} times in a row with the same arguments, had the same result each time, and asks for it again`,
      hint: `Make the prompt of ${agent} say when to stop, or set repeated_calls or repeat_allowed in its [limits] when the repetition is meant.`,
    };
  }
  return {
    code: RUN_FAILURE_CODES.loopPingPong,
    message: `the model called ${names} in turn ${times} times with the same results, and begins again`,
    hint: `Make the prompt of ${agent} say when to stop, or set ping_pong or repeat_allowed in its [limits] when the repetition is meant.`,
  };
}

/** Whether a model answered with nothing, neither words nor calls nor files. */
export const isEmptyAnswer = ({ text, toolCalls, files, finish }: Answer): boolean =>
  finish === "stop" && text.trim() === "" && toolCalls.length === 0 && files.length === 0;

/** The end of a run whose model answered with nothing for the second time in a row; undefined for the first. */
export const emptyFailure = (view: RunView, model: string): RunEvent | undefined =>
  lastTurnIsEmpty(view)
    ? {
        type: "run-fail",
        failure: {
          code: RUN_FAILURE_CODES.emptyAnswer,
          message: `${model} answered with nothing, twice in a row`,
          hint: "Run it again, or choose another model with --model.",
        },
      }
    : undefined;

/** Notice for output after failed calls only: it may be unfounded. */
export function endNotices(view: RunView): readonly RunNotice[] {
  const last = view.steps.findLast((step) => step.kind === "tool");
  if (last === undefined) return [];
  const calls = view.steps.filter((step) => step.kind === "tool").filter(({ turn }) => turn === last.turn);
  if (!calls.every(({ end }) => end.state === "failed")) return [];
  const names = [...new Set(calls.map(({ name }) => name.replace("__", ".")))].join(", ");
  const what = calls.length === 1 ? "The last tool call" : `The last ${calls.length} tool calls`;
  return [{ code: "tools_failed", message: `${what} before the answer failed: ${names}.` }];
}

export type BoundedCalls = {
  readonly calls: readonly ModelToolCall[];
  /** Refuses the calls whose arguments were too long. */
  readonly refuse: (prepared: PreparedCall) => PreparedCall;
};

/** Calls with the arguments of those left out that are too long to be kept. */
export function boundArguments(calls: readonly ModelToolCall[], plan: ExecutionPlan): BoundedCalls {
  const { argumentBytesMax } = plan.sizes ?? DEFAULT_OUTPUT_LIMITS;
  const tooLong = new Map(
    calls
      .map((call) => [call, Buffer.byteLength(call.arguments)] as const)
      .filter(([, bytes]) => bytes > argumentBytesMax),
  );
  if (tooLong.size === 0) return { calls, refuse: (prepared) => prepared };
  const ids = new Map([...tooLong].map(([{ id }, bytes]) => [id, bytes]));
  return {
    calls: calls.map((call) =>
      tooLong.has(call) ? { ...call, arguments: JSON.stringify({ left_out: `${tooLong.get(call)} bytes` }) } : call,
    ),
    refuse: (prepared) => {
      const bytes = ids.get(prepared.start.modelCallId);
      if (bytes === undefined) return prepared;
      const message = `the arguments have ${bytes} bytes; at most ${argumentBytesMax} are taken. Send less, or put it into a file and name that.`;
      return {
        type: "refused",
        start: { ...prepared.start, repeatable: true },
        result: failedCall("invalid-arguments", message),
      };
    },
  };
}
