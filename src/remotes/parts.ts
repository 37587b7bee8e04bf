import type { Message as A2aMessage, Part, Task } from "@a2a-js/sdk";
import { isDeepStrictEqual } from "node:util";
import { Json, parseJson } from "../kernel/json.ts";
import { LIMITS } from "../kernel/quantities.ts";
import type { Content } from "../messaging/acl/index.ts";

/** A file with its bytes. */
export type ReadFile = { readonly name: string; readonly mediaType: string; readonly bytes: Uint8Array };
/** A file of a remote agent: in its answer, or at an address. */
export type SentFile = { readonly name: string; readonly mediaType: string } & (
  | { readonly bytes: Uint8Array }
  | { readonly url: string }
);
/** An answer of a remote agent. */
export type Said = { readonly content: Content; readonly files: readonly SentFile[] };

const OCTETS = "application/octet-stream";

const part = (content: NonNullable<Part["content"]>, filename: string, mediaType: string): Part => ({
  content,
  metadata: undefined,
  filename,
  mediaType,
});

/** A message for a remote agent. */
export function outgoing(
  content: Content,
  files: readonly ReadFile[],
  ids: { readonly messageId: string; readonly contextId: string; readonly taskId: string },
): Omit<A2aMessage, "role"> {
  const raw = files.map(({ name, mediaType, bytes }) =>
    part({ $case: "raw", value: Buffer.from(bytes) }, name, mediaType),
  );
  return {
    ...ids,
    parts: [contentPart(content), ...raw],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

function contentPart(content: Content): Part {
  if (content.type === "text") return part({ $case: "text", value: content.text }, "", "text/plain");
  if (content.type === "json") return part({ $case: "data", value: content.value }, "", "application/json");
  const { mediaType, bytes, id } = content.artifact;
  return part({ $case: "text", value: `(${mediaType}, ${bytes} bytes, artifact ${id})` }, "", "text/plain");
}

/** The answer of an ended task: its artifacts, or what its status says. */
export function resultOf({ artifacts, status }: Task): Said {
  const parts = artifacts.flatMap((artifact) => artifact.parts.map((each) => named(each, artifact.name)));
  return said(parts.length > 0 ? parts : (status?.message?.parts ?? []));
}

const named = (given: Part, name: string): Part => ({ ...given, filename: given.filename || name });

/** Texts and data of parts as one content, and their files. */
export function said(parts: readonly Part[]): Said {
  const texts: string[] = [];
  const data: Json[] = [];
  const files: SentFile[] = [];
  for (const { content, filename, mediaType } of parts) {
    if (content?.$case === "text") texts.push(content.value);
    if (content?.$case === "data") data.push(Json.parse(content.value ?? null));
    const file = { name: filename || `file-${files.length + 1}`, mediaType: mediaType || OCTETS };
    if (content?.$case === "raw") files.push({ ...file, bytes: content.value });
    if (content?.$case === "url") files.push({ ...file, url: content.value });
  }
  const listed = files.slice(0, LIMITS.remoteFilesMax);
  if (files.length > listed.length)
    texts.push(`(${files.length - listed.length} more files of the answer are left out)`);
  return { content: contentOf(texts.join("\n\n"), data), files: listed };
}

/** A text alone, data alone, or both; a text that is the data as JSON is left out. */
function contentOf(text: string, data: readonly Json[]): Content {
  if (data.length === 0) return { type: "text", text };
  const value = data.length === 1 && data[0] !== undefined ? data[0] : [...data];
  const parsed = parseJson(text);
  const isSame = parsed.type === "parsed" && isDeepStrictEqual(parsed.value, value);
  return { type: "json", value: text === "" || isSame ? value : { text, data: value } };
}
