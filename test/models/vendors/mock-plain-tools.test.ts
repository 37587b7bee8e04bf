import { expect, test } from "vitest";
import { converse } from "./converse.ts";
import { PLAIN_TOOLS } from "./plain-tools.ts";

test.each([
  [
    "Which species in birds.csv has the longest flippers on average? Draw a chart.",
    [
      'tables_inspect_table {"file":"birds.csv"}',
      'tables_aggregate_table {"file":"birds.csv","by":["species"],"measure":"flipper_length_mm","function":"avg"}',
      'make_plot {"values":[217.25,193.666666667,186.2],"kind":"bar","labels":["Gentoo","Chinstrap","Adelie"],"title":"Mean flipper_length_mm by species (birds.csv)"}',
    ],
    "Mean of flipper_length_mm by species, highest first. Gentoo has the highest mean flipper_length_mm: 217.25.",
  ],
  [
    "total revenue per store in shop/sales.csv where product is not cake",
    [
      'tables_inspect_table {"file":"shop/sales.csv"}',
      'tables_aggregate_table {"file":"shop/sales.csv","filters":[{"field":"product","operator":"ne","value":"cake"}],"by":["store"],"measure":"revenue","function":"total"}',
    ],
    "Total of revenue by store where product is not cake. Total revenue: North Mall (68) and Harbour (58). All together: 126.",
  ],
  [
    "How many birds per island in birds.csv?",
    [
      'tables_inspect_table {"file":"birds.csv"}',
      'tables_aggregate_table {"file":"birds.csv","by":["island"],"function":"count"}',
    ],
    "Number of birds by island. Number of birds: Biscoe (5), Dream (5) and Torgersen (3). All together: 13.",
  ],
])("tools without hints are chosen by names, types and enumerations: %s", async (question, calls, expected) => {
  const conversation = await converse(question, PLAIN_TOOLS);
  expect(conversation.calls).toEqual(calls);
  expect(conversation.answer.split("\n\n").slice(0, 2).join(" ")).toBe(expected);
});

test("a condition that a tool has no operator for is not left out", async () => {
  const { answer } = await converse("mean price per category in stock.csv with quantity of at least 3", PLAIN_TOOLS);
  expect(answer).toContain("None of my tools can compute this: Mean of price_eur by category where quantity ≥ 3.");
});
