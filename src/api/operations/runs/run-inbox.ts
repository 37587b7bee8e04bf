import type { ToolCallId } from "../../../kernel/ids.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { coalesced, type RunNews } from "../../../runs/index.ts";

type Progress = Extract<RunNews, { type: "tool-progress" }>;

/**
 * News of one run that wait for one reader. What fills it never waits for the reader.
 * operations.run-inbox.I1. Text that piles up is joined to one piece, of a call's progress only the latest waits, of
 *   logs only so many lines.
 * operations.run-inbox.I2. Past its limits it takes nothing more, so that no reader gets anything after a gap.
 */
export class RunInbox {
  readonly #signal: AbortSignal;
  #news: RunNews[] = [];
  readonly #progress = new Map<ToolCallId, Progress>();
  #chars = 0;
  #logLines = 0;
  #wake: (() => void) | undefined;
  #overflown = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  /** Whether news were lost because the reader takes too little. */
  get hasOverflown(): boolean {
    return this.#overflown;
  }

  put(news: RunNews): void {
    if (this.#overflown) return;
    this.#overflown = !this.#keep(news);
    this.#wake?.();
  }

  #keep(news: RunNews): boolean {
    if (news.type === "tool-progress") {
      this.#progress.set(news.callId, news);
      return this.#progress.size <= LIMITS.streamEventsMax;
    }
    if ("offset" in news) {
      this.#chars += news.text.length;
      if (this.#chars > LIMITS.streamTextCharsMax) return false;
      const joined = coalesced(this.#news.at(-1), news);
      if (joined !== undefined) {
        this.#news[this.#news.length - 1] = joined;
        return true;
      }
    } else if (news.type === "tool-log") {
      // Of a flood some lines are left out, so that the rest of the stream is not lost for it.
      const room = Math.max(0, LIMITS.streamLogLinesMax - this.#logLines);
      const lines = news.lines.slice(0, room);
      this.#logLines += lines.length;
      if (lines.length > 0) this.#news.push({ ...news, lines });
      return this.#news.length <= LIMITS.streamEventsMax;
    } else if (news.type === "entry" && news.entry.event.type === "tool-end")
      this.#progress.delete(news.entry.event.callId);
    this.#news.push(news);
    return this.#news.length <= LIMITS.streamEventsMax;
  }

  /** The oldest that waits; undefined when no more will be given. */
  async next(): Promise<RunNews | undefined> {
    while (!this.#signal.aborted) {
      const news = this.#news.shift() ?? this.#oldestProgress();
      if (news !== undefined && "offset" in news) this.#chars -= news.text.length;
      if (news?.type === "tool-log") this.#logLines -= news.lines.length;
      if (news || this.#overflown) return news;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return undefined;
  }

  #oldestProgress(): Progress | undefined {
    const [news] = this.#progress.values();
    if (news) this.#progress.delete(news.callId);
    return news;
  }
}
