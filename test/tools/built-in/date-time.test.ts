import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-time");

const run = (tool: string, given: object, world = new World()) => call("date_time", tool, given, world).structured;

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "America/Sao_Paulo",
  "America/St_Johns",
  "UTC",
  "Europe/Dublin",
  "Asia/Tehran",
];
// Zones whose rules are settled: forecasts, as for Morocco, differ from one version of the rules to the next.
const zone = fc.constantFrom(...ZONES);
const instant = fc
  .integer({ min: Date.UTC(1972, 0), max: Date.UTC(2090, 0) })
  .map((ms) => Temporal.Instant.fromEpochMilliseconds(ms - (ms % 1000)));
const date = fc
  .integer({ min: -200_000, max: 200_000 })
  .map((days) => Temporal.PlainDate.from("1970-01-01").add({ days }));

test("times in all zones are those of the IANA rules", () => {
  fc.assert(
    fc.property(instant, (moment) => {
      const { rows } = run("convert", { time: moment.toString(), to: ZONES });
      const wanted = ZONES.map((name) => ({
        iso: moment.toString({ timeZone: name }).replace("+00:00", "Z"),
        zone: name,
      }));
      expect(rows).toMatchObject(wanted);
    }),
    { numRuns: 300 },
  );
});

test("local times become moments, in gaps and overlaps too", () => {
  fc.assert(
    fc.property(instant, zone, (moment, timeZone) => {
      const local = moment.toZonedDateTimeISO(timeZone).toPlainDateTime();
      const wanted = local.toZonedDateTime(timeZone, { disambiguation: "compatible" });
      expect(run("parse", { time: local.toString(), zone: timeZone })["unix"]).toBe(wanted.epochMilliseconds / 1000);
    }),
    { numRuns: 200 },
  );
  const gap = run("parse", { time: "2026-03-29 02:30 Europe/Berlin" });
  expect(gap).toMatchObject({ iso: "2026-03-29T03:30:00+02:00" });
  expect(gap["notes"]).toEqual([expect.stringContaining("is not on the clock")]);
  const twice = run("parse", { time: "2026-10-25 02:30 Europe/Berlin" });
  expect(twice).toMatchObject({ iso: "2026-10-25T02:30:00+02:00" });
});

test("a zone without a rule to come keeps to its list, such as Morocco's for Ramadan", () => {
  const { rows } = run("convert", { time: "2024-03-20T12:00:00Z", to: ["Africa/Casablanca"] });
  expect(rows).toMatchObject([{ iso: "2024-03-20T12:00:00Z", abbreviation: "+00" }]);
  const { changes } = run("time_zone", { zone: "Africa/Casablanca", time: "2024-03-20", changes: 1 });
  expect(changes).toMatchObject([{ utc: "2024-04-14T02:00:00Z", abbreviation: "+01" }]);
});

test("weeks, days and quarters are those of the calendar", () => {
  fc.assert(
    fc.property(date, (day) => {
      const week = `${String(day.yearOfWeek).padStart(4, "0")}-W${String(day.weekOfYear).padStart(2, "0")}`;
      const { dayOfWeek, dayOfYear, daysInMonth, inLeapYear } = day;
      const wanted = {
        iso_weekday: dayOfWeek,
        day_of_year: dayOfYear,
        days_in_month: daysInMonth,
        leap_year: inLeapYear,
        iso_week: week,
      };
      expect(run("parse", { time: day.toString() })).toMatchObject(wanted);
      expect(run("parse", { time: `${week}-${dayOfWeek}` })["date"]).toBe(day.toString());
    }),
    { numRuns: 200 },
  );
});

test("durations are added as calendars do, and clocks", () => {
  const duration = fc.record({
    years: fc.integer({ min: -30, max: 30 }),
    months: fc.integer({ min: -30, max: 30 }),
    days: fc.integer({ min: -400, max: 400 }),
  });
  fc.assert(
    fc.property(instant, zone, duration, fc.integer({ min: -100, max: 100 }), (moment, timeZone, parts, hours) => {
      const start = moment.toZonedDateTimeISO(timeZone);
      const months = parts.years * 12 + parts.months;
      // Months and days of one sign: how their order counts otherwise is a matter of taste.
      fc.pre(Math.sign(months) * Math.sign(parts.days) >= 0);
      const local = start.toPlainDateTime().add({ months }).add({ days: parts.days });
      const wanted = (months === 0 && parts.days === 0 ? start : local.toZonedDateTime(timeZone)).add({
        hours: Math.abs(hours) * (months < 0 || parts.days < 0 ? -1 : 1),
      });
      const negative = months < 0 || parts.days < 0;
      const iso = `${negative ? "-" : ""}P${Math.abs(months)}M${Math.abs(parts.days)}DT${Math.abs(hours)}H`;
      const { unix } = run("add", { time: `${start.toString({ timeZoneName: "never" })}[${timeZone}]`, duration: iso });
      expect(unix).toBe(wanted.epochMilliseconds / 1000);
    }),
    { numRuns: 200 },
  );
  expect(run("add", { time: "2024-01-31", duration: "P1M" })["date"]).toBe("2024-02-29");
  expect(run("add", { time: "2026-05-29", business_days: 1 })["date"]).toBe("2026-06-01");
  expect(run("add", { time: "2026-12-24", business_days: 1, holidays: ["2026-12-25"] })["date"]).toBe("2026-12-28");
  const monthEnd = JSON.parse(`{"time":"2026-05-15T13:00:00Z","then":"end_of_month"}`);
  expect(run("add", z.looseObject({}).parse(monthEnd))["iso"]).toBe("2026-05-31T00:00:00Z");
});

