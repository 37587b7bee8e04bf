import { type AuthProvider, ClientCredentialsProvider, type OAuthClientProvider } from "@modelcontextprotocol/client";
import * as z from "zod";
import type { Clock } from "../../../kernel/clock.ts";
import { networkReason } from "./bounded-fetch.ts";
import { McpTokenError } from "../errors.ts";

const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().optional() });

/** A new token is fetched so long before the old one ends. */
const EARLY_MS = 30_000;
const FETCH_MS = 15_000;
const ANSWER_CHARS_MAX = 64 * 1024;

export type ClientCredentials = {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** What the token is for (RFC 8707). */
  readonly resource: string;
};

export type TokenCredentials = ClientCredentials & {
  /** Called with each token before it is used. */
  readonly onToken: (token: string) => void;
};

/** A bearer token that does not change. */
export const fixedToken = (token: string): AuthProvider => ({ token: () => Promise.resolve(token) });

/** Tokens of an OAuth token endpoint by the client credentials grant; one fetch at a time, again when a token ends or is refused. */
export class TokenEndpoint implements AuthProvider {
  readonly #url: string;
  readonly #credentials: TokenCredentials;
  readonly #clock: Clock;
  #token: { readonly value: string; readonly untilMs: number } | undefined;
  #fetching: Promise<string> | undefined;

  constructor(url: string, credentials: TokenCredentials, clock: Clock) {
    this.#url = url;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Throws McpTokenError. */
  async token(): Promise<string> {
    if (this.#token && this.#clock.monotonicMs() < this.#token.untilMs) return this.#token.value;
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async onUnauthorized(): Promise<void> {
    this.#token = undefined;
    await this.token();
  }

  async #fetch(): Promise<string> {
    const { clientId, clientSecret, scopes, resource } = this.#credentials;
    const form = new URLSearchParams({ grant_type: "client_credentials", resource });
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
    let response: Response;
    try {
      response = await fetch(this.#url, {
        method: "POST",
        headers: { authorization: `Basic ${basic}`, accept: "application/json" },
        body: form,
        // A redirect would carry the secret elsewhere.
        redirect: "error",
        signal: AbortSignal.timeout(FETCH_MS),
      });
    } catch (error) {
      throw this.#refused(networkReason(error), error);
    }
    const answer = TokenAnswer.safeParse(await jsonOf(response));
    if (!response.ok || !answer.success) throw this.#refused(`HTTP ${response.status} without an access token`);
    const { access_token: value, expires_in: seconds } = answer.data;
    this.#credentials.onToken(value);
    const lifeMs = seconds === undefined ? Infinity : seconds * 1_000;
    this.#token = { value, untilMs: this.#clock.monotonicMs() + Math.max(lifeMs / 2, lifeMs - EARLY_MS) };
    return value;
  }

  #refused(why: string, cause?: unknown): McpTokenError {
    return new McpTokenError(
      `no token from ${this.#url}: ${why}`,
      "Check auth.token_url, client_id, client_secret and scopes of the server.",
      { tokenUrl: this.#url },
      { cause },
    );
  }
}

/** The body as JSON, or undefined; what is too long is not read to its end. */
async function jsonOf(response: Response): Promise<unknown> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > ANSWER_CHARS_MAX) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Client credentials for the authorization server that the MCP server names (RFC 9728, RFC 8414); its own resource
 * identifier applies.
 */
export function discoveredProvider(
  credentials: ClientCredentials & { readonly hasOwnResource: boolean },
  issuer: string | undefined,
): OAuthClientProvider {
  const { clientId, clientSecret, scopes } = credentials;
  const options = {
    clientId,
    clientSecret,
    clientName: "Caxton",
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
  };
  const provider =
    issuer === undefined
      ? new ClientCredentialsProvider(options)
      : new ClientCredentialsProvider({ ...options, expectedIssuer: issuer });
  if (!credentials.hasOwnResource) return provider;
  return Object.assign(provider, { validateResourceURL: () => Promise.resolve(new URL(credentials.resource)) });
}
