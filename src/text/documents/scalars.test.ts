import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { DurationText, durationText, parseDuration, showDuration, SizeText, sizeText } from "./scalars.ts";

test("durations are read in every unit", () => {
  expect(["100ms", "30s", "5m", "1h", "90d", "1.5h"].map((text) => DurationText.parse(text))).toEqual([
    100, 30_000, 300_000, 3_600_000, 7_776_000_000, 5_400_000,
  ]);
  expect(DurationText.safeParse("30").success).toBe(false);
  expect(DurationText.safeParse("-1s").success).toBe(false);
  expect(DurationText.safeParse(30).error?.issues[0]?.message).toBe('expected a duration in quotes, such as "30s"');
});

test("a duration outside its bounds is refused with the bounds in words", () => {
  const result = durationText({ minMs: 1_000, maxMs: 3_600_000 }).safeParse("2h");
  expect(result.error?.issues[0]?.message).toBe("expected a duration from 1s to 1h");
});

test("a duration that is shown reads back as itself", () => {
  fc.assert(
    fc.property(fc.nat(1_000_000_000), (ms) => {
      expect(parseDuration(showDuration(ms))).toBe(ms);
    }),
  );
});

test("sizes are decimal, or binary with an i, or a number of bytes", () => {
  expect(["10MB", "256MiB", "1KB", "1.5KiB", 42].map((size) => SizeText.parse(size))).toEqual([
    10_000_000, 268_435_456, 1_000, 1_536, 42,
  ]);
  expect(SizeText.safeParse("10 apples").success).toBe(false);
  expect(sizeText({ maxBytes: 100 }).safeParse("1KB").success).toBe(false);
});

test("both have a JSON Schema for editors", () => {
  const schema = z.toJSONSchema(z.object({ timeout: DurationText, size: SizeText }), {
    target: "draft-7",
    io: "input",
  });
  expect(schema.properties).toMatchObject({
    timeout: { type: "string" },
    size: { anyOf: [{ type: "integer" }, { type: "string" }] },
  });
});
