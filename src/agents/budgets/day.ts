/** A calendar day, `2026-11-21`. */
export type Day = string;

/** Days of a time zone. Asking is cheap: the day that was found last is remembered with its bounds. */
export class Calendar {
  readonly timeZone: string;
  #known = { day: "", fromMs: 0, untilMs: 0 };

  /** Throws RangeError for an invalid time zone. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.dayOf(0);
  }

  dayOf(atMs: number): Day {
    const { day, fromMs, untilMs } = this.#known;
    if (atMs >= fromMs && atMs < untilMs) return day;
    const begin = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs))
      .toZonedDateTimeISO(this.timeZone)
      .startOfDay();
    const end = begin.add({ days: 1 }).startOfDay();
    this.#known = {
      day: begin.toPlainDate().toString(),
      fromMs: begin.epochMilliseconds,
      untilMs: end.epochMilliseconds,
    };
    return this.#known.day;
  }

  /** The day so many days before the one of `atMs`. */
  daysBefore(atMs: number, days: number): Day {
    return Temporal.PlainDate.from(this.dayOf(atMs)).subtract({ days }).toString();
  }
}
