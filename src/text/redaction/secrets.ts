import type { Json } from "../../kernel/json.ts";
import { placeholder } from "../../kernel/placeholder.ts";

/** A text that must not be seen, and the name to write in its place. */
export type Secret = { readonly name: string; readonly value: string };

/** Secrets to redact: a list, or a function that returns the current one; the same array means that nothing changed. */
export type Secrets = readonly Secret[] | (() => readonly Secret[]);

/** A shorter text would be found by chance; secrets have to be at least this long to be kept out of answers. */
export const SECRET_CHARS_MIN = 8;
/** Written in a secret's place once names would make a text too long: no secret is shorter, so that nothing grows by it. */
const NAMELESS = "[secret]";
/** Characters that a text may grow by with names in it, beside its own length. */
const GROWTH_CHARS = 256;
/** A line of a key with several lines is searched separately if it has at least this many characters. */
const LINE_CHARS_MIN = 12;
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/g;

type Replace = (text: string) => string;

/**
 * Writes `[redacted:NAME]` for secrets, also where they are in base64 (of any alignment), in hexadecimal, encoded for a
 * URL, a form or JSON, and for the lines of one that has several. A tool that was given a value can hide it in other
 * ways; this stops what passes a secret on without meaning to. A text becomes at most twice as long and 256 characters:
 * past that `[secret]` is written.
 */
export class Redaction {
  readonly #secrets: () => readonly Secret[];
  #known: readonly Secret[] | undefined;
  #inText: Replace = asItIs;
  #inBytes: Replace = asItIs;

  private constructor(secrets: () => readonly Secret[]) {
    this.#secrets = secrets;
  }

  /** Undefined when there is nothing to hide, and never will be. */
  static of(secrets: Secrets): Redaction | undefined {
    if (typeof secrets === "function") return new Redaction(secrets);
    return secrets.some(isLongEnough) ? new Redaction(() => secrets) : undefined;
  }

  /** Takes what is to be hidden by now. */
  #renew(): void {
    const secrets = this.#secrets();
    if (secrets === this.#known) return;
    const forms = new Map<string, string>();
    for (const { name, value } of secrets.filter(isLongEnough)) {
      for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, name);
    }
    this.#inText = replacing(forms);
    this.#inBytes = replacing(new Map([...forms].map(([form, name]) => [asBytes(form), asBytes(name)])));
    this.#known = secrets;
  }

  text(text: string): string {
    this.#renew();
    return this.#inText(text);
  }

  /** Every string of it, keys included. */
  json(value: Json): Json {
    this.#renew();
    return this.#json(value);
  }

  #json(value: Json): Json {
    if (typeof value === "string") return this.#inText(value);
    if (Array.isArray(value)) return value.map((item: Json) => this.#json(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [this.#inText(key), this.#json(inner)]));
  }

  /** Bytes of any kind; the same object when nothing had to be hidden. */
  bytes(bytes: Uint8Array): Uint8Array {
    this.#renew();
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const redacted = this.#inBytes(text);
    return redacted === text ? bytes : Buffer.from(redacted, "latin1");
  }
}

const asItIs: Replace = (text) => text;
const isLongEnough = ({ value }: Secret): boolean => value.length >= SECRET_CHARS_MIN;

/** One character a byte, so that what is no text comes back as it was. */
const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function replacing(forms: ReadonlyMap<string, string>): Replace {
  if (forms.size === 0) return asItIs;
  const longestFirst = [...forms.keys()].toSorted((one, other) => other.length - one.length);
  const pattern = new RegExp(longestFirst.map((form) => form.replaceAll(SPECIAL, String.raw`\$&`)).join("|"), "g");
  return (text) => {
    let growth = text.length + GROWTH_CHARS;
    return text.replaceAll(pattern, (form) => {
      const named = placeholder(forms.get(form) ?? "");
      growth -= Math.max(0, named.length - form.length);
      return growth >= 0 ? named : NAMELESS;
    });
  };
}

/** The ways in which programs write a text. */
export function formsOf(value: string): ReadonlySet<string> {
  const bytes = Buffer.from(value, "utf8");
  const lines = value.split(/\r?\n/).filter((line) => line.length >= LINE_CHARS_MIN);
  const encoded = encodeURIComponent(value.toWellFormed());
  const inUrl = [encoded, encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())];
  const hexadecimal = bytes.toString("hex");
  const forms = [
    value,
    ...lines,
    JSON.stringify(value).slice(1, -1),
    ...inUrl,
    ...inUrl.map((form) => form.replaceAll("%20", "+")),
    new URLSearchParams({ v: value }).toString().slice(2),
    hexadecimal,
    hexadecimal.toUpperCase(),
    ...[0, 1, 2].flatMap((before) => base64Of(bytes, before)),
  ];
  return new Set(forms.filter((form) => form.length >= SECRET_CHARS_MIN));
}

/** What base64 makes of the bytes when `before` others of a group of three come first: what depends on them alone. */
function base64Of(bytes: Buffer, before: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  const unpadded = text.replace(/=+$/, "");
  const isWhole = (before + bytes.length) % 3 === 0;
  const core = unpadded.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
  const all = before === 0 ? [text, unpadded, core] : [core];
  return all.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
