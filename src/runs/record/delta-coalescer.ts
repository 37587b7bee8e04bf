import { type DraftDelta, isDelta, type RunListener, type RunNews } from "./run-news.ts";

/** Minimum time that text is buffered; below the pauses that readers notice. */
const WAIT_MS = 16;
/** So many more listeners make it wait a millisecond longer: what a piece costs grows with them, so their pieces grow too. */
const LISTENERS_OF_MS = 4;

/**
 * Sends one run's updates to many listeners. The first text is sent immediately; text that follows shortly after is
 * coalesced into one piece, the same object for all, so that a fast model does not wait for its readers.
 * record.delta-coalescer.J1. Updates keep their order, and no text is duplicated or lost.
 */
export class DeltaCoalescer {
  readonly #listeners = new Set<RunListener>();
  #pending: DraftDelta | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Whether there are no listeners. */
  get isIdle(): boolean {
    return this.#listeners.size === 0;
  }

  /** Flushes pending text to the other listeners first, so that the new listener receives only later text. */
  add(listener: RunListener): void {
    this.#flush();
    this.#listeners.add(listener);
  }

  remove(listener: RunListener): void {
    this.#listeners.delete(listener);
    if (this.isIdle) clearTimeout(this.#timer);
  }

  push(news: RunNews): void {
    if (!isDelta(news)) {
      this.#flush();
      return this.#emit(news);
    }
    if (this.#timer === undefined) {
      this.#emit(news);
      return this.#wait();
    }
    const joined = coalesced(this.#pending, news);
    if (joined === undefined) this.#flush();
    this.#pending = joined ?? news;
  }

  #wait(): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#pending === undefined) return;
        this.#flush();
        this.#wait();
      },
      Math.max(WAIT_MS, this.#listeners.size / LISTENERS_OF_MS),
    );
  }

  #flush(): void {
    const news = this.#pending;
    this.#pending = undefined;
    if (news !== undefined) this.#emit(news);
  }

  #emit(news: RunNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}

/** Both as one piece; undefined unless the second follows the first without a gap. */
export function coalesced(before: RunNews | undefined, next: DraftDelta): DraftDelta | undefined {
  if (before === undefined || !isDelta(before) || before.type !== next.type || before.step !== next.step)
    return undefined;
  return before.offset + before.text.length === next.offset ? { ...before, text: before.text + next.text } : undefined;
}
