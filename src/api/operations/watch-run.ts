import type { RunId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { isTerminal, type JournalEntry, RunFold, type RunNews } from "../../runs/index.ts";
import type { RunStreamEvent, Step } from "../contract/index.ts";
import { presentArtifact, presentQuestion, presentStep, presentSummary } from "./present-run.ts";
import { getRun, type RunServices } from "./run-operations.ts";

/** An event of a stream; `id` is there when a reader can resume after it. */
export type Streamed<Event> = { readonly id: number | undefined; readonly event: Event };

/**
 * A run as it happens: what is in the journal after `afterSeq`, then live, then `end`. The stream ends when the run does or
 * waits for a person, when the signal aborts, or when the reader is too slow: it resumes from the last id it saw.
 * Throws RunNotFoundError before the first event.
 */
export async function* watchRun(
  services: RunServices,
  runId: RunId,
  afterSeq: number,
  signal: AbortSignal,
): AsyncGenerator<Streamed<RunStreamEvent>, void, undefined> {
  // First listen, then read: what is written in between is heard twice and told once.
  const inbox = new Inbox(signal);
  using watching = services.runs.hub.watch(runId, (news) => inbox.put(news));
  void watching;
  getRun(services, runId);
  const fold = new RunFold();
  let seen = 0;
  for (const entry of services.journal.read(runId, 0)) {
    seen = entry.seq;
    yield* told(services, fold, entry, afterSeq);
  }
  while (!isOver(fold)) {
    const news = await inbox.next();
    if (news === undefined) return;
    if (news.type === "text-delta") {
      yield { id: undefined, event: { type: "text-delta", turn: news.step, text: news.text } };
    } else if (news.entry.seq > seen) {
      seen = news.entry.seq;
      yield* told(services, fold, news.entry, afterSeq);
    }
  }
  yield { id: seen, event: { type: "end", run: getRun(services, runId) } };
}

const isOver = (fold: RunFold): boolean => {
  const { state } = fold.view();
  return isTerminal(state) || state === "needs-decision";
};

function* told(
  services: RunServices,
  fold: RunFold,
  entry: JournalEntry,
  afterSeq: number,
): Generator<Streamed<RunStreamEvent>> {
  const step = fold.apply(entry);
  if (entry.seq <= afterSeq) return;
  const events = [
    ...eventsOf(services, entry, step && presentStep(step, isTerminal(fold.view().state))),
    ...questionOf(fold, entry),
  ];
  // Only the last carries the id: who is cut off before it gets the whole entry again.
  for (const [index, event] of events.entries()) {
    yield { id: index === events.length - 1 ? entry.seq : undefined, event };
  }
}

function* eventsOf(
  { journal, artifacts }: RunServices,
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
  if (event.type !== "run-ask" && event.type !== "run-answer") return;
  const question = fold.view().questions.find(({ id }) => id === event.questionId);
  if (question) yield { type: "question", question: presentQuestion(question) };
}

/** News that wait for one reader. Text that piles up is joined; past the limit the stream is given up, not the run slowed. */
class Inbox {
  readonly #signal: AbortSignal;
  #news: RunNews[] = [];
  #wake: (() => void) | undefined;
  #overflown = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  put(news: RunNews): void {
    // Nothing after a gap: the ids a reader sees would skip it.
    if (this.#overflown) return;
    const last = this.#news.at(-1);
    if (news.type === "text-delta" && last?.type === "text-delta" && last.step === news.step) {
      this.#news[this.#news.length - 1] = { ...last, text: last.text + news.text };
    } else if (this.#news.length < LIMITS.streamEventsMax) this.#news.push(news);
    else this.#overflown = true;
    this.#wake?.();
  }

  /** The oldest that waits; undefined when no more will be given. */
  async next(): Promise<RunNews | undefined> {
    while (!this.#signal.aborted) {
      const news = this.#news.shift();
      if (news || this.#overflown) return news;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return undefined;
  }
}
