import { networkOf } from "../kernel/addresses.ts";
import { RateLimiter } from "../kernel/async/rate-limiter.ts";
import type { Clock } from "../kernel/clock.ts";
import { toFault } from "../kernel/errors.ts";
import type { Access } from "./access.ts";
import { LogoutTokenInvalidError, senderOf, TooManyFailuresError, UserWithoutRoleError } from "./errors.ts";
import type { Tokens } from "./jwt/index.ts";
import type { Logins } from "./openid/index.ts";
import { DEFAULT_WORKSPACE } from "./permissions/index.ts";
import type { Origin } from "./principal.ts";
import type { Sessions } from "./sessions/index.ts";

type Ports = {
  readonly access: Access;
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly clock: Clock;
};

/** Requests of a login that one address may send in a minute, all users behind it together. */
const REQUESTS_PER_MINUTE = 300;
const RETRY_MS = 1_000;
const SESSION_CREATE = {
  name: "session.create",
  permission: "access:self",
  scope: "workspace",
  narrowedBy: [],
} as const;

/** Browser sessions of users of identity providers: created by a login, ended by the provider. */
export class UserLogins {
  readonly #ports: Ports;
  readonly #requests: RateLimiter;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#requests = new RateLimiter(ports.clock);
  }

  get providers(): ReturnType<Logins["list"]> {
    return this.#ports.logins.list();
  }

  /** Starts a login, as `Logins.begin`. Also throws TooManyFailuresError. */
  begin(name: string, destination: Parameters<Logins["begin"]>[1], { address }: Origin): ReturnType<Logins["begin"]> {
    this.#limit(address);
    return this.#ports.logins.begin(name, destination);
  }

  /**
   * Completes a login: creates a session, and returns its id and where to send the browser. The audit log records the result. Throws
   * as `Logins.finish`, UserWithoutRoleError, UserDisabledError, UsersFullError, TooManyFailuresError.
   */
  async finish(
    attempt: string,
    query: URLSearchParams,
    origin: Origin,
  ): Promise<{ readonly session: string; readonly returnTo: string }> {
    this.#limit(origin.address);
    const { access, logins } = this.#ports;
    try {
      const { returnTo, user, known } = await logins.finish(attempt, query);
      if (user === undefined) throw new UserWithoutRoleError({ ...known, kind: "user", workspace: DEFAULT_WORKSPACE });
      const owner = { type: "user", user } as const;
      const { id, principal } = await access.logIn({ login: { owner }, workspace: undefined });
      access.ended(access.authorize(principal, { operation: SESSION_CREATE, target: {}, origin }));
      return { session: id, returnTo };
    } catch (error) {
      const { code, kind } = toFault(error);
      if (kind !== "unavailable") access.refused(origin, code, { sender: senderOf(error) });
      throw error;
    }
  }

  /** Where a browser ends its session at the provider, as `Logins.logoutUrl`. */
  logoutUrl(name: string, returnTo: string): Promise<URL | undefined> {
    return this.#ports.logins.logoutUrl(name, returnTo);
  }

  /** Ends the sessions that a provider's logout token names. Throws LogoutTokenInvalidError, IssuerUnreachableError, TooManyFailuresError. */
  async endByIssuer(token: string, origin: Origin): Promise<void> {
    this.#limit(origin.address);
    const { access, tokens, sessions } = this.#ports;
    const result = await tokens.verifyLogout(token);
    if (result.type === "refused") {
      const error = new LogoutTokenInvalidError(result.reason);
      access.refused(origin, error.code);
      throw error;
    }
    await sessions.endByIssuer(result);
  }

  #limit(address: string): void {
    if (!this.#requests.take(networkOf(address), REQUESTS_PER_MINUTE))
      throw new TooManyFailuresError(address, RETRY_MS);
  }
}
