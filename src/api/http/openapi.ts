import { isJsonObject, type Json, type JsonObject, canonicalJson } from "../../kernel/json.ts";

const SCHEMAS = "#/components/schemas/";
const INPUT = "Input";
const INPUT_END = /Input$/;

/**
 * The generated OpenAPI document as people want to read it. The generator writes each schema twice, as it is sent and as it is
 * received; where both are the same the second goes. It repeats as a pattern what `format` says already; that goes too.
 * `described` holds schemas by name that stand in for the generated ones, for bodies that a reader of their own takes.
 */
export function tidyOpenApi(document: object, described: JsonObject = {}): JsonObject {
  const whole: Json = JSON.parse(JSON.stringify(document));
  if (!isJsonObject(whole)) return {};
  const slim = withoutPatterns(
    withSchemas(withProblems(whole), (schemas) =>
      Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, described[name.replace(INPUT_END, "")] ?? schema]),
      ),
    ),
  );
  const renames = sameTwice(schemasOf(slim));
  const renamed = renameReferences(slim, renames);
  return withSchemas(renamed, (schemas) =>
    Object.fromEntries(Object.entries(schemas).filter(([name]) => !renames.has(name) && isUsed(renamed, name))),
  );
}

const PROBLEM = {
  description: "What is wrong, as a problem of RFC 9457",
  content: { "application/problem+json": { schema: { $ref: `${SCHEMAS}Problem` } } },
};

/** Every operation's failures with the media type that they are sent with, also where its answer is no JSON and names none. */
const withProblems = (document: JsonObject): JsonObject => ({
  ...document,
  paths: inEach(document["paths"], (path) => inEach(path, withFailures)),
});

const withFailures = (operation: JsonObject): JsonObject =>
  isJsonObject(operation["responses"])
    ? { ...operation, responses: { ...operation["responses"], "4XX": PROBLEM, "5XX": PROBLEM } }
    : operation;

const inEach = (value: Json | undefined, change: (inner: JsonObject) => JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).map(([key, inner]) => [
      key,
      isJsonObject(inner) ? change(inner) : inner,
    ]),
  );

function schemasOf(document: JsonObject): JsonObject {
  const { components } = document;
  const schemas = isJsonObject(components) ? components["schemas"] : undefined;
  return isJsonObject(schemas) ? schemas : {};
}

function withSchemas(document: JsonObject, change: (schemas: JsonObject) => JsonObject): JsonObject {
  const { components } = document;
  return {
    ...document,
    components: { ...(isJsonObject(components) ? components : {}), schemas: change(schemasOf(document)) },
  };
}

/** Names ending in `Input` whose schema says the same as the one without, with that one's name. */
function sameTwice(schemas: JsonObject): ReadonlyMap<string, string> {
  const names = Object.keys(schemas).filter((name) => name.endsWith(INPUT) && name.slice(0, -INPUT.length) in schemas);
  const all = new Map(names.map((name) => [name, name.slice(0, -INPUT.length)]));
  const said = (name: string): string => canonicalJson(unclosed(renameReferences(schemas[name] ?? null, all)));
  return new Map([...all].filter(([input, output]) => said(input) === said(output)));
}

/** Only what is sent is closed by the generator; that difference is no reason to show a schema twice. */
function unclosed(value: Json): Json {
  if (Array.isArray(value)) return value.map(unclosed);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !(key === "additionalProperties" && inner === false));
  return Object.fromEntries(kept.map(([key, inner]) => [key, unclosed(inner)]));
}

function renameReferences<Value extends Json>(value: Value, renames: ReadonlyMap<string, string>): Value;
function renameReferences(value: Json, renames: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return value.map((item: Json) => renameReferences(item, renames));
  if (!isJsonObject(value)) return value;
  // The generator's name for a schema that refers to itself; the only one is "any JSON value", which the empty schema says better.
  if (typeof value["$ref"] === "string" && value["$ref"].startsWith(`${SCHEMAS}__shared`)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== "$ref" || typeof inner !== "string") return [key, renameReferences(inner, renames)];
      const name = inner.slice(SCHEMAS.length);
      return [key, inner.startsWith(SCHEMAS) ? SCHEMAS + (renames.get(name) ?? name) : inner];
    }),
  );
}

function withoutPatterns<Value extends Json>(value: Value): Value;
function withoutPatterns(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutPatterns(item));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !(key === "pattern" && "format" in value));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutPatterns(inner)]));
}

const isUsed = (document: JsonObject, name: string): boolean => {
  const elsewhere = withSchemas(document, (schemas) =>
    Object.fromEntries(Object.entries(schemas).filter(([other]) => other !== name)),
  );
  const text = JSON.stringify(elsewhere);
  return text.includes(`"${SCHEMAS}${name}"`) || text.includes(`"${SCHEMAS}${name}/`);
};
