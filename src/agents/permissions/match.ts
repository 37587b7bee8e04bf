import { posix } from "node:path";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { fitsGlob } from "../../kernel/glob.ts";
import type { Condition, PathPart, Pattern, Rule } from "./rule.ts";

/** A call as rules see it. */
export type PolicyInput = {
  readonly server: string;
  readonly tool: string;
  readonly arguments: JsonObject;
};

/**
 * What doubt counts as. A rule that permits has to be sure: every form and every element must fit. A rule that stops must
 * not be got around: one form or one element that fits is enough, and what cannot be looked into fits.
 */
export type MatchMode = "fits" | "fits-not";

/** Texts longer than this are not looked into: what they hold is in doubt. */
export const TEXT_CHARS_MAX = 65_536;
const VALUES_MAX = 10_000;

/** Whether a rule is about some call of a tool, named `server.tool`. */
export const namesTool = (rule: Rule, tool: string): boolean => fitsGlob(rule.tool, tool);

/** Whether a rule is about a call. */
export const isAbout = (rule: Rule, call: PolicyInput, doubt: MatchMode): boolean =>
  fitsGlob(rule.tool, `${call.server}.${call.tool}`) &&
  rule.conditions.every((condition) => holds(condition, call.arguments, doubt));

function holds({ path, isNot, pattern }: Condition, given: JsonObject, doubt: MatchMode): boolean {
  const values = valuesAt(given, path);
  if (values === "too-many") return doubt === "fits";
  // What is not there is nothing that a rule could be sure of; to a rule that stops it is no text that fits.
  if (values.length === 0) return isNot && doubt === "fits";
  const ones = values.flatMap((value) => fit(pattern, value));
  return doubt === "fits" ? ones.some((one) => one === "doubt" || one !== isNot) : ones.every((one) => one === !isNot);
}

/** The values a path leads to; a list at its end stands for its elements. */
function valuesAt(given: JsonObject, path: readonly PathPart[]): readonly Json[] | "too-many" {
  let values: readonly Json[] = [given];
  for (const part of path) {
    values = values.flatMap((value) => step(value, part));
    if (values.length > VALUES_MAX) return "too-many";
  }
  const elements = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
  return elements.length > VALUES_MAX ? "too-many" : elements;
}

function step(value: Json, part: PathPart): readonly Json[] {
  if (part === "all") return Array.isArray(value) ? value : [];
  if ("at" in part) {
    const element = Array.isArray(value) ? value[part.at] : undefined;
    return element === undefined ? [] : [element];
  }
  const member = isJsonObject(value) && Object.hasOwn(value, part.name) ? value[part.name] : undefined;
  return member === undefined ? [] : [member];
}

function fit(pattern: Pattern, value: Json): readonly (boolean | "doubt")[] {
  if (pattern.type === "value") return [value === pattern.value];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length > TEXT_CHARS_MAX) return ["doubt"];
  const forms = typeof value === "string" ? formsOf(text) : [text];
  return forms.map((form) => (pattern.type === "glob" ? fitsGlob(pattern.glob, form) : pattern.regex.test(form)));
}

const ADDRESS = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;

/** A text as written and, where it looks like a path or an address, as what it comes to: `out/../key` is `key`. */
function formsOf(text: string): readonly string[] {
  const plain = ADDRESS.test(text) ? URL.parse(text)?.href : text.includes("/") ? posix.normalize(text) : undefined;
  return plain === undefined || plain === text ? [text] : [text, plain];
}
