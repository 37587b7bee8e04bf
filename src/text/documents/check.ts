import type * as z from "zod";
import { nearest, suggester } from "./distance.ts";
import { problemAt, type Document } from "./document.ts";
import { arrange, dotted, type Path, type Problem, PROBLEMS_MAX } from "./problem.ts";
import { meantDuration, parseDuration } from "./scalars.ts";
import { exampleAt, knownKeys } from "./schema-walk.ts";
import { describe, show } from "./wording.ts";

export type Checked<Value> =
  | { readonly type: "valid"; readonly value: Value }
  | { readonly type: "invalid"; readonly problems: readonly Problem[] };

type Issue = z.core.$ZodIssue;

/**
 * Checks a document against a schema and reports everything that is wrong, in reading order. A `custom` issue may
 * carry `params: { code, fix, alternatives, secret }`. An `error` given in the schema is used instead of the generic words.
 */
export function checkAgainst<Schema extends z.ZodType>(document: Document, schema: Schema): Checked<z.output<Schema>> {
  const result = schema.safeParse(document.data, { reportInput: true, error: describe });
  if (result.success) return { type: "valid", value: result.data };
  const context = { document, schema, keys: new Map(), meant: new Map() };
  return { type: "invalid", problems: arrange(withoutMistyped(problemsOfAll(result.error.issues, [], context))) };
}

type Context = {
  readonly document: Document;
  readonly schema: z.ZodType;
  /** What was found out for the tables before: keys they may have, and what finds the nearest of them. */
  readonly keys: Map<string, readonly string[]>;
  readonly meant: Map<string, (word: string) => readonly string[]>;
};

/** Stops at `PROBLEMS_MAX`: each problem costs more than the issue that it is made of. */
function problemsOfAll(issues: readonly Issue[], base: Path, context: Context): readonly Problem[] {
  const problems: Problem[] = [];
  for (const issue of issues) {
    if (problems.length >= PROBLEMS_MAX) break;
    problems.push(...problemsOf(issue, base, context));
  }
  return problems;
}

/** Drops a missing key where an unknown key of the same table is probably its misspelling: both are one mistake. */
function withoutMistyped(problems: readonly Problem[]): readonly Problem[] {
  const meant = new Set(
    problems.flatMap(({ code, path, alternatives: [best] = [] }) =>
      code === "UNKNOWN_KEY" && best !== undefined ? [path.slice(0, path.lastIndexOf(".") + 1) + best] : [],
    ),
  );
  return problems.filter(({ code, path }) => code !== "MISSING_KEY" || !meant.has(path));
}

function keysAt(table: Path, { schema, keys }: Context): readonly string[] {
  const place = dotted(table);
  const found = keys.get(place) ?? knownKeys(schema, table);
  keys.set(place, found);
  return found;
}

const pathOf = (issue: Issue, base: Path): Path => [
  ...base,
  ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part)),
];

function problemsOf(issue: Issue, base: Path, context: Context): readonly Problem[] {
  const path = pathOf(issue, base);
  if (issue.code === "unrecognized_keys")
    return issue.keys.slice(0, PROBLEMS_MAX).map((key) => unknownKey([...path, key], context));
  if (issue.code === "invalid_union" && issue.message === "") return unionProblems(issue, path, context);
  if (issue.code === "invalid_key") return issue.issues.slice(0, 1).map((inner) => single(inner, path, context, "key"));
  if (issue.code === "invalid_element") return problemsOfAll(issue.issues, path, context);
  return [single(issue, path, context)];
}

function unknownKey(path: Path, context: Context): Problem {
  const { document } = context;
  const key = String(path.at(-1));
  const table = path.slice(0, -1);
  const keys = keysAt(table, context);
  const place = dotted(table);
  const nearestTo = context.meant.get(place) ?? suggester(keys);
  context.meant.set(place, nearestTo);
  const meant = nearestTo(key);
  const [best] = meant;
  const where = table.length === 0 ? "" : ` in ${place}`;
  const found = best === undefined ? tableWith(key, table, context) : undefined;
  const advice =
    best !== undefined
      ? { hint: `; did you mean ${best}?`, fix: `Write ${best}, or remove the line.` }
      : found !== undefined
        ? { hint: `; it belongs ${found.where}`, fix: found.fix }
        : {
            hint: "",
            fix: keys.length === 0 ? "Remove it." : `Remove it, or use one of: ${keys.toSorted().join(", ")}.`,
          };
  return problemAt(
    document,
    path,
    {
      severity: "error",
      code: "UNKNOWN_KEY",
      message: `there is no key ${show(key)}${where}${advice.hint}`,
      fix: advice.fix,
      ...(meant.length > 0 && { alternatives: meant }),
    },
    "key",
  );
}

