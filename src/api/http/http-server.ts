import { randomUUIDv7 } from "node:crypto";
import { createServer as createHttp1 } from "node:http";
import fastifySwagger from "@fastify/swagger";
import { fastify, type RouteOptions } from "fastify";
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  serializerCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { isDenial, limitConnections } from "../../access/index.ts";
import { CaxtonError, toFault } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { DOCUMENTS, HOOK_PATH, LOGIN_PATHS, MESSAGE_SOCKET } from "../contract/index.ts";
import { type ApiServices, OPERATIONS } from "../operations/index.ts";
import { originOf } from "./requests/admission.ts";
import { AllowedMethods } from "./requests/allowed-methods.ts";
import { bind } from "./bind.ts";
import type { Http, HttpContext, HttpOptions } from "./context.ts";
import { dashboardRoutes } from "./dashboard-routes.ts";
import { hookRoutes } from "./hook-routes.ts";
import { ALPN_PROTOCOLS, Http2Sessions } from "./http2.ts";
import { bindProtocol } from "./protocol.ts";
import { bindRpc } from "./rpc.ts";
import { loginRoutes } from "./login-routes.ts";
import { toolLoginRoutes } from "./tool-login-routes.ts";
import { MethodNotAllowedError, RouteNotFoundError, ServerStartingError } from "./errors.ts";
import { idempotencyPlugin } from "./requests/idempotency.ts";
import { MessageSockets, refuseUpgrade } from "./message-socket.ts";
import { CrossOrigin } from "./requests/cross-origin.ts";
import { guardOrigin, isApi, isLoopback } from "./requests/origin-guard.ts";
import { openApiHeader } from "./openapi-header.ts";
import { readJson } from "./requests/json-body.ts";
import { MODULE_BODY_BYTES_MAX, MODULE_MEDIA_TYPES, readModuleBody } from "./requests/module-body.ts";
import { setRateHeaders } from "./responses/rate-headers.ts";
import { sendProblem } from "./responses/problem.ts";
import { rawProblem } from "./responses/raw-problem.ts";
import { checkRequest } from "./requests/request-check.ts";
import { TrustedProxies } from "./requests/trusted-proxies.ts";
import { rejectMalformed, RequestBodies } from "./slow-clients.ts";
import { EventStreams } from "./responses/sse.ts";
import { systemRoutes } from "./system-routes.ts";

/** Answers hold prompts and results: no other site may embed them, and nothing keeps them. A route may set its own. */
const API_HEADERS = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

const BODY_MS = 300_000;

/** Those that Fastify gives the servers that it creates. PendingBodies limits the time of bodies. */
const TIMEOUTS = { keepAliveTimeout: 72_000, requestTimeout: 0 };
/** Over TLS, browsers use no plain HTTP for the host. Not sent for loopback, where it would count for every port. */
const STRICT_TRANSPORT = { "strict-transport-security": "max-age=31536000" } as const;

/** Ids of users contain the subject, of up to 255 characters. */
const PARAM_CHARS_MAX = 500;
/** Name under which requests count that are no operations. */
const DOCUMENT = "document";
const REQUEST_ID = /^[\w.-]{1,100}$/;

/** While tool servers are loaded after a start, one that is not there may be in a moment. */
function orStarting(error: Error, { server }: ApiServices): Error {
  const isMissing = error instanceof CaxtonError && error.code === "TOOL_SERVER_NOT_FOUND";
  if (!isMissing || server.checks()["tools"]?.ok !== false) return error;
  return new ServerStartingError(
    `${error.message} yet: the server is starting and loads its tool servers`,
    "Try again in a second, or wait until /ready answers 200.",
    {},
    { cause: error },
  );
}

/** The REST interface: decodes into operations, encodes what they give, and holds no logic of its own. */
export async function httpServer(
  services: ApiServices,
  options: HttpOptions,
): Promise<{ http: Http; streams: EventStreams }> {
  const { limits } = services.access;
  const streams = new EventStreams(limits);
  const bodies = new RequestBodies(limits, options.bodyMs ?? BODY_MS);
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const { createServer = createHttp1 } = options;
  let sessions: Http2Sessions | undefined;
  const http = fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytesMax,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUIDv7();
    },
    forceCloseConnections: "idle",
    // What is refused before any route, such as a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      void reply.header("x-request-id", request.id);
      void sendProblem(error, request, reply);
    },
    clientErrorHandler: rejectMalformed,
    trustProxy: proxies.includes ?? false,
    serverFactory: (handler) => {
      // One for each address that a host name has.
      sessions ??= new Http2Sessions(handler);
      return sessions.serve(createServer({ ...TIMEOUTS, ALPNProtocols: ALPN_PROTOCOLS }, handler));
    },
  }).withTypeProvider<ZodTypeProvider>();
  bodies.watch(http);
  limitConnections(http.server, {
    limits,
    isProxy: proxies.includes,
    answer: options.createServer === undefined ? rawProblem : undefined,
    makeRoom: () => {
      http.server.closeIdleConnections();
      sessions?.closeIdle();
    },
  });
  http.setValidatorCompiler(checkRequest);
  http.setSerializerCompiler(serializerCompiler);
  http.decorateReply("allowance", undefined);
  http.setErrorHandler<Error>((error, request, reply) => {
    setRateHeaders(reply);
    return sendProblem(orStarting(error, services), request, reply);
  });
  // Fastify reads plain text too; no route of ours does.
  http.removeContentTypeParser(["text/plain", "application/json"]);
  readJson(http, "application/json", bodies);
  http.addHook("onRoute", requireDeclaration);
  const pages = new CrossOrigin(options.allowedOrigins);
  answerUnknownRoutes(http, pages);
  guardRequests(http, { services, options, proxies }, pages);
  await describeApi(http, services);
  // A stream that its client does not end would keep the server from closing.
  http.addHook("preClose", async () => sessions?.close());
  const context: HttpContext = { services, streams, bodies, options, proxies };
  idempotencyPlugin(http, services);
  routes(http, context);
  return { http, streams };
}

