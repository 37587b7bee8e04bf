import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { DEFAULT_LIMITS } from "../catalogue/index.ts";
import { explain, resultOf } from "./outcome.ts";
import { Redaction } from "../../text/redaction/index.ts";
import { OUTCOMES } from "./wire/index.ts";

// verifies("tool.results-checked")

const usage = { fuel: 1, durationMs: 2, memoryBytes: 3 };
const result = (outcome: (typeof OUTCOMES)[number], body: string, redaction?: Redaction) =>
  resultOf(
    { outcome, fuel: 1, memoryBytes: 3, body },
    { tool: () => "csv.parse", limits: DEFAULT_LIMITS, redaction },
    usage,
  );

test("one text is taken as it is", () => {
  expect(result("text", "42 €")).toEqual({
    type: "done",
    content: [{ type: "text", text: "42 €" }],
    structured: undefined,
    usage,
  });
});

test("content and structured results are read from JSON", () => {
  const content = [
    { type: "text", text: "made" },
    { type: "file", name: "a.svg", mediaType: "image/svg+xml", text: "<svg/>" },
  ];
  expect(result("content", JSON.stringify({ content, structured: { rows: 3 } }))).toEqual({
    type: "done",
    content,
    structured: { rows: 3 },
    usage,
  });
});

test.each([
  ["a type that no header can carry", { mediaType: "text/html\r\nset-cookie: a=b" }],
  ["no type", { mediaType: "" }],
  ["a name that leads elsewhere", { name: "../../.bashrc" }],
  ["a hidden name", { name: ".profile" }],
  ["a name with a control character", { name: "a\u0000b" }],
  ["a name without end", { name: "a".repeat(10_000) }],
])("a file with %s is rejected, whatever the child reports", (_what, changes) => {
  const file = { type: "file", name: "a.svg", mediaType: "image/svg+xml", text: "<svg/>", ...changes };
  expect(result("content", JSON.stringify({ content: [file] }))).toMatchObject({ reason: "bad-output" });
});

test("a broken limit names the tool, the limit and the key that raises it", () => {
  expect(explain("fuel", "csv.parse", DEFAULT_LIMITS, "")).toMatch(/csv\.parse .*100,000,000 fuel.*fuel_per_call/);
  expect(explain("deadline", "csv.parse", DEFAULT_LIMITS, "")).toMatch(/csv\.parse .*5 s.*deadline/);
  expect(explain("memory", "csv.parse", DEFAULT_LIMITS, "")).toMatch(/csv\.parse .*64 MiB.*memory_mib/);
  expect(explain("bad-output", "csv.parse", DEFAULT_LIMITS, "its answer is larger than 9 bytes")).toMatch(
    /result_bytes/,
  );
});

test("what a guest said is shown without control characters and cut", () => {
  const message = explain("trap", "csv.parse", DEFAULT_LIMITS, `\u001b[2J${"x".repeat(5_000)}`);
  expect(message).not.toContain("\u001b");
  expect(message.length).toBeLessThan(700);
});

test("whatever bytes a child sends as content, the result is done with parts of known types, or bad-output", () => {
  const near = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        content: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record({ type: fc.constantFrom("text", "file", "x"), text: fc.jsonValue(), name: fc.jsonValue() }),
          ),
        ),
        structured: fc.jsonValue(),
      })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(near, (body) => {
      const made = result("content", body);
      const parts = made.type === "done" ? made.content : [];
      expect(made.type === "failed" ? made.reason : "done").toMatch(/^(done|bad-output)$/);
      expect(parts.every((part) => part.type !== "bytes" && typeof part.text === "string")).toBe(true);
    }),
  );
});

test("an answer nested too deeply is refused before it is parsed", () => {
  const deep = `{"content":[],"structured":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;
  expect(result("content", deep)).toMatchObject({ type: "failed", reason: "bad-output" });
});

test("no ending of a call lets a secret out, however the answer writes it", () => {
  const redaction = Redaction.of([
    { name: "TOKEN", value: 's3cr"et-value' },
    { name: "NAME", value: "s3cret-name" },
  ]);
  for (const outcome of OUTCOMES) {
    const said = JSON.stringify(result(outcome, 'it is s3cr"et-value', redaction));
    expect(said).not.toContain("et-value");
  }
  const content = [
    { type: "text", text: 's3cr"et-value' },
    { type: "file", name: "s3cret-name.txt", mediaType: "text/plain", text: 'a s3cr"et-value' },
  ];
  const escaped = JSON.stringify({ content, structured: { 's3cr"et-value': ['s3cr"et-value'] } }).replaceAll(
    "et-",
    String.raw`\u0065t-`,
  );
  expect(result("content", escaped, redaction)).toMatchObject({
    content: [
      { type: "text", text: "[redacted:TOKEN]" },
      { type: "file", name: "[redacted:NAME].txt", text: "a [redacted:TOKEN]" },
    ],
    structured: { "[redacted:TOKEN]": ["[redacted:TOKEN]"] },
  });
});

test("an answer that cannot be made into a result is bad output, and nothing of it is shown", () => {
  const redaction = Redaction.of([{ name: "TOKEN", value: "secret-value" }]);
  if (redaction === undefined) throw new Error("there is something to hide");
  vi.spyOn(redaction, "text").mockImplementation(() => {
    throw new RangeError("Invalid string length");
  });
  const content = JSON.stringify({ content: [{ type: "text", text: "secret-value" }] });
  for (const outcome of OUTCOMES) {
    const made = result(outcome, outcome === "content" ? content : "secret-value", redaction);
    expect(made).toMatchObject({ reason: "bad-output", message: expect.stringContaining("Invalid string length") });
    expect(JSON.stringify(made)).not.toContain("secret-value");
  }
});
