import { createHash, randomBytes } from "node:crypto";
import {
  auth,
  type AuthProvider,
  computeScopeUnion,
  exchangeAuthorization,
  extractWWWAuthenticateParams,
  type FetchLike,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokens,
  refreshAuthorization,
  type StoredOAuthClientInformation,
  validateAuthorizationResponseIssuer,
} from "@modelcontextprotocol/client";
import { KeyedMutex } from "../../../kernel/async/keyed-mutex.ts";
import { cleanLine } from "../../../kernel/clean.ts";
import type { Clock } from "../../../kernel/clock.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import type { ToolSignIn } from "../../catalogue/index.ts";
import { McpTokenError } from "../errors.ts";
import type { Secrets } from "../secrets.ts";
import { SignInAttempt } from "./attempt.ts";
import {
  RedirectRefusedError,
  SignInFailedError,
  SignInNeededError,
  SignInStateError,
  WHY_CHARS_MAX,
  whyOf,
} from "./errors.ts";
import { configuredHosts, isSecure, issuerFetch } from "./issuer-fetch.ts";
import { type Credential, type SignInClient, SignInRecords, type SignInVault, type Tokens } from "./records.ts";
import { revokeTokens } from "./revoke.ts";
import { isOver, tokensOf } from "./tokens.ts";

/** What sign-ins need of the rest of Caxton. */
export type SignInPorts = {
  readonly vault: SignInVault;
  /** `fetch` that reaches public addresses only. */
  readonly fetchPublic: typeof fetch;
  /** Where browsers come back to this server; undefined if it has no public address. */
  readonly callback: SignInCallback | undefined;
};

export type SignInCallback = {
  readonly uri: string;
  /** Where authorization servers find the client's metadata; undefined if they cannot reach this server over https. */
  readonly metadataUrl: string | undefined;
};

/** How one server wants people to sign in, with its references resolved. */
export type SignInTarget = {
  readonly url: URL;
  readonly client: StoredOAuthClientInformation | undefined;
  readonly issuer: string | undefined;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
};

export type SignInDeps = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ports: SignInPorts;
  /** Hides the tokens in everything that the server says. */
  readonly secrets: Secrets;
  readonly server: string;
  readonly target: () => Promise<SignInTarget>;
  /** Called when the state has changed. */
  readonly onChange: () => void;
};

/** What an authorization server appended to the redirect address. */
export type SignInResponse = {
  readonly state: string;
  readonly code?: string | undefined;
  readonly iss?: string | undefined;
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
};

const PENDING_MS = 10 * 60_000;
/** Pause after a renewal that could not be made while the old token still holds. */
const RETRY_MS = 5_000;
const TURN = "turn";

/** The authorization server knows the grant or the client no more; a person has to sign in again. */
const OVER: ReadonlySet<string> = new Set([
  OAuthErrorCode.InvalidGrant,
  OAuthErrorCode.InvalidClient,
  OAuthErrorCode.UnauthorizedClient,
]);

/**
 * One sign-in to one server: tokens of the authorization code grant with PKCE, kept encrypted.
 * remote.sign-in.G1. A refresh token is sent once: renewals happen one after another, and each first looks whether another has made it.
 * remote.sign-in.G2. A response is used once, by whom the sign-in was begun, within 10 minutes, and only with the issuer that was asked.
 * remote.sign-in.G3. Tokens are on disk only encrypted, before they are used, and shown nowhere.
 */
export class SignIn implements AuthProvider {
  readonly #deps: SignInDeps;
  readonly #records: SignInRecords;
  readonly #turns = new KeyedMutex<typeof TURN>();
  /** The token that each request was sent with. */
  readonly #sent = new WeakMap<Response, string>();
  #retryAtMs = 0;
  /** What the server said that it wants. */
  #wanted: { readonly metadataUrl?: URL | undefined; readonly scope?: string | undefined } = {};
  /** Why the tokens that there are do not do. */
  #refused: string | undefined;

  constructor(deps: SignInDeps, subject: string) {
    this.#deps = deps;
    this.#records = new SignInRecords(deps.ports.vault, deps.server, subject);
  }

