import { mint, ToolCallId } from "../../kernel/ids.ts";
import { HANDOFF } from "../../tools/catalogue/index.ts";
import type { JournalEntry, RunEvent, RunOrigin, RunStep, ToolStep } from "../record/index.ts";

/** The part of a run that a new run copies from it. */
export type ForkPrefix = {
  readonly origin: RunOrigin;
  /** Events that come after its `run-queue`, before it begins. */
  readonly events: readonly RunEvent[];
  /** The rendered prompts, with the memory recalled for them; undefined if they are to be rendered again. */
  readonly prompts: { readonly system: string; readonly prompt: string; readonly recalled?: string } | undefined;
};

/** Events of waits, which belong to the origin; a call's result is in its end. */
const WAITS: ReadonlySet<RunEvent["type"]> = new Set(["reply-wait", "reply-end", "tool-rest"]);

const isHandOff = ({ server, end }: ToolStep): boolean => server === HANDOFF && end.state === "done";

/**
 * Copies the events before a step, for a run that repeats this step: every turn before the step's turn; if the step is
 * a call, also the model's answer of its turn, the calls before it with their results, and the other calls and a hand-off
 * as not started. Events of the run as a whole (`run-…`: starts, waits, end; not inputs) are left out. Any other event is copied if it
 * belongs to a copied step or call, or to neither and precedes the step's turn.
 */
export function copyPrefix(
  entries: readonly JournalEntry[],
  steps: readonly RunStep[],
  at: RunStep,
): readonly RunEvent[] {
  const calls = steps.flatMap((step) =>
    step.kind === "tool" && step.index < at.index && !isHandOff(step) ? [step.callId] : [],
  );
  const copiedIds = new Map(calls.map((callId) => [String(callId), mint(ToolCallId)]));
  const newIds = new Map<string, ToolCallId>();
  const events: RunEvent[] = [];
  let isPast = false;
  for (const { event } of entries) {
    const isOfRun = event.type.startsWith("run-") && event.type !== "run-input";
    if (isOfRun || WAITS.has(event.type)) continue;
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
