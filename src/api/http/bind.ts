import type { FastifyReply, FastifyRequest, FastifySchema } from "fastify";
import { type Operation, takes } from "../contract/index.ts";
import type { Access, AskedIds, Call, Implementation, Principal } from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import type { Http } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    readonly operation?: Operation;
  }
}

/** Registers the route of an operation: its description, admission, input and answer. */
export function bind<Services>(
  http: Http,
  access: Access,
  { operation, perform }: Implementation<string, Services>,
  services: Services,
): void {
  const { method, path: url, status } = operation.http;
  const principals = new WeakMap<FastifyRequest, Principal>();
  http.route({
    method,
    url,
    config: { operation },
    schema: describe(operation),
    // `perform` checks the input, for every surface alike.
    validatorCompiler: () => () => true,
    // Before the body is read.
    onRequest: (request, _reply, done) => {
      principals.set(request, access.admit(operation, { token: tokenOf(request), address: request.ip }));
      done();
    },
    handler: async (request, reply) => {
      const principal = principals.get(request);
      if (principal === undefined) throw new Error(`${operation.name} was not admitted`);
      const call = new HttpCall(principal, request, reply);
      const { params, query, body } = request;
      return reply.status(status).send(await perform(services, { params, query, body: body ?? null }, call));
    },
  });
}

/** The route's part of the OpenAPI document and the schema of its answers. */
const describe = (operation: Operation): FastifySchema => ({
  operationId: operation.name,
  tags: [...operation.tags],
  summary: operation.summary,
  ...(operation.description !== undefined && { description: operation.description }),
  ...(takes(operation, "params") && { params: operation.params }),
  ...(takes(operation, "query") && { querystring: operation.query }),
  ...(takes(operation, "body") && { body: operation.body }),
  response: { [operation.http.status]: operation.output, ...failures },
});

const BEARER = /^Bearer +([^ ]+)$/iu;
const tokenOf = ({ headers }: FastifyRequest): string | undefined => BEARER.exec(headers.authorization ?? "")?.[1];

/** A call by an HTTP request. Listens for a disconnect only if the operation asks for the signal. */
class HttpCall implements Call {
  readonly principal: Principal;
  readonly asked: AskedIds | undefined;
  readonly #reply: FastifyReply;
  #controller: AbortController | undefined;

  constructor(principal: Principal, request: FastifyRequest, reply: FastifyReply) {
    this.principal = principal;
    this.asked = askedIds(request);
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#controller ??= clientGone(this.#reply);
    return this.#controller.signal;
  }
}
