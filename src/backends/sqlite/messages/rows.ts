import type { SQLOutputValue } from "node:sqlite";
import type { ConversationRow, DeadLetter, StoredMessage } from "../../../router/index.ts";
import { partiesOf } from "./packing.ts";

type Row = Record<string, SQLOutputValue>;

export const MESSAGE_COLUMNS =
  "seq, at_ms, recipients, priority, expires_at_ms, id, workspace, conversation, sender, performative, body";

export const storedMessage = (row: Row): StoredMessage => ({
  seq: Number(row["seq"]),
  id: String(row["id"]),
  workspace: String(row["workspace"]),
  conversation: String(row["conversation"]),
  sender: String(row["sender"]),
  performative: String(row["performative"]),
  recipients: partiesOf(row["recipients"]),
  priority: Number(row["priority"]),
  expiresAtMs: Number(row["expires_at_ms"]),
  atMs: Number(row["at_ms"]),
  body: String(row["body"]),
});

export const deadLetter = (row: Row): DeadLetter => ({
  seq: Number(row["seq"]),
  party: Number(row["party"]),
  id: String(row["id"]),
  workspace: String(row["workspace"]),
  conversation: String(row["conversation"]),
  sender: String(row["sender"]),
  recipient: String(row["recipient"]),
  performative: String(row["performative"]),
  code: String(row["code"]),
  reason: String(row["reason"]),
  attempts: Number(row["attempts"]),
  atMs: Number(row["at_ms"]),
  body: String(row["body"]),
});

/** Names in a JSON array. */
function participantsOf(text: string): readonly string[] {
  const names: unknown = JSON.parse(text);
  return Array.isArray(names) ? names.map(String) : [];
}

const textOr = (value: SQLOutputValue | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;

export const conversationRow = (row: Row): ConversationRow => ({
  workspace: String(row["workspace"]),
  id: String(row["id"]),
  protocol: textOr(row["protocol"]),
  state: String(row["state"]),
  isOpen: row["is_open"] === 1,
  isArchived: row["is_archived"] === 1,
  initiator: String(row["initiator"]),
  participants: participantsOf(String(row["participants"])),
  parent: textOr(row["parent"]),
  messages: Number(row["messages"]),
  startedAtMs: Number(row["started_at_ms"]),
  updatedAtMs: Number(row["updated_at_ms"]),
  expiresAtMs: Number(row["expires_at_ms"]),
  fold: String(row["fold"]),
});
