import { type Json } from "../kernel/json.ts";
import { digitsOf } from "./compose.ts";
import { type Address, type Content, type Message } from "./message.ts";
import { ARTIFACT_KEY } from "./wire-fields.ts";
import { type Wire } from "./wire.ts";

/**
 * The message as canonical JSON text. `restoreMessage` of it, parsed, equals the message. Written piece by piece: it is the
 * text of `messageWire`, at a third of what JSON takes for an object of which most keys are undefined.
 */
export function writeMessage(message: Message): string {
  const { traceId, spanId } = message.trace;
  return joined(`${headText(message)},"trace_id":"${traceId}","span_id":"${spanId}"${restText(message)}}`);
}

/** As `writeMessage`, for where nothing else reads it: without a trace that follows from the id. */
export function storedText(message: Message): string {
  const { id, trace } = message;
  const isUsual = trace.spanId === trace.traceId.slice(16) && trace.traceId === digitsOf(id);
  return isUsual ? joined(`${headText(message)}${restText(message)}}`) : writeMessage(message);
}

const BRACE = 123;

/** To look at a character puts the pieces together: kept apart, they would cost the garbage collector twice as much. */
function joined(text: string): string {
  if (text.charCodeAt(0) !== BRACE) throw new TypeError("the text of a message is an object");
  return text;
}

function headText(message: Message): string {
  const { language, encoding, ontology, protocol, replyWith, inReplyTo, replyByMs, priority } = message;
  let text = `{"id":"${message.id}","workspace":${quoted(message.workspace)},"timestamp":"${isoText(message.atMs)}"`;
  text += `,"performative":"${message.performative}","sender":${quoted(message.sender)}${addressText(message.address)}`;
  if (message.replyTo !== undefined) text += `,"reply_to":${quoted(message.replyTo)}`;
  text += `,"content":${contentText(message.content)}`;
  if (language !== undefined) text += `,"language":${quoted(language)}`;
  if (encoding !== undefined) text += `,"encoding":${quoted(encoding)}`;
  if (ontology !== undefined) text += `,"ontology":${quoted(ontology)}`;
  if (protocol !== undefined) text += `,"protocol":${quoted(protocol)}`;
  text += `,"conversation_id":${quoted(message.conversationId)}`;
  if (replyWith !== undefined) text += `,"reply_with":${quoted(replyWith)}`;
  if (inReplyTo !== undefined) text += `,"in_reply_to":${quoted(inReplyTo)}`;
  if (replyByMs !== undefined) text += `,"reply_by":"${isoText(replyByMs)}"`;
  if (priority !== "normal") text += `,"priority":"${priority}"`;
  if (message.expiresAtMs !== undefined) text += `,"expires_at":"${isoText(message.expiresAtMs)}"`;
  if (message.durability !== "full") text += `,"durability":"${message.durability}"`;
  if (message.hops !== 0) text += `,"hops":${message.hops}`;
  if (message.trail.length > 0) text += `,"trail":${JSON.stringify(message.trail)}`;
  return text;
}

function restText({ trace, parentConversation, mergeConversations, error, parameters }: Message): string {
  let text = "";
  if (trace.flags !== 1) text += `,"trace_flags":${trace.flags}`;
  if (trace.state !== undefined) text += `,"trace_state":${quoted(trace.state)}`;
  if (parentConversation !== undefined) text += `,"parent_conversation":${quoted(parentConversation)}`;
  if (mergeConversations.length > 0) text += `,"merge_conversations":${JSON.stringify(mergeConversations)}`;
  if (error !== undefined) text += `,"error":${JSON.stringify(error)}`;
  if (parameters !== undefined) text += `,"parameters":${JSON.stringify(parameters)}`;
  return text;
}

function addressText(address: Address): string {
  switch (address.type) {
    case "receivers":
      return `,"receiver":${address.names.length === 1 ? quoted(address.names[0] ?? "") : JSON.stringify(address.names)}`;
    case "topic":
      return `,"topic":${quoted(address.topic)}`;
    case "broadcast":
      return ',"broadcast":true';
    case "capability": {
      const { version, fallbackVersions, strategy } = address;
      let text = `,"capability":${quoted(address.capability)}`;
      if (version !== undefined) text += `,"version":${quoted(version)}`;
      if (fallbackVersions.length > 0) text += `,"fallback_versions":${JSON.stringify(fallbackVersions)}`;
      if (strategy !== undefined) text += `,"routing_strategy":"${strategy}"`;
      return address.nearest === undefined ? text : `${text},"nearest_capability":${JSON.stringify(address.nearest)}`;
    }
  }
}

const contentText = (content: Content): string =>
  content.type === "text" ? JSON.stringify(content.text) : JSON.stringify(contentWire(content));

const SHORT_CHARS = 64;

/** As JSON.stringify, which costs more than the look at so few characters. */
function quoted(word: string): string {
  if (word.length > SHORT_CHARS) return JSON.stringify(word);
  for (let at = 0; at < word.length; at += 1) {
    const code = word.charCodeAt(at);
    if (code < 32 || code > 126 || code === 34 || code === 92) return JSON.stringify(word);
  }
  return `"${word}"`;
}

/** The message as canonical JSON: flat, snake_case; what has its usual value is undefined. */
export function messageWire(message: Message): Wire {
  const { address, trace, priority, durability, hops, trail, mergeConversations } = message;
  const isCapability = address.type === "capability";
  return {
    id: message.id,
    workspace: message.workspace,
    timestamp: isoText(message.atMs),
    performative: message.performative,
    sender: message.sender,
    receiver: receiverOf(address),
    capability: isCapability ? address.capability : undefined,
    version: isCapability ? address.version : undefined,
    fallback_versions: isCapability && address.fallbackVersions.length > 0 ? address.fallbackVersions : undefined,
    routing_strategy: isCapability ? address.strategy : undefined,
    nearest_capability: isCapability ? address.nearest : undefined,
    topic: address.type === "topic" ? address.topic : undefined,
    broadcast: address.type === "broadcast" ? true : undefined,
    reply_to: message.replyTo,
    content: contentWire(message.content),
    language: message.language,
    encoding: message.encoding,
    ontology: message.ontology,
    protocol: message.protocol,
    conversation_id: message.conversationId,
    reply_with: message.replyWith,
    in_reply_to: message.inReplyTo,
    reply_by: message.replyByMs === undefined ? undefined : isoText(message.replyByMs),
    priority: priority === "normal" ? undefined : priority,
    expires_at: message.expiresAtMs === undefined ? undefined : isoText(message.expiresAtMs),
    durability: durability === "full" ? undefined : durability,
    hops: hops === 0 ? undefined : hops,
    trail: trail.length === 0 ? undefined : trail,
    trace_id: trace.traceId,
    span_id: trace.spanId,
    trace_flags: trace.flags === 1 ? undefined : trace.flags,
    trace_state: trace.state,
    parent_conversation: message.parentConversation,
    merge_conversations: mergeConversations.length === 0 ? undefined : mergeConversations,
    error: message.error,
    parameters: message.parameters,
  };
}

function receiverOf(address: Address): string | readonly string[] | undefined {
  if (address.type !== "receivers") return undefined;
  const [only, ...others] = address.names;
  return others.length === 0 ? only : address.names;
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
