import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { schemaCheck } from "./schema-check.ts";

/** An answer with what it leaves out taken from the form's defaults. */
export function withDefaults(schema: JsonObject, content: JsonObject): JsonObject {
  const properties = schema["properties"];
  if (!isJsonObject(properties)) return content;
  const defaults = Object.entries(properties).flatMap(([name, property]): [string, Json][] => {
    const value = isJsonObject(property) ? property["default"] : undefined;
    return value === undefined || Object.hasOwn(content, name) ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(defaults), ...content };
}

/** What of an answer does not fit its form, one sentence each. */
export const answerProblems = (schema: JsonObject, content: JsonObject): readonly string[] =>
  schemaCheck(schema)(content);
