import { DOCUMENTS, LOGIN_PATHS } from "../contract/index.ts";
import type { Http, HttpContext } from "./context.ts";

const HIDDEN = { schema: { hide: true } };
const HEADERS = { "referrer-policy": "no-referrer", "x-content-type-options": "nosniff" } as const;
/** As this server writes it: the name of a tool server, a dot and what is random. */
const STATE = /^([a-z0-9][a-z0-9_-]{0,62})\.[\w-]+$/;

/** Sign-ins of users to remote tool servers: where browsers come back, and how authorization servers know this client. */
export function toolLoginRoutes(http: Http, { options }: HttpContext): void {
  const { publicUrl, dashboardDirectory } = options;
  if (publicUrl?.startsWith("https:") === true) {
    const document = {
      client_id: new URL(LOGIN_PATHS.toolClient, publicUrl).href,
      client_name: "Caxton",
      client_uri: publicUrl,
      redirect_uris: [new URL(LOGIN_PATHS.toolCallback, publicUrl).href],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      application_type: "web",
      token_endpoint_auth_method: "none",
    };
    http.get(LOGIN_PATHS.toolClient, HIDDEN, async (_request, reply) => reply.headers(HEADERS).send(document));
  }
  if (dashboardDirectory === undefined) return;
  http.get(LOGIN_PATHS.toolCallback, HIDDEN, async ({ url }, reply) => {
    const { search, searchParams } = new URL(url, "http://server");
    const server = STATE.exec(searchParams.get("state") ?? "")?.[1];
    // A fragment stays in the browser: neither this server nor another one receives the code in an address again.
    const page = server === undefined ? "tools" : `tools/${server}#${search.slice(1)}`;
    return reply.headers({ ...HEADERS, "cache-control": "no-store" }).redirect(`${DOCUMENTS.dashboard}${page}`, 303);
  });
}
