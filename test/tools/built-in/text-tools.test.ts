import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-text");

const run = (tool: string, given: object) => call("text_tools", tool, given).structured;
const RUNS = { numRuns: 100 };

/** Patterns that mean the same here and in JavaScript. */
const atom = fc.constantFrom(
  "a",
  "b",
  "c",
  ".",
  "[ab]",
  "[^a]",
  "\\d",
  "\\w",
  "(a|b)",
  "(?:ab)",
  "(b?)",
  "(a|ab)(c|bcd)?",
);
const repeat = fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?");
const pattern = fc
  .array(
    fc.tuple(atom, repeat).map((parts) => parts.join("")),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(""));
const haystack = fc.string({ unit: fc.constantFrom("a", "b", "c", "d", "1", " ", "é", "\n"), maxLength: 20 });

test("matches and groups are those of a backtracking engine", () => {
  fc.assert(
    fc.property(pattern, haystack, (source, text) => {
      // JavaScript forgets a group at each turn of a repetition around it; here as in most engines the last one counts.
      fc.pre(!/\)[*+{?]/.test(source.replaceAll("(?:ab)", "")));
      const found = [...text.matchAll(new RegExp(source, "gu"))].map((match) => ({
        match: match[0],
        groups: match.slice(1).map((group) => group ?? null),
        start: Array.from(text.slice(0, match.index)).length,
      }));
      const rows = run("regex_match", { text, pattern: source.replaceAll("\\w", "[A-Za-z0-9_]") })["rows"];
      expect(rows).toMatchObject(found);
      expect(rows).toHaveLength(found.length);
    }),
    { numRuns: 400 },
  );
});

test("a pattern that makes backtracking explode is done in linear time", () => {
  const text = "a".repeat(20_000);
  expect(run("regex_match", { text: `${text}!`, pattern: "^(a+)+$" })["count"]).toBe(0);
  expect(run("regex_match", { text, pattern: "(a*)*b|(a|aa)+$" })["count"]).toBe(1);
});

test.for([
  ["(?<=a)b", "looking ahead or behind"],
  ["(a)\\1", "references back to groups"],
  ["a{2,1}", "the wrong way round"],
  ["(a", "a '(' is not closed"],
  ["[z-a]", "from the lower character to the higher"],
  ["*a", "there is nothing that '*' could repeat"],
  ["(a{1000}){1000}", "the pattern is too large"],
  ["(".repeat(100), "nested more than"],
  ["\\q", "the escape \\q is not known"],
] as const)("the pattern %s is refused with the reason", ([source, wanted]) => {
  expect(failure("text_tools", "regex_match", { text: "x", pattern: source })).toContain(wanted);
});

test("replacement knows groups by number and by name", () => {
  const given = { text: "Doe, Jane; Roe, Max", pattern: "(?<last>\\w+), (\\w+)" };
  expect(run("regex_replace", { ...given, replacement: "$2 ${last} $$" })).toMatchObject({
    result: "Jane Doe $; Max Roe $",
    replaced: 2,
  });
  expect(run("regex_replace", { text: "a.b.c", pattern: ".", replacement: "$1", literal: true })["result"]).toBe(
    "a$1b$1c",
  );
  expect(failure("text_tools", "regex_replace", { ...given, replacement: "$3" })).toContain("names the group '3'");
  expect(run("regex_split", { text: "a , b;c", pattern: "\\s*[,;]\\s*" })["parts"]).toEqual(["a", "b", "c"]);
});

test("letters of other scripts are letters", () => {
  expect(run("regex_match", { text: "Straße Ωμέγα 東京", pattern: "\\p{L}+" })["count"]).toBe(3);
  expect(run("regex_match", { text: "ÄRGER ärger", pattern: "ärger", ignore_case: true })["count"]).toBe(2);
});

test("search gives lines with their context", () => {
  const text = Array.from({ length: 30 }, (_, at) => (at % 10 === 4 ? `Fehler ${at}` : `line ${at}`)).join("\n");
  const { rows, count } = run("search", { text, query: "fehler", context: 1 });
  expect(count).toBe(3);
  expect(rows).toMatchObject([4, 5, 6, 14, 15, 16, 24, 25, 26].map((line) => ({ line, found: line % 10 === 5 })));
});

