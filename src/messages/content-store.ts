import { type Json, parseJson } from "../kernel/json.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { type Content, type Message, type MessageArtifact } from "./message.ts";
import { contentBytes } from "./read-message.ts";

/** Where content is kept that is too large to travel with its message. */
export interface ContentStore {
  /** On disk when it resolves. The same bytes kept again are the same artifact. */
  keep(bytes: Uint8Array, mediaType: string, signal: AbortSignal): Promise<MessageArtifact>;
  /** Its bytes, undefined when they are not, or no longer, there. */
  fetch(artifact: MessageArtifact, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

const TEXT = "text/plain";
const JSON_TYPE = "application/json";

/** The message itself while its content is small, else with a reference to its content, which is then in the store. */
export async function putAside(message: Message, store: ContentStore, signal: AbortSignal): Promise<Message> {
  const { content } = message;
  if (content.type === "artifact" || contentBytes(content) <= LIMITS.contentInlineBytesMax) return message;
  const [text, mediaType] = content.type === "text" ? [content.text, TEXT] : [JSON.stringify(content.value), JSON_TYPE];
  const artifact = await store.keep(Buffer.from(text), mediaType, signal);
  return { ...message, content: { type: "artifact", artifact } };
}

/**
 * Content with what was put aside in its place again. A reference to a file that is neither text nor JSON stays one, and
 * so does one whose bytes are gone or are not what its hash says.
 */
export async function fetchContent(content: Content, store: ContentStore, signal: AbortSignal): Promise<Content> {
  if (content.type !== "artifact") return content;
  const { mediaType } = content.artifact;
  if (mediaType !== TEXT && mediaType !== JSON_TYPE) return content;
  const bytes = await store.fetch(content.artifact, signal);
  if (bytes === undefined) return content;
  const text = new TextDecoder().decode(bytes);
  if (mediaType === TEXT) return { type: "text", text };
  const value = jsonOf(text);
  return value === undefined ? content : { type: "json", value };
}

function jsonOf(text: string): Json | undefined {
  const parsed = parseJson(text);
  return parsed.type === "parsed" ? parsed.value : undefined;
}
