import { type Json } from "../../kernel/json.ts";
import { traceOf } from "./compose.ts";
import { type Address, type Content, type Message } from "./message.ts";
import { ARTIFACT_KEY } from "./wire/wire-fields.ts";
import { type Wire } from "./wire/wire.ts";

/** The message as canonical JSON text. `restoreMessage` of it, parsed, equals the message. */
export const writeMessage = (message: Message): string => JSON.stringify(messageWire(message));

/** The message as canonical JSON: flat, snake_case; what has its usual value is undefined. */
export function messageWire(message: Message): Wire {
  return { ...headWire(message), ...restWire({ ...message, trace: traceOf(message) }) };
}

/**
 * As `writeMessage`, with the party that the message is on behalf of, but for a trace that begins with the message: that follows from its id. JSON looks at each key, whether
 * it is there or not, so those that few messages have are written apart.
 */
export function storedText(message: Message): string {
  const head = JSON.stringify(headWire(message));
  if (isUsual(message)) return head;
  const rest = { ...restWire(message), on_behalf_of: message.onBehalfOf };
  return `${head.slice(0, -1)},${JSON.stringify(rest).slice(1)}`;
}

const isUsual = (message: Message): boolean =>
  message.priority === "normal" &&
  message.durability === "full" &&
  message.hops === 0 &&
  message.replyByMs === undefined &&
  message.expiresAtMs === undefined &&
  message.trace === undefined &&
  message.trail.length + message.mergeConversations.length === 0 &&
  message.parentConversation === undefined &&
  message.error === undefined &&
  message.onBehalfOf === undefined &&
  message.parameters === undefined &&
  message.signature === undefined;

function headWire(message: Message) {
  const { address } = message;
  const to = address.type === "capability" ? address : undefined;
  return {
    id: message.id,
    workspace: message.workspace,
    timestamp: isoText(message.atMs),
    performative: message.performative,
    sender: message.sender,
    receiver: receiverOf(address),
    capability: to?.capability,
    version: to?.version,
    fallback_versions: to !== undefined && to.fallbackVersions.length > 0 ? to.fallbackVersions : undefined,
    routing_strategy: to?.strategy,
    nearest_capability: to?.nearest,
    topic: address.type === "topic" ? address.topic : undefined,
    broadcast: address.type === "broadcast" ? (true as const) : undefined,
    reply_to: message.replyTo,
    content: contentWire(message.content),
    language: message.language,
    encoding: message.encoding,
    ontology: message.ontology,
    protocol: message.protocol,
    conversation_id: message.conversationId,
    reply_with: message.replyWith,
    in_reply_to: message.inReplyTo,
  };
}

function restWire(message: Message) {
  const { trace, priority, durability, hops, trail, mergeConversations } = message;
  return {
    reply_by: message.replyByMs === undefined ? undefined : isoText(message.replyByMs),
    priority: priority === "normal" ? undefined : priority,
    expires_at: message.expiresAtMs === undefined ? undefined : isoText(message.expiresAtMs),
    durability: durability === "full" ? undefined : durability,
    hops: hops === 0 ? undefined : hops,
    trail: trail.length === 0 ? undefined : trail,
    trace_id: trace?.traceId,
    span_id: trace?.spanId,
    trace_flags: trace?.flags === 1 ? undefined : trace?.flags,
    trace_state: trace?.state,
    parent_conversation: message.parentConversation,
    merge_conversations: mergeConversations.length === 0 ? undefined : mergeConversations,
    error: message.error,
    parameters: message.parameters,
    signature: message.signature?.value,
    key_id: message.signature?.keyId,
  };
}

function receiverOf(address: Address): string | readonly string[] | undefined {
  if (address.type !== "receivers") return undefined;
  return address.names.length === 1 ? address.names[0] : address.names;
}

/** Content as it is on the wire; `contentOf` reads it back. */
export function contentWire(content: Content): Json {
  if (content.type === "text") return content.text;
  if (content.type === "json") return content.value;
  const { id, mediaType, bytes, hash } = content.artifact;
  return { [ARTIFACT_KEY]: { id, media_type: mediaType, bytes, hash } };
}

// Messages come many in a millisecond, each with its time and its deadline, and writing a date costs more than the rest of
// their head: the last two are known.
let newer = { ms: Number.NaN, text: "" };
let older = newer;

function isoText(ms: number): string {
  if (ms === newer.ms) return newer.text;
  if (ms === older.ms) return older.text;
  older = newer;
  newer = { ms, text: new Date(ms).toISOString() };
  return newer.text;
}
