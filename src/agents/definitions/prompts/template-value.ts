import type { Json } from "../../../kernel/json.ts";
import { PromptRenderError } from "../errors.ts";

/** Characters of one prompt after it was filled in. */
export const PROMPT_CHARS_MAX = 4_000_000;

/** A file that came with the request. */
export type PromptFile = { readonly name: string; readonly mediaType: string; readonly bytes: number };

const shownLists = new WeakMap<object, string>();

/** The variable `files`: a list of tables with name, path, media_type and bytes; as text, one line each. */
export function filesValue(files: readonly PromptFile[]): Json {
  const list = files.map(({ name, mediaType, bytes }) => ({
    name,
    path: `uploads/${name}`,
    media_type: mediaType.split(";")[0] ?? mediaType,
    bytes,
  }));
  shownLists.set(list, list.map((file) => `- ${file.path} (${file.media_type}, ${file.bytes} bytes)`).join("\n"));
  return list;
}

/** A value as prompts show it: text and numbers as they are, nothing for null, plain lists with commas, tables as JSON. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) {
    const separator = value.some((item) => typeof item === "object") ? "\n" : ", ";
    return shownLists.get(value) ?? value.map((item) => showValue(item)).join(separator);
  }
  return JSON.stringify(value);
}

/** The text, unless it is longer than a prompt may be. Throws PromptRenderError. */
export function bounded(text: string): string {
  if (text.length > PROMPT_CHARS_MAX) throw new PromptRenderError(`it is longer than ${PROMPT_CHARS_MAX} characters`);
  return text;
}
