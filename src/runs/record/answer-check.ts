import { type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import { schemaCheck } from "../../tools/index.ts";
import { OutputSchemaInvalidError, RUN_FAILURE_CODES } from "./errors.ts";
import type { RunEvent } from "./run-event.ts";
import type { RunView } from "./run-view.ts";

/** Times a model is asked for another answer when its first does not fit. */
const REPAIRS_MAX = 1;
const PROBLEM_CHARS_MAX = 300;

/** What the system prompt says of an answer that has to fit a schema; it works with every provider and beside tools. */
export const outputInstruction = (schema: JsonObject): string =>
  `When you answer, and do not call a tool, your answer is one JSON value that fits this JSON Schema, and nothing else: no explanation before or after it, no code fence.\n${JSON.stringify(schema)}`;

/** What the model is told of an answer that does not fit. */
export const repairRequest = (problems: readonly string[]): string =>
  `Your answer does not fit the JSON Schema it has to fit:\n${problems.map((problem) => `- ${problem}`).join("\n")}\nAnswer again, with the corrected JSON value and nothing else.`;

/** Throws OutputSchemaInvalidError for a schema that nothing can be checked against. */
export function refuseBrokenSchema(schema: JsonObject): void {
  const reason = schemaFault(schema);
  if (reason === undefined) return;
  throw new OutputSchemaInvalidError(
    `the schema of the answer cannot be used: ${reason}`,
    "It is a JSON Schema (2020-12), such as an object with type and properties; references stay inside it.",
    { reason },
  );
}

const TYPES: ReadonlySet<Json> = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);

function schemaFault({ type, properties, required }: JsonObject): string | undefined {
  const types = Array.isArray(type) ? type : type === undefined ? [] : [type];
  const unknown = types.find((each) => !TYPES.has(each));
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is no type`;
  if (properties !== undefined && !isTable(properties)) return "properties is no object";
  if (required !== undefined && !Array.isArray(required)) return "required is no list";
  return undefined;
}

const isTable = (value: Json): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** What a turn without tool calls means for a run whose answer has to fit a schema: its end, or another turn. */
export function checkedAnswer(view: RunView, schema: JsonObject, step: number, text: string): RunEvent {
  const problems = problemsOf(text, schema);
  if (problems.length === 0) return { type: "run-complete", json: true, content: { output: text } };
  const refused = view.steps.filter((each) => each.kind === "model" && each.outputProblems.length > 0).length;
  if (refused < REPAIRS_MAX) return { type: "output-refuse", step, problems: [...problems] };
  return {
    type: "run-fail",
    failure: {
      code: RUN_FAILURE_CODES.outputInvalid,
      message: `the answer does not fit its schema, also after the model was told why: ${problems.join("; ")}`,
      hint: "The answers are in the run's steps. Say in the prompt what each field holds, choose a stronger model, or loosen the schema.",
    },
  };
}

function problemsOf(text: string, schema: JsonObject): readonly string[] {
  const parsed = parseJson(unfenced(text));
  if (parsed.type === "malformed") return [`it is not JSON: ${parsed.reason}`];
  return schemaCheck(schema)(parsed.value).map((problem) => problem.slice(0, PROBLEM_CHARS_MAX));
}

/** Many models put JSON into a code fence, whatever they are told. */
export function unfenced(text: string): string {
  const fence = /^\s*```[\w-]*\s*\n([\s\S]*?)\n?\s*```\s*$/.exec(text);
  return (fence?.[1] ?? text).trim();
}