test("a difference is that of the calendar, both ways", () => {
  fc.assert(
    fc.property(date, fc.integer({ min: -5_000, max: 5_000 }), (from, span) => {
      const to = from.add({ days: span });
      const forward = Temporal.PlainDate.compare(from, to) <= 0;
      const [early, late] = forward ? [from, to] : [to, from];
      const sign = forward ? 1 : -1;
      const { days } = early.until(late);
      const { months } = early.until(late, { largestUnit: "month" });
      const weekday = (at: number) => (early.add({ days: at }).dayOfWeek <= 5 ? 1 : 0);
      const business = Array.from({ length: days }, (_, at): number => weekday(at)).reduce((sum, one) => sum + one, 0);
      const found = run("difference", { from: from.toString(), to: to.toString() });
      expect(found).toMatchObject({
        days: days * sign + 0,
        months: months * sign + 0,
        seconds: days * sign * 86_400 + 0,
      });
      expect(found["business_days"]).toBe(business * sign + 0);
    }),
    { numRuns: 150 },
  );
  const clock = run("difference", { from: "2026-03-28T12:00[Europe/Berlin]", to: "2026-03-29T12:00[Europe/Berlin]" });
  expect(clock).toMatchObject({ iso: "P1D", hours: 23 });
});

test.for([
  ["Tue, 15 Nov 1994 08:12:31 GMT", "1994-11-15T08:12:31Z"],
  ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"],
  ["31.05.2026 14:30", "2026-05-31T14:30:00Z"],
  ["05/31/2026", "2026-05-31T00:00:00Z"],
  ["May 31, 2026 3:30 pm", "2026-05-31T15:30:00Z"],
  ["31 May 2026", "2026-05-31T00:00:00Z"],
  ["3rd of March 2026", "2026-03-03T00:00:00Z"],
  ["20260531T143000+0200", "2026-05-31T14:30:00+02:00"],
  ["2026-151", "2026-05-31T00:00:00Z"],
  ["2026-05-31T14:30:00.123456-05:00", "2026-05-31T14:30:00.123456-05:00"],
  ["2026-05-31T24:00", "2026-06-01T00:00:00Z"],
  ["1780237800", "2026-05-31T14:30:00Z"],
  ["1780237800123", "2026-05-31T14:30:00.123Z"],
] as const)("%s is read as %s", ([time, wanted]) => {
  expect(run("parse", { time })["iso"]).toBe(wanted);
});

test("a number is Unix time, and a doubtful date says that it is", () => {
  expect(run("parse", { time: 0 })["iso"]).toBe("1970-01-01T00:00:00Z");
  expect(run("parse", { time: "03/04/2026" })["notes"]).toEqual([expect.stringContaining("the other way round")]);
  expect(run("parse", { time: "03/04/2026", order: "month_first" })["date"]).toBe("2026-03-04");
  expect(failure("date_time", "parse", { time: "2026-02-30" })).toContain("cannot be read as a date or time");
  expect(failure("date_time", "parse", { time: "2026-05-31", zone: "Berlin" })).toContain(
    "Did you mean 'Europe/Berlin'?",
  );
});

test.for([
  [{ style: "rfc2822" }, "Sun, 31 May 2026 16:30:00 +0200"],
  [{ style: "http" }, "Sun, 31 May 2026 14:30:00 GMT"],
  [{ style: "rfc9557" }, "2026-05-31T16:30:00+02:00[Europe/Berlin]"],
  [{ style: "long" }, "Sunday, 31 May 2026, 16:30 CEST"],
  [{ style: "unix" }, "1780237800"],
  [{ pattern: "%-d.%-m.%y %I:%M %p %j %G-W%V-%u %z %%" }, "31.5.26 04:30 PM 151 2026-W22-7 +0200 %"],
] as const)("%j writes %s", ([how, wanted]) => {
  expect(run("format", { time: "2026-05-31T14:30:00Z", zone: "Europe/Berlin", ...how })["text"]).toBe(wanted);
});

