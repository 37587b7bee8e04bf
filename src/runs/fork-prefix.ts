import { mint, ToolCallId } from "../kernel/ids.ts";
import type { JournalEntry, RunEvent, RunOrigin, RunStep } from "./record/index.ts";

/** What a new run takes over from another. */
export type ForkPrefix = {
  readonly origin: RunOrigin;
  /** Events that come after its `run-queue`, before it begins. */
  readonly events: readonly RunEvent[];
  /** The rendered prompts, and what was recalled for them; undefined where they are rendered anew. */
  readonly prompts: { readonly system: string; readonly prompt: string; readonly recalled?: string } | undefined;
};

/** What a call returned is in its end; what it waited for was of the other run. */
const WAITS: ReadonlySet<RunEvent["type"]> = new Set(["reply-wait", "reply-end", "tool-rest"]);

/**
 * The events before a step, for a run that makes this step anew: every turn before the step's turn; of the step's own turn,
 * where the step is a call, the model's answer, the calls that come before it with their results, and the others as not begun.
 * What is about the run as a whole (`run-…`: its begins, its waiting, its end) is left out; what else there is, of whatever type,
 * is taken over when it is about a step or a call that is, or about neither and came before the step's turn.
 */
export function copyPrefix(
  entries: readonly JournalEntry[],
  steps: readonly RunStep[],
  at: RunStep,
): readonly RunEvent[] {
  const calls = steps.flatMap((step) => (step.kind === "tool" && step.index < at.index ? [step.callId] : []));
  const copiedIds = new Map(calls.map((callId) => [String(callId), mint(ToolCallId)]));
  const newIds = new Map<string, ToolCallId>();
  const events: RunEvent[] = [];
  let isPast = false;
  for (const { event } of entries) {
    if (event.type.startsWith("run-") || WAITS.has(event.type)) continue;
    const turn = "step" in event ? event.step : undefined;
    isPast ||= turn !== undefined && turn >= at.turn;
    if (turn === undefined ? isPast : turn > at.turn || (turn === at.turn && at.kind === "model")) continue;
    if (!("callId" in event)) events.push(event);
    else if (copiedIds.has(event.callId))
      events.push({ ...event, callId: copiedIds.get(event.callId) ?? event.callId });
    else if (event.type === "tool-start" && !newIds.has(event.callId)) {
      newIds.set(event.callId, mint(ToolCallId));
      events.push({ ...event, callId: newIds.get(event.callId) ?? event.callId, queued: true });
    }
  }
  return events;
}
