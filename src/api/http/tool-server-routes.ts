import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { parseJson } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { ROUTES, tools } from "../contract/index.ts";
import {
  acceptToolServer,
  activateToolServer,
  checkToolServer,
  deleteToolServer,
  deployToolServer,
  getManagedToolServer,
  listManagedToolServers,
  pauseToolServer,
  resumeToolServer,
  toolLogs,
  toolServerDifference,
  toolServerModule,
  type ToolServerUpload,
  toolServerVersions,
  watchToolLog,
} from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { RequestInvalidError } from "../operations/index.ts";
import { BodyTooLargeError, ModuleTooLargeError } from "./errors.ts";
import { HashedBody } from "./hashed-body.ts";
import { askedIds } from "./idempotency.ts";
import { readForm } from "./multipart.ts";
import { failures } from "./responses.ts";

const tags = ["tool servers"];
const params = z.object({ name: z.string() });

/** Tool servers as things one deploys, watches and takes away. */
export function toolServerRoutes(http: Http, context: HttpContext): void {
  readRoutes(http, context);
  historyRoutes(http, context);
  steerRoutes(http, context);
  logRoute(http, context);
  deployRoute(http, context);
}

function readRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.toolServers,
    {
      schema: {
        tags,
        summary: "List tool servers by name",
        querystring: tools.ToolServerQuery,
        response: { 200: tools.ToolServerPage, ...failures },
      },
    },
    async ({ query }) => listManagedToolServers(services, query),
  );
  http.get(
    ROUTES.managedToolServer,
    {
      schema: {
        tags,
        summary: "One tool server: tools, grants, limits, pins, versions, health, usage",
        params,
        response: { 200: tools.ToolServerRecord, ...failures },
      },
    },
    async ({ params: { name } }) => getManagedToolServer(services, name),
  );
  http.get(
    ROUTES.toolServerHealth,
    {
      schema: {
        tags,
        summary: "Check a tool server: it is started apart and asked for its tools",
        params,
        response: { 200: tools.ToolServerHealth, ...failures },
      },
    },
    async ({ params: { name } }, reply) => checkToolServer(services, name, clientGone(reply).signal),
  );
}

function historyRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.toolServerVersions,
    {
      schema: {
        tags,
        summary: "The revisions of a tool server that are kept, newest first, each with what it changed",
        params,
        querystring: z.object({
          cursor: z.string().max(200).optional(),
          limit: z.coerce.number().int().min(1).max(200).default(20),
        }),
        response: { 200: tools.ToolServerVersionPage, ...failures },
      },
    },
    async ({ params: { name }, query }) => toolServerVersions(services, name, query),
  );
  http.get(
    ROUTES.toolServerDifference,
    {
      schema: {
        tags,
        summary: "What is different between two revisions",
        params,
        querystring: tools.DifferenceQuery,
        response: { 200: tools.ToolServerDifference, ...failures },
      },
    },
    async ({ params: { name }, query }) => toolServerDifference(services, name, query),
  );
  http.get(
    ROUTES.toolServerModule,
    { schema: { tags, summary: "The module of a tool server", params, querystring: tools.ModuleQuery } },
    async ({ params: { name }, query }, reply) => {
      const module = await toolServerModule(services, name, query.revision);
      return reply
        .header("content-disposition", `attachment; filename="${module.name}-${module.revision}.wasm"`)
        .header("x-content-type-options", "nosniff")
        .header("etag", `"${module.hash}"`)
        .type("application/wasm")
        .send(Buffer.from(module.bytes));
    },
  );
}

function steerRoutes(http: Http, { services }: HttpContext): void {
  const response = { 200: tools.ToolServerRecord, ...failures };
  http.post(
    ROUTES.acceptToolServer,
    {
      schema: {
        tags,
        summary: "Accept what waits: it serves from now on",
        params,
        body: tools.AcceptBody.nullish(),
        response,
      },
    },
    async (request) =>
      acceptToolServer(services, request.params.name, { revision: request.body?.revision, asked: askedIds(request) }),
  );
  http.post(
    ROUTES.activateToolServer,
    {
      schema: {
        tags,
        summary: "Let another revision serve, such as an older one",
        params,
        body: tools.ActivateBody,
        response,
      },
    },
    async ({ params: { name }, body }) => activateToolServer(services, name, body.revision),
  );
  http.post(
    ROUTES.pauseToolServer,
    {
      schema: {
        tags,
        summary: "Refuse its calls until it is resumed",
        params,
        body: tools.PauseBody.nullish(),
        response,
      },
    },
    async (request) =>
      pauseToolServer(services, request.params.name, { reason: request.body?.reason ?? "", asked: askedIds(request) }),
  );
  http.post(
    ROUTES.resumeToolServer,
    { schema: { tags, summary: "Take calls again", params, response } },
    async (request) => resumeToolServer(services, request.params.name, askedIds(request)),
  );
  http.delete(
    ROUTES.managedToolServer,
    {
      schema: {
        tags,
        summary: "Take a tool server away; calls under way end as they would have",
        params,
        response: { 200: tools.ToolServerDeletion, ...failures },
      },
    },
    async ({ params: { name } }) => deleteToolServer(services, name),
  );
}

