import { type JsonObject, parseJson } from "../../kernel/json.ts";
import { schemaFault } from "../../kernel/schema-fault.ts";
import { schemaCheck } from "../../tools/catalogue/index.ts";
import { OutputSchemaInvalidError, RUN_FAILURE_CODES } from "./errors.ts";
import type { RunEvent } from "./run-event.ts";
import type { RunView } from "./fold/run-view.ts";

/** Times a model is asked for another answer when its first does not fit. */
const REPAIRS_MAX = 1;
const PROBLEM_CHARS_MAX = 300;

/** Instruction of the system prompt for structured output; works with every provider and with tools. */
export const outputInstruction = (schema: JsonObject): string =>
  `When you answer, and do not call a tool, your answer is one JSON value that fits this JSON Schema, and nothing else: no explanation before or after it, no code fence.\n${JSON.stringify(schema)}`;

/** Request to the model to correct an answer that does not fit. */
export const repairRequest = (problems: readonly string[]): string =>
  `Your answer does not fit the JSON Schema it has to fit:\n${problems.map((problem) => `- ${problem}`).join("\n")}\nAnswer again, with the corrected JSON value and nothing else.`;

/** Throws OutputSchemaInvalidError for a schema that nothing can be checked against. */
export function refuseBrokenSchema(schema: JsonObject): void {
  const fault = schemaFault(schema);
  if (fault === undefined) return;
  const reason = [fault.path.join("."), fault.reason].filter((each) => each !== "").join(": ");
  throw new OutputSchemaInvalidError(
    `the schema of the answer cannot be used: ${reason}`,
    "It is a JSON Schema (2020-12), such as an object with type and properties; references stay inside it.",
    { reason },
  );
}

/** Outcome of a turn without tool calls in a run with an output schema: the end of the run, or another turn. */
export function checkedAnswer(view: RunView, schema: JsonObject, step: number, text: string): RunEvent {
  const problems = problemsOf(text, schema);
  if (problems.length === 0) return { type: "run-complete", json: true, content: { output: text } };
  const refused = view.steps.filter((each) => each.kind === "model" && each.outputProblems.length > 0).length;
  if (refused < REPAIRS_MAX) return { type: "output-reject", step, problems: [...problems] };
  return {
    type: "run-fail",
    failure: {
      code: RUN_FAILURE_CODES.outputInvalid,
      message: `the answer does not fit its schema, even after a request to correct it: ${problems.join("; ")}`,
      hint: "The answers are in the run's steps. Say in the prompt what each field holds, choose a stronger model, or loosen the schema.",
    },
  };
}

function problemsOf(text: string, schema: JsonObject): readonly string[] {
  const parsed = parseJson(unfenced(text));
  if (parsed.type === "malformed") return [`it is not JSON: ${parsed.reason}`];
  return schemaCheck(schema)(parsed.value).map((problem) => problem.slice(0, PROBLEM_CHARS_MAX));
}

/** Many models put JSON into a code fence regardless of the prompt. Takes time linear in the length of the text. */
export function unfenced(text: string): string {
  const whole = text.trim();
  const firstLine = whole.indexOf("\n");
  const isFenced = firstLine > 0 && whole.endsWith(FENCE) && /^```[\w-]*\s*$/.test(whole.slice(0, firstLine));
  return isFenced ? whole.slice(firstLine + 1, -FENCE.length).trim() : whole;
}

const FENCE = "```";
