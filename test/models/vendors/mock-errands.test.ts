import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MockModel } from "../../../src/models/built-in/index.ts";
import { attempt, summary } from "./collect.ts";
import { converse } from "./converse.ts";
import { ERRAND_TOOLS } from "./errand-tools.ts";
import { CHART_TOOLS, PARSER_TOOLS } from "./parser-tools.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.built-in", "model.built-in-honest");

const TOOLS = [...PARSER_TOOLS, ...CHART_TOOLS, ...ERRAND_TOOLS];
const SIGNATURE =
  "— answered by Caxton's built-in rule-based model; set OPENAI_API_KEY or [llm] to use a language model";

describe("tools are chosen by their schemas and names", () => {
  test.each([
    [
      "List the files in data",
      'file_system__list_directory {"path":"data"}',
      "data holds 2 entries: notes.md and 2024.",
    ],
    ["Read data/notes.md", 'file_system__read_file {"path":"data/notes.md"}', "# Notes\nBuy more bolts."],
    ["Fetch https://example.com/a.json, please.", 'http_client__get {"url":"https://example.com/a.json"}', "200 OK"],
    ["What is 12% of 80 plus 3?", 'calculator__evaluate {"expression":"12/100*80+3"}', "value of 12/100*80+3"],
    ["What is (3 + 4) * 2?", 'calculator__evaluate {"expression":"(3 + 4) * 2"}', "value of"],
    ["What is the weather in New York?", 'weather__forecast {"city":"New York"}', "rain in New York"],
    [
      "How many days are there between 2024-01-01 and 2024-03-01?",
      'date_time__difference {"from":"2024-01-01","to":"2024-03-01"}',
      "from 2024-01-01 to 2024-03-01",
    ],
    [
      'Write "hello world" to output/hello.txt',
      'file_system__write_file {"path":"output/hello.txt","content":"hello world"}',
      "I wrote this to output/hello.txt.",
    ],
  ])("%s", async (question, call, text) => {
    const { answer, calls } = await converse(question, TOOLS);
    expect(calls).toEqual([call]);
    expect(answer).toContain(text);
  });
});

test("an answer is written to the file that the request names, without the signature", async () => {
  const { answer, calls } = await converse("Write a summary of stock.csv to output/summary.md", TOOLS);
  expect(calls.map((call) => call.split(" ")[0])).toEqual(["csv_parser__describe", "file_system__write_file"]);
  expect(calls[1]).toContain('{"path":"output/summary.md","content":"stock.csv has 5 rows and 5 columns.');
  expect(calls[1]).not.toContain("answered by");
  expect(answer).toContain("I wrote this to output/summary.md.");
});

test.each([
  "Total revenue per store and product in shop/sales.csv as a chart",
  "Compare what cars we make to stock.csv",
  "Write a report about the prices in stock.csv",
  "write the average price in stock.csv to stock.csv",
])("a file that is read is never written: %s", async (question) => {
  const { calls } = await converse(question, TOOLS);
  expect(calls.filter((call) => call.startsWith("file_system__write_file"))).toEqual([]);
});

test("nothing is written when there is nothing to write", async () => {
  const { answer, calls } = await converse("Save the average price of none.csv to output/price.md", TOOLS);
  expect(calls).toHaveLength(1);
  expect(answer).toContain("So I wrote nothing to output/price.md.");
});

test("a tool that changes things is called only when the request says its verb", async () => {
  const tools = ERRAND_TOOLS.filter(({ name }) => name.endsWith("delete_file"));
  expect((await converse("What about the file data/notes.md?", tools)).calls).toEqual([]);
  expect((await converse("Delete the file data/notes.md", tools)).calls).toEqual([
    'file_system__delete_file {"path":"data/notes.md"}',
  ]);
});

test("a request that no tool fits gets what would work, with two examples", async () => {
  const { answer, calls } = await converse("Tell me a joke", TOOLS);
  expect(calls).toEqual([]);
  expect(answer).toContain("None of my tools fits that");
  expect(answer).toContain("csv_parser__group");
  expect(answer.match(/^- /gm)).toHaveLength(2);
});

