import { expect, test } from "vitest";
import type { RunDetail } from "../../api/contract/index.ts";
import { findingsOf, isTool } from "./expectations.ts";
import { readAgentTests } from "../../agents/test-files/index.ts";

// verifies("agent.tests")

const at = "2026-11-21T10:00:00.000Z";
type Step = RunDetail["step_list"][number];

const call = (index: number, tool: string, more: Partial<Extract<Step, { kind: "tool" }>> = {}): Step => ({
  kind: "tool",
  index,
  turn: 1,
  state: "done",
  started_at: at,
  duration_ms: 1,
  call_id: `call-${index}`,
  tool,
  arguments: {},
  outcome: "done",
  text: "3 rows",
  structured: null,
  fuel: 1,
  memory_bytes: 1,
  artifacts: [],
  ...more,
});

// What the checks look at; the rest of a run does not matter here.
const run = (more: object = {}): RunDetail =>
  Object.assign(Object.create(null), {
    state: "completed",
    failure: null,
    output: "Gentoo has the longest flippers.",
    step_list: [
      call(1, "csv_parser.describe", { arguments: { path: "a.csv" } }),
      call(2, "csv_parser.group", { arguments: { path: "a.csv", group_by: ["species"], note: "mean" } }),
    ],
    artifacts: [],
    cost: { usd: 0.02, unpriced_calls: 0, estimated_calls: 0 },
    input_tokens: 10,
    output_tokens: 5,
    duration_ms: 40,
    ...more,
  });

/** What is found wrong, as the keys of the file. */
function found(expected: string, of: RunDetail = run()): readonly string[] {
  const reading = readAgentTests(`[[scenario]]\nname = "n"\ninput = "i"\nexpect = ${expected}\n`, "x.test.toml");
  if (reading.type === "invalid") throw new Error(JSON.stringify(reading.problems));
  const [scenario] = reading.tests.scenario;
  return scenario === undefined ? [] : findingsOf(of, scenario.expect).map(({ expectation }) => expectation);
}

test.each([
  '{ state = "completed" }',
  '{ called = ["csv_parser.*", "csv_parser.group"], not_called = ["http_client.*"] }',
  '{ order = ["csv_parser.describe", "csv_parser.group"] }',
  '{ call = [{ tool = "csv_parser.group", arguments = { group_by = ["species"] }, times = 1, outcome = "done" }] }',
  '{ call = [{ tool = "csv_parser.group", matches = { note = "^m" } }] }',
  '{ contains = ["gentoo"], lacks = ["adelie"], matches = ["long\\\\w+"] }',
  '{ limits = { tool_calls = 2, failed_calls = 0, tokens = 15, duration = "1s" } }',
])("what is as expected gives no finding: %s", (expected) => {
  expect(found(expected)).toEqual([]);
});

test.each([
  ['{ state = "failed" }', "expect.state"],
  ['{ failure = "STEPS_MAX" }', "expect.state"],
  ['{ called = ["chart_generator.bar"] }', "expect.called"],
  ['{ not_called = ["*"] }', "expect.not_called"],
  ['{ order = ["csv_parser.group", "csv_parser.describe"] }', "expect.order"],
  ['{ call = [{ tool = "csv_parser.group", arguments = { group_by = [] } }] }', "expect.call"],
  ['{ call = [{ tool = "csv_parser.*", times = 1 }] }', "expect.call"],
  ['{ call = [{ tool = "csv_parser.group", outcome = "tool-error" }] }', "expect.call"],
  ['{ contains = ["adelie"] }', "expect.contains"],
  ['{ lacks = ["Gentoo"] }', "expect.lacks"],
  ['{ matches = ["^flippers"] }', "expect.matches"],
  ['{ json = [{ path = "/a", exists = true }] }', "expect.json"],
  ['{ artifacts = ["chart.svg"] }', "expect.artifacts"],
  ["{ limits = { tool_calls = 1 } }", "expect.limits.tool_calls"],
  ["{ limits = { tokens = 14 } }", "expect.limits.tokens"],
  ["{ limits = { cost_usd = 0.01 } }", "expect.limits.cost_usd"],
])("what is not as expected is found: %s", (expected, key) => {
  expect(found(expected)).toEqual([key]);
});

test("answers in JSON are looked into, fenced or not, by pointer, by path and by schema", () => {
  const json = run({ output: 'Here:\n```json\n{"rows": [{"name": "Ada", "age": 36}]}\n```' });
  expect(
    found('{ json = [{ path = "/rows/0/name", equals = "Ada" }, { path = "$.rows[0].age", equals = 36 }] }', json),
  ).toEqual([]);
  expect(found('{ json = [{ path = "$.rows[1]", exists = false }] }', json)).toEqual([]);
  expect(found('{ schema = { type = "object", required = ["rows"] } }', json)).toEqual([]);
  expect(found('{ schema = { type = "array" } }', json)).toEqual(["expect.schema"]);
  expect(found('{ json = [{ path = "$.rows[0].name", matches = "^B" }] }', json)).toEqual(["expect.json"]);
});

test("a finding lists the most similar calls, with their steps", () => {
  const reading = readAgentTests(
    '[[scenario]]\nname = "n"\ninput = "i"\nexpect.call = [{ tool = "csv_parser.group", arguments = { group_by = ["island"] } }]\n',
    "x.test.toml",
  );
  const scenario = reading.type === "valid" ? reading.tests.scenario[0] : undefined;
  expect(scenario && findingsOf(run(), scenario.expect)).toEqual([
    {
      expectation: "expect.call",
      expected: 'csv_parser.group with {"group_by":["island"]}',
      happened: ['step 2: csv_parser.group {"path":"a.csv","group_by":["species"],"note":"mean"}'],
      steps: [2],
    },
  ]);
});

test("a pattern stands for one tool, for all of a server, or for all", () => {
  expect([isTool("a.b", "a.b"), isTool("a.*", "a.b"), isTool("*", "a.b")]).toEqual([true, true, true]);
  expect([isTool("a.b", "a.bc"), isTool("a.*", "ab.c")]).toEqual([false, false]);
});
