import type { ToolCallId } from "../../kernel/ids.ts";
import type { Artifact, ArtifactStore, JournalEntry, RunEvent, RunJournal } from "../record/index.ts";

type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;
export type ModelOutcome = EventOf<"model-end"> | EventOf<"model-fail">;

/** A run as it was recorded, with what is left of the files it made. */
export type Recording = {
  readonly entries: readonly JournalEntry[];
  readonly artifacts: readonly Artifact[];
  readonly read: (artifact: Artifact) => Promise<Uint8Array>;
  /** What earlier runs of the thread left; absent: a thread begins with the run. */
  readonly past?: RunJournal["past"] | undefined;
  /** Finds an artifact of an earlier run of the thread. */
  readonly find?: ArtifactStore["find"] | undefined;
};

/** The first events of a run: its request, and the events copied from another run. */
export const prefixOf = ({ entries }: Recording): readonly JournalEntry[] => {
  const start = entries.findIndex(({ event }) => event.type === "run-start");
  return start < 0 ? entries.slice(0, 1) : entries.slice(0, start);
};

/** Attempts of the models in a turn. */
export function modelOutcomes(entries: readonly JournalEntry[], turn: number): readonly ModelOutcome[] {
  const events = entries.map(({ event }) => event);
  return events.filter(
    (event): event is ModelOutcome =>
      (event.type === "model-end" || event.type === "model-fail") && event.step === turn,
  );
}

/** The summaries that were made, in order. */
export const summariesOf = (entries: readonly JournalEntry[]): readonly EventOf<"context-summary">[] =>
  entries.flatMap(({ event }) => (event.type === "context-summary" ? [event] : []));

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

/** Each call of a turn that was put to a person, with the last time it was, in the order of the calls. */
export function asksOf(entries: readonly JournalEntry[], turn: number): readonly EventOf<"approval-ask">[] {
  const last = new Map<ToolCallId, EventOf<"approval-ask">>();
  for (const { event } of entries) if (event.type === "approval-ask") last.set(event.callId, event);
  return callsOf(entries, turn).flatMap(({ start }) => last.get(start.callId) ?? []);
}

/** Requests of a turn to models, without those that a stop of the server made it send once more. */
export function requestsOf(entries: readonly JournalEntry[], turn: number): readonly EventOf<"model-start">[] {
  const requests: EventOf<"model-start">[] = [];
  let isOpen = false;
  for (const { event } of entries) {
    if (!("step" in event) || event.step !== turn) continue;
    if (event.type === "model-start") {
      if (isOpen) requests.pop();
      requests.push(event);
      isOpen = true;
    }
    if (event.type === "model-fail" || event.type === "model-end") isOpen = false;
  }
  return requests;
}
