import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { type ClientMetadata, type Configuration, Provider } from "oidc-provider";

/** Groups of the accounts; any password is correct. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  ada: ["caxton-admins"],
  grace: ["staff"],
  guest: ["guests"],
};
export const CLIENT = { id: "caxton", secret: "a-secret-of-the-client-0123456789" } as const;
export const COMMAND_LINE = "caxton-cli";

/** Answers a request instead of the provider; returns whether it did. */
type Interception = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A real OpenID provider on loopback. */
export class OpenIdProvider implements AsyncDisposable {
  readonly url: string;
  intercept: Interception = () => false;
  #onDevice: (code: string) => void = () => undefined;
  readonly #server: ReturnType<typeof createServer>;
  readonly #key: CryptoKey;

  private constructor(server: ReturnType<typeof createServer>, url: string, key: CryptoKey) {
    this.#server = server;
    this.url = url;
    this.#key = key;
  }

  /** Listens. `serve` completes it with the addresses of its clients. */
  static async listen(): Promise<OpenIdProvider> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    return new OpenIdProvider(
      server,
      `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
      privateKey,
    );
  }

  async serve(caxton: string, more: Configuration = {}): Promise<Provider> {
    const clients: ClientMetadata[] = [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${caxton}/auth/callback`],
        post_logout_redirect_uris: [`${caxton}/ui/login`],
        backchannel_logout_uri: `${caxton}/auth/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
      {
        client_id: COMMAND_LINE,
        token_endpoint_auth_method: "none",
        application_type: "native",
        grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        redirect_uris: [],
        response_types: [],
      },
    ];
    const provider = new Provider(this.url, {
      clients,
      jwks: { keys: [{ ...(await exportJWK(this.#key)), kid: "one", use: "sig", alg: "RS256" }] },
      cookies: { keys: ["cookies of a test"] },
      claims: { openid: ["sub", "groups"], email: ["email"] },
      features: {
        devInteractions: { enabled: true },
        deviceFlow: { enabled: true },
        backchannelLogout: { enabled: true },
        revocation: { enabled: true },
      },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.com`, groups: [...(GROUPS[id] ?? [])] }),
      }),
      // Its own refuses loopback.
      fetch: (url, { method = "GET", headers = {}, body = null } = {}) => fetch(url, { method, headers, body }),
      ...more,
    });
    provider.on("device_code.saved", ({ userCode }) => this.#onDevice(userCode));
    const answer = provider.callback();
    this.#server.on("request", (request, response) => void this.#answer(request, response, answer));
    return provider;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (request: IncomingMessage, response: ServerResponse) => unknown,
  ): Promise<void> {
    if (!(await this.intercept(request, response))) answer(request, response);
  }

  /** Calls `listener` with the code of each login of a device. */
  watchDevices(listener: (code: string) => void): void {
    this.#onDevice = listener;
  }

  /** Signs a token as the provider does. */
  sign(claims: JWTPayload, type = "JWT"): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const all = { iss: this.url, aud: CLIENT.id, iat: now, exp: now + 300, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: "RS256", kid: "one", typ: type }).sign(this.#key);
  }

  /** Answers the next exchange of a code with this ID token. */
  answerWith(token: () => Promise<string>): void {
    this.intercept = async ({ url }, response) => {
      if (url !== "/token") return false;
      this.intercept = () => false;
      response.setHeader("content-type", "application/json");
      const answer = { access_token: "access", token_type: "Bearer", expires_in: 60, id_token: await token() };
      response.end(JSON.stringify(answer));
      return true;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
