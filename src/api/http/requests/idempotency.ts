import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { canonicalJson, isJsonObject, Json, type JsonObject } from "../../../kernel/json.ts";
import { mint, RunId } from "../../../kernel/ids.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { type AnswerKey, type ApiServices, RequestIds } from "../../operations/index.ts";
import { admissionOf } from "./admission.ts";
import type { Http } from "../context.ts";
import { RequestInvalidError } from "../../operations/index.ts";
import { IdempotencyKeyInUseError, IdempotencyKeyReusedError } from "../errors.ts";
import { HashedBody } from "./hashed-body.ts";

const KEY = /^[\x21-\x7E]{1,200}$/;
/** Headers of a stored response. */
const HEADERS = ["content-type", "location"];

/** The header in OpenAPI. */
const PARAMETER = {
  in: "header",
  name: "Idempotency-Key",
  required: false,
  schema: { type: "string", minLength: 1, maxLength: 200 },
  description: `Key that you choose for this request. For ${LIMITS.idempotencyKeysMs / 3_600_000} hours, a repeated request with this key is not executed again: it returns the first response, with the header idempotent-replayed. A request interrupted by a crash of the server is resumed. A different request with the same key is refused.`,
};

const PREFIX = "/api/v1/";
const takesKey = (method: string, url: string): boolean => method === "POST" && url.startsWith(PREFIX);

/** Adds the header to every operation of an OpenAPI document that accepts it. */
export function documentIdempotency(document: JsonObject): JsonObject {
  const { paths } = document;
  if (!isJsonObject(paths)) return document;
  const described = Object.entries(paths).map(([path, methods]) => {
    const post = isJsonObject(methods) && path.startsWith(PREFIX) ? methods["post"] : undefined;
    if (!isJsonObject(methods) || !isJsonObject(post)) return [path, methods] as const;
    const { parameters } = post;
    const all = [...(Array.isArray(parameters) ? parameters : []), PARAMETER];
    return [path, { ...methods, post: { ...post, parameters: all } }] as const;
  });
  return { ...document, paths: Object.fromEntries(described) };
}

const asked = new WeakMap<FastifyRequest, RequestIds>();

/** Ids for a request with a key, which are on disk before it is executed; undefined without a key. */
export const requestIds = (request: FastifyRequest): RequestIds | undefined => asked.get(request);

/** Whether a request can be executed again if the server does not know whether it was executed. */
const isRepeatable = (request: FastifyRequest): boolean =>
  request.routeOptions.config.mayRepeat?.(request.params, admissionOf(request).principal.workspace) ?? false;

/** Statuses from this one on mean a server failure or a disconnected client: the request may be executed in part. */
export const UNSURE = 499;

/**
 * Executes a request with an `Idempotency-Key` once. Failure responses are not stored. After a crash, a repeated request is
 * executed again with the same ids.
 */
export function idempotencyPlugin(http: Http, { storage, server }: ApiServices): void {
  const { idempotencyStore } = storage;
  const taken = new WeakMap<FastifyRequest, AnswerKey>();
  http.addHook("preValidation", async (request, reply) => {
    const given = request.headers["idempotency-key"];
    if (given === undefined || !takesKey(request.method, request.url)) return;
    // A path that no operation has.
    if (request.routeOptions.config.operation === undefined) return;
    const { workspace, id } = admissionOf(request).principal;
    // Another principal that chooses the same key must not receive this one's response. Keys have no spaces.
    const key = { workspace, key: `${id} ${keyOf(request, given)}` };
    const subject = isRepeatable(request) ? mint(RunId) : undefined;
    const claim = await idempotencyStore.claim(key, { hash: hashOf(request), subject }, server.clock.nowMs());
    if (claim.type === "new" || claim.type === "begun") {
      if (claim.type === "begun") asked.set(request, new RequestIds(claim.subject, true));
      else if (subject !== undefined) asked.set(request, new RequestIds(subject, false));
      return void taken.set(request, key);
    }
    if (claim.type !== "kept") throw refusalOf(claim.type, keyOf(request, given));
    const { status, headers, body } = claim.answer;
    return reply.status(status).headers(headers).header("idempotent-replayed", "true").send(body);
  });
  http.addHook("onSend", async (request, reply, payload: unknown) => {
    const key = taken.get(request);
    if (key === undefined) return payload;
    const { statusCode: status } = reply;
    const isDone = status < 300 && typeof payload === "string";
    if (isDone && request.routeOptions.config.operation?.keepsAnswer === false) await idempotencyStore.release(key);
    else if (isDone)
      await idempotencyStore.keep(key, {
        status,
        headers: headersOf(reply.getHeaders()),
        body: withoutToken(request, payload),
      });
    // One that came again may have done something before, whatever it is refused for now.
    else if (status >= UNSURE || asked.get(request)?.isRepeated === true) await idempotencyStore.leave(key);
    else await idempotencyStore.release(key);
    return payload;
  });
}

