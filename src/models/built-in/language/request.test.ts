import { expect, test } from "vitest";
import { understand } from "./request.ts";

test.each([
  ["List the files in data", "data"],
  ["List the files in examples/data", "examples/data"],
  ["Which files are in examples/data/?", "examples/data"],
  ["What is in the folder reports?", "reports"],
])("%s is about the directory %s", (text, directory) => {
  expect(understand(text).directory).toBe(directory);
});
