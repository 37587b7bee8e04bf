import {
  operations,
  type RunDetail,
  type RunEventType,
  type RunStreamEvent,
  type RunSummary,
  waitsForPerson,
} from "../../contract/index.ts";
import type { Caller } from "../caller.ts";

/**
 * The events of a run, and of those that it was handed off to, until the last ends or waits for a person. A reader that falls behind
 * continues where it stopped. `after` is the id of the last event that is known. A `handoff` says that the events after it are those of another run.
 */
async function* followRun(
  caller: Caller,
  first: string,
  types: readonly RunEventType[],
  after = "",
): AsyncGenerator<RunStreamEvent, void, undefined> {
  const wanted = [...new Set([...types, "handoff"])].join(",");
  let id = first;
  let lastEventId: string | undefined = after === "" ? undefined : after;
  for (let isOver = false; !isOver && !caller.signal.aborted;) {
    isOver = true;
    let next: string | undefined;
    const events = await caller.stream(operations.run.watch, { id, types: wanted }, { lastEventId });
    for await (const { id: eventId, event } of events) {
      lastEventId = eventId ?? lastEventId;
      if (event.type === "lagged" || (event.type === "end" && next !== undefined)) isOver = false;
      else yield event;
      if (event.type === "handoff") next = event.handoff.run;
    }
    if (next !== undefined) [id, lastEventId, isOver] = [next, undefined, false];
  }
}

/** As `followRun`, but it also ends, with an `end`, when a run below the run waits for a person while the run waits for it. */
export async function* followUntilBlocked(
  caller: Caller,
  first: string,
  types: readonly RunEventType[],
  after = "",
): AsyncGenerator<RunStreamEvent, void, undefined> {
  const wanted = new Set<string>([...types, "handoff", "end"]);
  let id = first;
  for await (const event of followRun(caller, first, [...types, "run", "below"], after)) {
    if (wanted.has(event.type)) yield event;
    if (event.type === "handoff") id = event.handoff.run;
    const blocked = await blockedAt(event, caller, id);
    if (blocked !== undefined) return yield { type: "end", run: blocked.run };
  }
}

/** A run, and the run that needs a person before it continues: the same one, or one below it for which it waits. */
export type Standing = { readonly run: RunDetail; readonly waiting: RunDetail };

/** How the run stands if it cannot continue since an event because a run below it waits for a person. */
export async function blockedAt(event: RunStreamEvent, caller: Caller, id: string): Promise<Standing | undefined> {
  const mayBe =
    event.type === "below" ? waitsForPerson(event.run) : event.type === "run" && event.run.state === "awaiting-reply";
  const run = mayBe ? await caller.perform(operations.run.get, { id }) : undefined;
  const waiting = run && (await blockerOf(caller, run));
  return run && waiting && { run, waiting };
}

/** The run below a run for which that one waits, and which itself waits for a person. */
export async function blockerOf(
  caller: Caller,
  { id, state }: Pick<RunSummary, "id" | "state">,
): Promise<RunDetail | undefined> {
  if (state !== "awaiting-reply") return undefined;
  const { items } = await caller.perform(operations.run.tree, { id });
  for (const below of items.filter((each) => each.id !== id && waitsForPerson(each))) {
    const run = await caller.perform(operations.run.get, { id: below.id });
    if (hasOpen(run)) return run;
  }
  return undefined;
}

const isOpen = (each: { readonly state: string }): boolean => each.state === "open";

/** What a run waits for may be decided a moment before the run continues. */
function hasOpen({ state, approvals, questions, client_calls: calls }: RunDetail): boolean {
  if (state === "awaiting-approval") return approvals.some(isOpen);
  if (state === "awaiting-input") return questions.some(isOpen) || calls.some(isOpen);
  return waitsForPerson({ state });
}

/** Waits until a run ends or waits for a person, itself or by a run below it. */
export async function settledOrBlocked(caller: Caller, id: string): Promise<RunDetail> {
  for await (const event of followUntilBlocked(caller, id, [])) if (event.type === "end") return event.run;
  return caller.perform(operations.run.get, { id });
}
