import { decodeJwt, errors, jwtVerify, type JWTPayload } from "jose";
import type { Clock } from "../../kernel/clock.ts";
import { IssuerKeys, type IssuerOptions, IssuerUnreachable } from "./issuer.ts";

/** Signatures of public keys only: an HMAC would let every server that verifies tokens also make them. */
export const JWT_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
const SKEW_S = 60;
const CHARS_MAX = 8_192;
/** The last second that a date can have. */
const EXPIRY_S_MAX = 8.64e12 - 1;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** An issuer whose tokens are accepted, by `[access.jwt.<name>]`. */
export type TrustedIssuer = IssuerOptions & {
  readonly name: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** The claim with the name that is shown. */
  readonly nameClaim: string;
  /** The claim with groups or roles: a text or a list of texts. */
  readonly roleClaim: string;
  /** Role and workspace by a value of that claim; `*` matches every token. */
  readonly roles: Readonly<Record<string, RoleIn>>;
};

type RoleIn = { readonly role: string; readonly workspace: string };

/** A user as a token describes it. */
export type TokenUser = {
  readonly id: string;
  readonly name: string;
  /** The roles of every value that matches, in the order of the configuration; at least one. */
  readonly grants: readonly RoleIn[];
  readonly expiresAtMs: number;
};
export type TokenResult =
  | { readonly type: "user"; readonly user: TokenUser }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "unreachable"; readonly issuer: string };

/** Whether a text has the form of a JWT. */
export const isJwt = (token: string): boolean => JWT.test(token);

const refused = (reason: string): TokenResult => ({ type: "refused", reason });

/**
 * Verifies JWTs of the configured issuers.
 * access.jwt.J1. A token counts only with a signature of an accepted algorithm by a key of its issuer, its audience, and a time
 *   within `nbf` and `exp`, which it must have. Keys and addresses in a token's header are ignored.
 */
export class Tokens {
  readonly #issuers: ReadonlyMap<string, { readonly trusted: TrustedIssuer; readonly keys: IssuerKeys }>;
  readonly #clock: Clock;

  constructor(issuers: readonly TrustedIssuer[], clock: Clock) {
    this.#clock = clock;
    this.#issuers = new Map(
      issuers.map((trusted) => [trusted.issuer, { trusted, keys: new IssuerKeys(trusted, () => clock.nowMs()) }]),
    );
  }

  async verify(token: string): Promise<TokenResult> {
    if (token.length > CHARS_MAX) return refused("the token is too long");
    const issuer = issuerOf(token);
    const found = issuer === undefined ? undefined : this.#issuers.get(issuer);
    if (found === undefined) return refused("the token's issuer is not accepted here");
    const { trusted, keys } = found;
    try {
      const { payload } = await jwtVerify(token, (header, parts) => keys.find(header, parts), {
        issuer: trusted.issuer,
        audience: trusted.audience,
        algorithms: [...trusted.algorithms],
        requiredClaims: ["exp", "sub"],
        clockTolerance: SKEW_S,
        currentDate: new Date(this.#clock.nowMs()),
      });
      return userOf(payload, trusted);
    } catch (error) {
      if (error instanceof IssuerUnreachable) return { type: "unreachable", issuer: error.issuer };
      if (error instanceof errors.JOSEError) return refused(REASONS[error.code] ?? "the token is invalid");
      throw error;
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "the token has expired",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "a claim of the token is missing or not accepted here",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "the token's signature is invalid",
  ERR_JOSE_ALG_NOT_ALLOWED: "the token's algorithm is not accepted here",
  ERR_JWKS_NO_MATCHING_KEY: "the token's key is unknown",
};

/** The issuer that a token claims, before it is verified: it selects the keys. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function userOf(payload: JWTPayload, { name, nameClaim, roleClaim, roles }: TrustedIssuer): TokenResult {
  const { sub, exp } = payload;
  if (typeof sub !== "string" || sub === "" || exp === undefined)
    return refused("the token has no subject or no expiry");
  if (exp > EXPIRY_S_MAX) return refused("the token's expiry is not a time");
  const claimed: unknown = payload[roleClaim];
  const values = [claimed].flat().filter((value) => typeof value === "string");
  const grants = Object.entries(roles).flatMap(([value, role]) =>
    value === "*" || values.includes(value) ? [role] : [],
  );
  if (grants.length === 0) return refused(`no value of the token's claim ${roleClaim} has a role here`);
  const shown = payload[nameClaim];
  const user = { id: `user_${name}:${sub}`, name: typeof shown === "string" ? shown : sub, grants };
  return { type: "user", user: { ...user, expiresAtMs: (exp + SKEW_S) * 1_000 } };
}
