import * as fc from "fast-check";
import { expect, test } from "vitest";
import { redact } from "./vendor-text.ts";

const SECRET = fc.stringMatching(/^[\w.~+-]{6,40}$/).filter((text) => !"[redacted]".includes(text));

test("a secret is never in what is left, wherever it stands", () => {
  fc.assert(
    fc.property(fc.string(), SECRET, fc.string(), (before, secret, after) => {
      expect(redact(`${before}${secret}${after}`, [secret])).not.toContain(secret);
    }),
  );
});

test.each([
  ["Incorrect API key provided: sk-abc****wxyz.", "Incorrect API key provided: [redacted]"],
  ["header Bearer abcdef123456 refused", "header [redacted] refused"],
  ["two\n lines", "two lines"],
])("%s is shown as %s", (text, expected) => {
  expect(redact(text, [])).toBe(expected);
});

test("long messages are cut", () => {
  expect(redact("x".repeat(5000), []).length).toBeLessThanOrEqual(600);
});
