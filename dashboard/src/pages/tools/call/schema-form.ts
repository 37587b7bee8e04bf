import {
  encode,
  isRecord,
  wordsOf,
  type Draft,
  type FieldWords,
  type FormField,
  type FormValues,
} from "./form-field.ts";

type Schema = { readonly [key: string]: unknown };
type Place = {
  /** The whole schema, for references into it. */
  readonly root: unknown;
  readonly depth: number;
  /** Whether defaults are filled in: not inside of an object that may be left out, which they would make be sent. */
  readonly filled: boolean;
};

/** Levels of objects and lists that get inputs; what is deeper is written as JSON. */
const DEPTH_MAX = 4;
const REFERENCES_MAX = 8;
const COMBINING = ["oneOf", "anyOf", "allOf", "not", "if", "$ref"];

/** The inputs for a tool's arguments; undefined when its schema is no plain object and only JSON will do. */
export function formFields(schema: unknown): readonly FormField[] | undefined {
  if (!isRecord(schema) || COMBINING.some((word) => word in schema)) return undefined;
  const { properties = {}, additionalProperties } = schema;
  if (!isRecord(properties)) return undefined;
  const isOpen = isRecord(additionalProperties) || additionalProperties === true;
  if (isOpen && Object.keys(properties).length === 0) return undefined;
  return members(schema, properties, { root: schema, depth: 0, filled: true });
}

function members(schema: Schema, properties: Schema, place: Place): readonly FormField[] {
  const needed: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).map(([name, property]) =>
    formField(property, { name, required: needed.includes(name) }, place),
  );
}

type Named = { readonly name: string; readonly required: boolean };

function formField(property: unknown, { name, required }: Named, place: Place): FormField {
  const schema = resolved(property, place.root);
  const example = exampleOf(schema);
  const common = {
    name,
    label: wordsOf(schema["title"]) || name,
    note: wordsOf(schema["description"]),
    required,
    example,
  };
  const standard = place.filled ? schema["default"] : undefined;
  const initial = (kind: "text" | "json") => (standard === undefined ? "" : encode(standard, kind));
  const choices = choicesOf(schema);
  if (choices.size > 0) {
    const label = [...choices].find(([, choice]) => JSON.stringify(choice) === JSON.stringify(standard))?.[0] ?? "";
    return { ...common, kind: "choice", choices, initial: label };
  }
  const kind = kindOf(schema, place.depth);
  switch (kind) {
    case "text":
      return { ...common, kind, role: roleOf(schema), initial: initial(kind) };
    case "mixed":
      return { ...common, kind, types: Array.isArray(schema["type"]) ? schema["type"] : [], initial: initial("text") };
    case "list":
      return listField(schema, { ...common, standard }, place);
    case "group":
      return groupField(schema, { ...common, standard }, place);
    case "json":
      return { ...common, kind, initial: initial(kind) };
    case "number":
    case "integer":
    case "boolean":
      return { ...common, kind, initial: initial("text") };
  }
}

type Common = FieldWords & { readonly standard: unknown };

function listField(schema: Schema, { standard, ...common }: Common, { root, depth }: Place): FormField {
  const item = formField(
    schema["items"],
    { name: common.name, required: true },
    { root, depth: depth + 1, filled: true },
  );
  const list = Array.isArray(standard) ? standard.map((value) => draftOf(item, value) ?? "") : [];
  return { ...common, kind: "list", item, initial: list };
}

function groupField(schema: Schema, { standard, ...common }: Common, { root, depth, filled }: Place): FormField {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const fields = members(schema, properties, { root, depth: depth + 1, filled: filled && common.required });
  const given =
    standard === undefined ? undefined : draftOf({ ...common, kind: "group", fields, initial: "" }, standard);
  return { ...common, kind: "group", fields, initial: given ?? initialValues(fields) };
}

/** What a schema says once references are followed and "or null" is left aside. */
function resolved(property: unknown, root: unknown): Schema {
  let schema = isRecord(property) ? property : {};
  for (let step = 0; step < REFERENCES_MAX; step += 1) {
    const { $ref: reference } = schema;
    const options = optionsOf(schema).filter((option) => !isRecord(option) || option["type"] !== "null");
    const only = options.length === 1 && isRecord(options[0]) ? options[0] : undefined;
    const { anyOf: _any, oneOf: _one, $ref: _reference, ...rest } = schema;
    if (typeof reference === "string") schema = { ...at(root, reference), ...rest };
    else if (only !== undefined) schema = { ...only, ...rest };
    else return schema;
  }
  return {};
}

