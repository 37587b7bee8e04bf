import { expect, test } from "vitest";
import { Calendar } from "./day.ts";

const at = (text: string) => Date.parse(text);

test("a day is that of its time zone", () => {
  const utc = new Calendar("UTC");
  const berlin = new Calendar("Europe/Berlin");
  expect(utc.dayOf(at("2026-11-21T23:30:00Z"))).toBe("2026-11-21");
  expect(berlin.dayOf(at("2026-11-21T23:30:00Z"))).toBe("2026-11-22");
  expect(utc.dayOf(at("2026-11-22T00:00:00Z"))).toBe("2026-11-22");
  // Back again: what is remembered of a day does not stick.
  expect(utc.dayOf(at("2026-11-21T23:59:59.999Z"))).toBe("2026-11-21");
});

test("days around a change of the clocks are whole", () => {
  const berlin = new Calendar("Europe/Berlin");
  expect(berlin.dayOf(at("2026-10-24T22:00:00Z"))).toBe("2026-10-25");
  expect(berlin.dayOf(at("2026-10-25T22:59:59Z"))).toBe("2026-10-25");
  expect(berlin.dayOf(at("2026-10-25T23:00:00Z"))).toBe("2026-10-26");
});

test("days are counted back over the ends of months", () => {
  expect(new Calendar("UTC").daysBefore(at("2026-03-02T10:00:00Z"), 3)).toBe("2026-02-27");
});

test("an invalid time zone is refused", () => {
  expect(() => new Calendar("Mars/Olympus")).toThrow(RangeError);
});
