import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { checkAgainst, parseToml, type Problem } from "../../text/documents/index.ts";
import { JsonObject, type Json, Json as AnyJson } from "../../kernel/json.ts";
import { GrantsTable, MEMORY_GRANT_SCOPES, TOOL_FAILURES } from "../catalogue/index.ts";
import { ToolProjectError } from "./errors.ts";
import { rendered } from "./project.ts";

export const TESTS_FILE = "tests.toml";

const isExpression = (source: string): boolean => {
  try {
    return new RegExp(source, "su") instanceof RegExp;
  } catch {
    return false;
  }
};
const OneOrMore = z.union([z.string(), z.array(z.string()).min(1)]).transform((given) => [given].flat());

const Expectation = z.strictObject({
  /** How the call ends; default: "done", or "tool-error" when `error` is given. */
  outcome: z.enum(["done", ...TOOL_FAILURES]).optional(),
  /** The whole text. */
  text: z.string().optional(),
  /** Parts of the text. */
  contains: OneOrMore.optional(),
  /** What must not be in the text. */
  lacks: OneOrMore.optional(),
  /** A regular expression that the text fits somewhere. */
  matches: z.string().refine(isExpression, { error: "expected a regular expression" }).optional(),
  /** Members of the structured result; more may be there. */
  structured: JsonObject.optional(),
  /** The whole structured result. */
  equals: AnyJson.optional(),
  /** A part of the message with which the call fails. */
  error: z.string().optional(),
  /** Names of the files that it gives, and parts of their content. */
  files: z.record(z.string(), z.string()).optional(),
  fuel_max: z.int().positive().optional(),
  ms_max: z.number().positive().optional(),
});
export type Expectation = z.output<typeof Expectation>;

const ToolTest = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  tool: z.string(),
  arguments: JsonObject.default({}),
  /** Tests that name the same session share an instance, one after another; others have their own. */
  session: z.string().optional(),
  expect: Expectation.default({}),
});
export type ToolTest = z.output<typeof ToolTest>;

/** Something that is remembered while the tests run. */
const Remembered = z.strictObject({
  name: z.string().min(1).max(256),
  type: z.string().min(1).max(64).default("thing"),
  scope: z.enum(MEMORY_GRANT_SCOPES).default("workspace"),
  observations: z.array(z.string().min(1)).default([]),
});

const TestsFile = z.strictObject({
  /** In place of those in tool.toml, table by table. */
  grants: GrantsTable.default({}),
  /** Values of granted variables and secrets. */
  variables: z.record(z.string(), z.string()).default({}),
  /** What a tool with a grant for memory finds. */
  memory: z.array(Remembered).default([]),
  tests: z.array(ToolTest).min(1),
});
export type TestsFile = z.output<typeof TestsFile>;

/** Reads the tests of a tool. Throws ToolProjectError. */
export async function readTests(directory: string): Promise<TestsFile> {
  const file = join(directory, TESTS_FILE);
  const source = await readFile(file, "utf8").catch(() => undefined);
  if (source === undefined) {
    throw new ToolProjectError(
      `there is no ${TESTS_FILE} in ${directory}`,
      'write one: [[tests]] with tool = "…", arguments = { … } and expect = { text = "…" }',
      { directory },
    );
  }
  const parsed = parseToml(source, file);
  const invalid = (problems: readonly Problem[]): ToolProjectError =>
    new ToolProjectError(`${file} has errors`, "", { file, problems: rendered(problems, source) });
  if (parsed.type === "malformed") throw invalid(parsed.problems);
  const checked = checkAgainst(parsed.document, TestsFile);
  if (checked.type === "invalid") throw invalid(checked.problems);
  return checked.value;
}

/** Whether all that `expected` has is in `found`: members of objects, and lists item by item. */
export function holds(found: Json | undefined, expected: Json): boolean {
  if (isList(expected)) {
    return isList(found) && found.length === expected.length && expected.every((item, at) => holds(found[at], item));
  }
  const wanted = JsonObject.safeParse(expected);
  if (!wanted.success) return Object.is(found, expected);
  const had = JsonObject.safeParse(found);
  return had.success && Object.entries(wanted.data).every(([name, value]) => holds(had.data[name], value));
}

const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);
