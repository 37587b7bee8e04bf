import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type CryptoKey,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from "jose";
import * as z from "zod";
import { IssuerUnreachableError } from "./errors.ts";

/** Time after which the keys of an issuer are fetched again. */
const FRESH_MS = 10 * 60_000;
/** Minimum time between fetches because of unknown key ids, so that tokens with invented ids do not flood the issuer. */
const COOLDOWN_MS = 30_000;
/** An issuer that cannot be reached is trusted by the keys that it had, for so long. */
const STALE_MS_MAX = 24 * 3_600_000;
const FETCH_MS = 5_000;
/** Time after a failed fetch until the next. */
const RETRY_MS = 10_000;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

export type IssuerOptions = {
  readonly issuer: string;
  /** Where its keys are; undefined reads them from its OpenID configuration. */
  readonly jwks: string | undefined;
};

/**
 * The public keys of an issuer of JWTs.
 * access.jwt.I1. Keys come only from the configured address or the issuer's own configuration, never from a token.
 * access.jwt.I3. Tokens cannot make the server flood the issuer, also while it fails.
 * access.jwt.I2. While the issuer cannot be reached, the last keys are used for up to 24 hours.
 */
export class IssuerKeys {
  readonly #options: IssuerOptions;
  readonly #now: () => number;
  #remote: ReturnType<typeof createRemoteJWKSet> | undefined;
  #opening: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #last: { readonly keys: JSONWebKeySet; readonly atMs: number } | undefined;

  constructor(options: IssuerOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Returns the key of a token. Throws a jose error for an unknown key, and IssuerUnreachableError. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#now() - this.#failedAtMs < RETRY_MS) return this.#stale(header, token);
    try {
      const remote = (this.#remote ??= await this.#opened());
      const key = await remote(header, token);
      const keys = remote.jwks();
      if (keys !== undefined) this.#last = { keys, atMs: this.#now() };
      return key;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      this.#failedAtMs = this.#now();
      return this.#stale(header, token, error);
    }
  }

  /** Returns the key of a token from the last keys. I2. */
  #stale(header: JWSHeaderParameters, token: FlattenedJWSInput, cause?: unknown): Promise<CryptoKey> {
    if (this.#last === undefined || this.#now() - this.#last.atMs > STALE_MS_MAX)
      throw new IssuerUnreachableError(this.#options.issuer, { cause });
    return createLocalJWKSet(this.#last.keys)(header, token);
  }

  /** One attempt at a time, however many tokens wait for it. */
  async #opened(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } finally {
      this.#opening = undefined;
    }
  }

  async #open(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const url = new URL(this.#options.jwks ?? (await this.#discover()));
    return createRemoteJWKSet(url, { cacheMaxAge: FRESH_MS, cooldownDuration: COOLDOWN_MS, timeoutDuration: FETCH_MS });
  }

  async #discover(): Promise<string> {
    const { issuer } = this.#options;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(FETCH_MS) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    const found = Discovery.parse(await answer.json());
    if (found.issuer !== issuer) throw new Error(`${url} names another issuer: ${found.issuer}`);
    return found.jwks_uri;
  }
}
