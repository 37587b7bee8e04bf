import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { DOCUMENTS, LOGIN_PATHS, LoginProviders } from "../contract/index.ts";
import { checkInput } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { originOf } from "./requests/admission.ts";
import { attemptCookie, attemptOf, NO_ATTEMPT_COOKIE, sessionCookie } from "./requests/session-cookie.ts";

const HIDDEN = { schema: { hide: true } };
const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;
const LOGIN_PAGE = `${DOCUMENTS.dashboard}login`;
const LOGOUT_BYTES_MAX = 32 * 1024;
const PAGE_CHARS_MAX = 1_000;

const Named = z.object({ name: z.string() });
const Form = z.object({ logout_token: z.string() });

/** Returns the page of the dashboard to which a login returns. Addresses of other sites are ignored. */
function pageOf(to: unknown): string {
  const url = typeof to === "string" && to.length <= PAGE_CHARS_MAX ? URL.parse(to, "http://dashboard") : null;
  const isOwn = url?.origin === "http://dashboard" && url.pathname.startsWith(DOCUMENTS.dashboard);
  return isOwn ? url.pathname + url.search : DOCUMENTS.dashboard;
}

const searchOf = ({ url }: FastifyRequest): URLSearchParams => new URL(url, "http://server").searchParams;

/** Logins at identity providers. A failure of a login is a page, because a person sees it. */
export function loginRoutes(http: Http, context: HttpContext): void {
  const { services, options } = context;
  const { logins } = services.access;
  const providers = logins.providers.map(({ name, label, issuer, commandLineId, scopes }) => ({
    name,
    label,
    path: LOGIN_PATHS.begin.replace(":name", name),
    device: commandLineId === undefined ? null : { issuer, client_id: commandLineId, scopes: [...scopes] },
  }));
  http.get(
    DOCUMENTS.loginProviders,
    {
      schema: {
        security: [],
        operationId: "access.providers",
        tags: ["access"],
        summary: "List identity providers",
        description: "Needs no credentials: the login page shows a button for each.",
        response: { 200: LoginProviders },
      },
    },
    async (_request, reply) => reply.headers(HEADERS).send({ items: providers }),
  );
  backChannelRoute(http, context);
  if (options.dashboardDirectory !== undefined) browserRoutes(http, context);
}

function browserRoutes(http: Http, { services, options }: HttpContext): void {
  const { logins } = services.access;
  const publicOrigin = options.publicUrl === undefined ? undefined : new URL(options.publicUrl).origin;
  const originFor = ({ protocol, headers }: FastifyRequest) => publicOrigin ?? `${protocol}://${headers.host ?? ""}`;
  http.get(LOGIN_PATHS.begin, HIDDEN, async (request, reply) => {
    void reply.headers(HEADERS);
    const { protocol, headers, params, url } = request;
    // The response comes to the public address, so the cookie must be set there.
    if (publicOrigin !== undefined && publicOrigin !== `${protocol}://${headers.host ?? ""}`)
      return reply.redirect(publicOrigin + url);
    try {
      const destination = {
        redirectUri: originFor(request) + LOGIN_PATHS.callback,
        returnTo: pageOf(searchOf(request).get("to")),
      };
      const begun = await logins.begin(checkInput(Named, params).name, destination, originOf(request));
      return await reply.header("set-cookie", attemptCookie(begun.attempt)).redirect(begun.url.href);
    } catch (error) {
      return sendFailure(error, reply);
    }
  });
  http.get(LOGIN_PATHS.callback, HIDDEN, async (request, reply) => {
    void reply.headers(HEADERS).header("set-cookie", NO_ATTEMPT_COOKIE);
    try {
      const attempt = attemptOf(request.headers.cookie) ?? "";
      const { session, returnTo } = await logins.finish(attempt, searchOf(request), originOf(request));
      return await reply.header("set-cookie", sessionCookie(session)).redirect(returnTo, 303);
    } catch (error) {
      return sendFailure(error, reply);
    }
  });
  http.get(LOGIN_PATHS.logout, HIDDEN, async (request, reply) => {
    void reply.headers(HEADERS);
    const page = originFor(request) + LOGIN_PAGE;
    try {
      const url = await logins.logoutUrl(checkInput(Named, request.params).name, page);
      return await reply.redirect(url?.href ?? page, 303);
    } catch (error) {
      return sendFailure(error, reply);
    }
  });
}

/** Shows the code of a failure on the login page. The log has the cause. */
function sendFailure(error: unknown, reply: FastifyReply): FastifyReply {
  const { code, kind } = toFault(error);
  log[kind === "bug" ? "error" : "warn"]({ err: error, code }, "a login at an identity provider failed");
  return reply.redirect(`${LOGIN_PAGE}?failure=${code}`, 303);
}

/** Providers end sessions here, server to server. */
function backChannelRoute(http: Http, { services }: HttpContext): void {
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      async (_request: FastifyRequest, body: string | Buffer) => Object.fromEntries(new URLSearchParams(String(body))),
    );
    scope.post(
      LOGIN_PATHS.backChannelLogout,
      { schema: { hide: true }, bodyLimit: LOGOUT_BYTES_MAX },
      async (request, reply) => {
        const { logout_token: token } = checkInput(Form, request.body);
        await services.access.logins.endByIssuer(token, originOf(request));
        return reply.headers(HEADERS).status(200).send();
      },
    );
  });
}
