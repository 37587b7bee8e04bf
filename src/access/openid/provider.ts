import type { Configuration } from "openid-client";
import { IssuerUnreachableError } from "../jwt/index.ts";
import { LoginRefusedError } from "./errors.ts";

/** Time after which the configuration of a provider is fetched again. */
const FRESH_MS = 10 * 60_000;
/** Time after a failed fetch until the next. */
const RETRY_MS = 10_000;
const TIMEOUT_S = 5;
const CLOCK_TOLERANCE_S = 60;

/** A provider at which users log in, by `[access.jwt.<name>.login]`. */
export type ProviderOptions = {
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Id of the command line as a client. Undefined: users cannot log in on the command line. */
  readonly commandLineId: string | undefined;
  /** Resolves the reference to the secret; undefined for a public client. */
  readonly clientSecret: (() => Promise<string>) | undefined;
  readonly scopes: readonly string[];
  readonly label: string;
  /** Claims with the name and the role. Those that the ID token does not have are read from the provider's user info. */
  readonly claims: readonly string[];
};

const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::|\/|$)/;

type Found = { readonly configuration: Configuration; readonly atMs: number };

/** A client of the OpenID provider `issuer`. Plain HTTP is accepted for a provider on loopback. */
export async function discover(issuer: string, clientId: string, secret?: string): Promise<Configuration> {
  const openid = await import("openid-client");
  const { allowInsecureRequests, clockTolerance, discovery, None } = openid;
  const metadata = { [clockTolerance]: CLOCK_TOLERANCE_S, ...(secret !== undefined && { client_secret: secret }) };
  return discovery(new URL(issuer), clientId, metadata, secret === undefined ? None() : undefined, {
    timeout: TIMEOUT_S,
    execute: LOOPBACK.test(issuer) ? [allowInsecureRequests] : [],
  });
}

/**
 * The configuration of one provider, fetched when the first user logs in.
 * access.openid.P1. A provider that fails is asked once in ten seconds. An earlier configuration is used meanwhile.
 */
export class Provider {
  readonly options: ProviderOptions;
  readonly #now: () => number;
  #found: Found | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #opening: Promise<Configuration> | undefined;

  /** `now` returns milliseconds of a monotonic clock. */
  constructor(options: ProviderOptions, now: () => number) {
    this.options = options;
    this.#now = now;
  }

  /** Throws IssuerUnreachableError, ReferenceUnresolvedError. P1. */
  async configuration(): Promise<Configuration> {
    const nowMs = this.#now();
    if (this.#found !== undefined && nowMs - this.#found.atMs < FRESH_MS) return this.#found.configuration;
    if (nowMs - this.#failedAtMs < RETRY_MS) return this.#earlier();
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } finally {
      this.#opening = undefined;
    }
  }

  async #open(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.options;
    const secret = await clientSecret?.();
    try {
      const configuration = await discover(issuer, clientId, secret);
      this.#found = { configuration, atMs: this.#now() };
      return configuration;
    } catch (error) {
      this.#failedAtMs = this.#now();
      return this.#earlier(error);
    }
  }

  #earlier(cause?: unknown): Configuration {
    if (this.#found !== undefined) return this.#found.configuration;
    throw new IssuerUnreachableError(this.options.issuer, { cause });
  }
}

/** Does `work` with a provider. Throws LoginRefusedError, IssuerUnreachableError. */
export async function attempted<Result>(issuer: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw await failureOf(issuer, error);
  }
}

/** Turns what openid-client throws into a failure of ours. A provider that does not answer is not one that refuses. */
async function failureOf(issuer: string, error: unknown): Promise<Error> {
  if (error instanceof LoginRefusedError) return error;
  const openid = await import("openid-client");
  if (error instanceof openid.AuthorizationResponseError || error instanceof openid.ResponseBodyError)
    return new LoginRefusedError(issuer, `the provider answered ${error.error}`, { cause: error });
  if (error instanceof openid.WWWAuthenticateChallengeError)
    return new LoginRefusedError(issuer, "the provider refused its own access token", { cause: error });
  if (error instanceof openid.ClientError && error.code !== "OAUTH_TIMEOUT")
    return new LoginRefusedError(issuer, REASONS[error.code ?? ""] ?? "the provider's answer is invalid", {
      cause: error,
    });
  return new IssuerUnreachableError(issuer, { cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: "a claim of the ID token is not the expected one",
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: "the ID token has expired, or is not valid yet",
};
