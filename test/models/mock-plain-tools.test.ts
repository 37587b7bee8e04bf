import { expect, test } from "vitest";
import { converse } from "./converse.ts";
import { PLAIN_TOOLS } from "./plain-tools.ts";

test.each([
  [
    "Which species in birds.csv has the longest flippers? Draw a chart.",
    [
      'tables_inspect_table {"file":"birds.csv"}',
      'tables_aggregate_table {"file":"birds.csv","by":["species"],"measure":"flipper_length_mm","function":"avg"}',
      'make_plot {"values":[186.2,217.25,193.666666667],"kind":"bar","labels":["Adelie","Gentoo","Chinstrap"],"title":"Mean flipper_length_mm by species (birds.csv)"}',
    ],
    "Gentoo has the longest flippers: mean flipper_length_mm 217.25.",
  ],
  [
    "total revenue per store in shop/sales.csv where product is not cake",
    [
      'tables_inspect_table {"file":"shop/sales.csv"}',
      'tables_aggregate_table {"file":"shop/sales.csv","filters":[{"field":"product","operator":"ne","value":"cake"}],"by":["store"],"measure":"revenue","function":"total"}',
    ],
    "Total revenue by store where product is not cake: North Mall (68) and Harbour (58).",
  ],
  [
    "How many birds per island in birds.csv?",
    [
      'tables_inspect_table {"file":"birds.csv"}',
      'tables_aggregate_table {"file":"birds.csv","by":["island"],"function":"count"}',
    ],
    "Rows by island: Biscoe (5), Dream (5) and Torgersen (3).",
  ],
])("tools without hints are told by names, types and enumerations: %s", async (question, calls, expected) => {
  const conversation = await converse(question, PLAIN_TOOLS);
  expect(conversation.calls).toEqual(calls);
  expect(conversation.answer.split("\n\n")[0]).toBe(expected);
});

test("a condition that a tool has no operator for is said to be left out", async () => {
  const { answer } = await converse("mean price per category in stock.csv with quantity of at least 3", PLAIN_TOOLS);
  expect(answer).toContain("cannot choose rows where quantity is at least 3, so this is over all rows.");
});
