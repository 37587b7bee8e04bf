import { isJsonObject, type Json, parseJson } from "../../kernel/json.ts";

/** A text is not JSON with comments; `line` is where. */
export class JsoncError extends Error {
  readonly line: number;
  constructor(line: number) {
    super(`line ${line} is not JSON`);
    this.line = line;
  }
}

type Node = {
  readonly start: number;
  readonly end: number;
  readonly value: Json;
  readonly members?: readonly Member[];
};
/** `comma` is the place of the comma behind it. */
type Member = { readonly key: string; readonly start: number; readonly node: Node; comma: number | undefined };
type Edit = { readonly start: number; readonly end: number; readonly text: string };

const SPACE = /(?:\s|\uFEFF|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const WORD = /[-+.\w]+/y;

/** Reads JSON with comments and trailing commas, and keeps where each value is. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Throws JsoncError. */
  read(): Node {
    const node = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) throw this.#error();
    return node;
  }

  #value(): Node {
    this.#skip();
    const start = this.#at;
    if (this.#takes("{")) return this.#object(start);
    if (this.#takes("[")) return this.#list(start);
    const value = this.#parsed(this.#match(STRING) ?? this.#match(WORD));
    return { start, end: this.#at, value };
  }

  #object(start: number): Node {
    const members: Member[] = [];
    while (!this.#closes("}")) {
      const at = this.#at;
      const key = this.#parsed(this.#match(STRING));
      this.#skip();
      if (typeof key !== "string" || !this.#takes(":")) throw this.#error();
      const member: Member = { key, start: at, node: this.#value(), comma: undefined };
      members.push(member);
      this.#skip();
      if (this.#takes(",")) member.comma = this.#at - 1;
      else if (this.#text[this.#at] !== "}") throw this.#error();
    }
    const value = Object.fromEntries(members.map(({ key, node }) => [key, node.value]));
    return { start, end: this.#at, value, members };
  }

  #list(start: number): Node {
    const items: Json[] = [];
    while (!this.#closes("]")) {
      items.push(this.#value().value);
      this.#skip();
      if (!this.#takes(",") && this.#text[this.#at] !== "]") throw this.#error();
    }
    return { start, end: this.#at, value: items };
  }

  #closes(bracket: string): boolean {
    this.#skip();
    return this.#takes(bracket);
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skip(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  #parsed(source: string | undefined): Json {
    const parsed = parseJson(source ?? "");
    if (parsed.type === "parsed") return parsed.value;
    throw this.#error();
  }

  #error(): JsoncError {
    return new JsoncError(this.#text.slice(0, this.#at).split("\n").length);
  }
}

/**
 * Sets the member `name` of the object `section` of a file, or removes it where `value` is undefined. All else, with its comments, stays
 * as it is. Throws JsoncError, also for a file or section that is no object.
 */
export function withMember(text: string, [section, name]: readonly [string, string], value: Json | undefined): string {
  if (text.trim() === "") return value === undefined ? text : `${pretty({ [section]: { [name]: value } })}\n`;
  const root = new Reader(text).read();
  const outer = memberOf(text, root, section);
  if (outer === undefined) return value === undefined ? text : added(text, root, [section, { [name]: value }]);
  const inner = memberOf(text, outer.node, name);
  if (inner === undefined) return value === undefined ? text : added(text, outer.node, [name, value]);
  if (value === undefined) return removed(text, outer.node, inner);
  const { start, end } = inner.node;
  return applied(text, [{ start, end, text: indented(text, value, indentAt(text, inner.start)) }]);
}

const pretty = (value: Json, unit = "  "): string => JSON.stringify(value, null, unit);

/** The member that counts: of several with one name, the last. */
function memberOf(text: string, { members, start }: Node, key: string): Member | undefined {
  if (members === undefined) throw new JsoncError(text.slice(0, start).split("\n").length);
  return members.findLast((member) => member.key === key);
}

const indentAt = (text: string, at: number): string =>
  /^[\t ]*/.exec(text.slice(text.lastIndexOf("\n", at - 1) + 1))?.[0] ?? "";
const endOfLine = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");
const unitOf = (text: string): string => /\n([\t ]+)/.exec(text)?.[1] ?? "  ";
const indented = (text: string, value: Json, indent: string): string =>
  pretty(value, unitOf(text)).replaceAll("\n", endOfLine(text) + indent);

function added(text: string, { start, end, members = [] }: Node, [key, value]: readonly [string, Json]): string {
  const newLine = endOfLine(text);
  const last = members.at(-1);
  const outer = indentAt(text, start);
  const indent = outer + unitOf(text);
  const close = end - 1;
  const content = text.slice(0, close).trimEnd().length;
  const isOwnLine = text.slice(content, close).includes("\n");
  const member = `${newLine}${indent}${JSON.stringify(key)}: ${indented(text, value, indent)}`;
  const comma =
    last === undefined || last.comma !== undefined ? [] : [{ start: last.node.end, end: last.node.end, text: "," }];
  return applied(text, [
    ...comma,
    { start: content, end: isOwnLine ? content : close, text: member + (isOwnLine ? "" : newLine + outer) },
  ]);
}

function removed(text: string, { members = [] }: Node, member: Member): string {
  const before = members[members.indexOf(member) - 1];
  const lineStart = text.lastIndexOf("\n", member.start) + 1;
  const last = member.comma === undefined ? member.node.end : member.comma + 1;
  const rest = /^[\t ]*\r?\n/.exec(text.slice(last))?.[0].length ?? 0;
  const isLine = rest > 0 && text.slice(lineStart, member.start).trim() === "";
  const own: Edit = { start: isLine ? lineStart : member.start, end: last + (isLine ? rest : 0), text: "" };
  return member.comma === undefined && before?.comma !== undefined
    ? applied(text, [{ start: before.comma, end: before.comma + 1, text: "" }, own])
    : applied(text, [own]);
}

/** `edits` are in the order of the text. */
const applied = (text: string, edits: readonly Edit[]): string =>
  edits.toReversed().reduce((done, edit) => done.slice(0, edit.start) + edit.text + done.slice(edit.end), text);

/** The member `name` of the object `section` of a file; undefined if there is none. Throws JsoncError. */
export function memberIn(text: string, [section, name]: readonly [string, string]): Json | undefined {
  if (text.trim() === "") return undefined;
  const { value } = new Reader(text).read();
  const found = isJsonObject(value) ? value[section] : undefined;
  return isJsonObject(found) ? found[name] : undefined;
}
