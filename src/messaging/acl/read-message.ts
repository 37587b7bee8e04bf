import { type MessageId } from "../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { RunCaller } from "../../kernel/rights/run-caller.ts";
import { mintMessageId, traceOf } from "./compose.ts";
import { type Address, type Content, type Message, type MessageError, type MessageTrace } from "./message.ts";
import { canonicalWire } from "./wire/canonical-wire.ts";
import { explainWire } from "./wire/explain-wire.ts";
import { invalid, type MessageProblem, refusal } from "./message-problem.ts";
import { parseWire } from "./wire/parse-wire.ts";
import { type Wire } from "./wire/wire.ts";
import { ARTIFACT_KEY, isMessageId, isWireArtifact, parseInstant, parseTtl } from "./wire/wire-fields.ts";

/** What is known of a message besides what it says itself. */
export type ReadContext = {
  readonly workspace: string;
  readonly nowMs: number;
  /** Bytes of content, `messages.message_bytes_max`. */
  readonly contentBytesMax: number;
  /** Who speaks when the message does not say. */
  readonly sender?: string | undefined;
};

export type MessageRead =
  | { readonly type: "message"; readonly message: Message }
  /** `error.details.problems` lists everything that is wrong, as `MessageProblem`s. */
  | { readonly type: "refused"; readonly id: MessageId | undefined; readonly error: MessageError };

/**
 * A message from parsed JSON, in canonical spelling or with aliases, other case, numbers for priorities, or as a plain
 * message. Pass it what `parseJson` gave: depth is not looked at again. Never throws.
 */
export function readMessage(json: Json, context: ReadContext): MessageRead {
  const taken = parseWire(json);
  if (taken !== undefined) return read(taken, context);
  const { wire, problems } = canonicalWire(json, context.sender);
  const parsed = problems.length === 0 ? parseWire(wire) : undefined;
  if (parsed !== undefined) return read(parsed, context);
  return refused(wire["id"], [...problems, ...explainWire(wire)]);
}

/** Back from what `storedText` or `writeMessage` wrote: nothing is judged again, times are what they were. Throws on anything else. */
export function restoreMessage(json: Json): Message {
  const caller = isJsonObject(json) ? json["on_behalf_of"] : undefined;
  // Few messages have the key, and no other is copied.
  const wire = parseWire(caller === undefined ? json : without(json, "on_behalf_of"));
  if (wire?.workspace === undefined || wire.timestamp === undefined) throw new TypeError("this is no stored message");
  const built = build(wire, { workspace: wire.workspace, atMs: instant(wire.timestamp) });
  const message = caller === undefined ? built : { ...built, onBehalfOf: RunCaller.parse(caller) };
  const { nearest_capability: nearest } = wire;
  // Of a message that comes from a sender it is not read: the router says it.
  if (nearest === undefined || message.address.type !== "capability") return message;
  return { ...message, address: { ...message.address, nearest } };
}

const without = (json: Json, key: string): JsonObject =>
  Object.fromEntries(Object.entries(isJsonObject(json) ? json : {}).filter(([name]) => name !== key));

function read(wire: Wire, context: ReadContext): MessageRead {
  const message = build(wire, { workspace: context.workspace, atMs: context.nowMs });
  const problem = untimely(wire, message) ?? misplaced(wire, context) ?? oversized(message.content, context);
  return problem === undefined ? { type: "message", message } : refused(wire.id, [problem]);
}

const refused = (id: Json | undefined, problems: readonly MessageProblem[]): MessageRead => ({
  type: "refused",
  id: isMessageId(id) ? id : undefined,
  error: refusal(problems),
});

// As composeMessage builds it, key by key in the same order: one shape of object, and no draft between.
function build(wire: Wire, { workspace, atMs }: { readonly workspace: string; readonly atMs: number }): Message {
  const id = wire.id ?? mintMessageId();
  return {
    id,
    workspace,
    performative: wire.performative,
    sender: wire.sender,
    address: addressOf(wire),
    replyTo: wire.reply_to,
    content: contentOf(wire.content),
    language: wire.language,
    encoding: wire.encoding,
    ontology: wire.ontology,
    protocol: wire.protocol,
    conversationId: wire.conversation_id ?? id,
    replyWith: wire.reply_with,
    inReplyTo: wire.in_reply_to,
    replyByMs: wire.reply_by === undefined ? undefined : instant(wire.reply_by),
    priority: wire.priority ?? "normal",
    expiresAtMs: wire.expires_at === undefined ? endOf(wire.ttl, atMs) : instant(wire.expires_at),
    durability: wire.durability ?? "full",
    hops: wire.hops ?? 0,
    trail: wire.trail ?? [],
    trace: wire.trace_id === undefined ? undefined : traceOfWire(wire, wire.trace_id, id),
    atMs,
    parentConversation: wire.parent_conversation,
    mergeConversations: wire.merge_conversations ?? [],
    error: wire.error,
    parameters: wire.parameters,
    onBehalfOf: undefined,
    signature: wire.signature === undefined ? undefined : { keyId: wire.key_id ?? "", value: wire.signature },
  };
}

