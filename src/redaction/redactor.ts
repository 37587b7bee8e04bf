import type { Json } from "../kernel/json.ts";
import { Literals } from "./literals.ts";
import type { Pattern } from "./patterns.ts";
import { type Confidential, formsOf, SECRET_CHARS_MIN, type Secrets } from "./secrets.ts";
import { type Hidden, RedactingStream } from "./stream.ts";

const NOTHING = new Literals(new Map());

/** Hides known secrets and configured patterns in texts, JSON and streams. Hiding twice changes nothing more. */
export class Redactor {
  readonly #secrets: () => readonly Confidential[];
  readonly #patterns: readonly Pattern[];
  #known: readonly Confidential[] | undefined;
  #literals = NOTHING;

  constructor(secrets: Secrets, patterns: readonly Pattern[]) {
    this.#secrets = typeof secrets === "function" ? secrets : () => secrets;
    this.#patterns = patterns;
  }

  /** For a text that comes in pieces; what becomes secret meanwhile is hidden from the next stream on. */
  stream(hidden?: Hidden): RedactingStream {
    return new RedactingStream(this.#current(), this.#patterns, hidden);
  }

  text(text: string, hidden?: Hidden): string {
    if (text === "" || this.#hidesNothing()) return text;
    // To know that nothing is in it costs far less than to find where it is.
    const literals = this.#current();
    const found = literals.isIn(text) ? literals : NOTHING;
    const patterns = this.#patterns.filter(({ regex }) => regex.test(text));
    if (found.isEmpty && patterns.length === 0) return text;
    const stream = new RedactingStream(found, patterns, hidden);
    return stream.push(text) + stream.end();
  }

  /** Every string of it, keys included; numbers stay as they are. The same value when nothing is hidden. */
  json(value: Json, hidden?: Hidden): Json {
    if (this.#hidesNothing()) return value;
    if (typeof value === "string") return this.text(value, hidden);
    if (Array.isArray(value)) return value.map((item: Json) => this.json(item, hidden));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [this.text(key, hidden), this.json(inner, hidden)]),
    );
  }

  #hidesNothing(): boolean {
    return this.#patterns.length === 0 && this.#current().isEmpty;
  }

  #current(): Literals {
    const secrets = this.#secrets();
    if (secrets === this.#known) return this.#literals;
    this.#known = secrets;
    const forms = new Map<string, string>();
    for (const { name, value } of secrets) {
      if (value.length < SECRET_CHARS_MIN) continue;
      for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, name);
    }
    this.#literals = new Literals(forms);
    return this.#literals;
  }
}
