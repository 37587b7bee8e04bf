import type { RequestListener } from "node:http";
import type { Configuration, Provider } from "oidc-provider";
import { OpenIdProvider } from "../../../helpers/openid-provider.ts";
import { Visitor } from "../../../helpers/visitor.ts";
import { Endpoint, modernHandler } from "../room.ts";
import { newState, type ServerState, testServer } from "../test-server.ts";

/** A real authorization server, and a real MCP server that takes only its tokens. */
export class Office implements AsyncDisposable {
  readonly provider: OpenIdProvider;
  readonly endpoint: Endpoint;
  readonly state: ServerState = newState();
  /** The grant of each request for tokens. */
  readonly grants: string[] = [];
  /** Scope that a call needs beside a valid token. */
  callScope = "";
  /** The MCP server gives no answer to a request with a token. */
  isSilent = false;
  /** What the MCP server says of itself; changed by tests of lies. */
  metadata: () => object = () => ({
    resource: this.endpoint.url,
    authorization_servers: [this.provider.url],
    scopes_supported: ["tools"],
  });
  #as!: Provider;

  private constructor(provider: OpenIdProvider, endpoint: Endpoint) {
    this.provider = provider;
    this.endpoint = endpoint;
  }

  static async open(more: Configuration = {}): Promise<Office> {
    const provider = await OpenIdProvider.listen();
    const endpoint = await Endpoint.start((request, response) => office.#listen(request, response));
    const office = new Office(provider, endpoint);
    office.#as = await provider.serve(endpoint.origin, {
      scopes: ["openid", "offline_access", "tools", "more"],
      rotateRefreshToken: true,
      issueRefreshToken: async (_context, client) => client.grantTypeAllowed("refresh_token"),
      features: {
        devInteractions: { enabled: true },
        registration: { enabled: true },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({ scope: "tools more", accessTokenTTL: 3_600, accessTokenFormat: "opaque" }),
          useGrantedResource: () => true,
        },
      },
      ...more,
    });
    office.#as.on("grant.success", ({ oidc }) => void office.grants.push(String(oidc.params?.["grant_type"])));
    return office;
  }

  /** The tokens that work no more from now on. */
  readonly refused = new Set<string>();

  /** Signs in as a person, until the browser comes back to Caxton. Returns what it brings. */
  async signIn(address: string, login = "ada"): Promise<URL> {
    const visitor = new Visitor();
    return (await visitor.logIn(await visitor.go(address, isBack), login, isBack)).url;
  }

  readonly #mcp = modernHandler(testServer(this.state)).listener;

  readonly #listen = (...[request, response]: Parameters<RequestListener>): void => {
    const place = `${this.endpoint.origin}/.well-known/oauth-protected-resource/mcp`;
    if (request.url === "/.well-known/oauth-protected-resource/mcp") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(this.metadata()));
      return;
    }
    void this.#answer(request, response, place);
  };

  async #answer(...[request, response, place]: [...Parameters<RequestListener>, string]): Promise<void> {
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    if (this.isSilent && token !== "") return;
    const found = await this.#as.AccessToken.find(token);
    const isGood = found !== undefined && found.aud === this.endpoint.url && !this.refused.has(token);
    if (!isGood)
      response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${place}", scope="tools"` }).end();
    else if (this.callScope !== "" && found.scope?.split(" ").includes(this.callScope) !== true)
      response
        .writeHead(403, { "www-authenticate": `Bearer error="insufficient_scope", scope="${this.callScope}"` })
        .end();
    else this.#mcp(request, response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endpoint[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
  }
}

export const REDIRECT = "http://127.0.0.1:4321/back";

const isBack = ({ pathname }: URL) => pathname === "/back" || pathname === "/oauth/callback";

/** What the browser brought, as it is passed to Caxton. */
export const responseIn = ({ searchParams }: URL) => {
  const text = (name: string) => searchParams.get(name) ?? undefined;
  return {
    state: text("state") ?? "",
    code: text("code"),
    iss: text("iss"),
    error: text("error"),
    error_description: text("error_description"),
  };
};
