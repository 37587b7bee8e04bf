import { type Address, type Message, type MessageTrace } from "./message.ts";
import { contentWire, isoText } from "./write-message.ts";

/** UTF-8 of one character of a string. */
const CHAR_BYTES_MAX = 3;

/**
 * Messages as they are kept: a line of canonical JSON each, as bytes that go to disk as they are. Parsed, a line is what
 * `restoreMessage` takes.
 */
export class MessageLines {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  /** `room` is in bytes; it grows. */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  /** Bytes that were written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written after the first so many bytes. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Adds a line; the bytes of it, without its end. */
  add(message: Message): number {
    return this.addText(`${headText(message)}${restText(message)}}`);
  }

  /** Adds a line that was written before. */
  addText(text: string): number {
    const from = this.#length;
    this.#makeRoom(from + (text.length + 1) * CHAR_BYTES_MAX);
    this.#length += this.#bytes.write(`${text}\n`, from);
    return this.#length - from - 1;
  }

  /** What was written; shares memory with this. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer, 0, this.#length);
  }

  #makeRoom(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const more = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    more.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = more;
  }
}

const quoted = (value: unknown): string => JSON.stringify(value);

// Piece by piece: JSON.stringify takes twice as long for an object of which most keys are undefined.
function headText(message: Message): string {
  const { language, encoding, ontology, protocol, replyWith, inReplyTo } = message;
  let text = `{"id":"${message.id}","workspace":${quoted(message.workspace)},"timestamp":"${isoText(message.atMs)}"`;
  text += `,"performative":"${message.performative}","sender":${quoted(message.sender)}${addressText(message.address)}`;
  text += `,"content":${quoted(contentWire(message.content))},"conversation_id":${quoted(message.conversationId)}`;
  if (message.replyTo !== undefined) text += `,"reply_to":${quoted(message.replyTo)}`;
  if (language !== undefined) text += `,"language":${quoted(language)}`;
  if (encoding !== undefined) text += `,"encoding":${quoted(encoding)}`;
  if (ontology !== undefined) text += `,"ontology":${quoted(ontology)}`;
  if (protocol !== undefined) text += `,"protocol":${quoted(protocol)}`;
  if (replyWith !== undefined) text += `,"reply_with":${quoted(replyWith)}`;
  return inReplyTo === undefined ? text : `${text},"in_reply_to":${quoted(inReplyTo)}`;
}

/** What few messages have. */
function restText(message: Message): string {
  const { replyByMs, priority, expiresAtMs, trace, parentConversation, mergeConversations } = message;
  let text = "";
  if (replyByMs !== undefined) text += `,"reply_by":"${isoText(replyByMs)}"`;
  if (priority !== "normal") text += `,"priority":"${priority}"`;
  if (expiresAtMs !== undefined) text += `,"expires_at":"${isoText(expiresAtMs)}"`;
  if (message.durability !== "full") text += `,"durability":"${message.durability}"`;
  if (message.hops !== 0) text += `,"hops":${message.hops}`;
  if (message.trail.length > 0) text += `,"trail":${quoted(message.trail)}`;
  if (trace !== undefined) text += traceText(trace);
  if (parentConversation !== undefined) text += `,"parent_conversation":${quoted(parentConversation)}`;
  if (mergeConversations.length > 0) text += `,"merge_conversations":${quoted(mergeConversations)}`;
  if (message.error !== undefined) text += `,"error":${quoted(message.error)}`;
  return message.parameters === undefined ? text : `${text},"parameters":${quoted(message.parameters)}`;
}

function traceText({ traceId, spanId, flags, state }: MessageTrace): string {
  const text = `,"trace_id":"${traceId}","span_id":"${spanId}"`;
  const flagged = flags === 1 ? text : `${text},"trace_flags":${flags}`;
  return state === undefined ? flagged : `${flagged},"trace_state":${quoted(state)}`;
}

function addressText(address: Address): string {
  switch (address.type) {
    case "receivers":
      return `,"receiver":${quoted(address.names.length === 1 ? address.names[0] : address.names)}`;
    case "topic":
      return `,"topic":${quoted(address.topic)}`;
    case "broadcast":
      return ',"broadcast":true';
    case "capability": {
      const { version, fallbackVersions, strategy } = address;
      let text = `,"capability":${quoted(address.capability)}`;
      if (version !== undefined) text += `,"version":${quoted(version)}`;
      if (fallbackVersions.length > 0) text += `,"fallback_versions":${quoted(fallbackVersions)}`;
      if (strategy !== undefined) text += `,"routing_strategy":"${strategy}"`;
      return address.nearest === undefined ? text : `${text},"nearest_capability":${quoted(address.nearest)}`;
    }
  }
}
