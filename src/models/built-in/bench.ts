import type { JsonObject } from "../../kernel/json.ts";
import { fillConditions, type Source, sourceArgument } from "./fill.ts";
import type { Ledger } from "./ledger.ts";
import { type Tool, withRole } from "./parameters.ts";
import type { Toolbox } from "./toolbox.ts";
import type { Condition, Plan, Request, Table } from "./language/index.ts";

/** The end of every answer of the built-in model. */
export const SIGNATURE =
  "— answered by Caxton's built-in rule-based model; set OPENAI_API_KEY or [llm] to use a language model";

/** All that is needed to answer one question on one table. */
export type Bench = {
  readonly request: Request;
  readonly toolbox: Toolbox;
  readonly ledger: Ledger;
  readonly source: Source;
  readonly table: Table;
  readonly plan: Plan;
};

/** A part of an answer. Undefined instead of one means that results are still missing. */
export type Section = {
  /** A failure says why there is no answer; it is never written to a file. */
  readonly type: "answer" | "failure";
  /** Paragraphs and tables, in order. */
  readonly text: readonly string[];
  /** Sentences on how far the answer can be trusted. */
  readonly caveats: readonly string[];
};

export const section = (text: readonly string[], caveats: readonly string[] = []): Section => ({
  type: "answer",
  text,
  caveats,
});

export const failure = (...text: readonly string[]): Section => ({ type: "failure", text, caveats: [] });

/** Parts of an answer as one; a caveat is said once. */
export const joined = (parts: readonly Section[]): Section => ({
  type: parts.some(({ type, text }) => type === "answer" && text.length > 0) ? "answer" : "failure",
  text: parts.flatMap(({ text }) => text),
  caveats: [...new Set(parts.flatMap(({ caveats }) => caveats))],
});

/** Quotes a tool's own error message. */
export const failedSection = (tool: Tool, message: string): Section =>
  failure(`The tool ${tool.name} failed: ${message.trim()}`);

/** Arguments that are the same for every tool on a table: where it is and which of its rows count; undefined if the tool cannot take them. */
export function baseArguments(tool: Tool, source: Source, conditions: readonly Condition[]): JsonObject | undefined {
  const input = sourceArgument(tool, source);
  if (input === undefined || conditions.length === 0) return input;
  const parameter = withRole(tool, "conditions");
  const filled = parameter === undefined ? undefined : fillConditions(parameter, conditions);
  return parameter === undefined || filled === undefined ? undefined : { ...input, [parameter.name]: filled };
}