const optionsOf = (schema: Schema): readonly unknown[] => {
  const options = schema["anyOf"] ?? schema["oneOf"];
  return Array.isArray(options) ? options : [];
};

/** What a reference within the document, such as "#/$defs/Point", leads to. */
function at(root: unknown, reference: string): Schema {
  if (!reference.startsWith("#/")) return {};
  let here: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    here = isRecord(here) ? here[step.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return isRecord(here) ? here : {};
}

/** The values to choose from, by the text shown for each. */
function choicesOf(schema: Schema): ReadonlyMap<string, unknown> {
  const listed: readonly unknown[] = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  if (listed.length > 0) return new Map(listed.map((choice) => [encode(choice, "choice"), choice]));
  const options = optionsOf(schema);
  const constants = options.filter(isRecord).filter((option) => "const" in option);
  if (constants.length === 0 || constants.length < options.length) return new Map();
  return new Map(
    constants.map((option) => [wordsOf(option["title"]) || encode(option["const"], "choice"), option["const"]]),
  );
}

function kindOf(schema: Schema, depth: number): Exclude<FormField["kind"], "choice"> {
  const { type } = schema;
  const types = (Array.isArray(type) ? type : [type]).filter((one) => one !== "null");
  if (COMBINING.some((word) => word in schema)) return "json";
  if (types.length > 1) return types.includes("string") && types.every(isScalarType) ? "mixed" : "json";
  const [only] = types;
  if (only === undefined) return "json";
  if (only === "string") return "text";
  if (only === "number" || only === "integer" || only === "boolean") return only;
  if (depth >= DEPTH_MAX) return "json";
  if (only === "array" && isRecord(schema["items"])) return "list";
  const properties = schema["properties"];
  return only === "object" && isRecord(properties) && Object.keys(properties).length > 0 ? "group" : "json";
}

const isScalarType = (type: unknown): boolean =>
  type === "string" || type === "number" || type === "integer" || type === "boolean";

/** Role of the argument from `x-caxton.role`; empty if unset. */
function roleOf(schema: Schema): string {
  const hints = schema["x-caxton"];
  return isRecord(hints) ? wordsOf(hints["role"]) : "";
}

function exampleOf(schema: Schema): string {
  const [example] = Array.isArray(schema["examples"]) ? schema["examples"] : [];
  return example === undefined ? "" : encode(example, "text");
}

/** Whole sets of arguments that a schema gives as examples. */
export function formExamples(schema: unknown): readonly Schema[] {
  const examples = isRecord(schema) ? schema["examples"] : undefined;
  return Array.isArray(examples) ? examples.filter(isRecord) : [];
}

export const initialValues = (fields: readonly FormField[]): FormValues =>
  Object.fromEntries(fields.map(({ name, initial }) => [name, initial]));

/** What the inputs show for these arguments; undefined when an input has no way to show its value. */
export function valuesOf(fields: readonly FormField[], given: Schema): FormValues | undefined {
  const known = new Set(fields.map(({ name }) => name));
  if (Object.keys(given).some((name) => !known.has(name))) return undefined;
  const values: { [name: string]: Draft } = {};
  for (const field of fields) {
    const draft = given[field.name] === undefined ? blank(field) : draftOf(field, given[field.name]);
    if (draft === undefined) return undefined;
    values[field.name] = draft;
  }
  return values;
}

/** An input with nothing in it. */
export function blank(field: FormField): Draft {
  if (field.kind === "list") return [];
  return field.kind === "group" ? Object.fromEntries(field.fields.map((member) => [member.name, blank(member)])) : "";
}

function draftOf(field: FormField, value: unknown): Draft | undefined {
  switch (field.kind) {
    case "text":
      return typeof value === "string" ? value : undefined;
    case "number":
    case "integer":
      return typeof value === "number" ? String(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? String(value) : undefined;
    case "mixed":
      return typeof value === "object" || value === undefined ? undefined : encode(value, "text");
    case "json":
      return encode(value, "json");
    case "choice":
      return [...field.choices].find(([, choice]) => JSON.stringify(choice) === JSON.stringify(value))?.[0];
    case "list": {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((item) => draftOf(field.item, item));
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case "group":
      return isRecord(value) ? valuesOf(field.fields, value) : undefined;
  }
}