const STREAMS = ["text/event-stream", "application/x-ndjson"];

const wrong = (message: string): RequestInvalidError =>
  new RequestInvalidError(message, "A UUID is a good Idempotency-Key.", { problems: [message] });

function keyOf({ headers }: FastifyRequest, given: string | string[]): string {
  const key = checkKey(given);
  if (STREAMS.some((type) => headers.accept?.includes(type) === true)) throw streamedAgain();
  return key;
}

/** Throws RequestInvalidError. */
export function checkKey(given: string | string[]): string {
  if (typeof given === "string" && KEY.test(given)) return given;
  throw wrong("an Idempotency-Key is one word of 1 to 200 printable ASCII characters");
}

export const streamedAgain = (): RequestInvalidError =>
  wrong("a stream cannot be answered again, so there is no Idempotency-Key with it: start it, then follow it");

/** All that was asked: two requests with the same are the same. */
export function hashOf({ method, url, body }: Pick<FastifyRequest, "method" | "url" | "body">): string {
  if (body instanceof HashedBody) return digestOf(method, url, body.hash);
  const json = Json.safeParse(body ?? null);
  if (!json.success && !Buffer.isBuffer(body)) {
    const message = "files are sent without an Idempotency-Key";
    throw new RequestInvalidError(message, "Give the request that uses the file the key.", { problems: [message] });
  }
  return digestOf(method, url, json.success ? canonicalJson(json.data) : String(body));
}

const digestOf = (method: string, url: string, body: string): string =>
  createHash("sha256").update(`${method} ${url}\n`).update(body).digest("base64url");

/** Returns a body with null in place of the fields that are sent once. */
function withoutToken({ routeOptions }: FastifyRequest, body: string): string {
  const { sentOnce: once = [] } = routeOptions.config.operation ?? {};
  if (once.length === 0) return body;
  const answer = Json.parse(JSON.parse(body));
  const nulls = Object.fromEntries(once.map((name) => [name, null]));
  return JSON.stringify(isJsonObject(answer) ? { ...answer, ...nulls } : answer);
}

const headersOf = (headers: { readonly [name: string]: unknown }): { readonly [name: string]: string } =>
  Object.fromEntries(
    HEADERS.flatMap((name) => {
      const value = headers[name];
      return typeof value === "string" ? [[name, value] as const] : [];
    }),
  );

export function refusalOf(type: "other-request" | "in-progress" | "unfinished", key: string): Error {
  switch (type) {
    case "other-request":
      return new IdempotencyKeyReusedError(
        `the Idempotency-Key ${key} belongs to another request`,
        "Use a new key for each request, and repeat a request unchanged.",
        { key },
      );
    case "in-progress":
      return new IdempotencyKeyInUseError(
        `the request with the Idempotency-Key ${key} is in progress`,
        "Retry in a moment to get its response.",
        { key },
      );
    case "unfinished":
      return new IdempotencyKeyInUseError(
        `the server stopped or failed during the request with the Idempotency-Key ${key}, and executing it twice is unsafe`,
        "Check whether the request took effect. If not, send it with another key.",
        { key },
      );
  }
}
