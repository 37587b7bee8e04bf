import type { RunId, ToolCallId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { ToolLogLine, ToolProgress } from "../../tools/catalogue/index.ts";
import { DeltaCoalescer } from "./delta-coalescer.ts";
import type { JournalEntry } from "./run-event.ts";

/** A piece of a model's text. `offset` counts the characters of the turn's text before it; 0 restarts the text. */
export type TextDelta = {
  readonly type: "text-delta";
  readonly runId: RunId;
  readonly step: number;
  readonly offset: number;
  readonly text: string;
};

/** News of runs: journal entries once stored, and text and progress as they arrive, which are never stored. */
export type RunNews =
  | { readonly type: "entry"; readonly entry: JournalEntry }
  | TextDelta
  | {
      readonly type: "tool-progress";
      readonly runId: RunId;
      readonly step: number;
      readonly callId: ToolCallId;
      readonly progress: ToolProgress;
    }
  | {
      readonly type: "tool-log";
      readonly runId: RunId;
      readonly step: number;
      readonly callId: ToolCallId;
      readonly lines: readonly ToolLogLine[];
    }
  /** A run below it, directly or not, waits for a person, or no longer does. */
  | { readonly type: "below"; readonly runId: RunId };

export type RunListener = (news: RunNews) => void;

type Draft = { readonly step: number; readonly text: string };

/**
 * Notifies watchers of events in runs. A listener must be quick and never throw; slow readers buffer on their own side.
 * record.run-hub.H1. Publishing never waits for a watcher.
 * record.run-hub.H2. The text of a running turn is retained until the turn has ended, so that a watcher that joins late
 *   misses nothing of it.
 */
export class RunHub {
  readonly #ofRun = new Map<RunId, Set<RunListener>>();
  readonly #followed = new Map<RunId, DeltaCoalescer>();
  readonly #ofAll = new Set<RunListener>();
  readonly #drafts = new Map<RunId, Draft>();

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

  /**
   * Text that the model has written in the running turn; undefined if no turn is running, or its text is too long to
   * retain.
   */
  draft(runId: RunId): TextDelta | undefined {
    const draft = this.#drafts.get(runId);
    return draft && { type: "text-delta", runId, step: draft.step, offset: 0, text: draft.text };
  }

  publish(runId: RunId, news: RunNews): void {
    if (news.type === "text-delta") this.#keep(news);
    else if (news.type === "entry" && endsDraft(news.entry)) this.#drafts.delete(runId);
    for (const listener of this.#ofRun.get(runId) ?? []) listener(news);
    this.#followed.get(runId)?.push(news);
    for (const listener of this.#ofAll) listener(news);
  }

  #keep({ runId, step, offset, text }: TextDelta): void {
    const before = this.#drafts.get(runId);
    if (offset === 0) this.#drafts.set(runId, { step, text });
    else if (before?.step === step && before.text.length === offset && offset + text.length <= LIMITS.draftCharsMax)
      this.#drafts.set(runId, { step, text: before.text + text });
    else this.#drafts.delete(runId);
  }
}

const endsDraft = ({ event: { type } }: JournalEntry): boolean =>
  type === "model-end" ||
  type === "model-fail" ||
  type === "run-complete" ||
  type === "run-fail" ||
  type === "run-cancel";