test.for([
  ["P1Y2M3DT4H5M6.7S", { iso: "P1Y2M3DT4H5M6.7S", months: 14, days: 3, seconds: 14706.7, total_seconds: null }],
  ["1h 30m", { iso: "PT1H30M", total_seconds: 5400 }],
  ["2 days, 4 hours and 5 minutes", { iso: "P2DT4H5M" }],
  ["-P2W", { iso: "-P14D", total_seconds: -1_209_600 }],
  ["1:30:15", { seconds: 5415 }],
] as const)("the duration %s is %j", ([duration, wanted]) => {
  expect(run("duration", { duration })).toMatchObject(wanted);
});

test.for([
  ["30 9 * * MON-FRI", "2026-05-29T10:00:00Z", ["2026-06-01T09:30:00Z", "2026-06-02T09:30:00Z"]],
  ["0 0 29 2 *", "2026-01-01", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]],
  ["*/20 8-9 * * *", "2026-05-31T08:30:00Z", ["2026-05-31T08:40:00Z", "2026-05-31T09:00:00Z"]],
  ["0 12 L * *", "2026-02-01", ["2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z"]],
  ["0 0 * * 5L", "2026-05-01", ["2026-05-29T00:00:00Z", "2026-06-26T00:00:00Z"]],
  ["0 0 13 * FRI", "2026-02-01", ["2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z"]],
  ["@monthly", "2026-05-31", ["2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"]],
] as const)("%s after %s comes at %j", ([expression, from, times]) => {
  expect(run("cron", { expression, from, count: 2 })["times"]).toEqual(times);
});

test("cron keeps to the clock of its zone", () => {
  const given = { expression: "30 2 * * *", from: "2026-03-28T00:00:00Z", zone: "Europe/Berlin", count: 3 };
  expect(run("cron", given)["times"]).toEqual([
    "2026-03-28T02:30:00+01:00",
    "2026-03-29T03:30:00+02:00",
    "2026-03-30T02:30:00+02:00",
  ]);
  expect(failure("date_time", "cron", { expression: "61 * * * *", from: 0 })).toContain(
    "'61' is no minute from 0 to 59",
  );
});

test("ranges keep the month's end and the wanted weekdays", () => {
  expect(run("range", { from: "2026-01-31", step: "P1M", limit: 4 })["times"]).toEqual([
    "2026-01-31",
    "2026-02-28",
    "2026-03-31",
    "2026-04-30",
  ]);
  const mondays = run("range", { from: "2026-05-01", to: "2026-05-31", weekdays: ["Monday"] });
  expect(mondays["times"]).toEqual(["2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25"]);
  expect(failure("date_time", "range", { from: "2026-05-01", step: "-P1D" })).toContain("a duration forward");
});

test("now is the host's clock, and says when it is not granted", () => {
  const world = new World();
  world.clockNs = 1_780_237_800_123_000_000n;
  expect(run("now", { zone: "Europe/Berlin" }, world)).toMatchObject({
    iso: "2026-05-31T16:30:00.123+02:00",
    weekday: "Sunday",
  });
  world.clockNs = 946_684_800_000_000_000n;
  expect(failure("date_time", "now", {}, world)).toContain("clock = true");
});

test("a zone reports its rules and their version", () => {
  const { changes, data_version: version } = run("time_zone", {
    zone: "Europe/Berlin",
    time: "2040-01-01",
    changes: 2,
  });
  expect(version).toEqual(expect.stringMatching(/^20\d\d[a-z]$/));
  expect(changes).toMatchObject([
    { utc: "2040-03-25T01:00:00Z", abbreviation: "CEST" },
    { utc: "2040-10-28T01:00:00Z", abbreviation: "CET" },
  ]);
  const { zones } = run("time_zone", {});
  const known = new Set(Array.isArray(zones) ? zones : []);
  expect(Intl.supportedValuesOf("timeZone").filter((name) => !known.has(name))).toEqual([]);
});

test("no text whatever makes it trap", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom(..."2026 05 31 - / : T Z + W May , . pm P D M [ ] 9999 0".split(" ")), { maxLength: 12 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (time) => {
      expect(call("date_time", "parse", { time }).text).not.toBe("");
      expect(call("date_time", "add", { time: "9999-12-31", duration: time }).text).not.toBe("");
      expect(call("date_time", "cron", { expression: time, from: 0, count: 1 }).text).not.toBe("");
    }),
    { numRuns: 200 },
  );
});
