import { expect, test } from "vitest";
import { estimateTokens } from "./tokens.ts";

/** Texts with the tokens that o200k_base makes of them, as counted with gpt-tokenizer 3. */
const COUNTED: readonly (readonly [string, string, number])[] = [
  [
    "English",
    "A run is its journal. Its state is the fold of its events, for a live run, a resumed one and a page that shows it. Nothing finished is done twice; a call whose result was lost is repeated only when its tool says it may be.",
    53,
  ],
  [
    "German",
    "Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen Gewalt.",
    25,
  ],
  [
    "TypeScript",
    'export const isTerminal = (state: RunState): boolean =>\n  state === "completed" || state === "failed" || state === "cancelled";\n\nfunction sum(list: readonly number[]): number {\n  return list.reduce((all, each) => all + each, 0);\n}\n',
    59,
  ],
  [
    "JSON",
    '{\n  "species": "Gentoo",\n  "flipper_length_mm": 217.2,\n  "island": "Biscoe",\n  "sex": null,\n  "counts": [\n    12,\n    40,\n    7\n  ],\n  "nested": {\n    "mean": 4201.75,\n    "median": 4050\n  }\n}',
    82,
  ],
  [
    "CSV",
    "species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year\nAdelie,Torgersen,39.1,18.7,181,3750,male,2007\nAdelie,Torgersen,39.5,17.4,186,3800,female,2007\nGentoo,Biscoe,46.1,13.2,211,4500,female,2007\n",
    97,
  ],
  [
    "a log",
    "2026-11-21T09:16:27Z INFO run 0192f3c1 completed in 1234 ms; 3 tool calls, 4120 tokens in, 388 out\n2026-11-21T09:16:29Z WARN provider openai answered 429, retry in 500 ms\n",
    71,
  ],
  [
    "a table",
    "| species | count | mean |\n|---|---|---|\n| Adelie | 152 | 190.0 |\n| Gentoo | 124 | 217.2 |\n| Chinstrap | 68 | 195.8 |\n",
    50,
  ],
];

test.each(COUNTED)("%s is counted within a fifth", (_name, text, tokens) => {
  expect(estimateTokens(text)).toBeGreaterThanOrEqual(Math.floor(tokens * 0.8));
  expect(estimateTokens(text)).toBeLessThanOrEqual(Math.ceil(tokens * 1.2));
});

test("other scripts are rather over than under counted", () => {
  expect(estimateTokens("Все люди рождаются свободными и равными в своем достоинстве и правах.")).toBeGreaterThan(12);
  expect(estimateTokens("人人生而自由,在尊严和权利上一律平等。")).toBeGreaterThan(12);
});

test("a text has no fewer tokens than its begin", () => {
  const whole = "One line, 42 numbers: [1, 2, 3]\nand more — ümläute, 漢字, 🎉.";
  for (let length = 1; length < whole.length; length += 1)
    expect(estimateTokens(whole.slice(0, length))).toBeLessThanOrEqual(estimateTokens(whole) + 1);
});
