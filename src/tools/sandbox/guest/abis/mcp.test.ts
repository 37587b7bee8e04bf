import * as fc from "fast-check";
import { expect, test } from "vitest";
import { McpShapeError, readCallResult, readToolPage } from "./mcp.ts";

// verifies("tool.results-checked")

test("tools are read with their schemas and hints", () => {
  const page = readToolPage({
    tools: [
      {
        name: "add",
        title: "Add",
        description: "Adds.",
        inputSchema: { type: "object", properties: {} },
        outputSchema: { type: "object" },
        annotations: { idempotentHint: true },
      },
      { name: "look", inputSchema: { type: "object" }, annotations: { readOnlyHint: true, title: "Look" } },
    ],
    nextCursor: "more",
  });
  expect(page.nextCursor).toBe("more");
  expect(page.tools).toEqual([
    {
      name: "add",
      title: "Add",
      description: "Adds.",
      inputSchema: { type: "object", properties: {} },
      outputSchema: { type: "object" },
      readOnly: false,
      idempotent: true,
    },
    {
      name: "look",
      title: "Look",
      description: "",
      inputSchema: { type: "object" },
      outputSchema: undefined,
      readOnly: true,
      idempotent: true,
    },
  ]);
});

test.each([
  ["no list", { tools: "add" }, "list of tools"],
  ["a tool that is no object", { tools: [1] }, "not an object"],
  ["a name with spaces", { tools: [{ name: "a b", inputSchema: { type: "object" } }] }, '"a b"'],
  ["a schema of no object", { tools: [{ name: "a", inputSchema: { type: "string" } }] }, '"a" has no inputSchema'],
])("tools/list with %s is refused with what is wrong", (_what, result, words) => {
  expect(() => readToolPage(result)).toThrow(words);
});

test("content is read part by part; images are described, embedded texts become files", () => {
  const answer = readCallResult({
    content: [
      { type: "text", text: "hello" },
      { type: "resource", resource: { uri: "file:///out/chart%20.svg?x", mimeType: "image/svg+xml", text: "<svg/>" } },
      { type: "image", mimeType: "image/png", data: "AAAA" },
      { type: "resource_link", name: "doc", uri: "https://example.org/doc" },
    ],
    structuredContent: { rows: 2 },
  });
  expect(answer).toEqual({
    type: "done",
    content: [
      { type: "text", text: "hello" },
      { type: "file", name: "chart_20.svg", mediaType: "image/svg+xml", text: "<svg/>" },
      { type: "text", text: "[image, image/png, 3 bytes; not shown]" },
      { type: "text", text: "[link: doc https://example.org/doc]" },
    ],
    structured: { rows: 2 },
  });
});

test.each(["../../etc/passwd", "file:///..", "a/b/../.hidden", "x\u202eexe.txt", "", "/"])(
  "the name of an embedded file made of %j is a plain file name",
  (uri) => {
    const answer = readCallResult({ content: [{ type: "resource", resource: { uri, text: "x" } }] });
    expect(answer).toMatchObject({
      type: "done",
      content: [{ name: expect.stringMatching(/^[\p{L}\p{N}_ -][\p{L}\p{N}._ -]*$/u) }],
    });
  },
);

test.each([
  ["text/csv", "text/csv"],
  ["text/csv; charset=utf-8;header=present", "text/csv; charset=utf-8;header=present"],
  ["image/svg+xml", "image/svg+xml"],
  ["text/html\nx: y", "text/plain"],
  ["text/html\r\n", "text/plain"],
  ['text/html; a="b"', "text/plain"],
  ["text/html; a=\u00e9", "text/plain"],
  ["text", "text/plain"],
  [`text/${"x".repeat(123)}`, "text/plain"],
  [7, "text/plain"],
])("a file of the media type %j is of %s", (mimeType, mediaType) => {
  const answer = readCallResult({ content: [{ type: "resource", resource: { uri: "a", text: "x", mimeType } }] });
  expect(answer).toMatchObject({ content: [{ type: "file", mediaType }] });
});

test("an image of a media type that no header could carry is described as bytes", () => {
  const answer = readCallResult({ content: [{ type: "image", mimeType: "a\nb", data: "AAAA" }] });
  expect(answer).toMatchObject({ content: [{ text: "[image, application/octet-stream, 3 bytes; not shown]" }] });
});

test("an answer that says it is an error is one, with all its text", () => {
  const content = [
    { type: "text", text: "no such file" },
    { type: "text", text: "try data/" },
  ];
  expect(readCallResult({ content, isError: true })).toEqual({ type: "tool-error", text: "no such file\ntry data/" });
});

test.each([
  ["nothing", {}, "no content"],
  ["content that is no list", { content: "x" }, "not a list"],
  ["an unknown part", { content: [{ type: "video" }] }, '"video"'],
  ["a text without text", { content: [{ type: "text" }] }, "no text"],
  ["structured content that is a list", { content: [], structuredContent: [] }, "structuredContent"],
])("a result with %s is refused with what is wrong", (_what, result, words) => {
  expect(() => readCallResult(result)).toThrow(words);
});

function outcome(read: () => unknown): "read" | "refused" {
  try {
    read();
    return "read";
  } catch (error) {
    if (error instanceof McpShapeError) return "refused";
    throw error;
  }
}

test("whatever JSON a guest answers, it is read or refused in words", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      for (const value of [
        one,
        { content: one },
        { content: [one] },
        { content: [{ type: other, text: one, resource: other }] },
      ]) {
        expect(["read", "refused"]).toContain(outcome(() => readCallResult(value)));
      }
      for (const value of [one, { tools: one }, { tools: [{ name: "a", inputSchema: one, annotations: other }] }]) {
        expect(["read", "refused"]).toContain(outcome(() => readToolPage(value)));
      }
    }),
  );
});