test("counts are right", () => {
  const given = { text: "Hello, world! It's 3.5 km.\n\nZwölf Boxkämpfer.\n" };
  const wanted = { words: 7, lines: 3, blank_lines: 1, paragraphs: 2, sentences: 3, unique_words: 7, characters: 46 };
  expect(run("statistics", given)).toMatchObject(wanted);
});

/** Applies a unified diff, as patch would. */
function patched(old: readonly string[], diff: string): string[] {
  const out: string[] = [];
  let at = 0;
  for (const line of diff.split("\n").slice(2, -1)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@$/.exec(line);
    if (hunk) {
      const from = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1);
      out.push(...old.slice(at, from));
      at = from;
    } else if (line.startsWith("+")) out.push(line.slice(1));
    else {
      if (line.slice(1) !== old[at]) throw new Error(`"${line}" is not line ${at}`);
      if (line.startsWith(" ")) out.push(line.slice(1));
      at += 1;
    }
  }
  return [...out, ...old.slice(at)];
}

/** The length of a longest common subsequence. */
const common = (one: readonly string[], two: readonly string[]): number => {
  const row = Array.from({ length: two.length + 1 }, () => 0);
  for (const left of one) {
    let diagonal = 0;
    for (const [at, right] of two.entries()) {
      const above = row[at + 1] ?? 0;
      row[at + 1] = left === right ? diagonal + 1 : Math.max(above, row[at] ?? 0);
      diagonal = above;
    }
  }
  return row.at(-1) ?? 0;
};

test("a unified diff turns the old lines into the new ones, by the fewest changes", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d d"), { maxLength: 14 });
  fc.assert(
    fc.property(lines, lines, fc.integer({ min: 0, max: 3 }), (old, fresh, context) => {
      const given = {
        text: old.map((line) => `${line}\n`).join(""),
        other: fresh.map((line) => `${line}\n`).join(""),
        context,
      };
      const { result, added, removed, equal } = run("diff", given);
      const same = common(old, fresh);
      expect({ added, removed }).toEqual({ added: fresh.length - same, removed: old.length - same });
      const after = equal === true ? old : patched(old, z.string().parse(result));
      expect(after).toEqual(fresh);
    }),
    { numRuns: 200 },
  );
});

test("encodings are those of others, there and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const bytes = Buffer.from(text);
      const wanted = {
        base64: bytes.toString("base64"),
        base64url: bytes.toString("base64url"),
        hex: bytes.toString("hex"),
      };
      for (const [code, encoded] of Object.entries(wanted)) {
        expect(run("encode", { text, code })["result"]).toBe(encoded);
      }
      for (const code of ["base64", "base64url", "hex", "url", "html", "json", "rot13"]) {
        const { result } = run("encode", { text, code });
        expect(run("encode", { text: result, code, direction: "decode" })["result"]).toBe(text);
      }
      const { result: percent } = run("encode", { text, code: "url" });
      expect(decodeURIComponent(z.string().parse(percent))).toBe(text);
    }),
    { numRuns: 40 },
  );
  expect(run("encode", { text: "&eacute;&#8364;&#x41;&unknown;", code: "html", direction: "decode" })["result"]).toBe(
    "é€A&unknown;",
  );
  expect(failure("text_tools", "encode", { text: "/w==", code: "base64", direction: "decode" })).toContain(
    "no text in UTF-8",
  );
  const text =
    "S&iacute; &CounterClockwiseContourIntegral;&NotEqualTilde;&zwnj;&AElig &copy2026 &notit; &#233x &#x2603;";
  expect(run("encode", { text, code: "html", direction: "decode" })["result"]).toBe(
    "S\u00ed \u2233\u2242\u0338\u200c\u00c6 \u00a92026 \u00acit; \u00e9x \u2603",
  );
  const odd = "&; &# &#x &a &aa; &#99999999999; &#xD800; &zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz; AT&T &amp";
  expect(run("encode", { text: odd, code: "html", direction: "decode" })["result"]).toBe(
    "&; &# &#x &a &aa; \ufffd \ufffd &zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz; AT&T &",
  );
});

