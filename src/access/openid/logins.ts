import type { JWTPayload } from "jose";
import type { Configuration } from "openid-client";
import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { Tokens, TokenUser } from "../jwt/index.ts";
import { LoginExpiredError, LoginProviderNotFoundError, LoginRefusedError } from "./errors.ts";
import { attempted, Provider, type ProviderOptions } from "./provider.ts";
import { Sealer } from "../../kernel/rights/sealer.ts";

/** Time from the click on a provider to its response. */
const ATTEMPT_MS = 10 * 60_000;

/** An attempt to log in, which only the browser has, sealed. */
const Attempt = z.object({
  name: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  redirectUri: z.string(),
  returnTo: z.string(),
  startedAtMs: z.number(),
});
type Attempt = z.infer<typeof Attempt>;

type Destination = Pick<Attempt, "redirectUri" | "returnTo">;
/** What a login found: `known` is the user, `user` the same with a role if there is one. */
type Login = {
  readonly returnTo: string;
  readonly user: TokenUser | undefined;
  readonly known: Pick<TokenUser, "id" | "name">;
};

/**
 * Logins at OpenID providers: authorization code with PKCE.
 * access.openid.O1. A response of a provider counts only in the browser that started the attempt, once, within ten minutes: the state,
 *   the nonce and the code verifier are in a cookie that only this process can read.
 * access.openid.O2. The signature and the audience of the ID token are verified as those of every token.
 */
export class Logins {
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  readonly #sealer = new Sealer();

  constructor(providers: readonly ProviderOptions[], tokens: Tokens, clock: Clock) {
    const now = () => clock.monotonicMs();
    this.#providers = new Map(providers.map((options) => [options.name, new Provider(options, now)]));
    this.#tokens = tokens;
    this.#clock = clock;
  }

  list(): readonly ProviderOptions[] {
    return [...this.#providers.values()].map(({ options }) => options);
  }

  /**
   * Starts a login. Returns where to send the browser, and the attempt, which the browser keeps. Throws LoginProviderNotFoundError,
   * IssuerUnreachableError.
   */
  async begin(name: string, destination: Destination): Promise<{ readonly url: URL; readonly attempt: string }> {
    const provider = this.#provider(name);
    const configuration = await provider.configuration();
    const openid = await import("openid-client");
    const verifier = openid.randomPKCECodeVerifier();
    const secrets = { state: openid.randomState(), nonce: openid.randomNonce() };
    const url = openid.buildAuthorizationUrl(configuration, {
      ...secrets,
      redirect_uri: destination.redirectUri,
      scope: provider.options.scopes.join(" "),
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const startedAtMs = this.#clock.nowMs();
    return { url, attempt: this.#sealer.seal({ name, verifier, startedAtMs, ...secrets, ...destination }) };
  }

  /**
   * Completes a login with the query of the provider's redirect. O1, O2. Throws LoginExpiredError, LoginRefusedError,
   * IssuerUnreachableError.
   */
  async finish(sealed: string, query: URLSearchParams): Promise<Login> {
    const attempt = this.#attemptOf(sealed);
    if (attempt === undefined || query.get("state") !== attempt.state) throw new LoginExpiredError();
    const provider = this.#provider(attempt.name);
    const { issuer } = provider.options;
    const configuration = await provider.configuration();
    const { idToken, accessToken } = await attempted(issuer, () => redeem(configuration, attempt, query));
    if (idToken === undefined) throw new LoginRefusedError(issuer, "there is no ID token");
    const result = await this.#tokens.verifyLogin(idToken, (claims) =>
      attempted(issuer, () => completed(claims, { configuration, accessToken, wanted: provider.options.claims })),
    );
    const { returnTo } = attempt;
    if (result.type === "user") return { returnTo, user: result.user, known: result.user };
    if (result.user === undefined) throw new LoginRefusedError(issuer, result.reason);
    return { returnTo, user: undefined, known: result.user };
  }

  /** Where a browser ends its session at the provider; undefined if the provider has no such place. Throws as `begin`. */
  async logoutUrl(name: string, returnTo: string): Promise<URL | undefined> {
    const configuration = await this.#provider(name).configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    const { buildEndSessionUrl } = await import("openid-client");
    return buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo });
  }

  #provider(name: string): Provider {
    const found = this.#providers.get(name);
    if (found === undefined) throw new LoginProviderNotFoundError(name);
    return found;
  }

  /** The attempt in a cookie, unless it has expired. A clock that was set back makes it invalid too. */
  #attemptOf(sealed: string): Attempt | undefined {
    const parsed = Attempt.safeParse(this.#sealer.open(sealed));
    if (!parsed.success) return undefined;
    const ageMs = this.#clock.nowMs() - parsed.data.startedAtMs;
    return ageMs >= 0 && ageMs < ATTEMPT_MS ? parsed.data : undefined;
  }
}

type Redeemed = { readonly idToken: string | undefined; readonly accessToken: string };

/** Exchanges the code of a response for tokens. */
async function redeem(configuration: Configuration, attempt: Attempt, query: URLSearchParams): Promise<Redeemed> {
  const { authorizationCodeGrant } = await import("openid-client");
  const answer = await authorizationCodeGrant(configuration, new URL(`${attempt.redirectUri}?${query.toString()}`), {
    expectedState: attempt.state,
    expectedNonce: attempt.nonce,
    pkceCodeVerifier: attempt.verifier,
  });
  return { idToken: answer.id_token, accessToken: answer.access_token };
}

type Completion = {
  readonly configuration: Configuration;
  readonly accessToken: string;
  readonly wanted: readonly string[];
};

/** Adds the claims of the provider's user info if wanted ones are missing. Those of the token take precedence. */
async function completed(claims: JWTPayload, { configuration, accessToken, wanted }: Completion): Promise<JWTPayload> {
  const { userinfo_endpoint: endpoint } = configuration.serverMetadata();
  if (endpoint === undefined || wanted.every((name) => claims[name] !== undefined)) return claims;
  const { fetchUserInfo } = await import("openid-client");
  return { ...(await fetchUserInfo(configuration, accessToken, claims.sub ?? "")), ...claims };
}
