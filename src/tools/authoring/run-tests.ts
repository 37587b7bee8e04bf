import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, type Json } from "../../kernel/json.ts";
import { applyOverrides, type ToolResult } from "../catalogue/index.ts";
import { ToolProjectError } from "./errors.ts";
import { MODULE_FILE, openProject } from "./project.ts";
import { type Expectation, holds, readTests, type ToolTest } from "./tests-file.ts";
import { SandboxHarness } from "./sandbox-harness.ts";

export type TestReport = {
  readonly name: string;
  readonly tool: string;
  /** What is not as expected, a sentence each; empty when all is. */
  readonly failures: readonly string[];
  readonly result: ToolResult;
};

export type TestRun = {
  readonly server: string;
  readonly reports: readonly TestReport[];
  readonly log: readonly string[];
};

export type TestRunOptions = {
  /** Called with each test when it has ended. */
  readonly onReport: (report: TestReport) => void;
  /** Directory for modules compiled by the build; default: none. */
  readonly cacheDirectory?: string | undefined;
  readonly signal: AbortSignal;
};

/**
 * Runs the tests of a built tool, one after another, in a sandbox with the tool's own grants and limits. Throws
 * ToolProjectError, ToolServerRefusedError, CancelledError.
 */
export async function runTests(directory: string, options: TestRunOptions): Promise<TestRun> {
  const { onReport, cacheDirectory, signal } = options;
  const project = await openProject(directory);
  const file = await readTests(project.directory);
  const module = await readFile(join(project.directory, MODULE_FILE)).catch((cause: unknown) => {
    const hint = `build it first: caxton tool build ${directory}`;
    throw new ToolProjectError(`there is no ${MODULE_FILE} in ${project.directory}`, hint, { cause: String(cause) });
  });
  const manifest = applyOverrides(project.manifest, { grants: file.grants });
  const { variables, memory } = file;
  const { directory: place } = project;
  await using trial = await SandboxHarness.open({
    manifest,
    module,
    directory: place,
    variables,
    memory,
    cacheDirectory,
    signal,
  });
  const reports: TestReport[] = [];
  for (const [index, test] of file.tests.entries()) {
    const result = await trial.call(test.tool, test.arguments, test.session ?? `test ${index}`);
    const name = test.name ?? titleOf(test);
    const report = { name, tool: test.tool, failures: judge(result, test.expect), result };
    reports.push(report);
    onReport(report);
  }
  return { server: trial.server.name, reports, log: trial.log().map(({ text }) => text) };
}

const TITLE_CHARS = 60;
const titleOf = ({ tool, arguments: given }: ToolTest): string =>
  `${tool} ${JSON.stringify(given)}`.slice(0, TITLE_CHARS);

/** What is not as expected. */
export function judge(result: ToolResult, expected: Expectation): readonly string[] {
  const outcome = result.type === "done" ? "done" : result.reason;
  const wanted = expected.outcome ?? (expected.error === undefined ? "done" : "tool-error");
  if (outcome !== wanted) {
    const said = result.type === "done" ? textOf(result) : result.message;
    return [`it ended with ${outcome}, expected ${wanted}; it said: ${said}`];
  }
  return [...aboutAnswer(result, expected), ...aboutCost(result, expected)];
}

function* aboutAnswer(result: ToolResult, expected: Expectation): Generator<string> {
  const text = textOf(result);
  const { contains = [], lacks = [], matches, error, structured, equals, files = {} } = expected;
  if (expected.text !== undefined && text !== expected.text) yield difference("text", text, expected.text);
  for (const part of contains) if (!text.includes(part)) yield difference("text without the part", text, part);
  for (const part of lacks) if (text.includes(part)) yield difference("text with the part", text, `without ${part}`);
  if (matches !== undefined && !new RegExp(matches, "su").test(text)) yield difference("text", text, `/${matches}/`);
  if (error !== undefined && !text.includes(error)) yield difference("message without the part", text, error);
  const found = result.type === "done" ? result.structured : undefined;
  if (structured !== undefined && !holds(found, structured))
    yield difference("structured", show(found), show(structured));
  if (equals !== undefined && show(found) !== show(equals)) yield difference("structured", show(found), show(equals));
  for (const [name, part] of Object.entries(files)) {
    const content = result.type === "done" ? result.content : [];
    const file = content.flatMap((each) => (each.type === "file" && each.name === name ? [each] : []))[0];
    if (file === undefined) yield `it gave no file ${name}`;
    else if (!file.text.includes(part)) yield difference(`file ${name} without the part`, file.text, part);
  }
}

function* aboutCost({ usage }: ToolResult, { fuel_max: fuelMax, ms_max: msMax }: Expectation): Generator<string> {
  if (fuelMax !== undefined && usage.fuel > fuelMax) yield difference("fuel", String(usage.fuel), `at most ${fuelMax}`);
  if (msMax !== undefined && usage.durationMs > msMax) {
    yield difference("time", `${usage.durationMs.toFixed(1)} ms`, `at most ${msMax} ms`);
  }
}

const SHOWN_CHARS = 600;
const short = (text: string): string => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)} …` : text);
const difference = (what: string, found: string, expected: string): string =>
  `${what}\n  found     ${short(found)}\n  expected  ${short(expected)}`;

const show = (value: Json | undefined): string => (value === undefined ? "nothing" : canonicalJson(value));

const textOf = (result: ToolResult): string =>
  result.type === "failed"
    ? result.message
    : result.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
