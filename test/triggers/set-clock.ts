import { ManualClock } from "../helpers/manual-clock.ts";

/** A manual clock whose time of day can be set, as an operator or NTP does: timers do not notice. */
export class SetClock extends ManualClock {
  #shiftMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.#shiftMs;
  }

  /** Sets the time of day. */
  set(time: string): void {
    this.#shiftMs = Date.parse(time) - super.nowMs();
  }

  /** Lets time pass until a time of day. */
  async until(time: string): Promise<void> {
    await this.advance(Date.parse(time) - this.nowMs());
  }
}