async function describeApi(http: Http, services: ApiServices): Promise<void> {
  await http.register(fastifySwagger, {
    openapi: openApiHeader(services.server.version, services.access.access.mode),
    transform: createJsonSchemaTransform({ skipList: [] }),
    transformObject: createJsonSchemaTransformObject({}),
  });
}

/** Refuses requests of other web sites, and sets the headers of every answer. */
function guardRequests(
  http: Http,
  { services, options, proxies }: Pick<HttpContext, "services" | "options" | "proxies">,
  pages: CrossOrigin,
): void {
  const { limits, access } = services.access;
  const guard = guardOrigin(options.allowedHosts, pages);
  // One hook, which is synchronous: every request passes it.
  http.addHook("onRequest", (request, reply, done) => {
    const { id, ip: address, url, protocol, headers, routeOptions } = request;
    const { operation, protocol: name = DOCUMENT, isUrgent = false } = routeOptions.config;
    proxies.restoreHost(request.raw);
    // A page reads refusals, too.
    pages.answer(request, reply);
    // Before authentication, which costs most.
    reply.allowance = limits.spend({ address }, operation ?? { name, isUrgent });
    // An operation is also counted for its principal.
    if (operation === undefined) setRateHeaders(reply);
    try {
      guard(request);
    } catch (error) {
      if (isDenial(error)) access.refused(originOf(request), toFault(error).code, { operation });
      throw error;
    }
    void reply.header("x-request-id", id);
    if (protocol === "https" && !isLoopback(headers.host ?? "")) void reply.headers(STRICT_TRANSPORT);
    if (isApi(url, routeOptions)) void reply.headers(API_HEADERS);
    done();
  });
}

/** Answers requests that fit no route: whether the path takes other methods, or does not exist. */
function answerUnknownRoutes(http: Http, pages: CrossOrigin): void {
  const allowed = new AllowedMethods();
  http.addHook("onRoute", ({ url, method }) => allowed.add(url, method));
  http.setNotFoundHandler(async (request, reply) => {
    const { method, url } = request;
    const path = url.split("?")[0] ?? url;
    const methods = allowed.at(path);
    if (methods.length > 0) void reply.header("allow", methods.join(", "));
    pages.preflight(request, reply, methods);
    if (method === "OPTIONS" && methods.length > 0) return reply.status(204).send();
    if (methods.length > 0)
      throw new MethodNotAllowedError(`${path} does not take ${method}`, `It takes ${methods.join(", ")}.`, {
        methods,
      });
    throw new RouteNotFoundError(`there is nothing at ${method} ${path}`, `${DOCUMENTS.openapi} lists what there is.`, {
      path,
    });
  });
}

const BODY_READERS = {
  "toolServer.deploy": { mediaTypes: MODULE_MEDIA_TYPES, bytesMax: MODULE_BODY_BYTES_MAX, read: readModuleBody },
};

function routes(http: Http, context: HttpContext): void {
  const { services, streams, bodies } = context;
  const binding = { access: services.access.access, services, streams, bodies, bodyReaders: BODY_READERS };
  for (const each of OPERATIONS) bind(http, each, binding);
  for (const each of context.options.protocols ?? []) bindProtocol(http, each, context);
  for (const each of context.options.rpc ?? []) bindRpc(http, each, context);
  sockets(http, context);
  systemRoutes(http, context);
  loginRoutes(http, context);
  toolLoginRoutes(http, context);
  hookRoutes(http, context);
  dashboardRoutes(http, context);
}

const DOCUMENT_PATHS = new Set<string>([...Object.values(DOCUMENTS), "/", "/ui", "/ui/*"]);
const { backChannelLogout, ...BROWSER_PATHS } = LOGIN_PATHS;
const LOGIN_PAGES = new Set<string>(Object.values(BROWSER_PATHS));

/** Paths whose requests bring a proof of their own. */
const OWN_SECRETS = new Set<string>([backChannelLogout, HOOK_PATH]);

/**
 * Throws for a route that is neither an operation, which states its permission and effect, nor of a protocol, which performs operations,
 * nor a public document, a login, nor a webhook.
 */
function requireDeclaration({ method, url, config }: RouteOptions): void {
  const isRead = [method].flat().every((each) => each === "GET" || each === "HEAD");
  const isPublic = isRead ? DOCUMENT_PATHS.has(url) || LOGIN_PAGES.has(url) : OWN_SECRETS.has(url);
  if (config?.operation === undefined && config?.protocol === undefined && !isPublic)
    throw new Error(`${String(method)} ${url} is neither an operation nor a public document`);
}

/** Serves messages over WebSockets, which are closed before the connections of the server are. */
function sockets(http: Http, context: HttpContext): void {
  const open = new MessageSockets(context);
  http.server.on("upgrade", (request, socket, head) => {
    // Node has removed its own listener; without one, a connection that is reset would end the process.
    socket.on("error", () => socket.destroy());
    if (open.upgrade(request, socket, head)) return;
    refuseUpgrade(
      socket,
      new RouteNotFoundError("there is no WebSocket at this path", `Connect to ${MESSAGE_SOCKET}.`, {
        path: MESSAGE_SOCKET,
      }),
    );
  });
  http.addHook("preClose", async () => open.closeAll());
}
