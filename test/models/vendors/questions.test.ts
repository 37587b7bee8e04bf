import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { call, listTools, World } from "../../tools/built-in/harness.ts";
import { converse } from "./converse.ts";
import type { TestTool } from "./parser-tools.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("model.built-in-no-wrong-figure");

const ROOT = join(import.meta.dirname, "../../..");
const Label = z.tuple([z.string(), z.number()]);
const Question = z.object({
  file: z.string(),
  kind: z.string(),
  question: z.string(),
  expect: z.union([z.literal("refuse"), z.array(z.union([z.number(), z.string(), Label]))]),
  held_back: z.boolean(),
});
type Question = z.infer<typeof Question>;
type Grade = "right" | "refused" | "wrong";

/** How many of the questions are answered right today; the rest are refused. A wrong answer always fails. */
const RIGHT_MIN = 354;

const read = (path: string) => readFileSync(join(ROOT, path));
const QUESTIONS = read("test/fixtures/questions/questions.jsonl")
  .toString()
  .trim()
  .split("\n")
  .map((line) => Question.parse(JSON.parse(line)));

const world = new World();
for (const file of new Set(QUESTIONS.map((one) => one.file))) world.put(file, read(file).toString());

/** The modules themselves, as a run calls them. */
const TOOLS: readonly TestTool[] = ["csv_parser", "chart_generator"].flatMap((server) =>
  listTools(server).map(({ name, description, inputSchema }) => ({
    name: `${server}__${name}`,
    description,
    inputSchema,
    run: (input) => {
      const { text, structured } = call(server, name, input, world);
      return { text, structured };
    },
  })),
);

const numbersIn = (text: string) => Array.from(text.matchAll(/-?\d+(?:\.\d+)?/g), ([digits]) => Number(digits));
/** Answers are rounded to two decimals, or to three digits. */
const isNear = (one: number, other: number) =>
  Math.abs(one - other) <= Math.max(0.0051, Math.abs(other) < 10 ? Math.abs(other) * 0.006 : 0);
const isRefusal = (answer: string) => /^(?:I cannot answer|None of my tools)/m.test(answer);

function gradeOf({ expect: expected }: Question, answer: string): Grade {
  if (isRefusal(answer)) return expected === "refuse" ? "right" : "refused";
  if (expected === "refuse") return "wrong";
  // The plan may name a label as its condition, so it does not count.
  const [, lead = "", ...rest] = answer.split("\n\n");
  const body = [lead, ...rest].join("\n\n");
  const lines = body.split(/\n|, | and |: /);
  const fits = expected.every((one) => {
    if (typeof one === "number") return numbersIn(body).some((number) => isNear(number, one));
    if (typeof one === "string") return lead.includes(one);
    const [label, value] = one;
    return lines.some(
      (line) => line.includes(label) && numbersIn(line.replace(label, "")).some((number) => isNear(number, value)),
    );
  });
  return fits ? "right" : "wrong";
}

test("questions about tables are answered right or refused, and never wrong", async () => {
  const kinds = new Map<string, { [grade in Grade]: number }>();
  const wrong: string[] = [];
  let right = 0;
  for (const one of QUESTIONS) {
    const { answer } = await converse(`${one.question}\nUse ${one.file}`, TOOLS);
    const grade = gradeOf(one, answer);
    const kind = kinds.get(one.kind) ?? { right: 0, refused: 0, wrong: 0 };
    kinds.set(one.kind, { ...kind, [grade]: kind[grade] + 1 });
    if (grade === "right") right += 1;
    if (grade === "wrong") wrong.push(`${one.question} (${one.file}): ${answer}`);
  }
  const table = [...kinds].map(
    ([kind, counts]) => `${kind}: ${counts.right} right, ${counts.refused} refused, ${counts.wrong} wrong`,
  );
  process.stdout.write(`${right} of ${QUESTIONS.length} right\n${table.join("\n")}\n`);
  expect(wrong).toEqual([]);
  expect(right).toBeGreaterThanOrEqual(RIGHT_MIN);
});

test("notes of the reader name only columns that the answer uses, and do not repeat the plan's line", async () => {
  const file = "test/fixtures/questions/people.csv";
  const notesIn = async (question: string) => {
    const { answer } = await converse(`${question}\nUse ${file}`, TOOLS);
    return answer.split("\n\n").slice(1, -1).join("\n");
  };
  expect(await notesIn("How many people are in Sales?")).toBe("There are 4 people (57.14 % of 7).");
  const grouped = await notesIn("What is the total salary by department?");
  expect(grouped.split("\n").at(-1)).toBe("The comma in 'salary' is read as thousands separator.");
});

test.each(["Describe this file. What should I look at first?", "What should I look at first?"])(
  "an overview is given for: %s",
  async (question) => {
    const file = "test/fixtures/questions/people.csv";
    const { answer } = await converse(`${question}\nUse ${file}`, TOOLS);
    expect(answer).toContain("people.csv has 7 rows and 6 columns.");
    expect(answer).not.toMatch(/I cannot answer|earliest/);
  },
);

const SPENDING = `date,employee,category,Expense Amount
2025-01-03,Ann,travel,100
2025-02-10,Bob,meals,
2025-02-14,Ann,travel,30
2025-03-05,Cem,meals,55
2025-04-22,Ann,office,9
2025-05-22,Ann,office,14
`;
world.put("spending.csv", SPENDING);
const EXPENSES = "test/fixtures/questions/expenses.csv";
const SHOP = "test/fixtures/questions/shop.csv";

test.each([
  ["How many expenses between 1 January 2024 and 31 March 2024?", EXPENSES, "There are 47 expenses"],
  ["How many expenses are there for travel?", EXPENSES, "There are 49 expenses"],
  ["How many expenses over 2000?", EXPENSES, "There are 27 expenses"],
  ["How many expenses between 1 February 2025 and 31 March 2025?", "spending.csv", "There are 3 expenses"],
  ["How many expenses in February and in April 2025?", "spending.csv", "There are 3 expenses"],
  ["How many rows until April?", "spending.csv", "There are 5 rows"],
  ["What is the 90th percentile of expense amount?", "spending.csv", "Amount is 82 over 5 rows."],
  ["What is the mean expense amount in February 2025?", "spending.csv", "Amount is 30 over 1 row."],
  ["What is the median expense amount by category?", "spending.csv", "| meals | 55 | 1 |"],
  ["What is the average price ordered by Cy Fox?", SHOP, "The mean price is 638.08 over 24 rows."],
])("%s (%s) is answered: %s", async (question, file, expected) => {
  expect((await converse(`${question}\nUse ${file}`, TOOLS)).answer).toContain(expected);
});

test("a count of what can be an amount is refused", async () => {
  world.put("days.csv", "day,region,sales\n1,North,10\n2,South,20\n3,North,5\n");
  expect(isRefusal((await converse("How many sales in North?\nUse days.csv", TOOLS)).answer)).toBe(true);
});
