import * as z from "zod";
import type { Json } from "../kernel/json.ts";
import { parseJson } from "../kernel/json.ts";
import type { WebhookEventType } from "../kernel/webhooks/webhook-spec.ts";
import type { JournalRow, WebhookEvent } from "./webhook.ts";

type Fields = Readonly<Record<string, unknown>>;
type Mapping = {
  readonly type: WebhookEventType;
  /** Fields of the journal entry that become data, by their names there. None of them may have content. */
  readonly fields: Readonly<Record<string, string>>;
  /** State of the run after the entry, unless the entry has one. */
  readonly state?: string;
  /** Whether the entry is of this type; default: always. */
  readonly is?: (body: Fields) => boolean;
};

const APPROVAL = { approval: "approvalId", server: "server", tool: "tool" };
const QUESTION = { question: "questionId" };
/** A call that waits for a person waits for a reply under its own id, alone or before a number; one that waits for a message does not. */
const isInput = ({ replyWith, callId }: Fields): boolean =>
  replyWith === callId || String(replyWith).startsWith(`${String(callId)}.`);

/** The entries of the journal that become events. A new kind of input or approval needs a line here and one in `WEBHOOK_EVENTS`. */
const MAPPINGS: Readonly<Record<string, Mapping>> = {
  "run-queue": { type: "run.queued", fields: {}, state: "queued" },
  "run-start": { type: "run.started", fields: { attempt: "attempt" }, state: "running" },
  "run-suspend": { type: "run.waiting", fields: { state: "state" } },
  "run-resume": { type: "run.resumed", fields: {}, state: "running" },
  "run-complete": { type: "run.completed", fields: {}, state: "completed" },
  "run-fail": { type: "run.failed", fields: {}, state: "failed" },
  "run-cancel": { type: "run.cancelled", fields: { reason: "reason" }, state: "cancelled" },
  "approval-ask": { type: "approval.requested", fields: { ...APPROVAL, expires_at: "expiresAtMs", rule: "rule" } },
  "approval-answer": { type: "approval.answered", fields: { approval: "approvalId", reply: "reply" } },
  "run-ask": { type: "input.requested", fields: { ...QUESTION, server: "server", expires_at: "expiresAtMs" } },
  "run-answer": { type: "input.answered", fields: { ...QUESTION, reply: "reply" } },
  "reply-wait": { type: "input.requested", fields: { question: "replyWith", expires_at: "deadlineMs" }, is: isInput },
  "reply-end": { type: "input.answered", fields: { question: "replyWith", reply: "outcome" }, is: isInput },
};

export const JOURNAL_TYPES: readonly string[] = Object.keys(MAPPINGS);

/** The entries of the journal that become events of some types. */
export const journalTypesOf = (types: ReadonlySet<WebhookEventType>): readonly string[] =>
  Object.entries(MAPPINGS).flatMap(([name, { type }]) => (types.has(type) ? [name] : []));

const Body = z.looseObject({ type: z.string() });
const HandedTo = z.looseObject({ handedTo: z.object({ run: z.string(), agent: z.string() }) });
const Failure = z.looseObject({ failure: z.object({ code: z.string() }) });

/** The event of a journal entry; undefined if it is of no type that webhooks deliver. */
export function journalEvent(row: JournalRow): WebhookEvent | undefined {
  const parsed = parseJson(row.body);
  const body = Body.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
  const mapping = body.success ? MAPPINGS[body.data.type] : undefined;
  if (!body.success || mapping === undefined || mapping.is?.(body.data) === false) return undefined;
  const { runId, seq, agent, revision, thread, workspace, atMs } = row;
  const failure = Failure.safeParse(body.data);
  const handedTo = HandedTo.safeParse(body.data);
  const data = {
    run: runId,
    agent,
    revision,
    thread: thread ?? null,
    ...(mapping.state !== undefined && { state: mapping.state }),
    ...picked(mapping.fields, body.data),
    ...(failure.success && { code: failure.data.failure.code }),
    ...(handedTo.success && { handed_to: handedTo.data.handedTo.run, handed_to_agent: handedTo.data.handedTo.agent }),
  };
  return { type: mapping.type, workspace, atMs, agent, data, entry: { runId, seq } };
}

function picked(fields: Mapping["fields"], body: Fields): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const [name, from] of Object.entries(fields)) {
    const value = body[from];
    if (from.endsWith("Ms") && typeof value === "number") found[name] = new Date(value).toISOString();
    else if (typeof value === "string" || typeof value === "number") found[name] = value;
  }
  return found;
}
