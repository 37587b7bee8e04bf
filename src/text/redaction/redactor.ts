import type { Json } from "../../kernel/json.ts";
import { RegexSet } from "../regex/index.ts";
import { Literals } from "./literals.ts";
import type { Pattern } from "./patterns.ts";
import { placeholder } from "../../kernel/placeholder.ts";
import { type Secret, formsOf, SECRET_CHARS_MIN, type Secrets } from "./secrets.ts";
import { addSpan, type Place, type Span } from "./spans.ts";
import { type Hidden, lookingFor, RedactingStream } from "./stream.ts";

const NOTHING = new Literals(new Map());

/** Hides known secrets and configured patterns in texts, JSON and streams. Hiding twice changes nothing more. */
export class Redactor {
  readonly #secrets: () => readonly Secret[];
  readonly #patterns: readonly Pattern[];
  readonly #set: RegexSet;
  #known: readonly Secret[] | undefined;
  #literals = NOTHING;

  constructor(secrets: Secrets, patterns: readonly Pattern[]) {
    this.#secrets = typeof secrets === "function" ? secrets : () => secrets;
    this.#patterns = patterns;
    this.#set = setOf(patterns);
  }

  /** For a text that comes in pieces; what becomes secret meanwhile is hidden from the next stream on. */
  stream(hidden?: Hidden): RedactingStream {
    return new RedactingStream(this.#current(), { patterns: this.#patterns, regexes: this.#set.stream() }, hidden);
  }

  text(text: string, hidden?: Hidden): string {
    if (text === "" || this.#hidesNothing()) return text;
    const literals = this.#current();
    const places: Place[] = [];
    const isAll = this.#set.find(text, (index, from, to) => {
      const pattern = this.#patterns[index];
      if (pattern === undefined || pattern.isReal?.(text.slice(from, to)) === false) return;
      places.push({ from, to, name: pattern.name, heardAt: 2 * to });
    });
    if (!isAll) return this.#textOneByOne(text, literals, hidden);
    literals.find(text, (from, to, name) => places.push({ from, to, name, heardAt: 2 * to - 1 }));
    return places.length === 0 ? text : withoutPlaces(text, places, hidden);
  }

  /** By each pattern alone, where they are too many to be looked for together. */
  #textOneByOne(text: string, literals: Literals, hidden: Hidden | undefined): string {
    // To know that nothing is in it costs far less than to find where it is.
    const found = literals.isIn(text) ? literals : NOTHING;
    const patterns = this.#patterns.filter(({ regex }) => regex.test(text));
    if (found.isEmpty && patterns.length === 0) return text;
    const regexes = setOf(patterns).stream("slowly");
    const stream = new RedactingStream(found, { patterns, regexes }, hidden);
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
    this.#literals = literalsOf(secrets);
    return this.#literals;
  }
}

/** Shared by all redactors of the same secrets. */
const built = new WeakMap<readonly Secret[], Literals>();

function literalsOf(secrets: readonly Secret[]): Literals {
  const known = built.get(secrets);
  if (known !== undefined) return known;
  const forms = new Map<string, string>();
  for (const { name, value } of secrets) {
    if (value.length < SECRET_CHARS_MIN) continue;
    for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, name);
  }
  const literals = new Literals(forms);
  built.set(secrets, literals);
  return literals;
}

const setOf = (patterns: readonly Pattern[]): RegexSet =>
  new RegexSet(patterns.map((pattern) => ({ regex: pattern.regex, options: lookingFor(pattern) })));

function withoutPlaces(text: string, places: readonly Place[], hidden: Hidden | undefined): string {
  const spans: Span[] = [];
  const inOrder = places.toSorted((one, other) => one.heardAt - other.heardAt);
  for (const { from, to, name } of inOrder) addSpan(spans, from, to, name);
  let shown = "";
  let at = 0;
  for (const { start, end, name } of spans) {
    shown += text.slice(at, start) + placeholder(name);
    hidden?.(name);
    at = end;
  }
  return shown + text.slice(at);
}
