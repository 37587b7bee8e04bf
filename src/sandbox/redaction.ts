import type { Json } from "../kernel/json.ts";

/** A text that must not be seen, and the name to write in its place. */
export type Confidential = { readonly name: string; readonly value: string };

/** A shorter text would be found by chance; secrets have to be at least this long to be kept out of answers. */
export const SECRET_CHARS_MIN = 4;
/** A line of a key with several lines is looked for by itself when it has at least this many characters. */
const LINE_CHARS_MIN = 12;
const BASE64_CHARS_MIN = 5;
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/g;

type Replace = (text: string) => string;

/**
 * Writes `[secret NAME]` for secrets, also where they are in base64 (of any alignment), in hexadecimal, encoded for a
 * URL, a form or JSON, and for the lines of one that has several. A tool that was given a value can hide it in other
 * ways; this stops what passes a secret on without meaning to.
 */
export class Redaction {
  readonly #inText: Replace;
  readonly #inBytes: Replace;

  private constructor(forms: ReadonlyMap<string, string>) {
    this.#inText = replacing(forms);
    this.#inBytes = replacing(new Map([...forms].map(([form, name]) => [asBytes(form), asBytes(name)])));
  }

  /** Undefined when there is nothing to hide. */
  static of(confidential: readonly Confidential[]): Redaction | undefined {
    const forms = new Map<string, string>();
    for (const { name, value } of confidential) {
      if (value.length < SECRET_CHARS_MIN) continue;
      for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, name);
    }
    return forms.size === 0 ? undefined : new Redaction(forms);
  }

  text(text: string): string {
    return this.#inText(text);
  }

  /** Every string of it, keys included. */
  json(value: Json): Json {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item: Json) => this.json(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [this.text(key), this.json(inner)]));
  }

  /** Bytes of any kind; the same object when nothing had to be hidden. */
  bytes(bytes: Uint8Array): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const redacted = this.#inBytes(text);
    return redacted === text ? bytes : Buffer.from(redacted, "latin1");
  }
}

/** One character a byte, so that what is no text comes back as it was. */
const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function replacing(forms: ReadonlyMap<string, string>): Replace {
  const longestFirst = [...forms.keys()].toSorted((one, other) => other.length - one.length);
  const pattern = new RegExp(longestFirst.map((form) => form.replaceAll(SPECIAL, String.raw`\$&`)).join("|"), "g");
  return (text) => text.replaceAll(pattern, (form) => `[secret ${forms.get(form) ?? ""}]`);
}

/** The ways in which programs write a text. */
function formsOf(value: string): ReadonlySet<string> {
  const bytes = Buffer.from(value, "utf8");
  const lines = value.split(/\r?\n/).filter((line) => line.length >= LINE_CHARS_MIN);
  const encoded = encodeURIComponent(value.toWellFormed());
  const inUrl = [encoded, encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())];
  const hexadecimal = bytes.toString("hex");
  return new Set([
    value,
    ...lines,
    JSON.stringify(value).slice(1, -1),
    ...inUrl,
    ...inUrl.map((form) => form.replaceAll("%20", "+")),
    new URLSearchParams({ v: value }).toString().slice(2),
    hexadecimal,
    hexadecimal.toUpperCase(),
    ...[0, 1, 2].flatMap((before) => base64Of(bytes, before)),
  ]);
}

/** What base64 makes of the bytes when `before` others of a group of three come first: what depends on them alone. */
function base64Of(bytes: Buffer, before: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  const unpadded = text.replace(/=+$/, "");
  const isWhole = (before + bytes.length) % 3 === 0;
  const core = unpadded.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
  const all = (before === 0 ? [text, unpadded, core] : [core]).filter((form) => form.length >= BASE64_CHARS_MIN);
  return all.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
