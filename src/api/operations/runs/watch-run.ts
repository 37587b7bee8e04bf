import type { RunId } from "../../../kernel/ids.ts";
import { isTerminal, type JournalEntry, RunFold, type RunNews, type RunSummary } from "../../../runs/index.ts";
import {
  type RunEventType,
  type RunStreamEvent,
  runs as contract,
  type Step,
  waitsForPerson,
} from "../../contract/index.ts";
import { presentApprovalsOf } from "./present-approval.ts";
import {
  presentArtifact,
  presentClientCall,
  presentHandOff,
  presentInput,
  presentSummary,
  questionIn,
  questionsOf,
} from "./present-run.ts";
import { presentStep } from "./present-step.ts";
import { handles } from "../handles.ts";
import type { Streamed } from "../perform.ts";
import { RunInbox } from "./run-inbox.ts";
import { getRun, type RunReading } from "./stored-run.ts";
import { instant } from "../instant.ts";

export type RunEventsRequest = {
  /** The last id the reader saw. */
  readonly afterSeq?: number | undefined;
  readonly types?: readonly RunEventType[] | undefined;
  /** Whether the reader may use an agent; runs of others below the run are not reported. */
  readonly mayUse?: (agent: string) => boolean;
};

/**
 * Streams a run: journal entries after `afterSeq`, the text so far of the current turn, then live events, then `end`.
 * The stream ends when the run does or waits for a person (not when it waits for another agent), when the signal aborts, or with `lagged` when the reader is too
 * slow: it resumes after the last id it saw. Throws RunNotFoundError before the first event.
 */
export async function* watchRun(
  services: RunReading,
  runId: RunId,
  { afterSeq = 0, types = contract.RUN_EVENT_TYPES, mayUse = () => true }: RunEventsRequest,
  signal: AbortSignal,
): AsyncGenerator<Streamed<RunStreamEvent>, void, undefined> {
  // Subscribe first, then read: what is written in between arrives twice and is sent once.
  const inbox = new RunInbox(signal);
  const wants = new Set<RunStreamEvent["type"]>(types);
  using watching = services.runs.hub.follow(runId, (news) => {
    if (news.type === "entry" || wants.has(news.type)) inbox.put(news);
  });
  void watching;
  const drafts = services.runs.hub.drafts(runId).filter(({ type }) => wants.has(type));
  getRun(services, runId);
  const fold = new RunFold();
  const past = services.stores.journal.read(runId, 0);
  // An id beyond the end of this run is of another database: the stream starts from the beginning.
  const after = afterSeq > (past.at(-1)?.seq ?? 0) ? 0 : afterSeq;
  let seen = 0;
  for (const entry of past) {
    seen = entry.seq;
    yield* sentEvents(services, fold, entry, { after, wants });
  }
  // Deltas heard since come after the text so far; they say by their offset where they belong.
  for (const draft of drafts) if (isWriting(fold, draft.step)) yield { id: undefined, event: presentDelta(draft) };
  for (const run of wants.has("below") && delegates(fold) ? services.stores.journal.below(runId) : [])
    if (waitsForPerson(run) && mayUse(run.agent)) yield { id: undefined, event: presentBelow(run) };
  let last: object = fold;
  for (let over = isOver(fold); !over;) {
    const news = await inbox.next();
    if (news === undefined) {
      if (inbox.hasOverflown && !signal.aborted) yield { id: undefined, event: { type: "lagged" } };
      return;
    }
    if (news.type === "below") {
      const run = services.stores.journal.summary(news.runId);
      if (run !== undefined && mayUse(run.agent)) yield { id: undefined, event: presentBelow(run) };
    } else if (news.type !== "entry") yield { id: undefined, event: passing.of(news, () => presentPassing(news)) };
    else if (news.entry.seq > seen) {
      seen = news.entry.seq;
      yield* sentEvents(services, fold, news.entry, { after, wants });
      over = isOver(fold);
      if (over) last = news.entry;
    }
  }
  yield {
    id: handles.runEvent.encode(seen),
    event: ends.of(last, () => ({ type: "end", run: getRun(services, runId) })),
  };
}

/** What is made of something by the first who needs it, for all who hear the same thing: of a hundred followers one presents it. */
class Shared<Key extends object, Value> {
  readonly #made = new WeakMap<Key, Value>();

  of(key: Key, make: () => Value): Value {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }
}

