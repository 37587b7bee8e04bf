import { notWaiting } from "./refusals.ts";
import type { Decision, RunEvent, RunView } from "../record/index.ts";

/** Returns the events of a decision on one waiting call or on all. Throws RunNotWaitingError. */
export function decisionsOn(
  { id, state, waitingFor }: RunView,
  callId: string | undefined,
  decision: Decision,
): readonly RunEvent[] {
  if (waitingFor.length === 0) throw notWaiting(id, callId, `It is ${state}.`);
  const decided = waitingFor.filter((each) => callId === undefined || each === callId);
  if (decided.length === 0) throw notWaiting(id, callId, `It waits for one on ${waitingFor.join(" and ")}.`);
  const others = waitingFor.length - decided.length;
  return decided.map((each, index) => ({
    type: "run-decide",
    callId: each,
    decision,
    waiting: decision === "fail" ? 0 : others + decided.length - 1 - index,
  }));
}
