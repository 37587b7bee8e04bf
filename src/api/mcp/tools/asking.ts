import {
  type ClientCapabilities,
  type ElicitRequestFormParams,
  inputRequired,
  type InputRequest,
} from "@modelcontextprotocol/server";
import { isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import type { RunDetail } from "../../contract/index.ts";
import type { McpOptions } from "../options.ts";

type Question = RunDetail["questions"][number];
type Approval = RunDetail["approvals"][number];
type Form = ElicitRequestFormParams["requestedSchema"];

/** The field of a form with one. */
export const ANSWER = "answer";

/** How a client can ask its user. */
export type Ways = { readonly form: boolean; readonly url: boolean };

/** A client that names no way can show forms. */
export function waysOf({ elicitation }: ClientCapabilities = {}): Ways {
  if (elicitation === undefined) return { form: false, url: false };
  const { form, url } = elicitation;
  return { form: form !== undefined || url === undefined, url: url !== undefined };
}

export type Asking = {
  readonly ways: Ways;
  readonly approvals: McpOptions["approvals"];
  /** The page of the run in the dashboard. */
  readonly page: string;
  /** What was wrong with the answers so far. */
  readonly problems: readonly string[];
};

/** What the client asks its user for a resting run, by the id of the question or approval; undefined if it cannot. */
export function requestsFor(
  run: RunDetail,
  { ways, approvals, page, problems }: Asking,
): Readonly<Record<string, InputRequest>> {
  const requests: [string, InputRequest][] = [];
  for (const question of run.questions.filter(({ state }) => state === "open")) {
    const { id, url } = question;
    const message = [...problems, question.message].join("\n");
    if (url === null && ways.form)
      requests.push([id, inputRequired.elicit({ message, requestedSchema: formOf(question) })]);
    if (url !== null && ways.url) requests.push([id, inputRequired.elicitUrl({ message, url })]);
  }
  for (const approval of run.approvals.filter(({ state }) => state === "open")) {
    const message = messageOf(approval);
    if (approvals === "form" && ways.form)
      requests.push([approval.id, inputRequired.elicit({ message, requestedSchema: DECISION })]);
    if (approvals === "url" && ways.url) requests.push([approval.id, inputRequired.elicitUrl({ message, url: page })]);
  }
  return Object.fromEntries(requests);
}

const messageOf = ({ agent, tool, arguments: given }: Approval): string =>
  `${agent} asks to call ${tool} with ${JSON.stringify(given)}`;

export const DECISIONS = ["approve", "deny"] as const;
const DECISION: Form = {
  type: "object",
  properties: { [ANSWER]: { type: "string", title: "Decision", enum: [...DECISIONS] } },
  required: [ANSWER],
};

/** The form of a question; one that clients cannot show is a text. */
function formOf({ options, schema }: Question): Form {
  if (options.length > 0)
    return { type: "object", properties: { [ANSWER]: { type: "string", enum: [...options] } }, required: [ANSWER] };
  const fields = schema === null ? undefined : fieldsOf(schema);
  if (fields === undefined) return { type: "object", properties: { [ANSWER]: { type: "string" } }, required: [ANSWER] };
  const required = Array.isArray(schema?.["required"]) ? schema["required"].map(String) : [];
  return { type: "object", properties: fields, required };
}

/** Whether the answer of a question comes as the fields of its own schema. */
export const hasFields = ({ options, schema }: Question): boolean =>
  options.length === 0 && schema !== null && fieldsOf(schema) !== undefined;

type Field = Form["properties"][string];

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
