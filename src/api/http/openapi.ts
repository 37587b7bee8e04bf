import { STATUS_CODES } from "node:http";
import { isJsonObject, type Json, type JsonObject, canonicalJson } from "../../kernel/json.ts";
import { Download, Events, type Operation } from "../contract/index.ts";
import { completed } from "./openapi-operations.ts";

const SCHEMAS = "#/components/schemas/";
const INPUT = "Input";
const INPUT_END = /Input$/;

/**
 * The generated OpenAPI document as people want to read it. The generator writes each schema twice, as it is sent and as it is
 * received; where both are the same the second goes. It repeats as a pattern what `format` says already, and writes alternatives
 * where one is any value at all; those go too.
 * `described` holds schemas by name that stand in for the generated ones, for bodies that a reader of their own takes.
 * Files and streams of events, which have no JSON schema for the generator, get their media types from `operations`.
 */
export function tidyOpenApi(
  document: object,
  operations: readonly Operation[],
  described: JsonObject = {},
): JsonObject {
  const whole: Json = JSON.parse(JSON.stringify(document));
  if (!isJsonObject(whole)) return {};
  const slim = simplified(
    withSchemas(withResponses(whole, operations), (schemas) =>
      Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, described[name.replace(INPUT_END, "")] ?? schema]),
      ),
    ),
  );
  const renames = sameTwice(schemasOf(slim));
  return withUsedSchemas(
    withSchemas(simplified(renameReferences(slim, renames)), (schemas) =>
      Object.fromEntries(Object.entries(schemas).filter(([name]) => !renames.has(name))),
    ),
  );
}

/** Without the schemas that nothing refers to, and without those that only such ones refer to. */
function withUsedSchemas(document: JsonObject): JsonObject {
  const kept = withSchemas(document, (schemas) =>
    Object.fromEntries(Object.entries(schemas).filter(([name]) => isUsed(document, name))),
  );
  const isComplete = Object.keys(schemasOf(kept)).length === Object.keys(schemasOf(document)).length;
  return isComplete ? kept : withUsedSchemas(kept);
}

const PROBLEM = {
  description: "What is wrong, as a problem of RFC 9457",
  content: { "application/problem+json": { schema: { $ref: `${SCHEMAS}Problem` } } },
};

/** Every operation's answers, each with the media type that it is sent with, also where it is a file or a stream and no JSON. */
function withResponses(document: JsonObject, operations: readonly Operation[]): JsonObject {
  const byName = new Map(operations.map((operation) => [operation.name, operation]));
  const complete = (described: JsonObject): JsonObject => {
    const { operationId, responses } = described;
    if (!isJsonObject(responses)) return described;
    const operation = typeof operationId === "string" ? byName.get(operationId) : undefined;
    const named = inEach(responses, (response) => response);
    const success = operation?.output === Download ? { [operation.http.status]: FILE } : {};
    const answers = Object.entries({ ...named, ...success, "4XX": PROBLEM, "5XX": PROBLEM }).map(
      ([status, response]) => [status, operation?.output === Events ? asEvents(response) : response] as const,
    );
    return {
      ...(operation === undefined ? described : completed(described, operation)),
      responses: Object.fromEntries(
        answers.map(([status, response]) => [
          status,
          { ...response, description: STATUS_CODES[status] ?? PROBLEM.description },
        ]),
      ),
    };
  };
  return { ...document, paths: inEach(document["paths"], (path) => inEach(path, complete)) };
}

const FILE = { content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } };

function asEvents(response: JsonObject): JsonObject {
  const { content } = response;
  const json = isJsonObject(content) ? content["application/json"] : undefined;
  return json === undefined ? response : { ...response, content: { "text/event-stream": json } };
}

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

function simplified<Value extends Json>(value: Value): Value;
function simplified(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => simplified(item));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) => !(key === "pattern" && "format" in value) && !(key === "anyOf" && isAnything(inner)),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, simplified(inner)]));
}

/** Whether one of the alternatives is the empty schema, which every value matches. */
const isAnything = (alternatives: Json): boolean =>
  Array.isArray(alternatives) &&
  alternatives.some((schema) => isJsonObject(schema) && Object.keys(schema).length === 0);

const isUsed = (document: JsonObject, name: string): boolean => {
  const elsewhere = withSchemas(document, (schemas) =>
    Object.fromEntries(Object.entries(schemas).filter(([other]) => other !== name)),
  );
  const text = JSON.stringify(elsewhere);
  return text.includes(`"${SCHEMAS}${name}"`) || text.includes(`"${SCHEMAS}${name}/`);
};
