import type { ApprovalId } from "../../kernel/ids.ts";
import { foldRun, type JournalEntry, type SuspendedState, type RunEvent } from "../record/index.ts";
import { callsOf, prefixOf, type Recording } from "./recording.ts";

const WAKE = { type: "run-resume" } as const;

/**
 * Input of people in the recording for the waits of the replay, one at a time; empty without input. Ids are those
 * of the replay. In the recording, the input may precede the suspension.
 */
export function recordedInputs(
  recording: Recording,
  played: readonly JournalEntry[],
  state: SuspendedState,
): readonly RunEvent[] {
  switch (state) {
    case "awaiting-approval":
      return answerTo(recording, played);
    case "awaiting-choice":
      return choiceOf(recording, played);
    // A call is in doubt only after a stop of the server, and nothing is stopped here.
    case "needs-decision":
    // Calls that asked people or other agents end at once here, with what the replies brought then.
    case "awaiting-input":
    case "awaiting-reply":
      return [];
  }
}

/**
 * What the user said to the run while it was in progress, by the turn that had begun last. Inputs of a fork's prefix are left
 * out: the prefix has them.
 */
export function joinedInputs(recording: Recording): ReadonlyMap<number, readonly RunEvent[]> {
  const joined = new Map<number, RunEvent[]>();
  const prefix = prefixOf(recording).length;
  let turn = 0;
  for (const [index, { event }] of recording.entries.entries()) {
    if (event.type === "model-start" || event.type === "model-end") turn = event.step;
    if (event.type === "run-input" && index >= prefix) joined.set(turn, [...(joined.get(turn) ?? []), event]);
  }
  return joined;
}

/** The answer that was written first of those to approvals which are open now. */
function answerTo({ entries }: Recording, played: readonly JournalEntry[]): readonly RunEvent[] {
  const open = foldRun(played)?.approvals.filter((approval) => approval.state === "open") ?? [];
  const asked = inputPositions(entries);
  const here = new Map([...inputPositions(played)].map(([id, place]) => [place, id]));
  const byRecorded = new Map(
    [...asked].flatMap(([id, place]) => {
      const approval = open.find((each) => each.id === here.get(place));
      return approval === undefined ? [] : [[id, approval] as const];
    }),
  );
  for (const { event } of entries) {
    const approval = event.type === "approval-answer" ? byRecorded.get(event.approvalId) : undefined;
    if (event.type === "approval-answer" && approval)
      return [{ ...event, callId: approval.callId, approvalId: approval.id }, WAKE];
  }
  return [];
}

/** Position of each approval, equal in both journals: its call and the number of requests for it. */
function inputPositions(entries: readonly JournalEntry[]): ReadonlyMap<ApprovalId, string> {
  const times = new Map<string, number>();
  const positions = new Map<ApprovalId, string>();
  for (const { event } of entries) {
    if (event.type !== "approval-ask") continue;
    const call = callsOf(entries, event.step).findIndex(({ start }) => start.callId === event.callId);
    const key = `${event.step}/${call}`;
    const time = (times.get(key) ?? 0) + 1;
    times.set(key, time);
    positions.set(event.approvalId, `${key}/${time}`);
  }
  return positions;
}

/** Outcome of the open choice, which is the last one requested. */
function choiceOf({ entries }: Recording, played: readonly JournalEntry[]): readonly RunEvent[] {
  const asked = played.filter(({ event }) => event.type === "model-choice-wait").length;
  let seen = 0;
  for (const { event } of entries) {
    if (event.type === "model-choice-wait") seen += 1;
    if (seen !== asked) continue;
    if (event.type === "model-choose") return [event, WAKE];
    if (event.type === "run-fail") return [event];
  }
  return [];
}
