/** One input made of a property of a JSON schema. */
export type FormField = {
  readonly name: string;
  readonly label: string;
  readonly note: string;
  readonly required: boolean;
  readonly kind: "text" | "number" | "integer" | "boolean" | "choice" | "json";
  /** The values to choose from, by the text shown for each. */
  readonly choices: ReadonlyMap<string, unknown>;
  readonly initial: string;
};

export type FormValues = { readonly [name: string]: string };
export type FormReading =
  | { readonly type: "read"; readonly arguments: { readonly [name: string]: unknown } }
  | { readonly type: "wrong"; readonly field: string; readonly expected: FormField["kind"] };

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const words = (value: unknown): string => (typeof value === "string" ? value : "");

/** The inputs for a tool's arguments; undefined when its schema is no plain object and only JSON will do. */
export function formFields(schema: unknown): readonly FormField[] | undefined {
  if (!isRecord(schema)) return undefined;
  const { properties = {}, required } = schema;
  const combined = ["oneOf", "anyOf", "allOf", "$ref"].some((word) => word in schema);
  if (!isRecord(properties) || combined) return undefined;
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(properties).map(([name, property]) => formField(name, property, needed.includes(name)));
}

function formField(name: string, property: unknown, required: boolean): FormField {
  const schema = isRecord(property) ? property : {};
  const listed: readonly unknown[] = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  const choices = new Map(listed.map((choice) => [encode(choice, "choice"), choice]));
  const kind = choices.size > 0 ? "choice" : kindOf(schema);
  return {
    name,
    label: words(schema["title"]) || name,
    note: words(schema["description"]),
    required,
    kind,
    choices,
    initial: schema["default"] === undefined ? "" : encode(schema["default"], kind),
  };
}

const encode = (value: unknown, kind: FormField["kind"]): string =>
  typeof value === "string" && kind !== "json" ? value : JSON.stringify(value);

function kindOf(schema: { readonly [key: string]: unknown }): FormField["kind"] {
  const { type } = schema;
  const types = (Array.isArray(type) ? type : [type]).filter((one) => one !== "null");
  if (types.length !== 1) return "json";
  const [only] = types;
  if (only === "string") return "text";
  return only === "number" || only === "integer" || only === "boolean" ? only : "json";
}

export const initialValues = (fields: readonly FormField[]): FormValues =>
  Object.fromEntries(fields.map(({ name, initial }) => [name, initial]));

/** The arguments as typed; an empty input that is not required is left out. */
export function readForm(fields: readonly FormField[], values: FormValues): FormReading {
  const read: { [name: string]: unknown } = {};
  for (const field of fields) {
    const typed = values[field.name] ?? "";
    if (typed === "" && !(field.required && field.kind === "text")) continue;
    const value = readField(field, typed);
    if (value === undefined) return { type: "wrong", field: field.name, expected: field.kind };
    read[field.name] = value;
  }
  return { type: "read", arguments: read };
}

/** The value of one input; undefined when it is none of its kind. */
function readField({ kind, choices }: FormField, typed: string): unknown {
  switch (kind) {
    case "text":
      return typed;
    case "choice":
      return choices.get(typed);
    case "boolean":
      return typed === "true" ? true : typed === "false" ? false : undefined;
    case "number":
    case "integer": {
      const value = Number(typed);
      return Number.isFinite(value) && (kind === "number" || Number.isInteger(value)) ? value : undefined;
    }
    case "json":
      return parsed(typed);
  }
}

function parsed(typed: string): unknown {
  try {
    return JSON.parse(typed);
  } catch {
    return undefined;
  }
}

/** A JSON object as typed; undefined when it is none. */
export function readObject(typed: string): { readonly [name: string]: unknown } | undefined {
  const value = parsed(typed.trim() === "" ? "{}" : typed);
  return isRecord(value) ? value : undefined;
}
