import { decodeJwt, errors, jwtVerify, type JWTPayload } from "jose";
import type { Clock } from "../../kernel/clock.ts";
import type { Grant } from "../permissions/index.ts";
import { IssuerKeys, type IssuerOptions } from "./issuer.ts";

/** Signatures of public keys only: an HMAC would let every server that verifies tokens also make them. */
export const JWT_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
const SKEW_S = 60;
const CHARS_MAX = 8_192;
/** The last second that a date can have. */
const EXPIRY_S_MAX = 8.64e12 - 1;
const SUBJECT_CHARS_MAX = 255;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** A logout token is refused this long after it was issued, so that it cannot end later sessions. */
const LOGOUT_AGE_S_MAX = 120;
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** An issuer whose tokens are accepted, by `[access.jwt.<name>]`. */
export type TrustedIssuer = IssuerOptions & {
  readonly name: string;
  /** Audience of tokens that clients send; undefined if clients log in only. */
  readonly audience: string | undefined;
  /** Id of this server as a client of the issuer; undefined if users cannot log in there. */
  readonly clientId: string | undefined;
  /** Id of the command line as a client of the issuer. */
  readonly commandLineId: string | undefined;
  readonly algorithms: readonly string[];
  /** The claim with the name that is shown. */
  readonly nameClaim: string;
  /** The claim with groups or roles: a text or a list of texts. */
  readonly roleClaim: string;
  /** Role and workspace by a value of that claim; `*` matches every token. */
  readonly roles: Readonly<Record<string, Grant>>;
};

/** A user as a token describes it. */
export type TokenUser = {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string | undefined;
  /** The roles of every value that matches, in the order of the configuration; at least one. */
  readonly grants: readonly Grant[];
  /** The session at the issuer. */
  readonly issuerSession: string | undefined;
};
type Refusal = {
  readonly type: "refused";
  readonly reason: string;
  /** The user of a valid token that maps to no role. */
  readonly user?: Pick<TokenUser, "id" | "name">;
};
export type TokenResult = { readonly type: "user"; readonly user: TokenUser; readonly expiresAtMs: number } | Refusal;
/** Sessions that an issuer ends: one session, or all of a user. */
export type LogoutResult =
  | {
      readonly type: "logout";
      readonly issuer: string;
      readonly userId: string | undefined;
      readonly issuerSession: string | undefined;
    }
  | Refusal;

/** Whether a text has the form of a JWT. */
export const isJwt = (token: string): boolean => JWT.test(token);

/** The id of a user of an issuer. */
const userIdOf = (issuer: string, subject: string): string => `user_${issuer}:${subject}`;

const refused = (reason: string): Refusal => ({ type: "refused", reason });

type Verified = { readonly type: "verified"; readonly payload: JWTPayload; readonly trusted: TrustedIssuer };
type Purpose = {
  /** Audiences that an issuer's tokens of this kind have. */
  readonly audiences: (trusted: TrustedIssuer) => readonly (string | undefined)[];
  readonly requires: readonly string[];
  readonly ageSMax?: number;
};

const BEARER: Purpose = {
  audiences: ({ audience, commandLineId }) => [audience, commandLineId],
  requires: ["exp", "sub"],
};
const LOGIN: Purpose = { audiences: ({ clientId }) => [clientId], requires: ["exp", "sub"] };
const LOGOUT: Purpose = {
  audiences: ({ clientId }) => [clientId],
  requires: ["iat", "jti", "events"],
  ageSMax: LOGOUT_AGE_S_MAX,
};

