import { type TimerQueue } from "../../../kernel/async/timer-queue.ts";
import { type Clock } from "../../../kernel/clock.ts";
import { type CachedConversation } from "./cached-conversation.ts";

/** Written so many at a time, with a pause between, so that no message waits for all of them. */
const [ROWS_AT_ONCE, PAUSE_MS] = [16, 2];

type PendingRow = { readonly key: string; readonly held: CachedConversation; readonly sinceMs: number };

/** Conversations whose rows say less than was said since; each is written when it is `mostMs` behind. */
export class WriteBehindBuffer {
  readonly #parts: {
    readonly clock: Clock;
    readonly alarm: TimerQueue;
    readonly write: (key: string, held: CachedConversation) => void;
  };
  readonly #maxDelayMs: number;
  /** The longest behind first; some were written since. */
  readonly #pending: PendingRow[] = [];
  #isRinging = false;

  constructor(
    parts: { clock: Clock; alarm: TimerQueue; write: (key: string, held: CachedConversation) => void },
    mostMs: number,
  ) {
    this.#parts = parts;
    this.#maxDelayMs = mostMs;
  }

  add(key: string, held: CachedConversation): void {
    held.isLate = true;
    this.#pending.push({ key, held, sinceMs: this.#parts.clock.monotonicMs() });
    if (!this.#isRinging) this.#ringAfter(this.#maxDelayMs);
  }

  #ringAfter(ms: number): void {
    const { alarm, clock } = this.#parts;
    this.#isRinging = true;
    alarm.at(clock.monotonicMs() + ms, () => {
      this.#isRinging = false;
      const nowMs = clock.monotonicMs();
      this.#write(nowMs - this.#maxDelayMs, ROWS_AT_ONCE);
      const [first] = this.#pending;
      if (first !== undefined) this.#ringAfter(Math.max(PAUSE_MS, first.sinceMs + this.#maxDelayMs - nowMs));
    });
  }

  /** Writes all of them now; whether there were any. */
  writeAll(): boolean {
    return this.#write(Infinity, Infinity);
  }

  #write(sinceMs: number, most: number): boolean {
    let end = 0;
    while (end < most && (this.#pending[end]?.sinceMs ?? Infinity) <= sinceMs && end < this.#pending.length) end += 1;
    for (const { key, held } of this.#pending.splice(0, end)) if (held.isLate) this.#parts.write(key, held);
    return end > 0;
  }
}
