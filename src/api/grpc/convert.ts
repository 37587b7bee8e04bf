import { fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { isJsonObject, Json, type JsonObject } from "../../kernel/json.ts";
import type { GrpcSchema } from "./schema.ts";
import type { Shape } from "./shapes.ts";

/** The fields of a request in the form of the contract. */
export function fieldsOf(schema: GrpcSchema, name: string, message: Message): JsonObject {
  const json = Json.parse(toJson(schema.message(name), message, { useProtoFieldName: true }));
  const fields = fromMessage(schema, { type: "message", name }, json);
  return isJsonObject(fields) ? fields : {};
}

/** The message of an output or an event. A field that is null is absent. */
export function messageOf(schema: GrpcSchema, name: string, value: unknown): Message {
  const made = toMessage(schema, { type: "message", name }, value) ?? {};
  const json: JsonValue = JSON.parse(JSON.stringify(made));
  return fromJson(schema.message(name), json, { ignoreUnknownFields: true });
}

function fromMessage(schema: GrpcSchema, shape: Shape, value: Json): Json {
  if (shape.type === "int64") return typeof value === "string" ? Number(value) : value;
  if (shape.type === "list")
    return Array.isArray(value) ? value.map((each: Json) => fromMessage(schema, shape.of, each)) : value;
  if (shape.type === "map" && isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromMessage(schema, shape.of, each)]));
  const message = shape.type === "message" ? schema.shapes.get(shape.name) : undefined;
  if (message === undefined || !isJsonObject(value)) return value;
  const { tag, fields } = message;
  const entries: (readonly [string, Json])[] = [];
  for (const [name, field] of fields) {
    const given = value[name];
    // An empty list is not sent.
    const found = given ?? (field.isRequired && field.shape.type === "list" ? [] : undefined);
    if (found === undefined) continue;
    const converted = fromMessage(schema, field.shape, found);
    if (tag !== undefined) return { [tag]: field.key, ...(isJsonObject(converted) ? converted : {}) };
    entries.push([field.key, converted]);
  }
  return Object.fromEntries(entries);
}

function toMessage(schema: GrpcSchema, shape: Shape, value: unknown): unknown {
  if (value === undefined || (value === null && shape.type !== "value")) return undefined;
  if (shape.type === "bool" && typeof value === "string") return value === "true";
  if (shape.type === "list")
    return Array.isArray(value) ? value.map((each: unknown) => toMessage(schema, shape.of, each)) : undefined;
  if (typeof value !== "object" || value === null) return value;
  if (shape.type === "map")
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toMessage(schema, shape.of, each)]));
  const message = shape.type === "message" ? schema.shapes.get(shape.name) : undefined;
  if (message === undefined) return value;
  const { tag, fields } = message;
  const given = new Map<string, unknown>(Object.entries(value));
  const entries = [...fields].map(([name, { key, shape: of }]) => {
    if (tag === undefined) return [name, toMessage(schema, of, given.get(key))] as const;
    return [name, given.get(tag) === key ? toMessage(schema, of, value) : undefined] as const;
  });
  return Object.fromEntries(entries);
}