test("a greeting and a call for help are answered with what can be done", async () => {
  const { answer } = await converse("Hello, I am Ann. What can you do?", TOOLS);
  expect(answer).toMatch(/^Hello Ann! I work with this agent's tools, by rules/);
  expect(answer.match(/^- /gm)).toHaveLength(2);
  expect((await converse("Good morning", [])).answer).toMatch(/^Hello! I found no file/);
});

test("without tools the answer says what was understood and is no echo", async () => {
  const { answer } = await converse("Which species in birds.csv has the longest flippers? Draw a bar chart.", []);
  expect(answer).toMatch(/^In your request I found the file birds\.csv, a question for figures and a bar chart\./);
  expect(answer).toContain("This agent has no tools");
});

test("every answer ends with the line that no language model is configured", async () => {
  for (const question of [
    "Tell me a joke",
    "average price in stock.csv",
    "Describe none.csv",
    "List the files in data",
  ]) {
    expect((await converse(question, TOOLS)).answer.endsWith(`\n\n${SIGNATURE}`)).toBe(true);
  }
});

const settings = { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 10_000 };
const shown = TOOLS.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));

test("a resumed run has the same turns", async () => {
  const { messages } = await converse("Which species in birds.csv is the heaviest? Draw a chart.", TOOLS);
  expect(messages).toHaveLength(8);
  for (const [at, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    const parts = await attempt(new MockModel(), {
      system: "",
      messages: messages.slice(0, at),
      tools: shown,
      settings,
    });
    expect(parts.flatMap((part) => (part.type === "tool-call" ? [part.call] : []))).toEqual(message.toolCalls);
    expect(summary(parts).text).toBe(message.text);
  }
});

test("text comes in many small deltas and usage is estimated", async () => {
  const messages = [{ role: "user", text: "Tell me a joke" }] as const;
  const parts = await attempt(new MockModel(), { system: "", messages, tools: shown, settings });
  const deltas = parts.filter(({ type }) => type === "text-delta");
  expect(deltas.length).toBeGreaterThan(10);
  const usage = {
    inputTokens: expect.any(Number),
    outputTokens: expect.any(Number),
    cachedInputTokens: undefined,
    reasoningTokens: undefined,
  };
  expect(parts.at(-1)).toEqual({ type: "finish", reason: "stop", usage });
});

test("an abort in the middle of an answer ends it as cancelled", async () => {
  const cancel = new AbortController();
  const messages = [{ role: "user", text: "Tell me a joke" }] as const;
  const parts = [];
  for await (const part of new MockModel().stream({ system: "", messages, tools: shown, settings }, cancel.signal)) {
    parts.push(part);
    cancel.abort();
  }
  expect(parts).toMatchObject([{ type: "text-delta" }, { type: "error", failure: { class: "cancelled" } }]);
});

const WORDS = [
  "which what how many the average total highest longest most top 3 per by for each in of and between compare draw chart plot histogram trend over time",
  "species island price revenue city population store day temperature item stock.csv birds.csv weather.tsv shop/sales.csv cities.csv none.csv notes.md",
  'above 10 less than 5 in 2008 since 2024-01-02 where is Dream female not Acme write to out.md list files data https://example.com "New York" , ? . ;',
]
  .join(" ")
  .split(" ");

test("whatever is asked, there is an answer, and no call is made twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...WORDS), { maxLength: 14 }), async (words) => {
      const { answer, calls } = await converse(words.join(" "), TOOLS);
      expect(answer.endsWith(SIGNATURE)).toBe(true);
      expect(new Set(calls).size).toBe(calls.length);
    }),
    { numRuns: 400 },
  );
});

test("any text at all is answered", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 200 }), async (text) => {
      expect((await converse(text, ERRAND_TOOLS)).answer).not.toBe("");
    }),
  );
});
