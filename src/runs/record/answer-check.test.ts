import { expect, test } from "vitest";
import { unfenced } from "./answer-check.ts";

test("extracts an answer from its code fence, with or without a language", () => {
  expect(unfenced('```json\n{"a": 1}\n```')).toBe('{"a": 1}');
  expect(unfenced("  ```\r\n\n[1]\n\n```  \n")).toBe("[1]");
  expect(unfenced("```\n```")).toBe("");
});

test("what is no fenced text as a whole stays as it is", () => {
  for (const text of ['{"a": 1}', "```json {} ```", "see ```\n1\n```", "```\n1\n``` so", "``````"])
    expect(unfenced(text)).toBe(text);
});

test("a fence that is never closed takes no longer than any other text", () => {
  const text = `\`\`\`\n${"\n".repeat(1_000_000)}x`;
  expect(unfenced(text)).toBe(text);
});