/** Where a key would be known: keys that slipped into the wrong table are the commonest mistake in TOML. */
function tableWith(key: string, table: Path, context: Context): { where: string; fix: string } | undefined {
  const top = keysAt([], context);
  if (table.length > 0 && top.includes(key))
    return { where: "to the file, not to a table", fix: `Move ${key} above the first [table] of the file.` };
  const home = top.find((name) => name !== table[0] && keysAt([name], context).includes(key));
  return home === undefined ? undefined : { where: `to ${home}`, fix: `Write it as ${home}.${key}.` };
}

/** A union's complaint is that of the branch that got furthest; when none got anywhere, what would have been accepted. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: Context): readonly Problem[] {
  const branches = issue.errors.filter((errors) => errors.length > 0);
  const deep = branches
    .filter((errors) => errors.every((error) => error.code !== "invalid_type" || error.path.length > 0))
    .toSorted((left, right) => left.length - right.length)[0];
  if (deep !== undefined) return problemsOfAll(deep, path, context);
  const [first] = branches.flat();
  if (first === undefined) return [single({ ...issue, message: "this value is not accepted here" }, path, context)];
  const expected = [
    ...new Set(branches.flat().map((error) => error.message.replace(/^expected (.*), got .*$/s, "$1"))),
  ];
  return [single({ ...first, message: `expected ${expected.join(" or ")}, got ${show(issue.input)}` }, path, context)];
}

const CODES: Readonly<Partial<Record<Issue["code"], string>>> = {
  invalid_type: "WRONG_TYPE",
  invalid_union: "WRONG_TYPE",
  invalid_value: "NOT_ALLOWED",
  too_big: "OUT_OF_RANGE",
  too_small: "OUT_OF_RANGE",
  not_multiple_of: "OUT_OF_RANGE",
  invalid_format: "BAD_FORMAT",
};

function single(issue: Issue, path: Path, { document, schema }: Context, part: "key" | "value" = "value"): Problem {
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  // An entry without an example of its own has that of its list.
  const usual =
    exampleAt(schema, path) ?? (typeof path.at(-1) === "number" ? exampleAt(schema, path.slice(0, -1)) : undefined);
  const isDuration = typeof usual === "string" && parseDuration(usual) !== undefined;
  const example = (isDuration && !missing ? meantDuration(issue.input) : undefined) ?? usual;
  const key = path.findLast((item) => typeof item === "string") ?? "";
  const params = issue.code === "custom" ? (issue.params ?? {}) : {};
  const accepted =
    issue.code === "invalid_value" && issue.values.length > 1 ? issue.values.map((value) => String(value)) : undefined;
  const alternatives = stringsOf(params["alternatives"]) ?? (accepted && sortedBy(accepted, issue.input));
  const given = params["fix"];
  return problemAt(
    document,
    path,
    {
      severity: "error",
      code: missing ? "MISSING_KEY" : stringOr(params["code"], CODES[issue.code] ?? "INVALID"),
      message: missing ? `${key} is missing` : issue.message,
      fix: stringOr(
        given,
        fixFor({ missing, key, example, alternatives: alternatives ?? kindsOf(issue), syntax: document.syntax }),
      ),
      ...(alternatives !== undefined && { alternatives }),
      ...(params["secret"] === true && { secret: true }),
    },
    part,
  );
}

type FixInput = {
  readonly missing: boolean;
  readonly key: string;
  readonly example: unknown;
  readonly alternatives: readonly string[] | undefined;
  readonly syntax: Document["syntax"];
};

function fixFor({ missing, key, example, alternatives, syntax }: FixInput): string {
  if (alternatives !== undefined) return `Use one of: ${alternatives.join(", ")}.`;
  if (example !== undefined)
    return `${missing ? "Add" : "Write"} for example: ${key}${syntax === "toml" ? " =" : ":"} ${show(example)}`;
  return missing ? `Add ${key}.` : `Correct the value of ${key}.`;
}

/** The values of a kind that has few. */
const kindsOf = (issue: Issue): readonly string[] | undefined =>
  issue.code === "invalid_type" && issue.expected === "boolean" ? ["true", "false"] : undefined;

const stringOr = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);

const stringsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;

const sortedBy = (values: readonly string[], input: unknown): readonly string[] => {
  const near = typeof input === "string" ? nearest(input, values) : [];
  return [...near, ...values.filter((value) => !near.includes(value))];
};
