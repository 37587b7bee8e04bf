import { Validator } from "@cfworker/json-schema";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { withTimeout } from "./with-timeout.ts";

const FINDINGS_MAX = 5;

/** Says what is wrong with a value, one sentence each; nothing when it fits. */
export type SchemaCheck = (value: Json) => readonly string[];

/** A check that takes longer holds up the whole server, so it is ended. */
const CHECK_MS_MAX = 50;
/** A schema that did so this often is not looked at any more. */
const TIMEOUTS_MAX = 3;
/** What a check costs at most grows with schema times value; less than this needs no watch. */
const STEPS_UNWATCHED_MAX = 10_000;
const TOO_LONG = `it cannot be checked within ${CHECK_MS_MAX} ms against the tool's own schema, which is a fault of the tool`;

/** Keywords whose cost does not show: regular expressions, comparisons of all with all, references that multiply. */
const COSTLY: ReadonlySet<string> = new Set([
  "pattern",
  "patternProperties",
  "format",
  "uniqueItems",
  "$ref",
  "$dynamicRef",
  "$recursiveRef",
]);

/**
 * A check for one JSON Schema (2020-12). Schemas come from modules one did not write, so they are interpreted: no code
 * is generated from them, and a check that would not end is ended. A schema that is itself broken lets everything pass,
 * since the tool checks too.
 */
export function schemaCheck(schema: JsonObject): SchemaCheck {
  let validator: Validator | undefined;
  const findingsOf = (value: Json): readonly string[] => {
    try {
      validator ??= new Validator(structuredClone(schema), "2020-12", false);
      const { valid, errors } = validator.validate(value);
      return valid ? [] : leaves(errors).slice(0, FINDINGS_MAX).map(sentence);
    } catch {
      return [];
    }
  };
  const size = sizeOf(schema, STEPS_UNWATCHED_MAX);
  let timeouts = 0;
  return (value) => {
    if (timeouts >= TIMEOUTS_MAX) return [TOO_LONG];
    const steps = size.isCostly ? Infinity : size.nodes * sizeOf(value, STEPS_UNWATCHED_MAX).nodes;
    if (steps <= STEPS_UNWATCHED_MAX) return findingsOf(value);
    const found = withTimeout(CHECK_MS_MAX, () => findingsOf(value));
    if (found.type === "done") return found.value;
    timeouts += 1;
    return [TOO_LONG];
  };
}

/** How many values there are in a value, up to a number, and whether it has a costly keyword. */
function sizeOf(value: Json, nodesMax: number): { readonly nodes: number; readonly isCostly: boolean } {
  const waiting: Json[] = [value];
  let nodes = 0;
  let isCostly = false;
  for (let next = waiting.pop(); next !== undefined && nodes < nodesMax; next = waiting.pop()) {
    nodes += 1;
    if (typeof next !== "object" || next === null) continue;
    isCostly ||= !Array.isArray(next) && Object.keys(next).some((key) => COSTLY.has(key));
    for (const inner of Object.values(next)) waiting.push(inner);
  }
  return { nodes, isCostly };
}

type Finding = { readonly keyword: string; readonly instanceLocation: string; readonly error: string };

const OUTER: ReadonlySet<string> = new Set(["properties", "items", "allOf", "$ref", "false"]);
const OTHERS: ReadonlySet<string> = new Set(["additionalProperties", "unevaluatedProperties"]);

/** Drops the findings that only repeat, for an outer object, what an inner one says. */
function leaves(findings: readonly Finding[]): readonly Finding[] {
  // What is wrong with another member follows; only where none is allowed that says nothing.
  const inner = findings.filter(({ keyword }, index) =>
    OTHERS.has(keyword) ? findings[index + 1]?.keyword === "false" : !OUTER.has(keyword),
  );
  return inner.length > 0 ? inner : findings;
}

/** The validator's phrases, and what a model can do with. */
const PHRASES: readonly (readonly [phrase: RegExp, words: string])[] = [
  [/^Instance type "(\w+)" is invalid\. Expected (.*)$/su, "expected $2, not $1"],
  [/^Instance does not match any of (\[.*\])$/su, "expected one of $1"],
  [/^Instance does not have required property (".*")$/su, "$1 is missing"],
  [/^Property (".*") does not match (?:additional|unevaluated) properties schema$/su, "$1 is not known here"],
  [/^(?:Instance|String|Array) /u, "it "],
];

function sentence({ instanceLocation, error }: Finding): string {
  const place = instanceLocation.replace(/^#\/?/, "").replaceAll("/", ".");
  const said = error.replace(/\.$/, "");
  const known = PHRASES.find(([phrase]) => phrase.test(said));
  const text = known === undefined ? said : said.replace(...known);
  return place === "" ? text : `${place}: ${text}`;
}
