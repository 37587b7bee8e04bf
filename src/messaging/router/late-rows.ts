import { type TimerQueue } from "../../kernel/async/timer-queue.ts";
import { type Clock } from "../../kernel/clock.ts";
import { type Held } from "./held-conversation.ts";

/** Written so many at a time, with a pause between, so that no message waits for all of them. */
const [ROWS_AT_ONCE, PAUSE_MS] = [16, 2];

type Late = { readonly key: string; readonly held: Held; readonly sinceMs: number };

/** Conversations whose rows say less than was said since; each is written when it is `mostMs` behind. */
export class LateRows {
  readonly #parts: {
    readonly clock: Clock;
    readonly alarm: TimerQueue;
    readonly write: (key: string, held: Held) => void;
  };
  readonly #mostMs: number;
  /** The longest behind first; some were written since. */
  readonly #late: Late[] = [];
  #isRinging = false;

  constructor(parts: { clock: Clock; alarm: TimerQueue; write: (key: string, held: Held) => void }, mostMs: number) {
    this.#parts = parts;
    this.#mostMs = mostMs;
  }

  add(key: string, held: Held): void {
    held.isLate = true;
    this.#late.push({ key, held, sinceMs: this.#parts.clock.monotonicMs() });
    if (!this.#isRinging) this.#ringAfter(this.#mostMs);
  }

  #ringAfter(ms: number): void {
    const { alarm, clock } = this.#parts;
    this.#isRinging = true;
    alarm.at(clock.monotonicMs() + ms, () => {
      this.#isRinging = false;
      const nowMs = clock.monotonicMs();
      this.#write(nowMs - this.#mostMs, ROWS_AT_ONCE);
      const [first] = this.#late;
      if (first !== undefined) this.#ringAfter(Math.max(PAUSE_MS, first.sinceMs + this.#mostMs - nowMs));
    });
  }

  /** Writes all of them now; whether there were any. */
  writeAll(): boolean {
    return this.#write(Infinity, Infinity);
  }

  #write(sinceMs: number, most: number): boolean {
    let end = 0;
    while (end < most && (this.#late[end]?.sinceMs ?? Infinity) <= sinceMs && end < this.#late.length) end += 1;
    for (const { key, held } of this.#late.splice(0, end)) if (held.isLate) this.#parts.write(key, held);
    return end > 0;
  }
}
