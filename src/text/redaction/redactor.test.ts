import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type BuiltInName, BUILT_IN_PATTERNS, readPattern } from "./patterns.ts";
import { RegexSet } from "../regex/index.ts";
import { Literals } from "./literals.ts";
import { Redactor } from "./redactor.ts";
import { formsOf } from "./secrets.ts";
import { lookingFor, RedactingStream } from "./stream.ts";
import type { OwnPattern } from "./patterns.ts";

// verifies("security.redaction")

const SECRET = "s3cr3t-Valué/+x";
const EXAMPLES: { readonly [Name in BuiltInName]: string } = {
  email: "jane.doe+x@mail.example.org",
  credit_card: "4111 1111 1111 1111",
  iban: "DE89 3704 0044 0532 0130 00",
  us_ssn: "123-45-6789",
  phone: "+49 (30) 1234-5678",
  ipv4: "192.168.7.24",
  jwt: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
  aws_key: "AKIAIOSFODNN7EXAMPLE",
  private_key: "-----BEGIN RSA PRIVATE KEY-----\nMIIEow-IBAAK\nxyz==\n-----END RSA PRIVATE KEY-----",
};

const patterns = (...given: readonly (BuiltInName | OwnPattern)[]) =>
  given.map((each) => {
    const read = readPattern(each);
    if (read.type === "malformed") throw new Error(read.problem.message);
    return read.pattern;
  });
const KNOWN = [{ name: "TOKEN", value: SECRET }];
const all = new Redactor(KNOWN, patterns(...BUILT_IN_PATTERNS));

test.each(BUILT_IN_PATTERNS)("%s is hidden, alone and between other words", (name) => {
  const redactor = new Redactor([], patterns(name));
  expect(redactor.text(EXAMPLES[name])).toBe(`[redacted:${name}]`);
  expect(redactor.text(`über (${EXAMPLES[name]}) und`)).toBe(`über ([redacted:${name}]) und`);
});

test.each([
  ["credit_card", "4111 1111 1111 1112"],
  ["credit_card", "order 41111111111111112222222"],
  ["iban", "DE88 3704 0044 0532 0130 00"],
  ["us_ssn", "000-12-3456"],
  ["ipv4", "1.2.3.256"],
  ["phone", "at 1700000000 s"],
  ["email", "a@b, @c.de"],
  ["aws_key", "AKIASHORT"],
] as const)("%s is not seen in %s", (name, text) => {
  expect(new Redactor([], patterns(name)).text(text)).toBe(text);
});

test("a card number is found behind other digits, and an IBAN before capital letters", () => {
  expect(new Redactor([], patterns("credit_card")).text("12 4111111111111111")).toBe("12 [redacted:credit_card]");
  expect(new Redactor([], patterns("iban")).text("DE89370400440532013000 AND MORE")).toBe("[redacted:iban] AND MORE");
});

test("known secrets are hidden also where they are encoded", () => {
  const given = [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString("hex"), JSON.stringify(SECRET)];
  expect(given.map((text) => all.text(`(${text})`))).toEqual([
    "([redacted:TOKEN])",
    "([redacted:TOKEN])",
    "([redacted:TOKEN])",
    '("[redacted:TOKEN]")',
  ]);
});

test("own patterns are hidden under their own names, also those without an end", () => {
  const redactor = new Redactor([], patterns({ name: "ticket", pattern: String.raw`\bT-\d+` }));
  expect(redactor.text("see T-12345, not XT-1")).toBe("see [redacted:ticket], not XT-1");
  const endless = new Redactor([], patterns({ name: "quoted", pattern: "<.*>" }));
  expect(endless.text(`a <${"x".repeat(20_000)}> b`)).toMatch(/^a <x+\[redacted:quoted\] b$/);
});

test("in JSON every string is hidden, keys included", () => {
  expect(all.json({ "a@b.co": [1, "x@y.org", { deep: SECRET }], none: null })).toEqual({
    "[redacted:email]": [1, "[redacted:email]", { deep: "[redacted:TOKEN]" }],
    none: null,
  });
});

test("what is hidden is counted by name", () => {
  const names: string[] = [];
  all.text(`a@b.co, c@d.co and ${SECRET}`, (name) => names.push(name));
  expect(names).toEqual(["email", "email", "TOKEN"]);
});

test("what cannot be the begin of anything hidden is given at once", () => {
  const redactor = new Redactor(KNOWN, patterns("aws_key"));
  const stream = redactor.stream();
  expect([stream.push("an answer: "), stream.push("of s3c"), stream.push("onds"), stream.end()]).toEqual([
    "an answer: ",
    "of ",
    "s3cond",
    "s",
  ]);
});

/** Texts with things to hide in them, some of them begun only. */
const mixed = fc
  .array(
    fc.oneof(
      fc.constantFrom(SECRET, SECRET.slice(0, 9), SECRET.slice(4), ...Object.values(EXAMPLES)),
      fc.constantFrom(" ", "\n", "@", ".", "-", "4111", "eyJ", "AKIA", "💶", "\ud83d", "ü"),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(""));
const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 25 });

function cut(text: string, places: readonly number[]): readonly string[] {
  const ends = [...new Set(places)].filter((place) => place < text.length).toSorted((a, b) => a - b);
  return [...ends, text.length].map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end));
}

