import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../../kernel/json.ts";
import { fitsGlob, parseGlob } from "../../kernel/glob.ts";
import { type MatchMode, isAbout, TEXT_CHARS_MAX } from "./match.ts";
import { readRule } from "./rule.ts";

// verifies("approval.rules")

function about(rule: string, tool: string, given: JsonObject = {}, doubt: MatchMode = "fits"): boolean {
  const read = readRule(rule);
  if (read.type === "malformed") throw new Error(`${rule}: ${read.problem.message}`);
  const [server = "", name = ""] = tool.split(".");
  return isAbout(read.rule, { server, tool: name, arguments: given }, doubt);
}

test("a rule names a server, a tool, or a glob of them", () => {
  expect(about("file_system", "file_system.read")).toBe(true);
  expect(about("file_system.read", "file_system.read")).toBe(true);
  expect(about("file_system.read", "file_system.read_all")).toBe(false);
  expect(about("*", "file_system.read")).toBe(true);
  expect(about("*.delete_*", "mail.delete_all")).toBe(true);
  expect(about("file", "file_system.read")).toBe(false);
});

test("conditions look into the arguments, and all of them have to hold", () => {
  const rule = 'web.request(method = "DELETE", url="https://api.example.com/*")';
  expect(about(rule, "web.request", { method: "DELETE", url: "https://api.example.com/x" })).toBe(true);
  expect(about(rule, "web.request", { method: "GET", url: "https://api.example.com/x" })).toBe(false);
  expect(about(rule, "web.request", { method: "DELETE" })).toBe(false);
  expect(about('db.query(sql=~"(?i)\\bdrop\\b")', "db.query", { sql: "select 1; DROP table x" })).toBe(true);
  expect(about('db.query(sql=~"(?i)\\bdrop\\b")', "db.query", { sql: "select droplets" })).toBe(false);
  expect(about("pay.send(amount=5, urgent=true, note=null)", "pay.send", { amount: 5, urgent: true, note: null })).toBe(
    true,
  );
  expect(about("pay.send(amount=5)", "pay.send", { amount: "5" })).toBe(false);
  expect(
    about('mail.send(to[*].address="*@evil.example")', "mail.send", {
      to: [{ address: "a@b.c" }, { address: "x@evil.example" }],
    }),
  ).toBe(true);
  expect(about('mail.send(to[0]="a")', "mail.send", { to: ["b", "a"] })).toBe(false);
  expect(about(`mail.send("reply-to.x"='a"b')`, "mail.send", { "reply-to.x": 'a"b' })).toBe(true);
});

test("a rule that permits has to be sure, one that stops is not got around", () => {
  const inside = 'fs.write(path="out/*")';
  expect(about(inside, "fs.write", { path: "out/a" }, "fits-not")).toBe(true);
  expect(about(inside, "fs.write", { path: "out/../key" }, "fits-not")).toBe(false);
  expect(about('fs.write(path="key")', "fs.write", { path: "out/../key" }, "fits")).toBe(true);
  expect(about('fs.write(path="etc/*")', "fs.write", { path: "./etc//x" }, "fits")).toBe(true);
  expect(about('fs.write(path!="out/*")', "fs.write", { path: "out/../key" }, "fits")).toBe(true);
  expect(about('fs.write(path!="out/*")', "fs.write", {}, "fits")).toBe(true);
  expect(about('fs.write(path!="out/*")', "fs.write", {}, "fits-not")).toBe(false);
  expect(about(inside, "fs.write", { path: ["out/a", "key"] }, "fits-not")).toBe(false);
  expect(about(inside, "fs.write", { path: ["out/a", "key"] }, "fits")).toBe(true);
  const long = { path: "x".repeat(TEXT_CHARS_MAX + 1) };
  expect(about(inside, "fs.write", long, "fits")).toBe(true);
  expect(about(inside, "fs.write", long, "fits-not")).toBe(false);
  expect(about('web.get(url="https://a.example/key")', "web.get", { url: "https://A.example/x/../key" }, "fits")).toBe(
    true,
  );
});

test.each([
  ["", 0, 'expected a tool: "server", "server.tool", or "*" for all'],
  ["fs.write(", 9, "expected the name of an argument; others than words are written in quotes"],
  ["fs.write(path", 13, 'expected "=", "!=", "=~" or "!~"'],
  ["fs.write(path=out)", 14, "expected a text in quotes, a number, true, false or null"],
  ['fs.write(path="out', 14, "a text without its closing quote"],
  ['fs.write(path="a" b', 18, 'expected "," or ")"'],
  ['fs.write(path="a") b', 19, "expected the end of the rule"],
  ["fs write", 3, 'expected "(" or the end of the rule'],
  ['fs.write(path=="a")', 13, '"==" is written "="'],
  ['db.query(sql=~"a(b")', 16, 'in the pattern: a "(" without its ")"'],
  [`fs(${Array.from({ length: 17 }, () => "a=1").join(",")})`, 67, "a rule has at most 16 conditions"],
])("%j is refused, with its place", (text, offset, message) => {
  expect(readRule(text)).toEqual({ type: "malformed", problem: { offset, message } });
});

const quoted = (text: string) => `"${text.replaceAll(/["\\*?]/g, "\\$&")}"`;

test("every text can be written so that a rule is about it and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (text, other) => {
      const rule = `a.b(x=${quoted(text)})`;
      expect(about(rule, "a.b", { x: text })).toBe(true);
      fc.pre(!other.includes("/"));
      expect(about(rule, "a.b", { x: other })).toBe(text === other);
    }),
  );
});

test("no text at all makes the reader throw, and places are inside it", () => {
  const piece = fc.constantFrom(
    "a",
    ".",
    "(",
    ")",
    "=",
    "~",
    "!",
    '"',
    "'",
    "\\",
    "*",
    "[",
    "]",
    "0",
    ",",
    " ",
    "x=1",
    '"a"',
    "é",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => all.join("")),
      ),
      (text) => {
        const read = readRule(text);
        expect(read.type === "malformed" ? read.problem.offset : 0).toBeLessThanOrEqual(text.length);
      },
    ),
  );
});

test("a glob fits what the regular expression made of it fits", () => {
  const piece = fc.constantFrom("a", "b", "*", "?", "**", "\\*", "\\?", "\\\\", "\\a");
  const expression: { readonly [piece: string]: string } = { "*": ".*", "**": ".*", "?": ".", "\\a": "\\\\a" };
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.array(fc.constantFrom("a", "b", "*", "?", "\\"), { maxLength: 8 }),
      (pieces, letters) => {
        const text = letters.join("");
        const regex = new RegExp(`^${pieces.map((each) => expression[each] ?? each).join("")}$`, "s");
        expect(fitsGlob(parseGlob(pieces.join("")), text)).toBe(regex.test(text));
      },
    ),
    { numRuns: 2_000 },
  );
});
