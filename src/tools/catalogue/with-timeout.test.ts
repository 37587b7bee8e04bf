import { expect, test } from "vitest";
import { withTimeout } from "./with-timeout.ts";

test("work that ends gives its value, and what it throws is thrown", () => {
  expect(withTimeout(1_000, () => 5)).toEqual({ type: "done", value: 5 });
  expect(() =>
    withTimeout(1_000, () => {
      throw new TypeError("no");
    }),
  ).toThrow(TypeError);
});

const forever = (): void => {
  for (;;) {
    try {
      /(x+x+)+y/.test("x".repeat(40));
    } catch {
      continue;
    }
  }
};

test("work that does not end is ended, also where it catches everything", () => {
  expect(withTimeout(50, forever)).toEqual({ type: "too-long" });
  expect(withTimeout(1_000, () => "next")).toEqual({ type: "done", value: "next" });
});