test("a stream shows the same however its text is cut", () => {
  const redactor = new Redactor(KNOWN, patterns(...BUILT_IN_PATTERNS, { name: "own", pattern: "<.*>|1.*5" }));
  fc.assert(
    fc.property(mixed, cuts, (text, places) => {
      const stream = redactor.stream();
      const shown = cut(text, places).map((piece) => stream.push(piece));
      expect(shown.join("") + stream.end()).toBe(redactor.text(text));
      const single = redactor.stream();
      const units = Array.from({ length: text.length }, (_, index) => single.push(text.charAt(index)));
      expect(units.join("") + single.end()).toBe(redactor.text(text));
    }),
    { numRuns: 1_000 },
  );
});

test("no known secret is in what a stream has shown, at any moment", () => {
  fc.assert(
    fc.property(mixed, cuts, (text, places) => {
      const stream = all.stream();
      let shown = "";
      for (const piece of cut(text, places)) {
        shown += stream.push(piece);
        expect(shown).not.toContain(SECRET);
      }
      expect(shown + stream.end()).not.toContain(SECRET);
    }),
    { numRuns: 500 },
  );
});

/** As a redactor of these hides it, by each pattern alone and a literal's every character. */
function placeByPlace(text: string, looked = patterns(...BUILT_IN_PATTERNS), known = KNOWN): string {
  const set = new RegexSet(looked.map((pattern) => ({ regex: pattern.regex, options: lookingFor(pattern) })));
  const forms = new Map(known.flatMap(({ name, value }) => [...formsOf(value)].map((form) => [form, name] as const)));
  const stream = new RedactingStream(new Literals(forms), { patterns: looked, regexes: set.stream("slowly") });
  return stream.push(text) + stream.end();
}

test("a text as a whole is hidden as it is in a stream, and as by each pattern alone", () => {
  const parts = [
    SECRET,
    SECRET.slice(0, 9),
    "@",
    "a.b",
    " ",
    "12",
    "-",
    "eyJ",
    "AKIA",
    "\n",
    "é",
    "😀",
    ...Object.values(EXAMPLES),
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (chosen) => {
      const text = chosen.join("");
      const stream = all.stream();
      expect(all.text(text)).toBe(stream.push(text) + stream.end());
      expect(all.text(text)).toBe(placeByPlace(text));
    }),
    { numRuns: 500 },
  );
});

test("secrets and patterns that overlap are hidden in a stream as by each alone, however it is cut", () => {
  const known = ["abababab", "babbabba", "bbabbaab1"].map((value, at) => ({ name: `S${at}`, value }));
  const own = ["a[ab]*1", "b1+a", String.raw`\bab`, "1.{0,5}1", "(ab){3}"].map((pattern, at) => ({
    name: `p${at}`,
    pattern,
  }));
  const looked = patterns(...own);
  const redactor = new Redactor(known, looked);
  const part = fc.constantFrom("ab", "ba", "abab", "babb", "1", " ", "ba1", ...known.map(({ value }) => value));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), cuts, (parts, places) => {
      const text = parts.join("");
      const stream = redactor.stream();
      const shown = cut(text, places).map((piece) => stream.push(piece));
      expect(shown.join("") + stream.end()).toBe(placeByPlace(text, looked, known));
      expect(redactor.text(text)).toBe(placeByPlace(text, looked, known));
    }),
    { numRuns: 500 },
  );
});

test("a stream continues where the table is rebuilt, and holds no more than a pattern can match", () => {
  const endless = new Redactor([], patterns({ name: "quoted", pattern: "<.*>" }, "email"));
  const stream = endless.stream();
  const shown = Array.from({ length: 300 }, () => stream.push(`<${"x".repeat(98)}a`)).join("");
  expect(shown.length).toBeGreaterThan(30_000 - 16_384 - 200);
  expect(shown + stream.push("@b.org> c") + stream.end()).toMatch(/\[redacted:quoted\] c$/);
  // Two streams in turns through more states than there may be at a time.
  const many = new Redactor(KNOWN, patterns("email", { name: "far", pattern: "[ab]*a[ab]{12}c" }));
  const letters = Array.from({ length: 9_000 }, (_none, at) =>
    ((at * at) % 7) % 2 === 0 || at % 13 === 5 ? "a" : "b",
  );
  const texts = [`${letters.join("")}c x@y.org`, `${letters.toReversed().join("")}c ${SECRET}`];
  const both = texts.map((text) => ({ stream: many.stream(), shown: "", pieces: text.match(/.{1,50}/gs) ?? [] }));
  for (let at = 0; at < 200; at += 1) for (const each of both) each.shown += each.stream.push(each.pieces[at] ?? "");
  expect(both.map((each) => each.shown + each.stream.end())).toEqual(texts.map((text) => many.text(text)));
});

test("more patterns than fit into one table hide the same as each pattern alone", () => {
  const letters = Array.from({ length: 70 }, (_none, at) => String.fromCodePoint(0x4e_00 + at));
  const redactor = new Redactor(
    KNOWN,
    patterns("email", ...letters.map((letter, at) => ({ name: `p${at}`, pattern: `${letter}\\d+` }))),
  );
  const shown = redactor.text(`a ${letters[3]}12 b@c.org ${letters[69]}7 ${SECRET} ${letters[5]}`);
  expect(shown).toBe(`a [redacted:p3] [redacted:email] [redacted:p69] [redacted:TOKEN] ${letters[5]}`);
});
