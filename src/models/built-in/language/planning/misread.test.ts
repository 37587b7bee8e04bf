import { expect, test } from "vitest";
import { type Column, type Table } from "../columns.ts";
import { planOf } from "./planner.ts";
import { isFragment } from "../questions.ts";
import { wordsOf } from "../words.ts";

// verifies("model.built-in-no-wrong-figure")

const column = (name: string, type: Column["type"], more: Partial<Column> = {}): Column => ({
  name,
  parts: name.split("_"),
  type,
  distinct: 100,
  missing: 0,
  min: undefined,
  max: undefined,
  values: [],
  unit: undefined,
  dayFirst: undefined,
  facts: {},
  ...more,
});
const table: Table = {
  rows: 1_461,
  found: [],
  columns: [
    column("date", "date", { min: "2012-01-01", max: "2015-12-31" }),
    column("precipitation", "number", { min: 0, max: 55.9 }),
    column("temp_max", "number", { min: -1.6, max: 35.6 }),
    column("weather", "text", { distinct: 3, values: ["sun", "rain", "fog"] }),
  ],
};
const planned = (text: string, of: Table = table) => planOf(wordsOf(text), { chart: undefined }, of, "w.csv");

test.each([
  "Was 2015 warmer than 2012?",
  "What is the most common weather in each month?",
  "Which weather is most frequent per year?",
  "Which weather has the highest total precipitation in each month?",
  "average annual precipitation",
  "total precipitation per year on average",
  "What is the mean precipitation of rain and fog combined?",
])("%s is refused", (text) => expect(planned(text)).toMatchObject({ type: "refused" }));

test.each(["average precipitation per month", "What is the most common weather?", "mean temp_max"])(
  "%s is planned",
  (text) => expect(planned(text)).toMatchObject({ type: "plan" }),
);

test("a column of monthly values has a mean", () => {
  const bills: Table = { rows: 10, found: [], columns: [column("monthly_charges", "number"), column("plan", "text")] };
  expect(planned("average monthly charges", bills)).toMatchObject({ type: "plan" });
});

test("a question without a subject of its own is a fragment", () => {
  expect(isFragment(wordsOf("how many on Biscoe"))).toBe(true);
  expect(isFragment(wordsOf("how many penguins are on Biscoe"))).toBe(false);
});
