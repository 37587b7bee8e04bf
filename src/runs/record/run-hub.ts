import type { RunId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { DeltaCoalescer } from "./delta-coalescer.ts";
import type { JournalEntry } from "./run-event.ts";
import { type DraftDelta, isDelta, type RunListener, type RunNews } from "./run-news.ts";

type Drafts = { readonly [type in DraftDelta["type"]]?: DraftDelta };

/**
 * Notifies watchers of events in runs. A listener must be quick and never throw; slow readers buffer on their own side.
 * record.run-hub.H1. Publishing never waits for a watcher.
 * record.run-hub.H2. The text and the reasoning of a running turn are retained until the turn has ended, so that a watcher that joins late
 *   misses nothing of it.
 */
export class RunHub {
  readonly #ofRun = new Map<RunId, Set<RunListener>>();
  readonly #followed = new Map<RunId, DeltaCoalescer>();
  readonly #ofAll = new Set<RunListener>();
  readonly #drafts = new Map<RunId, Drafts>();

  /** Listens to one run until the disposable is disposed. */
  watch(runId: RunId, listener: RunListener): Disposable {
    const listeners = this.#ofRun.get(runId) ?? new Set();
    this.#ofRun.set(runId, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#ofRun.delete(runId);
      },
    };
  }

  /** As `watch`, for those who pass it on: text comes in fewer and longer pieces, the same object to all who follow. */
  follow(runId: RunId, listener: RunListener): Disposable {
    const followed = this.#followed.get(runId) ?? new DeltaCoalescer();
    this.#followed.set(runId, followed);
    followed.add(listener);
    return {
      [Symbol.dispose]: () => {
        followed.remove(listener);
        if (followed.isIdle && this.#followed.get(runId) === followed) this.#followed.delete(runId);
      },
    };
  }

  /** Listens to every run. */
  watchAll(listener: RunListener): Disposable {
    this.#ofAll.add(listener);
    return { [Symbol.dispose]: () => void this.#ofAll.delete(listener) };
  }

  /** What the model has written in the running turn, the reasoning first, without what is too long to retain. */
  drafts(runId: RunId): readonly DraftDelta[] {
    const drafts = this.#drafts.get(runId);
    return [drafts?.["reasoning-delta"], drafts?.["text-delta"]].flatMap((draft) => draft ?? []);
  }

  publish(runId: RunId, news: RunNews): void {
    if (isDelta(news)) this.#keep(news);
    else if (news.type === "entry" && endsDraft(news.entry)) this.#drafts.delete(runId);
    for (const listener of this.#ofRun.get(runId) ?? []) listener(news);
    this.#followed.get(runId)?.push(news);
    for (const listener of this.#ofAll) listener(news);
  }

  #keep(delta: DraftDelta): void {
    const drafts = this.#drafts.get(delta.runId) ?? {};
    this.#drafts.set(delta.runId, { ...drafts, [delta.type]: extended(drafts[delta.type], delta) });
  }
}

function extended(before: DraftDelta | undefined, delta: DraftDelta): DraftDelta | undefined {
  const { step, offset, text } = delta;
  if (offset === 0) return delta;
  const fits = before?.step === step && before.text.length === offset && offset + text.length <= LIMITS.draftCharsMax;
  return fits ? { ...before, text: before.text + text } : undefined;
}

const endsDraft = ({ event: { type } }: JournalEntry): boolean =>
  type === "model-end" ||
  type === "model-fail" ||
  type === "run-complete" ||
  type === "run-fail" ||
  type === "run-cancel";
