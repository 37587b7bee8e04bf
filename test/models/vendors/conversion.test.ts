import { describe, expect, test } from "vitest";
import { call, listTools, World } from "../../tools/built-in/harness.ts";
import { converse } from "./converse.ts";
import type { TestTool } from "./parser-tools.ts";
import { ToolFailure } from "./tabular.ts";

/** The module itself, as a run calls it. */
const TOOLS: readonly TestTool[] = listTools("calculator").map(({ name, description, inputSchema }) => ({
  name: `calculator__${name}`,
  description,
  inputSchema,
  run: (input) => {
    const { isError, text, structured } = call("calculator", name, input, new World());
    if (isError) throw new ToolFailure(text);
    return { text, structured };
  },
}));

const UNITS = "calculator__convert_units";
const BASE = "calculator__convert_base";

describe("a conversion goes to the tool that its ends name", () => {
  test.each([
    ["convert 5 miles to km", `${UNITS} {"value":5,"from":"miles","to":"km"}`, "8.04672 km"],
    ["Convert 5 miles to kilometers.", `${UNITS} {"value":5,"from":"miles","to":"kilometers"}`, "8.04672 km"],
    ["How many km are 1,000 miles?", `${UNITS} {"value":1000,"from":"miles","to":"km"}`, "1609.344 km"],
    ["What is 100 degrees Fahrenheit in Celsius?", `${UNITS} {"value":100,"from":"Fahrenheit","to":"Celsius"}`, "37.7"],
    ["convert 255 to base 16", `${BASE} {"number":"255","to":16}`, "ff"],
    ["convert 255 to binary", `${BASE} {"number":"255","to":2}`, "11111111"],
    ["convert 1010 from base 2 to decimal", `${BASE} {"number":"1010","from":2,"to":10}`, "10"],
    ["What is 0x1f in decimal?", `${BASE} {"number":"0x1f","to":10}`, "31"],
  ])("%s", async (question, expected, text) => {
    const { answer, calls } = await converse(question, TOOLS);
    expect(calls).toEqual([expected]);
    expect(answer).toContain(text);
  });
});

test("a unit that the tool does not know is not taken for a base", async () => {
  const { answer } = await converse("convert 100 USD to EUR", TOOLS);
  expect(answer).toContain("The tool calculator__convert_units failed: the unit 'USD' is not known.");
});

test.each(["convert 5 miles", "convert 42", "convert 5 and 6 to binary"])(
  "a conversion without both ends calls no tool: %s",
  async (question) => {
    const { answer, calls } = await converse(question, TOOLS);
    expect(calls).toEqual([]);
    expect(answer).toContain("None of my tools fits");
  },
);
