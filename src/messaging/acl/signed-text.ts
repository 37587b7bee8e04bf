import { createHash } from "node:crypto";
import { canonicalJson, type Json, type JsonObject } from "../../kernel/json.ts";
import { isOffloaded } from "./content-store.ts";
import { type Content, type Message } from "./message.ts";
import { contentWire, messageWire } from "./write-message.ts";

/** First line of a signed text. */
export const FORMAT = "caxton-message-v1";

/**
 * The text that a signature covers: the format's name, a line feed, and RFC 8785 JSON of what the sender states. It
 * does not cover what the server or a retry sets: timestamp, durability, hops, trail, trace, the nearest capability.
 */
export function signedText(message: Message): string {
  const {
    content: _content,
    timestamp: _timestamp,
    nearest_capability: _nearest,
    durability: _durability,
    hops: _hops,
    trail: _trail,
    trace_id: _trace,
    span_id: _span,
    trace_flags: _flags,
    trace_state: _state,
    signature: _signature,
    key_id: _keyId,
    ...stated
  } = messageWire(message);
  // JSON leaves out what is undefined.
  const wire: JsonObject = JSON.parse(JSON.stringify(stated));
  return `${FORMAT}\n${canonicalJson({ ...wire, content: contentDigest(message.content) })}`;
}

/** Content by its hash, so that a signature remains valid when large content is offloaded. */
export function contentDigest(content: Content): Json {
  if (content.type === "artifact" && isOffloaded(content.artifact)) {
    const { mediaType, hash } = content.artifact;
    return { type: mediaType === "application/json" ? "json" : "text", sha256: hash };
  }
  const text = content.type === "text" ? content.text : canonicalJson(contentWire(content));
  return { type: content.type, sha256: createHash("sha256").update(text).digest("hex") };
}
