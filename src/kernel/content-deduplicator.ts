import { isJsonObject, type Json, type JsonObject, parseJson } from "./json.ts";

/** Members of an event's `content` longer than this, as JSON, are kept apart, once per distinct text. */
const INLINE_CHARS_MAX = 256;
/** Longer lists are kept apart as a whole. */
const ENTRIES_MAX = 64;

/** `$text` is the text with that hash, `$content` the JSON value that the text with that hash says. */
type Reference = { readonly $text: string } | { readonly $content: string };

function referenceOf(value: Json): { readonly hash: string; readonly isText: boolean } | undefined {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return undefined;
  const { $text, $content } = value;
  if (typeof $text === "string") return { hash: $text, isText: true };
  return typeof $content === "string" ? { hash: $content, isText: false } : undefined;
}

/** A content with the texts it refers to in their places: the inverse of `Detacher.detach`. */
export function inlineContent(content: JsonObject, textOf: (hash: string) => string): JsonObject {
  const attached = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(attached);
    const reference = referenceOf(value);
    if (reference === undefined) return isJsonObject(value) ? inlineContent(value, textOf) : value;
    const text = textOf(reference.hash);
    if (reference.isText) return text;
    const said: Json = JSON.parse(text);
    return said;
  };
  return Object.fromEntries(Object.entries(content).map(([key, value]) => [key, attached(value)]));
}

/** Hashes that a detached content refers to, one for each place. */
export function hashesIn(content: JsonObject): readonly string[] {
  return Object.values(content).flatMap((value) => {
    const entries = Array.isArray(value) ? value : [value];
    return entries.flatMap((entry) => {
      const reference = referenceOf(entry);
      if (reference !== undefined) return [reference.hash];
      return isJsonObject(entry) ? hashesIn(entry) : [];
    });
  });
}

/**
 * Detaches the contents of events that are written together. A value and a text that says it in JSON share one text, however
 * that is spaced.
 */
export class ContentDeduplicator {
  readonly #put: (text: string) => string;
  /** Texts of this batch that may be JSON, not looked into yet. */
  #unread: string[] = [];
  /** Texts of this batch that are JSON, by what they say in its shortest form. */
  readonly #said = new Map<string, string>();

  /** `put` stores a text and gives its hash. */
  constructor(put: (text: string) => string) {
    this.#put = put;
  }

  /** `content` with its large members replaced by references, which are stored, and absent ones left out. */
  detach(content: { readonly [member: string]: Json | undefined }): JsonObject {
    return Object.fromEntries(
      Object.entries(content).flatMap(([key, value]) => (value === undefined ? [] : [[key, this.#detached(value)]])),
    );
  }

  #detached(value: Json): Json {
    if (typeof value === "string") return value.length > INLINE_CHARS_MAX ? this.#text(value) : value;
    if (typeof value !== "object" || value === null) return value;
    const json = JSON.stringify(value);
    // What contains something that looks like a reference is kept apart too, or it would be taken for one when read.
    if (json.includes('"$text"') || json.includes('"$content"')) return this.#apart(json);
    if (json.length <= INLINE_CHARS_MAX) return value;
    if (this.#isInTranscript(json)) return this.#apart(json);
    const [kept] = Array.isArray(value) ? [this.#list(value)] : (this.#list([value]) ?? []);
    return kept ?? this.#apart(json);
  }

  /** A thing, or a short list of things, keeps their long texts apart one by one, since others have them too; undefined for any other. */
  #list(value: readonly Json[]): readonly JsonObject[] | undefined {
    const entries = value.filter(isJsonObject);
    if (entries.length < value.length || entries.length > ENTRIES_MAX) return undefined;
    const isShort = entries.every((entry) => JSON.stringify(withoutLong(entry)).length <= INLINE_CHARS_MAX);
    if (!isShort) return undefined;
    return entries.map((entry) =>
      Object.fromEntries(
        Object.entries(entry).map(([key, member]) => [key, isLong(member) ? this.#text(member) : member]),
      ),
    );
  }

  #text(text: string): Reference {
    if (/^\s*[[{]/.test(text)) this.#unread.push(text);
    return { $text: this.#put(text) };
  }

  #apart(json: string): Reference {
    return { $content: this.#put(this.#isInTranscript(json) ? (this.#said.get(json) ?? json) : json) };
  }

  /** Whether a text of this batch says the same. */
  #isInTranscript(json: string): boolean {
    for (const text of this.#unread.splice(0)) {
      const parsed = parseJson(text);
      if (parsed.type === "parsed") this.#said.set(JSON.stringify(parsed.value), text);
    }
    return this.#said.has(json);
  }
}

const isLong = (value: Json): value is string => typeof value === "string" && value.length > INLINE_CHARS_MAX;
const withoutLong = (entry: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(entry).filter(([, member]) => !isLong(member)));
