import { createHash } from "node:crypto";
import { canonicalJson, type Json, parseJson } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type Content, type Message, type MessageArtifact } from "./message.ts";
import { boundOf, contentBytes } from "./read-message.ts";

/** Where content is kept that is too large to travel with its message. */
export interface ContentStore {
  /** On disk when it resolves. The same bytes kept again are the same artifact. */
  keep(workspace: string, bytes: Uint8Array, mediaType: string, signal: AbortSignal): Promise<MessageArtifact>;
  /** Its bytes, undefined when this workspace does not, or no longer, have them: a hash gives no access to those of another. */
  fetch(
    workspace: string,
    artifact: Pick<MessageArtifact, "hash">,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined>;
  /** Removes what was last kept before `ms` (epoch); how many. */
  dropBefore(ms: number): Promise<number>;
  /** Removes what is kept of a workspace. */
  deleteWorkspace(workspace: string): Promise<void>;
  /** Bytes of all that is kept of a workspace. */
  bytes(workspace: string): Promise<number>;
  /**
   * Removes the oldest of a workspace until at most `bytesMax` are kept, but nothing whose hash is in `spared`, and nothing that was kept
   * within the last minute: a message may be about to refer to it. How many bytes are kept then.
   */
  dropOldest(workspace: string, bytesMax: number, spared: ReadonlySet<string>): Promise<number>;
}

const KEPT = "sha256-";
const TEXT = "text/plain";
const JSON_TYPE = "application/json";

/** Whether content exceeds the inline limit; content above `bytesMax` is refused instead of offloaded. */
export function exceedsInlineLimit(content: Content, bytesMax = Number.POSITIVE_INFINITY): boolean {
  if (content.type === "artifact") return false;
  const bytes = contentBytes(content);
  return bytes > LIMITS.contentInlineBytesMax && bytes <= bytesMax;
}

/** Whether that little can be said without writing it: what most content is. */
export function isSurelySmall(content: Content): boolean {
  if (content.type === "artifact") return true;
  const value = content.type === "text" ? content.text : content.value;
  return boundOf(value, LIMITS.contentInlineBytesMax) <= LIMITS.contentInlineBytesMax;
}

/** Whether it refers to content that `offloadContent` stored; other references are the senders' own. */
export const isOffloaded = ({ id, hash }: MessageArtifact): boolean => id === `${KEPT}${hash}`;

/** The hash in the id of offloaded content; undefined when the id has another form. */
export const hashOfKept = (id: string): string | undefined => /^sha256-([0-9a-f]{64})$/.exec(id)?.[1];

/** The hash under which content is offloaded: SHA-256 in hexadecimal. */
export const keptHash = (content: Content): string =>
  content.type === "artifact" ? content.artifact.hash : createHash("sha256").update(textOf(content)).digest("hex");

const textOf = (content: Exclude<Content, { readonly type: "artifact" }>): string =>
  content.type === "text" ? content.text : JSON.stringify(content.value);

/** The message itself while its content is small, else with a reference to its content, which is then in the store. */
export async function offloadContent(message: Message, store: ContentStore, signal: AbortSignal): Promise<Message> {
  const { content } = message;
  if (content.type === "artifact" || !exceedsInlineLimit(content)) return message;
  const mediaType = content.type === "text" ? TEXT : JSON_TYPE;
  // The hash of canonical JSON is what a signature covers: the message can be verified without its content.
  const isSigned = message.signature !== undefined && content.type === "json";
  const text = isSigned ? canonicalJson(content.value) : textOf(content);
  const artifact = await store.keep(message.workspace, Buffer.from(text), mediaType, signal);
  return { ...message, content: { type: "artifact", artifact } };
}

/**
 * Content with offloaded content in its place again. A reference to a file that is neither text nor JSON stays one, and
 * so does one whose bytes are gone or are not what its hash says.
 */
export async function fetchContent(
  { workspace, content }: Pick<Message, "workspace" | "content">,
  store: ContentStore,
  signal: AbortSignal,
): Promise<Content> {
  if (content.type !== "artifact") return content;
  const { mediaType } = content.artifact;
  if (mediaType !== TEXT && mediaType !== JSON_TYPE) return content;
  const bytes = await store.fetch(workspace, content.artifact, signal);
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
