import type { ClientCertificate } from "./client-certificate.ts";
import {
  ALL_WORKSPACES,
  DEFAULT_WORKSPACE,
  fits,
  type Grant,
  type Narrowing,
  type NarrowingKind,
  type OperationScope,
  type Permission,
} from "./permissions/index.ts";
import type { SessionOwner } from "./sessions/index.ts";
import type { StoredLink } from "./users/index.ts";

/** The party on whose behalf an operation is performed. */
export type Principal = {
  /** key_…, user_…, certificate_…, participant_…, local or setup; unique on the server. */
  readonly id: string;
  readonly kind: "local" | "setup" | "key" | "user" | "certificate" | "participant";
  readonly name: string;
  readonly grants: readonly Grant[];
  /** The workspace to which the request applies. */
  readonly workspace: string;
  /** The first of the roles in that workspace. */
  readonly role: string;
  /** The roles in that workspace whose grants are not limited. */
  readonly roles: readonly string[];
  /** The permissions in that workspace, without those of grants that are limited. */
  readonly permissions: ReadonlySet<Permission>;
  /** The permissions of grants that are limited to agents, tool servers or capabilities. */
  readonly narrowed: readonly NarrowedPermissions[];
  /** The permissions in every workspace, which operations on the whole server require. */
  readonly everywhere: ReadonlySet<Permission>;
  /** The tokens of participants that the client presented, valid or not. */
  readonly tokens: readonly string[];
  readonly expiresAtMs: number | undefined;
  /** The browser session by which the client is authenticated. */
  readonly session?: PrincipalSession;
  /** With which credentials the client can log a browser in; undefined if it cannot. */
  readonly login?: PrincipalLogin;
  /** Aborts when the principal's credentials are revoked or expire; undefined for credentials that do neither. */
  ended?(): AbortSignal;
};

/** The owner of the session that a login creates. `link` is the one-time link that it uses. */
type PrincipalLogin = { readonly owner: SessionOwner; readonly link?: StoredLink };
type NarrowedPermissions = {
  readonly role: string;
  readonly permissions: ReadonlySet<Permission>;
  readonly only: Narrowing;
};

type PrincipalSession = { readonly idHash: string; readonly csrfToken: string; readonly endsAtMs: number };

/** What a surface knows of a request before it reads the body. */
export type Credentials = {
  /** The token in `Authorization: Bearer`. */
  readonly token: string | undefined;
  /** The key in `X-API-Key`. */
  readonly key: string | undefined;
  /** What the dashboard's cookie says. Only a request that comes from the dashboard's own origin has it. */
  readonly session: SessionCredentials | undefined;
  /** What the request's connection is known by. */
  readonly connection: object;
  /** The certificate of the client's connection. */
  readonly certificate?: ClientCertificate | undefined;
  /** The workspace that the request names. Default: the one of the first grant. */
  readonly workspace?: string | undefined;
  readonly origin: Origin;
};

/** Where a request came from, for the audit log. */
export type Origin = {
  readonly address: string;
  /** The id of the connection for a WebSocket. */
  readonly requestId: string;
};

export type SessionCredentials = {
  readonly id: string;
  /** The session's token, which writes need. */
  readonly csrfToken: string | undefined;
  readonly isWrite: boolean;
};

/** The part of an operation's record that decides whether it may be performed. */
export type Guarded = {
  readonly name: string;
  readonly permission: Permission;
  readonly scope: OperationScope;
  /** By what a grant for the operation can be limited. Without any, a limited grant does not suffice. */
  readonly narrowedBy: readonly NarrowingKind[];
};

/** An attempt to perform an operation. */
export type Attempt = {
  readonly operation: Guarded;
  /** The parameters of its path, unchecked. */
  readonly target: unknown;
  readonly origin: Origin;
};

/**
 * A principal that may perform one operation. Only `Access` makes them, so a surface cannot perform an operation that was not
 * authorized.
 */
class Admitted {
  readonly principal: Principal;
  readonly #attempt: Attempt;
  constructor(principal: Principal, attempt: Attempt) {
    this.principal = principal;
    this.#attempt = attempt;
  }
  get attempt(): Attempt {
    return this.#attempt;
  }
  /** Whether the operation may use a resource by its name. */
  covers(kind: NarrowingKind, name: string): boolean {
    const { permission } = this.#attempt.operation;
    const { permissions, narrowed } = this.principal;
    return (
      permissions.has(permission) ||
      narrowed.some((grant) => grant.permissions.has(permission) && fits(grant.only, kind, name))
    );
  }
  /** The roles with which the operation uses a resource. They decide which approvals the principal may answer. */
  rolesFor(kind: NarrowingKind, name: string): readonly string[] {
    const { permission } = this.#attempt.operation;
    const { roles, narrowed } = this.principal;
    const limited = narrowed.filter(({ permissions, only }) => permissions.has(permission) && fits(only, kind, name));
    return [...roles, ...limited.map(({ role }) => role)];
  }
  /** Whether the operation may use everything in its workspace. */
  get isWhole(): boolean {
    return this.principal.permissions.has(this.#attempt.operation.permission);
  }
  /** Whether every grant that admits the operation also has a permission. */
  alsoHas(permission: Permission): boolean {
    const { permissions, narrowed } = this.principal;
    if (permissions.has(permission)) return true;
    if (this.isWhole) return false;
    const own = this.#attempt.operation.permission;
    return narrowed.every((grant) => !grant.permissions.has(own) || grant.permissions.has(permission));
  }
  /** Throws if the admission is for another operation: the surface has an error. */
  require(operation: Guarded): void {
    const { name } = this.#attempt.operation;
    if (operation.name !== name) throw new Error(`${operation.name} was admitted as ${name}`);
  }
}
export type Admission = Admitted;

/** For `Access` alone. */
export const admitted = (principal: Principal, attempt: Attempt): Admission => new Admitted(principal, attempt);

/** The workspace of requests that name none: that of the first grant whose workspace is there. */
export function homeOf(grants: readonly Grant[], isActive: (workspace: string) => boolean): string {
  const { workspace } =
    grants.find((grant) => grant.workspace === ALL_WORKSPACES || isActive(grant.workspace)) ?? grants[0] ?? HOME;
  return workspace === ALL_WORKSPACES ? DEFAULT_WORKSPACE : workspace;
}
const HOME = { workspace: DEFAULT_WORKSPACE };
