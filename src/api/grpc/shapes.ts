import * as z from "zod";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";

export type Scalar = "string" | "bool" | "int64" | "double" | "bytes";
/** The type of a field. value and struct are any JSON and any JSON object. */
export type Shape =
  | { readonly type: Scalar | "timestamp" | "value" | "struct" }
  | { readonly type: "list"; readonly of: Shape }
  | { readonly type: "map"; readonly of: Shape }
  | { readonly type: "message"; readonly name: string };

export type Field = {
  /** The name that the contract has for it. */
  readonly key: string;
  readonly shape: Shape;
  readonly isRequired: boolean;
  /** The words that a text can be, and what the contract says of the field. */
  readonly comment: string;
};

/** A message: its fields, or the variants of a union that `tag` distinguishes. Fields are by their name in the message. */
export type MessageShape = {
  readonly name: string;
  readonly tag: string | undefined;
  readonly fields: ReadonlyMap<string, Field>;
};

type Direction = "input" | "output";
const DEFINITION = /^#\/\$defs\//;

export const pascal = (words: string): string =>
  words.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
const fieldName = (key: string): string => key.replaceAll(/\W/g, "_");

/**
 * Messages for the schemas of the contract. A schema with an id is one message wherever it is used: one for inputs, and another for
 * outputs.
 */
export class Shapes {
  readonly messages = new Map<string, MessageShape>();
  #definitions: JsonObject = {};
  #direction: Direction = "output";

  /** A message with the fields of schemas. One that is no object becomes the field `body`. */
  request(name: string, schemas: readonly z.ZodType[]): void {
    const fields = new Map<string, Field>();
    this.messages.set(name, { name, tag: undefined, fields });
    for (const schema of schemas) {
      const json = this.#resolved(this.#read(schema, "input"));
      const properties = isPlain(json) ? json["properties"] : undefined;
      if (isJsonObject(properties)) this.#addFields(fields, json, name);
      else fields.set("body", { key: "body", shape: this.#shape(json, `${name}Body`), isRequired: true, comment: "" });
    }
  }

  /** A message with fields that the contract does not have. */
  add(name: string, given: Readonly<Record<string, Shape>>): void {
    const fields = Object.entries(given).map(
      ([key, shape]) => [key, { key, shape, isRequired: false, comment: "" }] as const,
    );
    this.messages.set(name, { name, tag: undefined, fields: new Map(fields) });
  }

  /** The shape of an output; `name` is for the message of a schema without an id. */
  output(schema: z.ZodType, name: string): Shape {
    return this.#shape(this.#read(schema, "output"), name);
  }

  #read(schema: z.ZodType, direction: Direction): Json {
    const document = z.toJSONSchema(schema, { io: direction, unrepresentable: "any" });
    const json: Json = JSON.parse(JSON.stringify(document));
    const definitions = isJsonObject(json) ? json["$defs"] : undefined;
    this.#definitions = isJsonObject(definitions) ? definitions : {};
    this.#direction = direction;
    return json;
  }

  #resolved(schema: Json): Json {
    const reference = isJsonObject(schema) ? schema["$ref"] : undefined;
    return typeof reference === "string"
      ? this.#resolved(this.#definitions[reference.replace(DEFINITION, "")] ?? {})
      : schema;
  }

