import type { RunDetail } from "../../api/contract/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import { answerProblems } from "../../tools/catalogue/index.ts";
import { holds, jsonIn, valueAt } from "./json-match.ts";
import type { Expectations } from "../../agents/test-files/index.ts";

/** An expectation that did not hold: what it was, and what happened, at which steps of the run. */
export type Finding = {
  /** Key of the test file: `expect.call`. */
  readonly expectation: string;
  readonly expected: string;
  readonly happened: readonly string[];
  /** Steps of the run that it is about, by their index; empty for the whole run. */
  readonly steps: readonly number[];
};

type ToolStep = Extract<RunDetail["step_list"][number], { kind: "tool" }>;

const CHARS_SHOWN = 400;
const short = (text: string): string => (text.length > CHARS_SHOWN ? `${text.slice(0, CHARS_SHOWN)} …` : text);
const show = (value: Json | undefined): string => (value === undefined ? "nothing" : short(JSON.stringify(value)));

/** Whether a tool is meant: `server.*` stands for all of a server, `*` for every tool. */
export function isTool(pattern: string, tool: string): boolean {
  if (pattern === "*" || pattern === tool) return true;
  return pattern.endsWith(".*") && tool.startsWith(pattern.slice(0, -1));
}

/** Everything in which a run is not as expected. */
export function findingsOf(run: RunDetail, expected: Expectations): readonly Finding[] {
  return [
    ...aboutEnd(run, expected),
    ...aboutTools(run, expected),
    ...aboutCalls(run, expected),
    ...aboutText(run, expected),
    ...aboutJson(run, expected),
    ...aboutFiles(run, expected),
    ...aboutLimits(run, expected),
  ];
}

const toolSteps = (run: RunDetail): readonly ToolStep[] => run.step_list.filter((step) => step.kind === "tool");

const hasFailed = ({ outcome }: ToolStep): boolean => outcome !== null && outcome !== "done";

const showCall = (step: ToolStep): string => {
  const how = !hasFailed(step) ? "" : `  (${step.outcome}: ${short(step.text)})`;
  return `step ${step.index}: ${step.tool} ${show(step.arguments)}${how}`;
};
const showCalls = (steps: readonly ToolStep[]): readonly string[] =>
  steps.length === 0 ? ["no tool was called"] : steps.map(showCall);

function* aboutEnd(run: RunDetail, { state, failure }: Expectations): Generator<Finding> {
  const wanted = failure === undefined ? state : "failed";
  const why = run.failure === null ? [] : [`${run.failure.code}: ${short(run.failure.message)}`];
  if (run.state !== wanted)
    yield { expectation: "expect.state", expected: wanted, happened: [run.state, ...why], steps: [] };
  else if (failure !== undefined && run.failure?.code !== failure)
    yield { expectation: "expect.failure", expected: failure, happened: why, steps: [] };
}

function* aboutTools(run: RunDetail, { called, not_called: notCalled, order }: Expectations): Generator<Finding> {
  const steps = toolSteps(run);
  for (const tool of called)
    if (!steps.some((step) => isTool(tool, step.tool)))
      yield { expectation: "expect.called", expected: `a call of ${tool}`, happened: showCalls(steps), steps: [] };
  for (const tool of notCalled) {
    const wrong = steps.filter((step) => isTool(tool, step.tool));
    if (wrong.length > 0)
      yield {
        expectation: "expect.not_called",
        expected: `no call of ${tool}`,
        happened: wrong.map(showCall),
        steps: wrong.map(({ index }) => index),
      };
  }
  let from = 0;
  for (const [place, tool] of order.entries()) {
    const found = steps.findIndex((step, index) => index >= from && isTool(tool, step.tool));
    if (found < 0) {
      const before = place === 0 ? "" : `, after ${order.slice(0, place).join(", ")}`;
      yield { expectation: "expect.order", expected: `${tool}${before}`, happened: showCalls(steps), steps: [] };
      return;
    }
    from = found + 1;
  }
}

function* aboutCalls(run: RunDetail, { call: calls }: Expectations): Generator<Finding> {
  const steps = toolSteps(run);
  for (const call of calls) {
    const same = steps.filter((step) => isTool(call.tool, step.tool));
    const fitting = same.filter(
      (step) => fits(step.arguments, call) && (call.outcome === undefined || step.outcome === call.outcome),
    );
    const enough = call.times === undefined ? fitting.length > 0 : fitting.length === call.times;
    if (enough) continue;
    const times = call.times === undefined ? "" : `${call.times} times `;
    const given = call.arguments === undefined ? "" : ` with ${show(call.arguments)}`;
    const end = call.outcome === undefined ? "" : ` ending with ${call.outcome}`;
    const like = Object.entries(call.matches ?? {}).map(([name, pattern]) => ` ${name} like /${pattern}/`);
    const relevant = same.length > 0 ? same : steps;
    yield {
      expectation: "expect.call",
      expected: `${times}${call.tool}${given}${like.join(",")}${end}`,
      happened: showCalls(relevant),
      steps: relevant.map(({ index }) => index),
    };
  }
}

