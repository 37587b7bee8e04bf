import { Validator } from "@cfworker/json-schema";
import type { Json, JsonObject } from "../kernel/json.ts";

const FINDINGS_MAX = 5;

/** Says what is wrong with a value, one sentence each; nothing when it fits. */
export type SchemaCheck = (value: Json) => readonly string[];

/**
 * A check for one JSON Schema (2020-12). Schemas come from modules one did not write, so they are interpreted:
 * no code is generated from them. A schema that is itself broken lets everything pass, since the tool checks too.
 */
export function schemaCheck(schema: JsonObject): SchemaCheck {
  const validator = new Validator(structuredClone(schema), "2020-12", false);
  return (value) => {
    try {
      const { valid, errors } = validator.validate(value);
      if (valid) return [];
      return leaves(errors).slice(0, FINDINGS_MAX).map(sentence);
    } catch {
      return [];
    }
  };
}

type Finding = { readonly keyword: string; readonly instanceLocation: string; readonly error: string };

/** Drops the findings that only repeat, for an outer object, what an inner one says. */
function leaves(findings: readonly Finding[]): readonly Finding[] {
  const inner = findings.filter(({ keyword }) => !["properties", "items", "allOf", "$ref"].includes(keyword));
  return inner.length > 0 ? inner : findings;
}

function sentence({ instanceLocation, error }: Finding): string {
  const place = instanceLocation.replace(/^#\/?/, "").replaceAll("/", ".");
  const text = error.replace(/\.$/, "");
  return place === "" ? text : `${place}: ${text}`;
}