  get state(): ToolSignIn {
    const none = { issuer: undefined, scopes: [], expiresAtMs: undefined, by: undefined, signedInAtMs: undefined };
    let credential: Credential | undefined;
    try {
      credential = this.#credential();
    } catch (error) {
      return { ...none, state: "expired", reason: whyOf(error) };
    }
    if (credential === undefined) return { ...none, state: "signed-out", reason: this.#refused ?? "" };
    const { issuer, scope, by, signedInAtMs, tokens } = credential;
    const ended = this.#ended(credential);
    return {
      state: ended === undefined ? "signed-in" : "expired",
      reason: ended ?? "",
      issuer,
      scopes: scope?.split(/\s+/).filter((each) => each !== "") ?? [],
      expiresAtMs: tokens?.expiresAtMs,
      by,
      signedInAtMs,
    };
  }

  /** The error for a call that needs this sign-in; undefined while it is not known that it is needed. */
  get need(): SignInNeededError | undefined {
    const { state, reason } = this.state;
    const isNeeded = state === "expired" || (state === "signed-out" && this.#refused !== undefined);
    return isNeeded ? this.#needed(reason) : undefined;
  }

  /** Notes which token each request is sent with, so that a refusal is not taken for that of another. */
  watch(send: FetchLike): FetchLike {
    return async (url, init) => {
      const response = await send(url, init);
      const [, token] = /^Bearer (.+)$/i.exec(new Headers(init?.headers).get("authorization") ?? "") ?? [];
      if (token !== undefined) this.#sent.set(response, token);
      return response;
    };
  }

  /**
   * Undefined where no user is signed in: a server may give some of its tools to all clients, and says what it wants for the others.
   * Throws SignInNeededError, McpTokenError.
   */
  async token(): Promise<string | undefined> {
    const tokens = this.#credential()?.tokens;
    const nowMs = this.#deps.clock.nowMs();
    if (tokens === undefined || isOver(tokens, nowMs)) return undefined;
    const isDue = nowMs >= Math.max(tokens.refreshAtMs ?? Infinity, this.#retryAtMs);
    if (tokens.refresh === undefined || !isDue) return tokens.access;
    return this.#renew(tokens.access, nowMs < (tokens.expiresAtMs ?? Infinity));
  }

  /** Throws SignInNeededError, McpTokenError. */
  async onUnauthorized({ response }: { readonly response: Response }): Promise<void> {
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
    this.#wanted = { metadataUrl: resourceMetadataUrl, scope: computeScopeUnion(this.#wanted.scope, scope) };
    const credential = this.#credential();
    const tokens = credential?.tokens;
    if (tokens === undefined || isOver(tokens, this.#deps.clock.nowMs()))
      throw this.refuse((credential && this.#ended(credential)) ?? "no user has signed in");
    const used = this.#sent.get(response);
    if (used !== tokens.access) return;
    if (tokens.refresh === undefined) throw this.refuse("the server refuses the token");
    await this.#renew(used, false);
  }

  /** Says that the server wants another token than it was given, with these scopes. */
  refuse(why: string, scope?: string): SignInNeededError {
    this.#wanted = { ...this.#wanted, scope: computeScopeUnion(this.#wanted.scope, scope) };
    this.#refused = cleanLine(why, WHY_CHARS_MAX);
    this.#deps.onChange();
    return this.#needed(this.#refused);
  }

  /** The address where a person signs in. Throws SignInFailedError, RedirectRefusedError, the errors of stored secrets. */
  async begin(redirectUri: string, by: string): Promise<{ readonly url: string; readonly expiresAtMs: number }> {
    const { server, ports, clock } = this.#deps;
    this.#requireOwn(redirectUri);
    const target = await this.#deps.target();
    const before = this.#credential();
    const granted = before?.tokens === undefined ? undefined : before.scope;
    const scope = computeScopeUnion(target.scopes.join(" "), granted, this.#wanted.scope) ?? before?.scope;
    const state = `${server}.${randomBytes(32).toString("base64url")}`;
    const { client, issuer, resource } = target;
    const attempt = new SignInAttempt({
      server,
      redirectUri,
      state,
      client,
      before: before !== undefined && isRegisteredFor(before.client, scope) ? before : undefined,
      issuer,
      resource,
      // The metadata document names this one address.
      metadataUrl: ports.callback?.uri === redirectUri ? ports.callback.metadataUrl : undefined,
    });
    try {
      await auth(attempt, {
        serverUrl: target.url,
        fetchFn: this.#fetchFor(target),
        forceReauthorization: true,
        ...(this.#wanted.metadataUrl && { resourceMetadataUrl: this.#wanted.metadataUrl }),
        ...(scope !== undefined && { scope }),
      });
    } catch (error) {
      throw this.#failed(error);
    }
    const { begun, url } = attempt;
    if (begun === undefined || url === undefined) throw this.#failed("the authorization server gave no address");
    if (!isSecure(url)) throw this.#failed(`${url.origin} is not reached over https`);
    const expiresAtMs = clock.nowMs() + PENDING_MS;
    const verifier = attempt.codeVerifier();
    await this.#records.begin({ ...begun, stateHash: hashOf(state), verifier, by, expiresAtMs });
    return { url: url.href, expiresAtMs };
  }

  /** Exchanges the code for tokens. Throws SignInStateError, SignInFailedError, the errors of stored secrets. */
  async complete(response: SignInResponse, by: string): Promise<void> {
    const { server, clock } = this.#deps;
    const pending = await this.#turns.run(TURN, () => this.#records.take(hashOf(response.state)));
    if (pending === undefined || pending.by !== by || clock.nowMs() >= pending.expiresAtMs)
      throw new SignInStateError(server);
    const { stateHash: _state, verifier, expiresAtMs: _end, ...client } = pending;
    const { metadata, issuer } = client;
    const { code, iss, error, error_description: described = "" } = response;
    try {
      validateAuthorizationResponseIssuer({
        iss,
        expectedIssuer: issuer,
        issParameterSupported: metadata?.["authorization_response_iss_parameter_supported"] === true,
      });
      if (code === undefined)
        throw this.#failed(`${error ?? "there is no code"}${described === "" ? "" : `: ${described}`}`);
      const target = await this.#deps.target();
      const tokens = await exchangeAuthorization(client.authorizationServer, {
        clientInformation: client.client,
        authorizationCode: code,
        codeVerifier: verifier,
        redirectUri: client.redirectUri,
        fetchFn: this.#fetchFor(target),
        ...(iss !== undefined && { iss }),
        ...(metadata && { metadata }),
        ...(client.resource !== undefined && { resource: client.resource }),
      });
      const scope = tokens.scope ?? client.scope;
      const credential = {
        ...client,
        scope,
        by,
        signedInAtMs: clock.nowMs(),
        tokens: this.#tokensOf(tokens),
        ended: "",
      };
      await this.#turns.run(TURN, () => this.#save(credential));
    } catch (failure) {
      throw this.#failed(failure);
    }
    this.#refused = undefined;
    this.#wanted = {};
    this.#deps.onChange();
  }

  /** Forgets the tokens, and has them revoked where that is possible. Returns whether they were. Throws the errors of stored secrets. */
  async end(): Promise<{ readonly wasSignedIn: boolean; readonly isRevoked: boolean }> {
    return this.#turns.run(TURN, async () => {
      const credential = this.#credential();
      if (credential === undefined) return { wasSignedIn: false, isRevoked: false };
      const send = this.#fetchFor(await this.#deps.target());
      const isRevoked = await revokeTokens(credential, send).catch(() => false);
      await this.#records.delete();
      this.#refused = "no user has signed in";
      this.#deps.onChange();
      return { wasSignedIn: true, isRevoked };
    });
  }

  /** Renews the tokens unless that happened since `stale` was current; gives back `stale` if it fails and that still holds. */
  #renew(stale: string, isValid: boolean): Promise<string> {
    return this.#turns.run(TURN, async () => {
      const credential = this.#credential();
      const tokens = credential?.tokens;
      if (credential === undefined || tokens?.refresh === undefined) throw this.#needed();
      if (tokens.access !== stale) return tokens.access;
      try {
        const renewed = this.#tokensOf(await this.#refresh(credential, tokens.refresh));
        await this.#save({ ...credential, tokens: renewed });
        return renewed.access;
      } catch (error) {
        if (OAuthError.isInstance(error) && OVER.has(error.code)) {
          const why = `the authorization server does not renew the token (${cleanLine(error.code, WHY_CHARS_MAX)})`;
          const { tokens: _gone, ...rest } = credential;
          await this.#save({ ...rest, ended: why });
          throw this.#needed(why);
        }
        this.#retryAtMs = this.#deps.clock.nowMs() + RETRY_MS;
        if (isValid) return stale;
        throw new McpTokenError(
          `no token from ${credential.issuer}: ${whyOf(error)}`,
          "The next attempt to connect tries again.",
          { tokenUrl: credential.issuer },
          { cause: error },
        );
      }
    });
  }

  async #refresh(credential: SignInClient, refreshToken: string): Promise<OAuthTokens> {
    const { authorizationServer, client: clientInformation, metadata, resource } = credential;
    return refreshAuthorization(authorizationServer, {
      clientInformation,
      refreshToken,
      fetchFn: this.#fetchFor(await this.#deps.target()),
      ...(metadata && { metadata }),
      ...(resource !== undefined && { resource }),
    });
  }

  async #save(credential: Credential): Promise<void> {
    this.#hide(credential.tokens);
    await this.#records.save(credential);
    this.#retryAtMs = 0;
    this.#deps.onChange();
  }

  #credential(): Credential | undefined {
    const { credential } = this.#records;
    this.#hide(credential?.tokens);
    return credential;
  }

  #hide(tokens: Tokens | undefined): void {
    if (tokens === undefined) return;
    const { access, refresh } = tokens;
    this.#deps.secrets.hide([
      { name: "access token", value: access },
      ...(refresh === undefined ? [] : [{ name: "refresh token", value: refresh }]),
    ]);
  }

  /** Why a sign-in is over; undefined while it holds. */
  #ended({ tokens, ended }: Credential): string | undefined {
    if (tokens === undefined) return ended;
    return isOver(tokens, this.#deps.clock.nowMs()) ? "the last one has ended" : this.#refused;
  }

  #needed(why = this.state.reason): SignInNeededError {
    return new SignInNeededError(this.#deps.server, why || "no user has signed in");
  }

  /** Throws McpMessageRefusedError. */
  #tokensOf(given: OAuthTokens): Tokens {
    return tokensOf(given, { nowMs: this.#deps.clock.nowMs(), random: this.#deps.random });
  }

  #fetchFor({ url, issuer }: SignInTarget): FetchLike {
    const { server, ports } = this.#deps;
    const failed = (why: string, options: ErrorOptions) => new SignInFailedError(server, why, options);
    return issuerFetch({ failed, hosts: configuredHosts(url, issuer), fetchPublic: ports.fetchPublic });
  }

  #failed(error: unknown): CaxtonError {
    if (error instanceof CaxtonError) return error;
    return new SignInFailedError(this.#deps.server, whyOf(error), { cause: error });
  }

  /** Throws RedirectRefusedError. */
  #requireOwn(redirectUri: string): void {
    const isHere = URL.canParse(redirectUri) && isLoopbackRedirect(new URL(redirectUri));
    if (redirectUri !== this.#deps.ports.callback?.uri && !isHere) throw new RedirectRefusedError(redirectUri);
  }
}

const isLoopbackRedirect = ({ protocol, hostname }: URL): boolean =>
  protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname);

/** A registration for some scopes does not hold for others. */
function isRegisteredFor(client: StoredOAuthClientInformation, scope: string | undefined): boolean {
  const registered = "scope" in client && typeof client.scope === "string" ? client.scope.split(" ") : undefined;
  return registered === undefined || (scope ?? "").split(" ").every((each) => each === "" || registered.includes(each));
}

const hashOf = (state: string): string => createHash("sha256").update(state).digest("hex");