  #shape(schema: Json | undefined, name: string): Shape {
    if (!isJsonObject(schema)) return { type: "value" };
    const reference = schema["$ref"];
    if (typeof reference === "string") return this.#named(reference, name);
    const variants = withoutNull(schema["oneOf"] ?? schema["anyOf"]);
    if (variants.length === 1) return this.#shape(variants[0], name);
    return variants.length > 1 ? this.#union(variants, name) : this.#plain(schema, name);
  }

  #named(reference: string, name: string): Shape {
    const id = reference.replace(DEFINITION, "");
    const definition = this.#definitions[id];
    // Recursive JSON has no id of its own.
    if (definition === undefined || id.startsWith("__")) return { type: "value" };
    const own = pascal(id);
    return this.#shape(definition, this.#direction === "input" && name !== own ? `${own}Input` : own);
  }

  #plain(schema: JsonObject, name: string): Shape {
    const { format, items, properties, additionalProperties, const: constant } = schema;
    const words = Array.isArray(schema["enum"]) ? schema["enum"].filter((word) => word !== null) : [];
    const types = [schema["type"] ?? typeof (constant ?? words[0])].flat().filter((type) => type !== "null");
    const [type] = types;
    if (types.length !== 1) return { type: "value" };
    if (type === "string" && words.length === 2 && words.includes("true") && words.includes("false"))
      return { type: "bool" };
    if (type === "string") return { type: format === "date-time" ? "timestamp" : "string" };
    if (type === "boolean") return { type: "bool" };
    if (type === "integer") return { type: "int64" };
    if (type === "number") return { type: "double" };
    if (type === "array") {
      const of = this.#shape(items, `${name}Item`);
      return of.type === "list" || of.type === "map" ? { type: "value" } : { type: "list", of };
    }
    if (type !== "object") return { type: "value" };
    if (isPlain(schema) && isJsonObject(properties)) return this.#message(name, schema);
    if (isJsonObject(properties) && Object.keys(properties).length > 0) return { type: "struct" };
    const of = this.#shape(additionalProperties, `${name}Value`);
    return of.type === "value" || of.type === "list" || of.type === "map" ? { type: "struct" } : { type: "map", of };
  }

  #message(name: string, schema: JsonObject): Shape {
    if (!this.messages.has(name)) {
      const fields = new Map<string, Field>();
      this.messages.set(name, { name, tag: undefined, fields });
      this.#addFields(fields, schema, name);
    }
    return { type: "message", name };
  }

  #addFields(fields: Map<string, Field>, schema: Json, name: string): void {
    if (!isJsonObject(schema) || !isJsonObject(schema["properties"])) return;
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    for (const [key, property] of Object.entries(schema["properties"])) {
      const field = fieldName(key);
      if (fields.has(field)) throw new Error(`${name} has two fields ${field}`);
      const shape = this.#shape(property, name + pascal(key));
      fields.set(field, { key, shape, isRequired: required.includes(key), comment: commentOf(property, shape) });
    }
  }

  #union(variants: readonly JsonObject[], name: string): Shape {
    const objects = variants.map((each) => this.#resolved(each)).filter(isJsonObject);
    const [first] = objects;
    const tag = Object.keys(isJsonObject(first?.["properties"]) ? first["properties"] : {}).find((key) =>
      objects.every((each) => wordsOf(each, key).length > 0),
    );
    if (tag === undefined || objects.length !== variants.length) return { type: "value" };
    if (!this.messages.has(name)) {
      const fields = new Map<string, Field>();
      this.messages.set(name, { name, tag, fields });
      for (const each of objects) {
        const { [tag]: _tag, ...properties } = isJsonObject(each["properties"]) ? each["properties"] : {};
        for (const word of wordsOf(each, tag)) {
          const shape = this.#message(name + pascal(word), { ...each, properties });
          fields.set(fieldName(word), { key: word, shape, isRequired: false, comment: "" });
        }
      }
    }
    return { type: "message", name };
  }
}

/** Whether an object has the declared properties and no other. */
const isPlain = (schema: Json): schema is JsonObject =>
  isJsonObject(schema) && (schema["additionalProperties"] ?? false) === false;

const withoutNull = (variants: Json | undefined): readonly JsonObject[] =>
  Array.isArray(variants) ? variants.filter(isJsonObject).filter(({ type }) => type !== "null") : [];

/** The words that a field of a variant can have. */
function wordsOf(variant: JsonObject, key: string): readonly string[] {
  const properties = variant["properties"];
  const field = isJsonObject(properties) ? properties[key] : undefined;
  if (!isJsonObject(field)) return [];
  const words = [field["const"] ?? field["enum"] ?? []].flat();
  return words.filter((word) => typeof word === "string");
}

function commentOf(property: Json, shape: Shape): string {
  if (!isJsonObject(property)) return "";
  const { description, enum: words } = property;
  const said = typeof description === "string" ? description.replaceAll(/\s+/g, " ") : "";
  const isWords = shape.type === "string" && Array.isArray(words) && words.length <= 20;
  const listed = isWords ? `One of: ${words.filter((word) => word !== null).join(", ")}` : "";
  return [said, listed].filter((part) => part !== "").join(". ");
}
