import { expect, test } from "vitest";
import { requestText } from "./request-text.ts";

test.each([
  ["How many rows?", "How many rows?", []],
  ["Request: How many rows?\nContext:\nRequirements: one sentence", "How many rows?", ["“Requirements”"]],
  ["Request: Sum of price\nby shop\nContext: a study", "Sum of price\nby shop", ["“Context”"]],
  ["Which: the first?\nNote: x", "Which: the first?\nNote: x", []],
  ['{"accepted":{"cost":3},"task":{"name":"How many rows?","description":""}}', "How many rows?", []],
  ['{"task":{"name":"Count","description":"the rows"}}', "Count\nthe rows", []],
  ['{"shop":"North"}', '{"shop":"North"}', []],
  ["How many?\n<recalled_memory>\n- Ada: 3\n</recalled_memory>", "How many?", ["what is remembered"]],
  ["Request: How many?\n\nAttached files:\nuploads/a.csv", "How many?\n\nuploads/a.csv", []],
])("%j asks for %j", (prompt, text, unused) => {
  expect(requestText(prompt)).toEqual({ text: text.replace("\n\nuploads", "\n\n\nuploads"), unused });
  expect(requestText(prompt).unused).toEqual(unused);
});
