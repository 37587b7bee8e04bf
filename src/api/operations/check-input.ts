import * as z from "zod";
import { describeIssue, knownKeys, nearest } from "../../text/documents/index.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { RequestInvalidError } from "./errors.ts";

/** Problems reported of one request; a body of megabytes can have any number. */
const PROBLEMS_MAX = 20;

/** Returns input that matches a schema. Throws RequestInvalidError with the first 20 problems, worded as in definition files. */
export function checkInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  // A number in a query is text: the problem quotes the original value, not the converted one.
  const given = (issue: z.core.$ZodRawIssue) =>
    issue.code === "invalid_type" && Number.isNaN(issue.input) ? { ...issue, input: at(input, issue.path) } : issue;
  const worded = schema.safeParse(input, {
    reportInput: true,
    error: (issue) => describeIssue(given(issue)) || undefined,
  });
  const { issues } = worded.error ?? result.error;
  const problems = issues
    .slice(0, PROBLEMS_MAX)
    .flatMap((issue) => wordsOf(issue, schema))
    .slice(0, PROBLEMS_MAX);
  throw invalid(problems);
}

const at = (input: unknown, path: readonly PropertyKey[] = []): unknown =>
  path.reduce<unknown>((value, key) => (isJsonObject(value) ? value[String(key)] : undefined), input);

function wordsOf(issue: z.core.$ZodIssue, schema: z.ZodType): readonly string[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const place = path.join(".");
  if (issue.code !== "unrecognized_keys") return [place === "" ? issue.message : `${place}: ${issue.message}`];
  const known = knownKeys(schema, path);
  return unknownKeys(issue.keys, known, place === "" ? "" : ` in ${place}`);
}

const unknownKeys = (keys: readonly string[], known: readonly string[], where: string): readonly string[] =>
  keys.slice(0, PROBLEMS_MAX).map((key) => {
    const [best] = nearest(key, known);
    return `there is no key "${key}"${where}${best === undefined ? "" : `; did you mean ${best}?`}`;
  });

/** Throws RequestInvalidError for keys that are not known, as `checkInput` does. */
export function refuseUnknownKeys(given: object, known: readonly string[], where: string): void {
  const keys = Object.keys(given).filter((key) => !known.includes(key));
  if (keys.length > 0) throw invalid(unknownKeys(keys, known, where));
}

const invalid = (problems: readonly string[]): RequestInvalidError =>
  new RequestInvalidError(`the request does not fit: ${problems.join("; ")}`, "", { problems });
