import * as z from "zod";
import type { Method } from "./methods.ts";
import type { MessageShape, Shape } from "./shapes.ts";

/**
 * The numbers of fields, by message and field, with their types, and the messages of methods. They are never changed, because clients
 * are compiled with them.
 */
export const Numbers = z.object({
  messages: z.record(z.string(), z.record(z.string(), z.tuple([z.number(), z.string()]))),
  methods: z.record(z.string(), z.string()),
});
export type Numbers = z.infer<typeof Numbers>;

/** A type in the words of a .proto file. */
export function typeName(shape: Shape): string {
  switch (shape.type) {
    case "list":
      return `repeated ${typeName(shape.of)}`;
    case "map":
      return `map<string, ${typeName(shape.of)}>`;
    case "message":
      return shape.name;
    case "timestamp":
      return "google.protobuf.Timestamp";
    case "value":
      return "google.protobuf.Value";
    case "struct":
      return "google.protobuf.Struct";
    case "string":
    case "bool":
    case "int64":
    case "double":
    case "bytes":
      return shape.type;
  }
}

/** Adds numbers for new fields. Those of fields that are gone remain. Throws if a type has changed. */
export function numbered(messages: Iterable<MessageShape>, methods: readonly Method[], before: Numbers): Numbers {
  const all: Numbers["messages"] = { ...before.messages };
  for (const { name, fields } of messages) {
    const known: Numbers["messages"][string] = { ...all[name] };
    for (const [field, { shape }] of fields) {
      const type = typeName(shape);
      const next = Math.max(0, ...Object.values(known).map(([number]) => number)) + 1;
      const [number, was] = known[field] ?? [next, type];
      if (was !== type) throw new Error(`${name}.${field} was ${was} and is ${type}: give it another name`);
      known[field] = [number, type];
    }
    all[name] = known;
  }
  const calls: Numbers["methods"] = { ...before.methods };
  for (const { service, name, request, response } of methods) {
    const path = `${service}/${name}`;
    const types = `${request} ${response}`;
    const was = calls[path] ?? types;
    if (was !== types) throw new Error(`${path} had the messages ${was}, and now ${types}: give it another name`);
    calls[path] = types;
  }
  return { messages: all, methods: calls };
}
