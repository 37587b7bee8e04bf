import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.unknown-input");

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const Schema = z.record(z.string(), z.unknown());
type Schema = z.infer<typeof Schema>;

const Document = z.object({
  components: z.object({ schemas: z.record(z.string(), Schema) }),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        requestBody: z.object({ content: z.record(z.string(), z.object({ schema: Schema.optional() })) }).optional(),
      }),
    ),
  ),
});
type Document = z.infer<typeof Document>;

const isSchema = (value: unknown): value is Schema => Schema.safeParse(value).success;

/** Places in a schema where an object has properties and takes others too. */
function openObjects(document: Document, schema: unknown, path: string, seen: ReadonlySet<string>): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap((each: unknown) => openObjects(document, each, path, seen));
  if (!isSchema(schema)) return [];
  const { $ref: reference, properties, additionalProperties, ...rest } = schema;
  if (typeof reference === "string") {
    const name = reference.split("/").at(-1) ?? "";
    if (seen.has(name)) return [];
    return openObjects(document, document.components.schemas[name], path, new Set([...seen, name]));
  }
  const inner = isSchema(properties)
    ? Object.entries(properties).flatMap(([key, value]) => openObjects(document, value, `${path}.${key}`, seen))
    : [];
  const isOpen = isSchema(properties) && additionalProperties !== false;
  const parts = [rest["items"], rest["anyOf"], rest["oneOf"], rest["allOf"], additionalProperties];
  return [...(isOpen ? [path] : []), ...inner, ...parts.flatMap((part) => openObjects(document, part, path, seen))];
}

/** Operations that take JSON, with its schema. */
async function operations() {
  const { body } = await server.ask("GET", "/openapi.json");
  const document = Document.parse(body);
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content["application/json"]?.schema;
      return schema === undefined ? [] : [{ method: method.toUpperCase(), path, schema }];
    }),
  );
  return { document, found };
}

/** Messages are read by the router, which takes several spellings of a key and reports the others itself. */
const isMessage = (path: string): boolean => /^\/api\/v1\/messages(\/batch|\/validate)?$/.test(path);

test("no object in a request body takes keys that are not in its schema", async () => {
  const { document, found } = await operations();
  expect(found.length).toBeGreaterThan(35);
  const open = found
    .filter(({ path }) => !isMessage(path))
    .flatMap(({ method, path, schema }) => openObjects(document, schema, `${method} ${path}`, new Set()));
  expect(open).toEqual([]);
});

/** Key and value that determine the form of a body with several forms. */
function tagOf(document: Document, schema: Schema): object {
  const { $ref: reference, oneOf, properties } = schema;
  if (typeof reference === "string")
    return tagOf(document, document.components.schemas[reference.split("/").at(-1) ?? ""] ?? {});
  const [form] = Array.isArray(oneOf) ? oneOf.filter(isSchema) : [];
  if (form !== undefined) return tagOf(document, form);
  const constants = isSchema(properties)
    ? Object.entries(properties).flatMap(([key, value]) =>
        isSchema(value) && "const" in value ? [[key, value["const"]]] : [],
      )
    : [];
  return Object.fromEntries(constants);
}

/** A run's export may come from a newer version, and messages of a batch are refused each for itself. */
const LENIENT = ["/api/v1/runs/replay", "/api/v1/messages/batch"];

test("every operation refuses a request body with an unknown key and names it", async () => {
  const { document, found } = await operations();
  const answers = await Promise.all(
    found
      .filter(({ path }) => !LENIENT.includes(path))
      .map(async ({ method, path, schema }) => {
        const filled = path
          .replace("/secrets/{name}", "/secrets/A_NAME")
          .replace("/remote-agents/{name}", "/remote-agents/a-name")
          .replaceAll(/\{[^}]+\}/g, "00000000-0000-7000-8000-000000000000");
        const answer = await server.ask(method, filled, { ...tagOf(document, schema), no_such_key: 1 });
        return { operation: `${method} ${path}`, said: `${answer.status} ${JSON.stringify(answer.body)}` };
      }),
  );
  const accepted = answers.filter(
    ({ said }) => !said.includes("no_such_key") || !(said.startsWith("4") || said.includes('"valid":false')),
  );
  expect(accepted).toEqual([]);
});

/** A request of these without a body is one with an empty object. */
const BODY_OPTIONAL = [
  "POST /api/v1/agents/{name}/pause",
  "POST /api/v1/tasks/{id}/distribute",
  "POST /api/v1/threads/{id}/fork",
  "POST /api/v1/tool-servers/{name}/accept",
  "POST /api/v1/tool-servers/{name}/pause",
  "POST /api/v1/triggers/{id}/fire",
  "POST /api/v1/webhooks/{id}/replay",
  "POST /api/v1/webhooks/{id}/rotate",
];

test("a request without the body that its operation takes is refused, so that none has an effect by accident", async () => {
  const { found } = await operations();
  const answers = await Promise.all(
    found.map(async ({ method, path }) => {
      const filled = path.replaceAll(/\{[^}]+\}/g, "00000000-0000-7000-8000-000000000000");
      return { operation: `${method} ${path}`, ...(await server.ask(method, filled)) };
    }),
  );
  const accepted = answers.filter(({ status }) => status !== 400).map(({ operation }) => operation);
  expect(accepted.toSorted()).toEqual(BODY_OPTIONAL);
  const refused = answers.filter(({ status }) => status === 400).map(({ body }) => body);
  expect(refused.filter((body) => !isMissingBody(body))).toEqual([]);
});

/** Whether a problem says that a JSON body is missing and how to send one. */
const isMissingBody = (body: unknown): boolean =>
  z
    .object({
      code: z.literal("REQUEST_INVALID"),
      detail: z.literal("the request has no JSON body"),
      hint: z.string().includes("Content-Type: application/json"),
    })
    .safeParse(body).success;