/**
 * Verifies JWTs of the configured issuers.
 * access.jwt.J1. A token counts only with a signature of an accepted algorithm by a key of its issuer, its audience, and a time
 *   within `nbf` and `exp`, which it must have. Keys and addresses in a token's header are ignored.
 * access.jwt.J2. A token for one purpose does not count for another: requests, logins and logouts have audiences of their own,
 *   and only a logout token has `events`.
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

  /** Verifies the token of a request. Throws IssuerUnreachableError. */
  async verify(token: string): Promise<TokenResult> {
    const result = await this.#verified(token, BEARER);
    return result.type === "verified" ? userOf(result.payload, result.trusted) : result;
  }

  /** Verifies the ID token of a login. `complete` adds claims that a valid token lacks. Throws IssuerUnreachableError. */
  async verifyLogin(token: string, complete: (claims: JWTPayload) => Promise<JWTPayload>): Promise<TokenResult> {
    const result = await this.#verified(token, LOGIN);
    return result.type === "verified" ? userOf(await complete(result.payload), result.trusted) : result;
  }

  /** Verifies the token by which an issuer ends sessions. Throws IssuerUnreachableError. */
  async verifyLogout(token: string): Promise<LogoutResult> {
    const result = await this.#verified(token, LOGOUT);
    if (result.type !== "verified") return result;
    const { sub, sid, nonce } = result.payload;
    const issuerSession = typeof sid === "string" ? sid : undefined;
    if (nonce !== undefined || !isLogout(result.payload)) return refused("the token is not a logout token");
    if (sub === undefined && issuerSession === undefined) return refused("the token names no user and no session");
    const userId = sub === undefined ? undefined : userIdOf(result.trusted.name, sub);
    return { type: "logout", issuer: result.trusted.name, userId, issuerSession };
  }

  /** J1, J2. */
  async #verified(token: string, { audiences, requires, ageSMax }: Purpose): Promise<Verified | Refusal> {
    if (token.length > CHARS_MAX) return refused("the token is too long");
    const issuer = issuerOf(token);
    const found = issuer === undefined ? undefined : this.#issuers.get(issuer);
    if (found === undefined) return refused("the token's issuer is not accepted here");
    const { trusted, keys } = found;
    try {
      const { payload } = await jwtVerify(token, (header, parts) => keys.find(header, parts), {
        issuer: trusted.issuer,
        audience: audiences(trusted).filter((audience) => audience !== undefined),
        algorithms: [...trusted.algorithms],
        requiredClaims: [...requires],
        clockTolerance: SKEW_S,
        currentDate: new Date(this.#clock.nowMs()),
        ...(ageSMax !== undefined && { maxTokenAge: ageSMax }),
      });
      if (isLogout(payload) && !requires.includes("events")) return refused("the token is a logout token");
      return { type: "verified", payload, trusted };
    } catch (error) {
      if (error instanceof errors.JOSEError) return refused(REASONS[error.code] ?? "the token is invalid");
      throw error;
    }
  }
}

const isLogout = ({ events }: JWTPayload): boolean =>
  typeof events === "object" && events !== null && LOGOUT_EVENT in events;

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

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);

function userOf(payload: JWTPayload, { name: issuer, nameClaim, roleClaim, roles }: TrustedIssuer): TokenResult {
  const { sub: subject, exp, email, sid } = payload;
  if (typeof subject !== "string" || subject === "" || exp === undefined)
    return refused("the token has no subject or no expiry");
  if (subject.length > SUBJECT_CHARS_MAX) return refused("the token's subject is too long");
  if (exp > EXPIRY_S_MAX) return refused("the token's expiry is not a time");
  const claimed: unknown = payload[roleClaim];
  const values = [claimed].flat().filter((value) => typeof value === "string");
  const grants = Object.entries(roles).flatMap(([value, role]) =>
    value === "*" || values.includes(value) ? [role] : [],
  );
  const known = { id: userIdOf(issuer, subject), name: textOf(payload[nameClaim]) ?? subject };
  if (grants.length === 0)
    return { ...refused(`no value of the token's claim ${roleClaim} has a role here`), user: known };
  const user = { ...known, issuer, subject, email: textOf(email), grants, issuerSession: textOf(sid) };
  return { type: "user", user, expiresAtMs: (exp + SKEW_S) * 1_000 };
}
