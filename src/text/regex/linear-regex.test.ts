import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compileRegex } from "./linear-regex.ts";

const LETTERS = ["a", "b", "c", "_", "1", " ", "-", "A", "B"];
const letter = fc.constantFrom(...LETTERS);

/** Patterns that JavaScript reads too and means the same by. */
const pattern: fc.Arbitrary<string> = fc.letrec<{ readonly any: string; readonly atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: "small" },
    letter,
    fc.constantFrom(".", "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "[abc]", "[^ab]", "[a-c1]", "[\\d_-]", "\\."),
    tie("any").map((inner) => `(${inner})`),
    tie("any").map((inner) => `(?:${inner})`),
  ),
  any: fc.oneof(
    { depthSize: "small" },
    tie("atom"),
    fc
      .tuple(tie("atom"), fc.constantFrom("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"))
      .map((both) => both.join("")),
    fc.tuple(tie("any"), tie("any")).map((both) => both.join("")),
    fc.tuple(tie("any"), tie("any")).map((both) => both.join("|")),
    fc.tuple(fc.constantFrom("^", "\\b", "\\B"), tie("any")).map((both) => both.join("")),
    fc.tuple(tie("any"), fc.constantFrom("$", "\\b")).map((both) => both.join("")),
  ),
})).any;

test("a pattern finds what JavaScript's own finds", () => {
  fc.assert(
    fc.property(pattern, fc.array(letter, { maxLength: 12 }), fc.boolean(), (source, letters, ignoresCase) => {
      const text = letters.join("");
      const made = compileRegex(ignoresCase ? `(?i)${source}` : source);
      const found = made.type === "compiled" ? made.regex.test(text) : made.problem.message;
      fc.pre(found !== "the pattern is too large; write it shorter");
      expect(found).toBe(new RegExp(source, ignoresCase ? "is" : "s").test(text));
    }),
    { numRuns: 2_000 },
  );
});

test("by tables the same is found as place by place, whatever the characters", () => {
  const text = fc.array(fc.constantFrom(...LETTERS, "é", "文", "😀", "\ud800", "\u017f", "."), { maxLength: 40 });
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 4 }), fc.boolean(), (source, texts, ignoresCase) => {
      const made = compileRegex(ignoresCase ? `(?i)${source}` : source);
      fc.pre(made.type === "compiled");
      if (made.type !== "compiled") return;
      // One after the other with the same tables.
      for (const letters of texts) {
        const given = letters.join("");
        expect(made.regex.test(given)).toBe(made.regex.testSlowly(given));
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a pattern with more states than the tables hold finds the same", () => {
  const made = compileRegex("(a|b)*a(a|b){12}c");
  if (made.type === "malformed") throw new Error(made.problem.message);
  const noise = Array.from({ length: 3_000 }, (_none, at) => ((at * at) % 7 < 3 ? "a" : "b")).join("");
  for (const text of [noise, `${noise}${"a".repeat(13)}c`, `${noise}b${"b".repeat(12)}c`])
    expect(made.regex.test(text)).toBe(made.regex.testSlowly(text));
});

test("a pattern that others take forever for is over at once", () => {
  for (const source of ["^(a+)+$", "^(a|aa)+$", "^(a*)*b$", "(.*a){20}$"]) {
    const made = compileRegex(source);
    if (made.type === "malformed") throw new Error(source);
    expect(made.regex.test(`${"a".repeat(2_000)}!`)).toBe(false);
  }
});

test.each([
  ["(a", 0, 'a "(" without its ")"'],
  ["a)", 1, 'a ")" without its "("'],
  ["[ab", 0, 'a "[" without its "]"'],
  ["a**", 3, "two repetitions in a row"],
  ["*a", 0, "nothing to repeat"],
  ["a{3,2}", 1, "a repetition that ends before it begins"],
  ["a{1000}", 1, "more than 100 repetitions"],
  ["(?=a)", 0, "only (…) and (?:…) are groups here, and (?i) at the begin"],
  ["(a)\\1", 3, "\\1 means nothing here"],
  ["[z-a]", 1, "a range that ends before it begins"],
  ["a\\", 2, "the pattern ends too early"],
  ["((a{100}){100}){100}", 0, "the pattern is too large; write it shorter"],
  ["(".repeat(30), 21, "groups more than 20 deep"],
])("%s is refused, with its place", (source, offset, message) => {
  expect(compileRegex(source)).toEqual({ type: "malformed", problem: { offset, message } });
});