test("hashes are those of others", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      for (const kind of ["sha256", "md5"]) {
        expect(run("hash", { text, kind })["hash"]).toBe(createHash(kind).update(text).digest("hex"));
      }
    }),
    { numRuns: 60 },
  );
  expect(run("hash", { text: "123456789", kind: "crc32" })["hash"]).toBe("cbf43926");
});

test.for([
  ["camel", "HTTP server-name v2", "httpServerNameV2"],
  ["pascal", "some_old name", "SomeOldName"],
  ["snake", "parseHTTPResponse", "parse_http_response"],
  ["kebab", "Some Old Name", "some-old-name"],
  ["constant", "maxValue", "MAX_VALUE"],
  ["title", "it's ÉLAN vital", "It's Élan Vital"],
  ["sentence", "HELLO. how ARE you", "Hello. How are you"],
  ["slug", "  Über den Wölken: Çağrı & Łódź! ", "ueber-den-woelken-cagri-lodz"],
  ["slug", "Привет мир", "privet-mir"],
] as const)("%s of %s is %s", ([to, text, wanted]) => {
  expect(run("convert_case", { text, to })["result"]).toBe(wanted);
});

test.for([
  [{ how: "truncate_chars", width: 8, text: "Hello world" }, "Hello w…"],
  [{ how: "truncate_words", width: 2, text: "one two three" }, "one two…"],
  [{ how: "wrap", width: 10, text: "aaa bbb ccc ddd" }, "aaa bbb\nccc ddd"],
  [{ how: "dedent", text: "    a\n      b\n\n    c" }, "a\n  b\n\nc"],
  [{ how: "unique_lines", text: "b\na\nb" }, "b\na"],
  [{ how: "collapse_spaces", text: "  a \n\t b " }, "a b"],
] as const)("shape %j gives %s", ([given, wanted]) => {
  expect(run("shape", given)["result"]).toBe(wanted);
});

test("extract finds addresses, URLs, numbers and dates, and no numbers inside the others", () => {
  const text =
    "Mail a.b+c@example.co.uk by 2026-05-31 (see https://x.org/a_(b)?q=1). It cost 1,234.50 or -3e5, not v2.";
  const { rows } = run("extract", { text });
  expect(rows).toMatchObject([
    { kind: "email", value: "a.b+c@example.co.uk" },
    { kind: "date", value: "2026-05-31" },
    { kind: "url", value: "https://x.org/a_(b)?q=1" },
    { kind: "number", value: "1,234.50" },
    { kind: "number", value: "-3e5" },
  ]);
});

test("templates are filled, and a missing value is reported", () => {
  const text = "Dear {{ name }}, {{items.1.n}} × {{price|free}} \\{{x}}";
  const values = { name: "Ada & Co", items: [{ n: 1 }, { n: 2 }] };
  expect(run("template", { text, values, escape: "html" })["result"]).toBe("Dear Ada &amp; Co, 2 × free {{x}}");
  expect(failure("text_tools", "template", { text: "{{nam}}", values })).toContain("Did you mean 'name'?");
});

test("similarity is what is known of famous pairs", () => {
  const winkler = run("similarity", { text: "MARTHA", other: "MARHTA" });
  expect(winkler["jaro"]).toBeCloseTo(0.944, 3);
  expect(winkler["jaro_winkler"]).toBeCloseTo(0.961, 3);
  expect(run("similarity", { text: "kitten", other: "sitting" })["levenshtein"]).toBe(3);
});

test("no text whatever makes a tool trap", () => {
  const tools = [
    ["regex_match", "pattern"],
    ["search", "query"],
    ["extract", ""],
    ["statistics", ""],
    ["template", ""],
  ] as const;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom(...tools), (text, other, [tool, name]) => {
      const given = { text, ...(name ? { [name]: other } : {}), ...(tool === "template" ? { values: {} } : {}) };
      const { isError, structured } = call("text_tools", tool, given);
      expect(isError || Object.keys(structured).length > 0).toBe(true);
    }),
    RUNS,
  );
});
