import { isJsonObject, Json, type JsonObject } from "../../../kernel/json.ts";
import type { RunQuestion } from "./inputs.ts";

/** The field of a form with one. */
export const ANSWER = "answer";

type Named = { title?: string; description?: string };
type Field =
  | ({ type: "string"; enum?: string[] } & Named)
  | ({ type: "boolean" } & Named)
  | ({ type: "number" | "integer"; minimum?: number; maximum?: number } & Named);
type Form = { type: "object"; properties: Record<string, Field>; required: string[] };
type Question = Pick<RunQuestion, "options" | "schema">;

/** The form of a question, as clients of MCP and ACP can show it; one that they cannot show is a text. */
export function formOf({ options, schema }: Question): Form {
  if (options.length > 0)
    return { type: "object", properties: { [ANSWER]: { type: "string", enum: [...options] } }, required: [ANSWER] };
  const fields = schema === null ? undefined : fieldsOf(schema);
  if (fields === undefined) return { type: "object", properties: { [ANSWER]: { type: "string" } }, required: [ANSWER] };
  const required = Array.isArray(schema?.["required"]) ? schema["required"].map(String) : [];
  return { type: "object", properties: fields, required };
}

/** What a filled-in form says, as the question takes it: its fields, or the one of a text, as JSON where the question has a schema. */
export function answerOf(question: Question & Pick<RunQuestion, "url">, given: Json): Json {
  if (question.url !== null || hasFields(question)) return given;
  const answer = isJsonObject(given) ? (given[ANSWER] ?? "") : given;
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  if (question.schema === null) return text;
  try {
    return Json.parse(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Whether the answer of a question comes as the fields of its own schema. */
const hasFields = ({ options, schema }: Question): boolean =>
  options.length === 0 && schema !== null && fieldsOf(schema) !== undefined;

function fieldsOf({ properties }: JsonObject): Record<string, Field> | undefined {
  if (!isJsonObject(properties)) return undefined;
  const fields: Record<string, Field> = {};
  for (const [name, schema] of Object.entries(properties)) {
    const field = isJsonObject(schema) ? fieldOf(schema) : undefined;
    if (field === undefined) return undefined;
    fields[name] = field;
  }
  return fields;
}

/** A field that every client can show: a text, a number, a flag or a choice. */
function fieldOf(schema: JsonObject): Field | undefined {
  const { type, title, description, enum: choices } = schema;
  const named = {
    ...(typeof title === "string" && { title }),
    ...(typeof description === "string" && { description }),
  };
  if (choices !== undefined)
    return Array.isArray(choices) && choices.every((each) => typeof each === "string")
      ? { type: "string", enum: choices, ...named }
      : undefined;
  if (type === "string") return { type, ...named };
  if (type === "boolean") return { type, ...named };
  if (type !== "number" && type !== "integer") return undefined;
  const { minimum, maximum } = schema;
  return {
    type,
    ...named,
    ...(typeof minimum === "number" && { minimum }),
    ...(typeof maximum === "number" && { maximum }),
  };
}
