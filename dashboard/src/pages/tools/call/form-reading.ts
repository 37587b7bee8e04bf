import {
  isBlank,
  isRecord,
  itemsOf,
  partsOf,
  type Draft,
  type FormField,
  type FormReading,
  type FormValues,
} from "./form-field.ts";

type Wrong = Extract<FormReading, { type: "wrong" }>;
type Value = { readonly type: "value"; readonly value: unknown } | { readonly type: "absent" } | Wrong;

/** The arguments as typed; an empty input that is not required is left out. */
export function readForm(fields: readonly FormField[], values: FormValues, path = ""): FormReading {
  const read: { [name: string]: unknown } = {};
  for (const field of fields) {
    const found = readField(field, values[field.name] ?? "", `${path}${field.name}`);
    if (found.type === "wrong") return found;
    if (found.type === "value") read[field.name] = found.value;
  }
  return { type: "read", arguments: read };
}

function readField(field: FormField, draft: Draft, path: string): Value {
  if (isBlank(draft) && !(field.required && field.kind !== "json")) return { type: "absent" };
  switch (field.kind) {
    case "list":
      return readList(field.item, itemsOf(draft), path);
    case "group": {
      const reading = readForm(field.fields, partsOf(draft), `${path}.`);
      return reading.type === "wrong" ? reading : { type: "value", value: reading.arguments };
    }
    case "text":
      return { type: "value", value: draft };
    case "mixed":
      return { type: "value", value: typeof draft === "string" ? readMixed(field.types, draft) : draft };
    case "choice":
    case "boolean":
    case "number":
    case "integer":
    case "json": {
      const typed = typeof draft === "string" ? draft : "";
      // What is missing is the server's to say: it knows what the schema demands.
      if (typed === "") return { type: "absent" };
      const value = readScalar(field, typed);
      return value === undefined ? { type: "wrong", field: path, expected: field.kind } : { type: "value", value };
    }
  }
}

function readList(item: FormField, drafts: readonly Draft[], path: string): Value {
  const list: unknown[] = [];
  for (const [index, draft] of drafts.entries()) {
    const found = readField(item, draft, `${path}.${index}`);
    if (found.type === "wrong") return found;
    if (found.type === "absent") return { type: "wrong", field: `${path}.${index}`, expected: item.kind };
    list.push(found.value);
  }
  return { type: "value", value: list };
}

function readMixed(types: readonly unknown[], typed: string): unknown {
  if (types.includes("boolean") && (typed === "true" || typed === "false")) return typed === "true";
  const number = typed.trim() === "" ? Number.NaN : Number(typed);
  const isNumber = types.includes("number") ? Number.isFinite(number) : Number.isInteger(number);
  return isNumber && (types.includes("number") || types.includes("integer")) ? number : typed;
}

/** Parses the value of one input; undefined if it is invalid. */
function readScalar(field: FormField, typed: string): unknown {
  switch (field.kind) {
    case "choice":
      return field.choices.get(typed);
    case "boolean":
      return typed === "true" ? true : typed === "false" ? false : undefined;
    case "number":
    case "integer": {
      const value = typed.trim() === "" ? Number.NaN : Number(typed);
      return Number.isFinite(value) && (field.kind === "number" || Number.isInteger(value)) ? value : undefined;
    }
    case "json":
      return parsed(typed);
    case "text":
    case "mixed":
    case "list":
    case "group":
      return undefined;
  }
}

function parsed(typed: string): unknown {
  try {
    return JSON.parse(typed);
  } catch {
    return undefined;
  }
}

/** Parses a JSON object; undefined if the text is not one. */
export function readObject(typed: string): { readonly [name: string]: unknown } | undefined {
  const value = parsed(typed.trim() === "" ? "{}" : typed);
  return isRecord(value) ? value : undefined;
}
