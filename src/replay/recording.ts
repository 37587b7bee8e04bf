import type { ToolCallId } from "../kernel/ids.ts";
import type { Artifact, JournalEntry, RunEvent } from "../runs/index.ts";

type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;
export type ModelOutcome = EventOf<"model-end"> | EventOf<"model-fail">;

/** A run as it was recorded, with what is left of the files it made. */
export type Recording = {
  readonly entries: readonly JournalEntry[];
  readonly artifacts: readonly Artifact[];
  readonly read: (artifact: Artifact) => Promise<Uint8Array>;
};

/** The events that a run begins with: its request, and what it took over from another run. */
export const beginningOf = ({ entries }: Recording): readonly JournalEntry[] => {
  const start = entries.findIndex(({ event }) => event.type === "run-start");
  return start < 0 ? entries.slice(0, 1) : entries.slice(0, start);
};

/** What models did in a turn, attempt by attempt, without what was taken over. */
export function modelOutcomes(recording: Recording, turn: number): readonly ModelOutcome[] {
  const events = recording.entries.slice(beginningOf(recording).length).map(({ event }) => event);
  return events.filter(
    (event): event is ModelOutcome =>
      (event.type === "model-end" || event.type === "model-fail") && event.step === turn,
  );
}

/** Calls of a turn in the order they were asked for, each with its result, if it has one. */
export function callsOf(entries: readonly JournalEntry[], turn: number) {
  const calls = new Map<ToolCallId, { readonly start: EventOf<"tool-start">; end: EventOf<"tool-end"> | undefined }>();
  for (const { event } of entries) {
    if (event.type === "tool-start" && event.step === turn && !calls.has(event.callId))
      calls.set(event.callId, { start: event, end: undefined });
    const call = event.type === "tool-end" ? calls.get(event.callId) : undefined;
    if (call && event.type === "tool-end") call.end = event;
  }
  return [...calls.values()];
}

/**
 * What people said each time the run had come to rest, in order: the events between a rest and the next begin. A run that a
 * stop of the server cut off asked about calls that are not in doubt here, so their decisions are left out.
 */
export function saidAfterRests({ entries }: Recording): readonly (readonly RunEvent[])[] {
  const said: RunEvent[][] = [];
  let open: RunEvent[] | undefined;
  for (const { event } of entries) {
    if (event.type === "run-rest") said.push((open = []));
    else if (event.type === "run-start") open = undefined;
    else open?.push(event);
  }
  return said;
}
