import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";

/** One place where two JSON Schemas say different things. */
export type SchemaChange = {
  /** Dotted, from the schema's top: `properties.limit.maximum`; empty for the whole schema. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** A new property or definition that is not required: clients of the old schema may continue unchanged. */
  readonly isAddition: boolean;
};

/** Keywords whose members are schemas by names that mean nothing to JSON Schema. */
const MAPS: ReadonlySet<string> = new Set(["properties", "$defs", "definitions"]);

/** Where `after` says something else than `before`, in the order of their keys; the order of keys itself is no difference. */
export function schemaDifference(before: JsonObject, after: JsonObject): readonly SchemaChange[] {
  return compareMembers(before, after, { path: "", isMap: false });
}

type Where = { readonly path: string; readonly isMap: boolean };

function compareMembers(before: JsonObject, after: JsonObject, where: Where): readonly SchemaChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const path = where.path === "" ? step(key) : `${where.path}.${step(key)}`;
    return compareValues(own(before, key), own(after, key), { path, key, isMap: where.isMap });
  });
}

function compareValues(
  before: Json | undefined,
  after: Json | undefined,
  { path, key, isMap }: Where & { readonly key: string },
): readonly SchemaChange[] {
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return [];
  const inner = { path, isMap: !isMap && MAPS.has(key) };
  if (isJsonObject(before) && isJsonObject(after)) return compareMembers(before, after, inner);
  // A first property is one that is added, too.
  if (before === undefined && isJsonObject(after) && inner.isMap) return compareMembers({}, after, inner);
  return [{ path, before, after, isAddition: isMap && before === undefined }];
}

/** Only what the object itself has: a schema may have a property called `constructor`. */
const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const step = (key: string): string => (/^[A-Za-z0-9_$-]+$/.test(key) ? key : JSON.stringify(key));
