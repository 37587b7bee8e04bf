import type { Clock } from "../kernel/clock.ts";
import type { AuditEvent } from "./audit/index.ts";
import type { Tokens } from "./jwt/index.ts";
import { endAt } from "./end-at.ts";
import { DEFAULT_WORKSPACE } from "./permissions/index.ts";
import type { Principal } from "./principal.ts";
import type { SessionOwner, SessionUser } from "./sessions/index.ts";
import { LOCAL_ISSUER, type LoginLinks, type StoredLink, type Users } from "./users/index.ts";

export type UserPorts = {
  readonly tokens: Tokens;
  readonly users: Users;
  readonly links: LoginLinks;
  readonly clock: Clock;
};

type Found = {
  readonly type: "user";
  readonly user: SessionUser;
  readonly credentials: Pick<Principal, "login" | "expiresAtMs" | "ended">;
};
type Refused = {
  readonly type: "refused";
  readonly reason: string;
  readonly sender: AuditEvent["principal"] | undefined;
};
type FoundLink = {
  readonly user: SessionUser;
  readonly login: { readonly owner: SessionOwner; readonly link: StoredLink };
};

/** The role of a login link until it is used. */
export const LINK_ROLE = "login-link";

/** Finds users by their credentials: tokens of identity providers, and login links. */
export class UserCredentials {
  readonly #ports: UserPorts;

  constructor(ports: UserPorts) {
    this.#ports = ports;
  }

  /** Uses the credentials to log in. Returns false if the link has been used since it was found. Throws UserDisabledError, UsersFullError. */
  async use({ owner, link }: NonNullable<Principal["login"]>): Promise<boolean> {
    const { users, links } = this.#ports;
    if (link !== undefined && !(await links.use(link))) return false;
    if (owner.type === "user") users.seen(owner.user);
    return true;
  }

  /** Returns a user that is not disabled, as its last request or login had it. */
  active(id: string): SessionUser | undefined {
    const { users } = this.#ports;
    return users.has(id) && !users.isDisabled(id) ? { ...users.get(id), issuerSession: undefined } : undefined;
  }

  /** Aborts when the user is disabled or deleted. */
  ended(id: string): AbortSignal {
    return this.#ports.users.ended(id);
  }

  /** Finds the user of a token. Throws IssuerUnreachableError, UserDisabledError, UsersFullError. */
  async byJwt(given: string): Promise<Found | Refused> {
    const { tokens, users, clock } = this.#ports;
    const result = await tokens.verify(given);
    if (result.type === "refused") {
      const sender = result.user && { ...result.user, kind: "user", workspace: DEFAULT_WORKSPACE };
      return { type: "refused", reason: result.reason, sender };
    }
    const { expiresAtMs, user } = result;
    users.seen(user);
    const ended = () => AbortSignal.any([users.ended(user.id), endAt(expiresAtMs, clock)]);
    return { type: "user", user, credentials: { login: { owner: { type: "user", user } }, expiresAtMs, ended } };
  }

  /** Finds the user of a login link that can be used. */
  byLink(given: string): FoundLink | undefined {
    const link = this.#ports.links.find(given);
    if (link === undefined) return undefined;
    const { name, role, workspace } = link;
    const subject = `${name.toLowerCase()}@${workspace}`;
    const id = `user_${LOCAL_ISSUER}:${subject}`;
    const user = { id, issuer: LOCAL_ISSUER, subject, name, grants: [{ workspace, role }], issuerSession: undefined };
    return { user, login: { owner: { type: "user", user }, link } };
  }
}
