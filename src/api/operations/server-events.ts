import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { RunJournal, Runs } from "../../runs/index.ts";
import type { ServerEvent } from "../contract/index.ts";
import { presentSummary } from "./present-run.ts";
import type { Streamed } from "./watch-run.ts";

const FRAME_MS = 75;
const RUNS_PER_FRAME_MAX = 150;

type Change = Extract<ServerEvent, { type: "agent" | "tool-server" }>;

/** Where operations say what they changed, for every stream that is open. */
export class ChangeFeed {
  readonly #listeners = new Set<(change: Change) => void>();

  publish(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  watch(listener: (change: Change) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/**
 * Changes anywhere in the server, in frames: a run that changed many times within one is told once, as it is at its end, and
 * past 150 runs a frame the rest comes with the next, so that a busy server floods no browser. Ends when the signal aborts, or
 * when more other changes wait than are kept: the reader then loads everything anew.
 */
export async function* watchServer(
  services: { readonly runs: Runs; readonly journal: RunJournal; readonly changes: ChangeFeed; readonly clock: Clock },
  signal: AbortSignal,
): AsyncGenerator<Streamed<ServerEvent>, void, undefined> {
  const changedRuns = new Set<RunId>();
  const changes: Change[] = [];
  const overflow = new AbortController();
  const ended = AbortSignal.any([signal, overflow.signal]);
  let wake: (() => void) | undefined;
  using runNews = services.runs.hub.watchAll((news) => {
    if (news.type !== "entry") return;
    changedRuns.add(news.entry.runId);
    wake?.();
  });
  using otherNews = services.changes.watch((change) => {
    if (changes.length < LIMITS.streamEventsMax) changes.push(change);
    else overflow.abort();
    wake?.();
  });
  void [runNews, otherNews];
  ended.addEventListener("abort", () => wake?.(), { once: true });
  while (!ended.aborted) {
    if (changedRuns.size === 0 && changes.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
    await services.clock.sleep(FRAME_MS, ended).catch(() => undefined);
    for (const change of changes.splice(0)) yield { id: undefined, event: change };
    let told = 0;
    for (const id of changedRuns) {
      if (told === RUNS_PER_FRAME_MAX) break;
      told += 1;
      changedRuns.delete(id);
      const summary = services.journal.summary(id);
      if (summary) yield { id: undefined, event: { type: "run", run: presentSummary(summary) } };
    }
  }
}
