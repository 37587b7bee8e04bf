import {
  type ClientCapabilities,
  type ElicitRequestFormParams,
  inputRequired,
  type InputRequest,
} from "@modelcontextprotocol/server";
import { questionForm, type RunDetail } from "../../contract/index.ts";
import type { McpOptions } from "../options.ts";

type Approval = RunDetail["approvals"][number];
type Form = ElicitRequestFormParams["requestedSchema"];

const { ANSWER, formOf } = questionForm;

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
