import type { FastifyReply, FastifyRequest } from "fastify";

/** Seconds for which a browser may remember what a preflight request allowed; more than two hours is cut to that by some. */
const REMEMBERED_SECONDS = 7_200;

/**
 * Web pages of other origins that may use the server. They never get cookies along, so that headers can be allowed and exposed as a whole:
 * a request needs a key or a token as that of any program.
 */
export class CrossOrigin {
  readonly #allowed: ReadonlySet<string>;

  constructor(origins: readonly string[] = []) {
    this.#allowed = new Set(origins.map((each) => new URL(each).origin));
  }

  includes(origin: string | undefined): origin is string {
    return origin !== undefined && this.#allowed.has(origin);
  }

  /** Lets a page of an origin that is included read the answer. */
  answer({ headers: { origin } }: Pick<FastifyRequest, "headers">, reply: FastifyReply): void {
    if (!this.includes(origin)) return;
    void reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "*",
      vary: "origin",
    });
  }

  /** Answers the question of a browser whether a page may send a request with one of these methods. */
  preflight({ headers }: Pick<FastifyRequest, "headers">, reply: FastifyReply, methods: readonly string[]): void {
    if (!this.includes(headers.origin) || headers["access-control-request-method"] === undefined) return;
    void reply.headers({
      "access-control-allow-methods": methods.join(", "),
      "access-control-allow-headers": "*, authorization",
      "access-control-max-age": REMEMBERED_SECONDS,
    });
  }
}
