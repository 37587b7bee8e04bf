import { expect, test } from "vitest";
import { countOf, showAge, showBytes, showCount, showSpan } from "./quantities.ts";

test.each([
  [0.04, "0.0 ms"],
  [12.4, "12 ms"],
  [999, "999 ms"],
  [6_400, "6.4 s"],
  [125_000, "2m 05s"],
  [11_520_000, "3h 12m"],
  [187_200_000, "2d 4h"],
])("a span of %d ms reads %s", (ms, text) => {
  expect(showSpan(ms)).toBe(text);
});

test.each([
  [400, "now"],
  [42_000, "42s"],
  [299_000, "4m"],
  [7_200_000, "2h"],
  [200_000_000, "2d"],
])("what is %d ms old is %s old", (ms, text) => {
  expect(showAge(1_000_000, 1_000_000 + ms)).toBe(text);
});

test.each([
  [812, "812 B"],
  [4_100, "4.1 kB"],
  [999_960, "1.0 MB"],
  [268_435_456, "268 MB"],
  [1_200_000_000, "1.2 GB"],
  [5e15, "5000 TB"],
])("%d bytes read %s", (bytes, text) => {
  expect(showBytes(bytes)).toBe(text);
});

test("counts have separators and nouns their number", () => {
  expect(showCount(1_234_567)).toBe("1,234,567");
  expect(showCount(999)).toBe("999");
  expect(countOf(1, "agent")).toBe("1 agent");
  expect(countOf(4_120, "tool call")).toBe("4,120 tool calls");
});