const entries = new Shared<JournalEntry, readonly RunStreamEvent[]>();
const passing = new Shared<RunNews, RunStreamEvent>();
const ends = new Shared<object, RunStreamEvent>();

const isWriting = (fold: RunFold, turn: number): boolean => {
  const last = fold.view().steps.findLast((step) => step.kind === "model");
  // Its begin may not be written yet while its text comes already.
  return last === undefined || last.turn < turn || (last.turn === turn && last.end.state === "running");
};

const presentDelta = ({ type, step, offset, text }: Extract<RunNews, { offset: number }>): RunStreamEvent => ({
  type,
  turn: step,
  offset,
  text,
});

/** Whether it gave work to other agents. */
const delegates = (fold: RunFold): boolean => fold.view().replies.some(({ input }) => input === null);

const presentBelow = (run: RunSummary): RunStreamEvent => ({ type: "below", run: presentSummary(run) });

function presentPassing(news: Exclude<RunNews, { type: "entry" | "below" }>): RunStreamEvent {
  if ("offset" in news) return presentDelta(news);
  if (news.type === "tool-log") {
    const lines = news.lines.map(({ atMs, text }) => ({ at: instant(atMs), text }));
    return { type: "tool-log", turn: news.step, call_id: news.callId, lines };
  }
  const { done, total, message } = news.progress;
  return { type: "tool-progress", turn: news.step, call_id: news.callId, done, total: total ?? null, message };
}

const isOver = (fold: RunFold): boolean => {
  const { state, resting } = fold.view();
  return isTerminal(state) || (resting && state !== "awaiting-reply");
};

function* sentEvents(
  services: RunReading,
  fold: RunFold,
  entry: JournalEntry,
  { after, wants }: { readonly after: number; readonly wants: ReadonlySet<RunStreamEvent["type"]> },
): Generator<Streamed<RunStreamEvent>> {
  const step = fold.apply(entry);
  if (entry.seq <= after) return;
  const all = entries.of(entry, () => [
    ...eventsOf(services, entry, step && presentStep(step, isTerminal(fold.view().state))),
    ...questionOf(fold, entry),
    ...approvalOf(fold, entry),
    ...inputOf(fold, entry),
    ...handOffIn(entry),
  ]);
  const events = all.filter(({ type }) => wants.has(type));
  // Only the last carries the id: who is cut off before it gets the whole entry again.
  for (const [index, event] of events.entries()) {
    yield { id: index === events.length - 1 ? handles.runEvent.encode(entry.seq) : undefined, event };
  }
}

function* eventsOf(
  { stores: { journal, artifacts } }: RunReading,
  { runId, event }: JournalEntry,
  step: Step | undefined,
): Generator<RunStreamEvent> {
  const summary = step ? undefined : journal.summary(runId);
  if (step) yield { type: "step", step };
  else if (summary) yield { type: "run", run: presentSummary(summary) };
  if (event.type !== "tool-end") return;
  for (const { id } of event.artifacts) {
    const artifact = artifacts.find(id);
    if (artifact) yield { type: "artifact", artifact: presentArtifact(artifact) };
  }
}

function* questionOf(fold: RunFold, { event }: JournalEntry): Generator<RunStreamEvent> {
  const asked = questionIn(event);
  const question = asked && questionsOf(fold.view()).find(({ id }) => id === asked);
  if (question) yield { type: "question", question };
  const reply = fold.view().replies.find(({ replyWith }) => replyWith === asked);
  const call = reply && presentClientCall(reply);
  if (call) yield { type: "client-call", call };
}

function* approvalOf(fold: RunFold, { event }: JournalEntry): Generator<RunStreamEvent> {
  if (event.type !== "approval-ask" && event.type !== "approval-answer") return;
  const approval = presentApprovalsOf(fold.view()).find(({ id }) => id === event.approvalId);
  if (approval) yield { type: "approval", approval };
}

function* handOffIn({ event }: JournalEntry): Generator<RunStreamEvent> {
  const handoff = event.type === "run-complete" ? event.handedTo : undefined;
  if (handoff) yield { type: "handoff", handoff: presentHandOff(handoff) };
}

function* inputOf(fold: RunFold, { event }: JournalEntry): Generator<RunStreamEvent> {
  const input = event.type === "run-input" ? fold.view().inputs.at(-1) : undefined;
  if (input) yield { type: "input", input: presentInput(input) };
}
