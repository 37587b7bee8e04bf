import type { RunDetail, RunQuestion } from "../../../api/contract/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";

/** Open questions of a run, and calls that wait for their results from a client. */
export const openInputs = ({ questions, client_calls: calls }: RunDetail): readonly RunQuestion[] => {
  const asCall: Pick<RunQuestion, "kind" | "server" | "options" | "schema" | "url"> = {
    kind: "question",
    server: "client",
    options: [],
    schema: null,
    url: null,
  };
  const results = calls.map((call) => ({
    ...call,
    ...asCall,
    message: `${call.name} ${JSON.stringify(call.arguments)}`,
  }));
  return [...questions, ...results].filter(({ state }) => state === "open");
};

/** A question as a person reads it: who asks what, and how it is answered. */
export function questionLines(question: RunQuestion): readonly string[] {
  const { server, message, url, schema, expires_at: until } = question;
  return [
    `${server === "user" ? "the agent" : server} asks: ${message}`,
    ...(url === null ? [] : [`  visit: ${url}`]),
    ...fieldLines(schema ?? {}).map((field) => `  ${field}`),
    `  until ${until}`,
  ];
}

/** One line for each field of a form, in its order. */
export function fieldLines(schema: JsonObject): readonly string[] {
  const fields = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const required: readonly Json[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(fields).map(([name, field]) => {
    const { type, enum: choices, default: initial, description, title } = isJsonObject(field) ? field : {};
    const kind = Array.isArray(choices) ? choices.join("|") : typeof type === "string" ? type : "any";
    const rest = [
      required.includes(name) ? "required" : "",
      initial === undefined ? "" : `default ${JSON.stringify(initial)}`,
      typeof description === "string" ? description : typeof title === "string" ? title : "",
    ].filter((part) => part !== "");
    return `${name}=<${kind}>  ${rest.join("; ")}`.trimEnd();
  });
}
