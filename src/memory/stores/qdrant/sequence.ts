import { randomInt } from "node:crypto";
import type { Clock } from "../../../kernel/clock.ts";

/** Numbers in a millisecond; what they count fits an exact integer until the year 2109. */
const PER_MS = 2_048;

/**
 * Numbers that rise, by the clock: Qdrant counts nothing for its clients. They rise within a process and within an entity always,
 * between servers as far as their clocks agree.
 */
export class Sequence {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Greater than all before, and than `least`. */
  next(least = 0): number {
    // Two servers that begin in one millisecond do not begin with one number.
    const now = this.#clock.nowMs() * PER_MS + randomInt(PER_MS);
    this.#last = Math.max(this.#last + 1, least + 1, now);
    return this.#last;
  }
}