function logRoute(http: Http, { services, streams }: HttpContext): void {
  http.get(
    ROUTES.toolServerLogs,
    {
      schema: {
        tags,
        summary: "What a tool server writes to its log",
        description:
          "The last lines; with `accept: text/event-stream` as ToolLogEvents, and then each line as it comes.",
        params,
        response: { 200: tools.ToolLog, ...failures },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (request.headers.accept?.includes("text/event-stream") !== true) return toolLogs(services, name);
      services.toolServers.runner.get(name);
      await streams.send(request, reply, (signal) => watchToolLog(services, name, signal));
      return reply;
    },
  );
}

const MODULE_BYTES_MAX = 32 * 1024 * 1024;
/** The rest is for the manifest and the form around them. */
const FORM_BYTES_MAX = MODULE_BYTES_MAX + 1024 * 1024;

function deployRoute(http: Http, { services }: HttpContext): void {
  // In a scope of its own, so that only this route takes bodies of this size and form.
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    for (const type of ["application/json", "multipart/form-data"]) {
      scope.addContentTypeParser(type, async (request: FastifyRequest, payload: AsyncIterable<Buffer>) =>
        readBody(request.headers["content-type"] ?? type, {
          payload,
          length: Number(request.headers["content-length"]),
        }),
      );
    }
    scope.post(
      ROUTES.toolServers,
      {
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          tags,
          summary: "Deploy a tool server, or its next revision",
          description:
            "As multipart/form-data with the file itself, at most 32 MiB, or as JSON of at most 4 MiB with the module in base64. Answers 201 for a new server, 200 for a new or unchanged revision, 202 when the revision waits to be accepted.",
          consumes: ["application/json", "multipart/form-data"],
          body: tools.DeployToolServerBody,
          response: {
            200: tools.ToolServerDeployment,
            201: tools.ToolServerDeployment,
            202: tools.ToolServerDeployment,
            ...failures,
          },
        },
        // What was read is checked already, and a module is no text.
        validatorCompiler: () => () => true,
      },
      async (request, reply) => {
        const deployment = await deployToolServer(services, asUpload(request.body), clientGone(reply).signal);
        const { outcome, dry_run: dryRun } = deployment;
        const status = dryRun ? 200 : ({ created: 201, pending: 202, updated: 200, unchanged: 200 } as const)[outcome];
        return reply.status(status).send(deployment);
      },
    );
  });
}

/** What `readBody` made of a request. */
class Upload extends HashedBody {
  readonly value: ToolServerUpload;
  constructor(value: ToolServerUpload) {
    super();
    this.value = value;
  }

  override get hash(): string {
    const { module, ...rest } = this.value;
    return createHash("sha256").update(module).update(JSON.stringify(rest)).digest("base64url");
  }
}

function asUpload(body: unknown): ToolServerUpload {
  if (body instanceof Upload) return body.value;
  throw invalid(["the request has no body"]);
}

async function readBody(contentType: string, { payload, length }: Incoming): Promise<Upload> {
  if (contentType.startsWith("multipart/")) {
    const tooLarge = new ModuleTooLargeError(MODULE_BYTES_MAX);
    return fromForm(contentType, await bounded(payload, length, FORM_BYTES_MAX, tooLarge));
  }
  // Reading JSON and base64 holds the server up for as long as it takes.
  const bytesMax = LIMITS.bodyBytesMax;
  const bytes = await bounded(
    payload,
    length,
    bytesMax,
    new BodyTooLargeError(
      `a module in JSON may have ${bytesMax / 1024 / 1024} MiB with all around it`,
      "Send it as a file in a form (multipart/form-data), as `caxton tool deploy` does.",
      { bytesMax },
    ),
  );
  const parsed = parseJson(bytes.toString("utf8"));
  if (parsed.type === "malformed") throw invalid([`the body is not JSON: ${parsed.reason}`]);
  const body = check(parsed.value);
  const module = Buffer.from(body.module, "base64");
  if (module.length === 0) throw invalid(["module: expected base64"]);
  return upload(module, body);
}

type Incoming = { readonly payload: AsyncIterable<Buffer>; readonly length: number };

/** Reads a body into one buffer. What it says of its length saves a copy of the whole at the end. */
async function bounded(
  payload: AsyncIterable<Buffer>,
  expected: number,
  bytesMax: number,
  tooLarge: Error,
): Promise<Buffer<ArrayBuffer>> {
  if (expected > bytesMax) throw tooLarge;
  let body = Buffer.allocUnsafeSlow(expected >= 0 ? expected : 64 * 1024);
  let length = 0;
  for await (const chunk of payload) {
    if (length + chunk.length > bytesMax) throw tooLarge;
    if (length + chunk.length > body.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * body.length, length + chunk.length));
      body.copy(larger, 0, 0, length);
      body = larger;
    }
    length += chunk.copy(body, length);
  }
  return body.subarray(0, length);
}

function fromForm(contentType: string, body: Buffer<ArrayBuffer>): Upload {
  const form = readForm(contentType, body);
  if (typeof form === "string") throw invalid([`the form cannot be read: ${form}`]);
  const { module: file, ...parts } = Object.fromEntries(form);
  if (file?.fileName === undefined) throw invalid(["module: expected a file"]);
  const texts = Object.entries(parts).map(([name, { content }]) => [name, content.toString("utf8")]);
  const fields = check({ file: file.fileName, ...Object.fromEntries(texts), module: "in the form" });
  return upload(file.content, fields);
}

function check(value: unknown): z.output<typeof tools.DeployToolServerBody> {
  const parsed = tools.DeployToolServerBody.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
}

const upload = (
  module: Uint8Array,
  { manifest, file, signature, dry_run: dryRun, accept }: z.output<typeof tools.DeployToolServerBody>,
): Upload => {
  if (module.byteLength > MODULE_BYTES_MAX) throw new ModuleTooLargeError(MODULE_BYTES_MAX);
  return new Upload({ module, manifest, file, signature, dryRun, accept });
};

const invalid = (problems: readonly string[]): RequestInvalidError =>
  new RequestInvalidError(
    `the request does not fit: ${problems.join("; ")}`,
    "/openapi.json describes every request.",
    {
      problems,
    },
  );