function fits(given: Json, { arguments: part, matches = {} }: Expectations["call"][number]): boolean {
  if (part !== undefined && !holds(given, part)) return false;
  return Object.entries(matches).every(([name, pattern]) => {
    const value = isJsonObject(given) ? given[name] : undefined;
    return typeof value === "string" && new RegExp(pattern, "su").test(value);
  });
}

function* aboutText({ output }: RunDetail, { contains, lacks, matches }: Expectations): Generator<Finding> {
  const said = [output === "" ? "no answer" : short(output)];
  const text = output.toLowerCase();
  for (const part of contains)
    if (!text.includes(part.toLowerCase()))
      yield { expectation: "expect.contains", expected: JSON.stringify(part), happened: said, steps: [] };
  for (const part of lacks)
    if (text.includes(part.toLowerCase()))
      yield { expectation: "expect.lacks", expected: `not ${JSON.stringify(part)}`, happened: said, steps: [] };
  for (const pattern of matches)
    if (!new RegExp(pattern, "su").test(output))
      yield { expectation: "expect.matches", expected: `/${pattern}/`, happened: said, steps: [] };
}

function* aboutJson({ output }: RunDetail, { json, schema }: Expectations): Generator<Finding> {
  if (json.length === 0 && schema === undefined) return;
  const answer = jsonIn(output);
  if (answer === undefined) {
    yield { expectation: "expect.json", expected: "an answer in JSON", happened: [short(output)], steps: [] };
    return;
  }
  for (const { path, equals, matches, exists } of json) {
    const found = valueAt(answer, path);
    const happened = [`${path} is ${show(found)}`];
    const at = { expectation: "expect.json", happened, steps: [] };
    if (exists === false ? found !== undefined : found === undefined)
      yield { ...at, expected: `${exists === false ? "nothing" : "a value"} at ${path}` };
    else if (equals !== undefined && (found === undefined || !(holds(found, equals) && holds(equals, found))))
      yield { ...at, expected: `${path} is ${show(equals)}` };
    else if (matches !== undefined && !(typeof found === "string" && new RegExp(matches, "su").test(found)))
      yield { ...at, expected: `${path} like /${matches}/` };
  }
  if (schema === undefined) return;
  const problems = answerProblems({ type: "object", properties: { answer: schema }, required: ["answer"] }, { answer });
  if (problems.length > 0)
    yield { expectation: "expect.schema", expected: "an answer that fits the schema", happened: problems, steps: [] };
}

function* aboutFiles({ artifacts }: RunDetail, expected: Expectations): Generator<Finding> {
  const names = artifacts.map(({ name }) => name);
  for (const name of expected.artifacts)
    if (!names.includes(name))
      yield {
        expectation: "expect.artifacts",
        expected: `a file ${name}`,
        happened: [names.length === 0 ? "no file was made" : names.join(", ")],
        steps: [],
      };
}

function* aboutLimits(run: RunDetail, { limits }: Expectations): Generator<Finding> {
  const failed = toolSteps(run).filter(hasFailed);
  if (limits.failed_calls !== undefined && failed.length > limits.failed_calls)
    yield {
      expectation: "expect.limits.failed_calls",
      expected: `at most ${limits.failed_calls} calls that fail`,
      happened: failed.map(showCall),
      steps: failed.map(({ index }) => index),
    };
  const turns = run.step_list.filter(({ kind }) => kind === "model").length;
  const used: readonly (readonly [string, number | undefined, number | undefined, string])[] = [
    ["steps", limits.steps, turns, "turns of the model"],
    ["tool_calls", limits.tool_calls, toolSteps(run).length, "tool calls"],
    ["tokens", limits.tokens, run.input_tokens + run.output_tokens, "tokens"],
    ["cost_usd", limits.cost_usd, run.cost.usd, "USD"],
    ["duration", limits.duration, run.duration_ms ?? undefined, "ms"],
  ];
  for (const [key, max, found, unit] of used)
    if (max !== undefined && found !== undefined && found > max)
      yield {
        expectation: `expect.limits.${key}`,
        expected: `at most ${max} ${unit}`,
        happened: [`${found} ${unit}`],
        steps: [],
      };
}
