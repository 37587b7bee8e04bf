import { expect, test } from "vitest";
import { dueSlots, openSchedule, scheduleProblem } from "./index.ts";

const cron = (pattern: string, zone = "UTC") => ({ kind: "cron", cron: pattern, zone }) as const;

function slots(pattern: string, zone: string, from: string, count: number): readonly string[] {
  const schedule = openSchedule(cron(pattern, zone), 0);
  const found: string[] = [];
  for (let at = schedule.next(Date.parse(from)); at !== undefined && found.length < count; at = schedule.next(at))
    found.push(`${new Date(at).toISOString().slice(0, 16)}Z`);
  return found;
}

/** Local times that a change of the clocks omits or repeats: each slot fires once. */
const CHANGES = [
  [
    "Berlin, spring, omitted hour",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-03-28T12:00Z",
    ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
  ],
  [
    "Berlin, autumn, repeated hour",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-10-24T12:00Z",
    ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
  ],
  [
    "Berlin, autumn, each hour",
    "0 * * * *",
    "Europe/Berlin",
    "2026-10-24T23:30Z",
    ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"],
  ],
  [
    "New York, spring, omitted hour",
    "30 2 * * *",
    "America/New_York",
    "2026-03-07T12:00Z",
    ["2026-03-08T07:00Z", "2026-03-09T06:30Z"],
  ],
  [
    "New York, autumn, repeated hour",
    "30 1 * * *",
    "America/New_York",
    "2026-10-31T12:00Z",
    ["2026-11-01T05:30Z", "2026-11-02T06:30Z"],
  ],
  [
    "New York, autumn, each half hour",
    "*/30 * * * *",
    "America/New_York",
    "2026-11-01T05:10Z",
    ["2026-11-01T05:30Z", "2026-11-01T06:00Z", "2026-11-01T06:30Z"],
  ],
  [
    "Lord Howe, spring, omitted half hour",
    "15 2 * * *",
    "Australia/Lord_Howe",
    "2026-10-03T10:00Z",
    ["2026-10-03T15:30Z", "2026-10-04T15:15Z"],
  ],
  [
    "Lord Howe, autumn, repeated half hour",
    "45 1 * * *",
    "Australia/Lord_Howe",
    "2026-04-04T10:00Z",
    ["2026-04-04T14:45Z", "2026-04-05T15:15Z"],
  ],
  [
    "Lord Howe, autumn, each half hour",
    "*/30 * * * *",
    "Australia/Lord_Howe",
    "2026-04-04T14:10Z",
    ["2026-04-04T14:30Z", "2026-04-04T15:00Z", "2026-04-04T15:30Z"],
  ],
] as const;

test.each(CHANGES)("%s: %s in %s", (...[, pattern, zone, from, expected]) => {
  expect(slots(pattern, zone, from, expected.length)).toEqual(expected);
});

test("slots of a year are in order, none twice, in each zone", () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]) {
    const schedule = openSchedule(cron("15,45 0-4 * * *", zone), 0);
    let count = 0;
    const end = Date.parse("2027-01-01T00:00Z");
    for (let at = Date.parse("2026-01-01T00:00Z"); at < end; count += 1) {
      const next = schedule.next(at);
      if (next === undefined) throw new Error("a daily pattern has a next slot");
      expect(next).toBeGreaterThan(at);
      at = next;
    }
    expect(Math.abs(count - 3_650)).toBeLessThan(8);
  }
});

test("intervals are whole multiples from their anchor, before it too; a single time is due once", () => {
  const every = openSchedule({ kind: "every", every: "15m" }, 1_000);
  expect([every.next(999), every.next(1_000), every.next(-900_000)]).toEqual([1_000, 901_000, -899_000]);
  const at = openSchedule({ kind: "at", at: "1970-01-01T01:00:05+01:00" }, 0);
  expect([at.next(4_999), at.next(5_000)]).toEqual([5_000, undefined]);
});

test.each([
  [cron("0 0 31 2 *"), "cron", /matches no date/],
  [cron("* * * * * *"), "cron", /has 6 fields/],
  [cron("0 7 * *"), "cron", /has 4 fields/],
  [cron(""), "cron", /has 0 fields/],
  [cron("@daily"), "cron", /five fields/],
  [cron("2026-03-08T00:00:00"), "cron", /has 1 fields/],
  [cron("61 * * * *"), "cron", /invalid/],
  [cron("0 7 * * *", "Mars/Base"), "zone", /no time zone/],
  [cron("0 7 * * *", "+02:00"), "zone", /no time zone/],
  [{ kind: "every", every: "10ms" } as const, "every", /shorter than 1s/],
  [{ kind: "every", every: "367d" } as const, "every", /longer than 366d/],
] as const)("%j is refused with a remedy", (spec, field, message) => {
  const problem = scheduleProblem(spec);
  expect(problem).toMatchObject({ field, message: expect.stringMatching(message) });
  expect(problem?.fix).not.toBe("");
});

test("usual patterns are accepted", () => {
  for (const pattern of ["0 7 * * 1-5", "*/5 * * * *", "0 0 29 2 *", "0 9 * * mon-fri", "0 0 L * *"])
    expect(scheduleProblem(cron(pattern, "Europe/Berlin"))).toBeUndefined();
});

const MINUTE_MS = 60_000;
const noDelay = () => 0;

test("the newest due slots are found at a cost that does not depend on how many were missed", () => {
  let asked = 0;
  const minutely = openSchedule({ kind: "every", every: "1m" }, 0);
  const counted = { next: (afterMs: number) => ((asked += 1), minutely.next(afterMs)) };
  const nowMs = 5_000_000 * MINUTE_MS + 1;
  const found = dueSlots(counted, { fromMs: MINUTE_MS, nowMs, max: 3 }, noDelay);
  expect(found.slots).toEqual([4_999_998, 4_999_999, 5_000_000].map((each) => each * MINUTE_MS));
  expect(found).toMatchObject({ missedFromMs: MINUTE_MS, nextMs: 5_000_001 * MINUTE_MS });
  expect(asked).toBeLessThan(20);
});

test("a slot that is alone is found however long ago it was, and delays move slots", () => {
  const yearly = openSchedule(cron("0 0 1 1 *"), 0);
  const fromMs = Date.parse("2020-01-01T00:00Z");
  const nowMs = Date.parse("2020-11-01T00:00Z");
  expect(dueSlots(yearly, { fromMs, nowMs, max: 100 }, noDelay)).toEqual({
    slots: [fromMs],
    missedFromMs: undefined,
    nextMs: Date.parse("2021-01-01T00:00Z"),
  });
  const minutely = openSchedule({ kind: "every", every: "1m" }, 0);
  const delayed = dueSlots(minutely, { fromMs: MINUTE_MS, nowMs: 2 * MINUTE_MS, max: 5 }, () => 1_000);
  expect(delayed).toEqual({ slots: [MINUTE_MS], missedFromMs: undefined, nextMs: 2 * MINUTE_MS });
});
