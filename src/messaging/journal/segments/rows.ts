import type { SQLOutputValue } from "node:sqlite";
import type { ConversationRow, DeadLetter, FailedAttempt, Head, StoredMessage } from "../../router/index.ts";
import { isJsonObject } from "../../../kernel/json.ts";

type Row = Record<string, SQLOutputValue>;

/** A message from its line. */
export function storedMessage(head: Head, line: string): StoredMessage {
  const { seq, recipients, priority, expiresAtMs, atMs } = head;
  const wire: unknown = JSON.parse(line);
  const word = (key: string) => {
    const value = isJsonObject(wire) ? wire[key] : undefined;
    return typeof value === "string" ? value : "";
  };
  return {
    seq,
    id: word("id"),
    workspace: word("workspace"),
    conversation: word("conversation_id"),
    sender: word("sender"),
    performative: word("performative"),
    recipients,
    priority,
    expiresAtMs,
    atMs,
    body: line,
  };
}

/** From its JSON; nothing from a file that has none yet. */
export function failedAttempts(text: SQLOutputValue | undefined): readonly FailedAttempt[] {
  const entries: unknown = typeof text === "string" ? JSON.parse(text) : [];
  if (!Array.isArray(entries)) return [];
  return entries.filter(isJsonObject).map(({ attempt, atMs, reason }) => ({
    attempt: Number(attempt),
    atMs: Number(atMs),
    reason: typeof reason === "string" ? reason : "",
  }));
}

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
  history: failedAttempts(row["history"]),
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
