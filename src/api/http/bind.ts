import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest, FastifySchema } from "fastify";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { Download, Events, type Operation, takes } from "../contract/index.ts";
import type { Access, Admission, Principal } from "../../access/index.ts";
import {
  type ApiServices,
  type RequestIds,
  type Call,
  type Implementation,
  type ReceivedBody,
  refuseUnknownKeys,
  RequestInvalidError,
} from "../operations/index.ts";
import { respondNdjson, acceptsNdjson } from "./responses/respond-ndjson.ts";
import { admissionOf, admit } from "./requests/admission.ts";
import { abortOnDisconnect } from "./responses/abort-on-disconnect.ts";
import type { Http } from "./context.ts";
import { HashedBody } from "./requests/hashed-body.ts";
import { requestIds } from "./requests/idempotency.ts";
import { NO_SESSION_COOKIE, sessionCookie } from "./requests/session-cookie.ts";
import { setRateHeaders } from "./responses/rate-headers.ts";
import { failures } from "./responses/responses.ts";
import type { EventStreams } from "./responses/sse.ts";
import type { RequestBodies } from "./slow-clients.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    readonly operation?: Operation;
    /** Of a document that is served while other requests are refused. */
    readonly isUrgent?: boolean;
    /** Whether the request can be executed again with the same `Idempotency-Key`. */
    readonly mayRepeat?: (params: unknown, workspace: string) => boolean;
  }
}

/** Reads bodies of a media type of its own into the operation's body. */
export type BodyReader = (request: FastifyRequest, payload: AsyncIterable<Buffer>) => Promise<HashedBody>;
export type BodyReaders = Readonly<
  Record<string, { readonly mediaTypes: readonly string[]; readonly bytesMax: number; readonly read: BodyReader }>
>;

/** What routes of operations have in common. */
export type Binding = {
  readonly access: Access;
  readonly services: ApiServices;
  readonly streams: EventStreams;
  readonly bodies: RequestBodies;
  /** By name of the operation. */
  readonly bodyReaders: BodyReaders;
};

/** Registers the route of an operation: its description, admission, input and answer. */
export function bind(http: Http, implementation: Implementation<string>, binding: Binding): void {
  const { operation } = implementation;
  const reader = binding.bodyReaders[operation.name];
  if (operation.receives.length === 0 && reader === undefined) return route(http, implementation, binding);
  // In a scope of its own, so that only this route takes bodies of this form and size.
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    if (reader === undefined) scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    else for (const type of reader.mediaTypes) scope.addContentTypeParser(type, reader.read);
    route(scope, implementation, binding);
  });
}

function route(
  http: Http,
  implementation: Implementation<string>,
  { access, services, streams, bodies, bodyReaders }: Binding,
): void {
  const { operation, perform, stream } = implementation;
  const { method, path: url, bodyBytesMax } = operation.http;
  const isStream = operation.receives.length > 0;
  const reader = bodyReaders[operation.name];
  const bodyLimit = isStream || reader !== undefined ? Number.MAX_SAFE_INTEGER : bodyBytesMax;
  const bytesMax = reader?.bytesMax ?? bodyBytesMax ?? LIMITS.bodyBytesMax;
  http.route({
    method,
    url,
    ...(bodyLimit !== undefined && { bodyLimit }),
    config: { operation, mayRepeat: (params, workspace) => implementation.mayRepeat(services, params, workspace) },
    schema: describe(operation, reader?.mediaTypes),
    // `perform` checks the input, for every surface alike.
    validatorCompiler: () => () => true,
    // Before the body is read.
    onRequest: async (request, reply) => {
      const { principal } = await admit(access, operation, request);
      setRateHeaders(reply, services.access.limits.spend({ principal }, operation));
      if (!isStream) bodies.hold(request, reply, { bytesMax, party: { address: request.ip, principal } });
    },
    handler: async (request, reply) => {
      const call = new HttpCall(admissionOf(request), request, reply);
      const { principal } = call;
      if (isStream) services.access.limits.hold("uploads", { address: request.ip, principal }).untilClosed(reply.raw);
      const parts = { params: request.params, query: queryOf(request, operation), body: bodyOf(request, operation) };
      if (stream !== undefined && (operation.output === Events || wantsEvents(request))) {
        const begin = async (signal: AbortSignal) => {
          const { events, headers = {} } = await stream(services, parts, call.until(signal));
          void reply.headers(headers);
          return events;
        };
        await streams.send(request, reply, begin, principal);
        return reply;
      }
      if (operation.reportsProgress && acceptsNdjson(request)) {
        await respondNdjson(request, reply, async (onProgress) =>
          perform(services, parts, call.reporting(onProgress)).then(({ output }) => output),
        );
        return reply;
      }
      const { output, status, headers } = await perform(services, parts, call);
      void reply.status(status).headers(headers);
      return operation.output === Download ? sendFile(reply, Download.parse(output)) : reply.send(output);
    },
    onResponse: (request, _reply, done) => {
      // The rest of a body that was refused early must not block its connection.
      if (operation.receives.length > 0) request.raw.resume();
      done();
    },
  });
}

