import type * as z from "zod";

const SHOWN_MAX = 60;

/** A value as it is quoted in a message: JSON, cut after 60 characters; tables and long lists by their kind. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value) && !value.every((item) => typeof item === "string")) return "a list";
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return "a table";
  const text = JSON.stringify(value) ?? typeof value;
  const spaced = Array.isArray(value) ? text.replaceAll('","', '", "') : text;
  return spaced.length > SHOWN_MAX ? `${spaced.slice(0, SHOWN_MAX)}…` : spaced;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
  null: "null",
  bigint: "a whole number",
  date: "a date",
};

const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ["character", "characters"],
  array: ["entry", "entries"],
  set: ["entry", "entries"],
  object: ["key", "keys"],
};

/** The words for one issue. Empty for a union, whose words come from its branches. */
export function describe(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}, got ${show(issue.input)}`;
    case "invalid_value":
      return issue.values.length === 1
        ? `expected ${show(issue.values[0])}, got ${show(issue.input)}`
        : `${show(issue.input)} is not one of the values allowed here`;
    case "too_small":
      return bound(
        issue.origin,
        `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`,
        issue.input,
        issue.minimum,
      );
    case "too_big":
      return bound(
        issue.origin,
        `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`,
        issue.input,
        issue.maximum,
      );
    case "invalid_format":
      return issue.format === "regex"
        ? `${show(issue.input)} does not have the form that is needed here`
        : `${show(issue.input)} is not a valid ${issue.format}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}, got ${show(issue.input)}`;
    case "unrecognized_keys":
    case "invalid_union":
    case "invalid_key":
    case "invalid_element":
      return "";
    case "custom":
      return "this value is not valid here";
  }
}

function bound(origin: string, range: string, input: unknown, limit: number | bigint): string {
  const units = UNITS[origin];
  if (units === undefined) return `expected ${range}, got ${show(input)}`;
  const has = typeof input === "string" || Array.isArray(input) ? `, got ${input.length}` : "";
  return `expected ${range} ${units[Number(limit) === 1 ? 0 : 1]}${has}`;
}

/** The words for one issue where nothing beside it lists what is allowed. */
export function describeIssue(issue: z.core.$ZodRawIssue): string {
  const message = describe(issue);
  return issue.code === "invalid_value" && issue.values.length > 1
    ? `${message}: ${issue.values.map(String).join(", ")}`
    : message;
}
