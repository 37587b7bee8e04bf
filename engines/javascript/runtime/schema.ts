export type JsonSchema = { readonly [key: string]: unknown };
type Issue = { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] };
type Validated = { readonly value: unknown } | { readonly issues: readonly Issue[] };

/** What zod, valibot, arktype and others have in common: https://standardschema.dev */
type StandardSchema = {
  readonly "~standard": {
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated | Promise<Validated>;
    readonly jsonSchema?: {
      readonly input: (options: { target: string }) => JsonSchema;
      readonly output: (options: { target: string }) => JsonSchema;
    };
  };
  readonly toJSONSchema?: (options: { io: "input" | "output" }) => JsonSchema;
};

/** How values of a schema are shown to a model, and how they are checked. */
export type Shape = {
  readonly json: JsonSchema;
  /** Absent for JSON Schema, which the server checks itself. */
  readonly check?: (value: unknown) => Promise<unknown>;
};

const DRAFT = "draft-2020-12";

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isStandard = (value: unknown): value is StandardSchema =>
  (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;

/** Arguments or a result did not fit. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

/** Reads what an author gave as a schema. Throws TypeError. */
export function shapeOf(schema: unknown, where: string, direction: "input" | "output"): Shape {
  if (isStandard(schema)) {
    const json = jsonOf(schema, where, direction);
    return { json: objectOnly(json, where), check: (value) => check(schema, value) };
  }
  if (!isObject(schema)) throw new TypeError(`${where} is not a JSON Schema, and no schema of a library such as zod`);
  return { json: objectOnly(schema, where) };
}

function jsonOf(schema: StandardSchema, where: string, direction: "input" | "output"): JsonSchema {
  const standard = schema["~standard"];
  if (standard.jsonSchema !== undefined) return standard.jsonSchema[direction]({ target: DRAFT });
  if (schema.toJSONSchema !== undefined) return schema.toJSONSchema({ io: direction });
  throw new TypeError(
    `${where} is a schema of ${standard.vendor}, which does not give JSON Schema; use zod 4.2 or later`,
  );
}

function objectOnly(schema: JsonSchema, where: string): JsonSchema {
  if (schema["type"] === "object") return schema;
  throw new TypeError(`${where} has to be of the type "object": MCP passes arguments and structured results by name`);
}

async function check(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if ("value" in result) return result.value;
  const lines = result.issues.map(({ message, path = [] }) => {
    const at = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return at === "" ? message : `${at}: ${message}`;
  });
  throw new SchemaError(lines.join("\n"));
}