const endOf = (ttl: Wire["ttl"], atMs: number): number | undefined =>
  ttl === undefined ? undefined : atMs + (parseTtl(ttl) ?? 0);

const instant = (text: string): number => parseInstant(text) ?? Number.NaN;

const NO_VERSIONS: readonly string[] = [];

function addressOf(wire: Wire): Address {
  const { receiver, capability, topic } = wire;
  if (receiver !== undefined) return { type: "receivers", names: typeof receiver === "string" ? [receiver] : receiver };
  if (topic !== undefined) return { type: "topic", topic };
  if (capability === undefined) return { type: "broadcast" };
  const { version, fallback_versions: fallbackVersions = NO_VERSIONS, routing_strategy: strategy } = wire;
  return { type: "capability", capability, version, fallbackVersions, strategy };
}

/** Bytes that content takes: UTF-8 of a text, JSON of a value or a reference. */
export function contentBytes(content: Content): number {
  if (content.type === "text") return Buffer.byteLength(content.text);
  return Buffer.byteLength(JSON.stringify(content.type === "json" ? content.value : content.artifact));
}

const [NUMBER_BYTES_MAX, CHARACTER_BYTES_MAX] = [25, 6];

/** At least the bytes that JSON of it takes; counts no further than to `max`. */
export function boundOf(value: Json, max: number): number {
  if (typeof value === "string") return value.length * CHARACTER_BYTES_MAX + 2;
  if (typeof value !== "object" || value === null) return NUMBER_BYTES_MAX;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && bytes <= max; at += 1) bytes += 1 + boundOf(value[at] ?? null, max);
  } else if (isJsonObject(value)) {
    for (const key in value) {
      bytes += key.length * CHARACTER_BYTES_MAX + 4 + boundOf(value[key] ?? null, max);
      if (bytes > max) break;
    }
  }
  return bytes;
}

/** Content as it is on the wire: a text, a reference to an artifact, or any other JSON. */
export function contentOf(value: Json): Content {
  if (typeof value === "string") return { type: "text", text: value };
  if (typeof value === "object" && value !== null && ARTIFACT_KEY in value) {
    const artifact = value[ARTIFACT_KEY];
    if (isWireArtifact(artifact)) {
      const { id, media_type: mediaType, bytes, hash } = artifact;
      return { type: "artifact", artifact: { id, mediaType, bytes, hash } };
    }
  }
  return { type: "json", value };
}

const traceOfWire = (
  { span_id: spanId, trace_flags: flags = 1, trace_state: state }: Wire,
  traceId: string,
  id: MessageId,
): MessageTrace => ({ traceId, spanId: spanId ?? traceOf({ id, trace: undefined }).spanId, flags, state });

const isPast = (ms: number | undefined, nowMs: number): boolean => ms !== undefined && ms <= nowMs;

function untimely(wire: Wire, message: Message): MessageProblem | undefined {
  if (isPast(message.replyByMs, message.atMs)) return past("reply_by", wire.reply_by);
  return isPast(message.expiresAtMs, message.atMs) ? past("expires_at", wire.expires_at) : undefined;
}

const past = (path: string, text = ""): MessageProblem => ({
  code: "EXPIRED",
  path,
  message: `${path} is ${text}, which is past`,
  fix: "Give a time that is still to come, or leave it out.",
});

const misplaced = ({ workspace }: Wire, context: ReadContext): MessageProblem | undefined =>
  workspace === undefined || workspace === context.workspace
    ? undefined
    : invalid(
        "workspace",
        `the message is for workspace ${workspace} and came to ${context.workspace}`,
        "Leave workspace out, or send it there.",
      );

function oversized(content: Content, { contentBytesMax }: ReadContext): MessageProblem | undefined {
  // Most content is far below it, and seen to be without being written.
  const value = content.type === "json" ? content.value : content.type === "text" ? content.text : "";
  if (boundOf(value, contentBytesMax) <= contentBytesMax) return undefined;
  const bytes = contentBytes(content);
  return bytes <= contentBytesMax
    ? undefined
    : {
        code: "MESSAGE_TOO_LARGE",
        path: "content",
        message: `content has ${bytes} bytes; at most ${contentBytesMax} are taken`,
        fix: "Save it as a file and send a reference, or raise messages.message_bytes_max.",
      };
}
