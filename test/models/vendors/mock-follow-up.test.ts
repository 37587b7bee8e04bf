import { expect, test } from "vitest";
import { converse } from "./converse.ts";
import { CHART_TOOLS, PARSER_TOOLS } from "./parser-tools.ts";

const TOOLS = [...PARSER_TOOLS, ...CHART_TOOLS];

test.each([
  ["Describe birds.csv", "and the mean body mass per island?", "Mean of body_mass_g by island."],
  ["Mean body mass per species in birds.csv", "and the mean flipper length?", "Mean of flipper_length_mm."],
  ["What is the mean body mass per species in birds.csv?", "and by island?", "Mean of body_mass_g by island."],
  ["How many penguins are in birds.csv?", "and how many per island?", "Number of rows by island."],
])("a follow-up is the only question that is answered: %s %s", async (first, second, begin) => {
  const { messages } = await converse(first, TOOLS);
  const { answer } = await converse(second, TOOLS, messages);
  expect(answer.startsWith(begin), answer).toBe(true);
  expect(answer).not.toContain("I cannot answer");
  expect(answer).not.toContain("species");
});

test("a fragment continues the previous question", async () => {
  const { messages } = await converse("What is the mean body mass per species in birds.csv?", TOOLS);
  const { answer } = await converse("now as a chart", TOOLS, messages);
  expect(answer).toMatch(/^Mean of body_mass_g by species\.[\s\S]*The chart is in bar_chart\.svg/);
});
