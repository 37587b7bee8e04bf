import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Tool } from "../../tools/catalogue/index.ts";
import { searchTools } from "./tool-search.ts";

const tool = (id: string, description: string, fields: readonly string[] = []): Tool => {
  const [server = "", name = ""] = id.split(".");
  return {
    server,
    name,
    title: name,
    description,
    inputSchema: { type: "object", properties: Object.fromEntries(fields.map((field) => [field, {}])) },
    outputSchema: undefined,
    effects: { readOnly: true, idempotent: true },
  };
};

const TOOLS = [
  tool("csv_parser.group", "Groups the rows of a CSV file and sums a column", ["file", "by"]),
  tool("csv_parser.filter", "Keeps the rows of a CSV file that fit a condition", ["file", "where"]),
  tool("weather.forecast", "Reports the weather of the coming days for a city", ["city", "days"]),
  tool("mail.sendMessage", "Sends an e-mail", ["recipient", "subject"]),
];
const ids = (query: string, limit = 5) =>
  searchTools(TOOLS, query, limit).map(({ server, name }) => `${server}.${name}`);

test("tools are found by what they do, the best first", () => {
  expect(ids("what will the weather be in a city")[0]).toBe("weather.forecast");
  expect(ids("sum a column by group")[0]).toBe("csv_parser.group");
});

test("forms of a word and words inside a name find the same", () => {
  expect(ids("grouping rows")[0]).toBe("csv_parser.group");
  expect(ids("message")).toEqual(["mail.sendMessage"]);
});

test("names of arguments are looked at too", () => {
  expect(ids("recipient")).toEqual(["mail.sendMessage"]);
});

test("the name of a server finds all its tools, and the name of a tool that one first", () => {
  expect(ids("csv_parser").toSorted()).toEqual(["csv_parser.filter", "csv_parser.group"]);
  expect(ids("csv_parser.filter")[0]).toBe("csv_parser.filter");
});

test("what fits nothing finds nothing", () => {
  expect(ids("quantum")).toEqual([]);
  expect(ids("!?")).toEqual([]);
});

test("whatever is asked, the tools found are among those there are, at most as many as asked for, none twice", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 6 }), (query, limit) => {
      const found = searchTools(TOOLS, query, limit);
      expect(found.length).toBeLessThanOrEqual(limit);
      expect(new Set(found).size).toBe(found.length);
      expect(found.every((each) => TOOLS.includes(each))).toBe(true);
    }),
  );
});
