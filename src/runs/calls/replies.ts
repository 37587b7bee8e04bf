import type { ToolCallId } from "../../kernel/ids.ts";
import { isJsonObject } from "../../kernel/json.ts";
import {
  type AnsweredRound,
  type AwaitReply,
  failedCall,
  NO_USAGE,
  type ToolReply,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import { isInBackground, type Recorder, type ReplyWait, type RunReply, type RunView } from "../record/index.ts";

/** Placeholder result of a call that waits; the run uses its journal instead. */
const WAITS = failedCall("cancelled", "the call ends with the reply that it waits for");

/**
 * Lets a call wait for a reply. That it waits is on disk before its message goes out, and that the message is out before the
 * run rests; a call that is cut off between the two is made again, and sends the same message once more.
 */
export const waiterOf =
  (recorder: Recorder, call: Pick<ReplyWait, "step" | "callId">): AwaitReply =>
  async ({ input, ...wait }, send) => {
    const content = input?.kind === "question" ? { ...input, options: [...input.options] } : input;
    await recorder.append({ type: "reply-wait", ...call, ...wait, ...(content && { content }) });
    const failed = await send();
    if (failed !== undefined) return failed;
    if (wait.delegation?.background === true) return started(wait.to);
    await recorder.append({ type: "tool-rest", ...call });
    return WAITS;
  };

const started = (agent: string): ToolResult => ({
  type: "done",
  content: [{ type: "text", text: `${agent} works on it. Its result comes as a message; continue meanwhile.` }],
  structured: undefined,
  usage: NO_USAGE,
});

/** State of a call's wait: `waiting`, its result, or undefined if the call does not wait. */
export function waitOf({ steps, replies }: RunView, callId: ToolCallId): ToolResult | "waiting" | undefined {
  const reply = replies.findLast((each) => each.callId === callId);
  if (reply === undefined || isInBackground(reply)) return undefined;
  const isResting = steps.some(
    (step) => step.kind === "tool" && step.callId === callId && step.end.state === "waiting",
  );
  return isResting ? "waiting" : resultOf(reply);
}

/** The last question of a tool server in a call that was answered, declined or not answered in time. */
export function answeredIn({ replies }: RunView, callId: ToolCallId): AnsweredRound | undefined {
  const last = replies.findLast(
    (each) => each.callId === callId && each.input?.kind === "elicitation" && each.state !== "open",
  );
  if (last?.input?.kind !== "elicitation") return undefined;
  const { round, schema } = last.input;
  return { round, schema, reply: toolReply(last) };
}

function toolReply({ state, result }: RunReply): ToolReply {
  if (state === "answered")
    return { type: "accepted", content: isJsonObject(result?.structured) ? result.structured : {} };
  return { type: state === "failed" ? "declined" : "cancelled" };
}

/** Undefined for a sign-in that was made, and for a question of a tool server: the call itself has its result. */
function resultOf({ state, input, askedAtMs, endedAtMs, result }: RunReply): ToolResult | undefined {
  if (result === null || endedAtMs === null || input?.kind === "elicitation") return undefined;
  if (input?.kind === "sign-in" && state === "answered") return undefined;
  const usage = { ...NO_USAGE, durationMs: Math.max(0, endedAtMs - askedAtMs) };
  const { text, structured } = result;
  if (state !== "answered") return failedCall(state === "expired" ? "deadline" : "tool-error", text, usage);
  return { type: "done", content: [{ type: "text", text }], structured: structured ?? undefined, usage };
}