/** The route's part of the OpenAPI document and the schema of its answers. */
function describe(operation: Operation, mediaTypes: readonly string[] = operation.receives): FastifySchema {
  const { name, tags, summary, description, params, query, body, output, events, isBodyOptional, http } = operation;
  const answer = output === Events ? events : output;
  const statuses = answer === undefined || output === Download ? [] : [http.status, ...(http.otherStatuses ?? [])];
  return {
    operationId: name,
    tags: [...tags],
    summary,
    ...(description !== undefined && { description }),
    ...(mediaTypes.length > 0 && { consumes: [...mediaTypes] }),
    ...(takes(operation, "params") && { params }),
    ...(takes(operation, "query") && { querystring: query }),
    ...(takes(operation, "body") && { body: isBodyOptional ? body.nullish() : body }),
    response: { ...Object.fromEntries(statuses.map((status) => [status, answer])), ...failures },
  };
}

const wantsEvents = ({ headers }: FastifyRequest): boolean => headers.accept?.includes("text/event-stream") ?? false;

/** The query without the name of the workspace, which is a part of the credentials. Throws RequestInvalidError for unknown parameters. */
function queryOf({ query }: FastifyRequest, { queryNames }: Operation): object {
  const given = Object.entries(query ?? {}).filter(([name]) => name !== "workspace");
  const rest = Object.fromEntries(given);
  refuseUnknownKeys(rest, queryNames, " in the query");
  return rest;
}

/** Returns the parsed body; null if the operation takes none. Throws RequestInvalidError if a JSON body is missing. */
function bodyOf({ body }: FastifyRequest, operation: Operation): unknown {
  if (body instanceof HashedBody) return body.value;
  if (body !== undefined && body !== null) return body;
  if (operation.isBodyOptional) return {};
  if (!takes(operation, "body")) return null;
  throw new RequestInvalidError(
    "the request has no JSON body",
    'Send a JSON object with the header "Content-Type: application/json". /openapi.json describes its fields.',
    { problems: ["the JSON body is missing"] },
  );
}

/** Sends a file. A failure before its first part is answered as a problem. */
async function sendFile(reply: FastifyReply, { mediaType, content, headers }: Download): Promise<FastifyReply> {
  const send = (body: Buffer | Readable) => reply.type(mediaType).headers(headers).send(body);
  if (content instanceof Uint8Array) return send(Buffer.from(content.buffer, content.byteOffset, content.length));
  const pieces = content[Symbol.asyncIterator]();
  const first = await pieces.next();
  const body = Readable.from(startingWith(first, pieces), { objectMode: false });
  // A client that has disconnected already: the generator does not start, so its `finally` does not run.
  body.once("close", () => {
    pieces.return?.().catch((error: unknown) => log.debug({ err: error }, "a download could not be closed"));
  });
  return send(body);
}

async function* startingWith(
  first: IteratorResult<string | Uint8Array, unknown>,
  rest: AsyncIterator<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) if (next.value !== "") yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** A call by an HTTP request. Listens for a disconnect only if the operation asks for the signal. */
class HttpCall implements Call {
  readonly admission: Admission;
  readonly asked: RequestIds | undefined;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;
  #onProgress: (progress: object) => void = () => undefined;

  constructor(admission: Admission, request: FastifyRequest, reply: FastifyReply) {
    this.admission = admission;
    this.asked = requestIds(request);
    this.#request = request;
    this.#reply = reply;
  }

  get principal(): Principal {
    return this.admission.principal;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#ended();
    return this.#signal;
  }

  /** Aborts when the client disconnects or its credentials end: a wait ends then, as a stream does. */
  #ended(): AbortSignal {
    const disconnected = abortOnDisconnect(this.#reply).signal;
    const ended = this.principal.ended?.();
    return ended === undefined ? disconnected : AbortSignal.any([disconnected, ended]);
  }

  onSession(id: string | undefined): void {
    void this.#reply.header("set-cookie", id === undefined ? NO_SESSION_COOKIE : sessionCookie(id));
  }

  get lastEventId(): string | undefined {
    const given = this.#request.headers["last-event-id"];
    return typeof given === "string" && given !== "" ? given : undefined;
  }

  get received(): ReceivedBody {
    const { headers, raw } = this.#request;
    const { "content-type": mediaType, "content-length": bytes } = headers;
    // An operation that ends early still has to be answered, which its connection must outlive.
    const content = raw.iterator({ destroyOnReturn: false });
    return { mediaType, bytes: bytes === undefined ? undefined : Number(bytes), content };
  }

  get onProgress(): (progress: object) => void {
    return this.#onProgress;
  }

  /** The same call, which also ends when the signal aborts. The signal aborts when the client disconnects. */
  until(signal: AbortSignal): this {
    this.#signal = signal;
    return this;
  }

  reporting(onProgress: (progress: object) => void): this {
    this.#onProgress = onProgress;
    return this;
  }
}
