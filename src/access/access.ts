import { randomBytes } from "node:crypto";
import { networkOf } from "../kernel/addresses.ts";
import { RateLimiter } from "../kernel/async/rate-limiter.ts";
import type { Clock } from "../kernel/clock.ts";
import { toFault } from "../kernel/errors.ts";
import { AUTHENTICATE, type AuditEvent, type AuditLog } from "./audit/index.ts";
import { type ClientCertificate, entryOf, isValid, type TrustedCertificate } from "./client-certificate.ts";
import {
  CredentialsInvalidError,
  CredentialsRequiredError,
  CsrfTokenInvalidError,
  GrantNarrowedError,
  PermissionDeniedError,
  RoleExceedsError,
  RoleUnknownError,
  ServerPermissionDeniedError,
  senderOf,
  SessionEndedError,
  SessionNeedsKeyError,
  TooManyFailuresError,
} from "./errors.ts";
import { EndSignals, isSame, type KeyFault, type Keys, type StoredKey } from "./keys/index.ts";
import {
  ALL_WORKSPACES,
  DEFAULT_WORKSPACE,
  type Grant,
  isNarrowed,
  PARTICIPANT_PERMISSIONS,
  type Permission,
  permissionsOf,
  type Role,
} from "./permissions/index.ts";
import type { FoundSession, Sessions, SessionUser } from "./sessions/index.ts";
import { isJwt } from "./jwt/index.ts";
import { endAt, firstEnd } from "./end-at.ts";
import { certificateId, certified, type Identified, KEY_PREFIX, keySender, LOCAL, OPERATOR } from "./identified.ts";
import {
  admitted,
  type Admission,
  type Attempt,
  type Credentials,
  homeOf,
  type Origin,
  type Principal,
  type SessionCredentials,
} from "./principal.ts";
import { LINK_ROLE, type UserCredentials } from "./user-credentials.ts";
import { isLoginToken } from "./users/index.ts";
import { WorkspaceNotFoundError, type Workspaces } from "./workspaces/index.ts";

/** local: every client that reaches the port has every permission. required: every request needs credentials. */
export const ACCESS_MODES = ["local", "required"] as const;
export type AccessMode = (typeof ACCESS_MODES)[number];

export type AccessOptions = {
  readonly mode: AccessMode;
  /** By name, the built-in ones included. */
  readonly roles: Readonly<Record<string, Role>>;
  readonly certificates?: readonly TrustedCertificate[];
};

export type AccessPorts = {
  readonly clock: Clock;
  readonly workspaces: Pick<Workspaces, "isActive" | "ended">;
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly users: UserCredentials;
  /** Returns the program whose token this is. */
  readonly programOf: (token: string) => { readonly workspace: string; readonly name: string } | undefined;
  readonly audit: Pick<AuditLog, "record">;
};

type Refused = {
  readonly sender?: AuditEvent["principal"] | undefined;
  readonly operation?: AuditEvent["operation"] | undefined;
};

/** Requests with invalid credentials that one address may send in a minute before they are answered with 429. */
const FAILURES_PER_MINUTE = 30;
const RETRY_MS = 2_000;
const ADMIN = "admin";
const PARTICIPANT = "participant";
const SETUP = "setup";
const SETUP_OPERATION = "key.create";
const isWhole = ({ only }: Grant): boolean => only === undefined || !isNarrowed(only);
const NO_PERMISSIONS: ReadonlySet<Permission> = new Set();
/** Of a role that was removed from the configuration. */
const SELF_PERMISSIONS: ReadonlySet<Permission> = new Set(["access:self"]);

type LoginAttempt = Pick<Principal, "login"> & { readonly workspace: string | undefined };

/** What identifies a request besides its credentials. */
type Presented = Pick<Identified, "tokens"> & Pick<Origin, "address">;
const PROGRAM_TOKEN = "cxp_";
const SETUP_PREFIX = "cax_setup_";

/**
 * Decides who may perform which operation. Every surface asks it before it reads a request's body.
 * access.access.A1. With mode = "required" no operation is performed without valid credentials that have its permission.
 * access.access.A2. While no administrator's key exists, the setup token has the permission to create one, and none besides.
 * access.access.A3. A request that a session authenticates is accepted from the dashboard's own origin only, and a write needs the
 *   session's token besides.
 * access.access.A4. A client certificate counts only while it is valid, also on a connection that was opened before it expired.
 * access.access.A5. Every refusal of credentials or permissions is in the audit log.
 * access.access.A7. A grant that is limited to agents, tool servers or capabilities admits only operations that can be limited to
 *   them, and those find nothing else.
 * access.access.A6. A request applies to one workspace, in which its principal has a grant. Any other is not found.
 */
export class Access {
  readonly mode: AccessMode;
  readonly roles: Readonly<Record<string, Role>>;
  readonly #ports: AccessPorts;
  readonly #permissions: ReadonlyMap<string, ReadonlySet<Permission>>;
  readonly #certificates: readonly TrustedCertificate[];
  readonly #failures: RateLimiter;
  readonly #programEnds = new EndSignals((token) => this.#ports.programOf(token) === undefined);
  readonly #setupToken = SETUP_PREFIX + randomBytes(32).toString("base64url");

  constructor({ mode, roles, certificates = [] }: AccessOptions, ports: AccessPorts) {
    this.mode = mode;
    this.roles = roles;
    this.#ports = ports;
    this.#certificates = certificates;
    this.#permissions = new Map<string, ReadonlySet<Permission>>([
      ...Object.entries(roles).map(([name, role]) => [name, permissionsOf(role)] as const),
      [PARTICIPANT, PARTICIPANT_PERMISSIONS],
      [SETUP, new Set<Permission>(["access:self", "access:admin"])],
      [LINK_ROLE, SELF_PERMISSIONS],
    ]);
    this.#failures = new RateLimiter(ports.clock);
  }

  [Symbol.dispose](): void {
    this.#programEnds[Symbol.dispose]();
  }

  /** The token with which the first administrator's key is created; undefined if there is one, or none is needed. */
  get setupToken(): string | undefined {
    // It is not valid a second time, even if that key is revoked: a restart prints another one.
    const isSetUp = this.#ports.keys.hasServerKey(ADMIN);
    return this.mode === "local" || isSetUp ? undefined : this.#setupToken;
  }

  /**
   * Returns the sender of a request in the workspace of the request. Throws WorkspaceNotFoundError, CredentialsRequiredError,
   * CredentialsInvalidError, TooManyFailuresError, IssuerUnreachableError, UserDisabledError, SessionEndedError, CsrfTokenInvalidError.
   */
  async identify(credentials: Credentials): Promise<Principal> {
    try {
      return this.#in(credentials.workspace, await this.#identify(credentials));
    } catch (error) {
      const { kind, code } = toFault(error);
      // A request without credentials comes from a client that does not know yet that they are required.
      if (!(error instanceof CredentialsRequiredError) && kind !== "unavailable")
        this.refused(credentials.origin, code, { sender: senderOf(error) });
      throw error;
    }
  }

  /**
   * Returns a principal, known by its id, with its rights of now; undefined if its credentials are revoked, expired or deleted. Throws
   * WorkspaceNotFoundError.
   */
  standing(owner: Pick<Principal, "id"> & { readonly kind: string }, workspace: string): Principal | undefined {
    const identified = this.#standing(owner);
    return identified && this.#in(workspace, identified);
  }

  #standing({ id, kind }: { readonly id: string; readonly kind: string }): Identified | undefined {
    const { keys, users } = this.#ports;
    if (kind === OPERATOR.kind) return { ...LOCAL, id: OPERATOR.id, name: OPERATOR.name };
    if (kind === "local") return this.mode === "local" ? LOCAL : undefined;
    const key = kind === "key" ? keys.active(id.slice(KEY_PREFIX.length)) : undefined;
    const user = kind === "user" ? users.active(id) : undefined;
    const entry =
      kind === "certificate" ? this.#certificates.find(({ name }) => id === certificateId(name)) : undefined;
    if (key !== undefined) return this.#principalOf(key, []);
    return user === undefined ? entry && certified(entry) : this.#userPrincipal(user, []);
  }

  /** Permissions are those of the grants for the workspace together. A6. */
  #in(wanted: string | undefined, identified: Identified): Principal {
    const { grants } = identified;
    const workspace = wanted ?? homeOf(grants, (name) => this.#ports.workspaces.isActive(name));
    const own = grants.filter((grant) => grant.workspace === workspace || grant.workspace === ALL_WORKSPACES);
    const [first] = own;
    if (first === undefined || !this.#ports.workspaces.isActive(workspace)) throw new WorkspaceNotFoundError(workspace);
    const whole = own.every(isWhole) ? own : own.filter(isWhole);
    const everywhere = this.#permissionsOf(whole.filter((grant) => grant.workspace === ALL_WORKSPACES));
    return {
      ...identified,
      workspace,
      role: (whole[0] ?? first).role,
      roles: whole.map(({ role }) => role),
      permissions: whole.length === 0 ? SELF_PERMISSIONS : this.#permissionsOf(whole),
      narrowed: own
        .filter((grant) => !isWhole(grant))
        .map((grant) => ({ role: grant.role, permissions: this.#permissionsOf([grant]), only: grant.only ?? {} })),
      everywhere,
      // The default workspace is never deleted.
      ...(workspace !== DEFAULT_WORKSPACE && {
        ended: () => firstEnd(identified.ended?.(), this.#ports.workspaces.ended(workspace)),
      }),
    };
  }

  #permissionsOf([first, ...others]: readonly Grant[]): ReadonlySet<Permission> {
    if (first === undefined) return NO_PERMISSIONS;
    const permissions = this.#permissions.get(first.role) ?? SELF_PERMISSIONS;
    return others.length === 0 ? permissions : permissions.union(this.#permissionsOf(others));
  }

  #identify({ token, key, session, connection, certificate, origin }: Credentials): Identified | Promise<Identified> {
    const { address } = origin;
    if (this.mode === "local") return token === undefined ? LOCAL : { ...LOCAL, tokens: [token] };
    const isProgram = token?.startsWith(PROGRAM_TOKEN) ?? false;
    const tokens = token !== undefined && isProgram ? [token] : [];
    const given = key ?? (isProgram ? undefined : token);
    if (given !== undefined && isJwt(given)) return this.#byJwt(given, tokens, address);
    if (given !== undefined) return this.#byKey(given, { tokens, address, connection });
    if (session !== undefined) return this.#bySession(session, tokens);
    const entry = certificate && entryOf(certificate, this.#certificates);
    if (certificate && entry) return this.#byCertificate(certificate, entry, { tokens, address });
    if (token !== undefined) return this.#byProgram(token, address);
    if (certificate) throw this.#failure(address, "the client certificate is not listed in access.certificates");
    throw new CredentialsRequiredError();
  }

  /** Returns a principal's leave to perform an operation. Throws PermissionDeniedError. */
  authorize(principal: Principal, attempt: Attempt): Admission {
    const { name, permission, scope, narrowedBy } = attempt.operation;
    const admission = admitted(principal, attempt);
    const isServerWide = scope === "server";
    // A2.
    const isBarred = principal.kind === "setup" && permission !== "access:self" && name !== SETUP_OPERATION;
    if (!isBarred && (isServerWide ? principal.everywhere : principal.permissions).has(permission)) return admission;
    const isNarrowly = ({ permissions, only }: Principal["narrowed"][number]) =>
      permissions.has(permission) && narrowedBy.some((kind) => only[kind] !== undefined);
    if (!isServerWide && principal.narrowed.some(isNarrowly)) return admission;
    const error =
      !isBarred && isServerWide && principal.permissions.has(permission)
        ? new ServerPermissionDeniedError(name, permission)
        : principal.narrowed.some(({ permissions }) => permissions.has(permission))
          ? new GrantNarrowedError(name, permission, principal.narrowed)
          : new PermissionDeniedError(name, permission, principal.role);
    this.ended(admission, error);
    throw error;
  }

  /** `identify` and `authorize`. */
  async admit(operation: Attempt["operation"], target: unknown, credentials: Credentials): Promise<Admission> {
    return this.authorize(await this.identify(credentials), { operation, target, origin: credentials.origin });
  }

  /** Records how an operation ended, with its error if it was denied or failed. `created` names what it created. */
  ended({ principal, attempt }: Admission, error?: unknown, created: AuditEvent["target"] = {}): void {
    const { operation, target, origin } = attempt;
    this.#ports.audit.record({
      principal,
      operation,
      target: {
        ...Object.fromEntries(Object.entries(target ?? {}).map(([name, value]) => [name, String(value)])),
        ...created,
      },
      origin,
      ...outcomeOf(error),
    });
  }

  /** Records the refusal of a request. Its sender is unknown, or may not be the one that its credentials name. */
  refused(origin: Origin, code: string, { sender, operation }: Refused = {}): void {
    this.#ports.audit.record({
      principal: sender ?? { id: "anonymous", kind: "anonymous", name: "", workspace: DEFAULT_WORKSPACE },
      operation: operation ?? { name: AUTHENTICATE, permission: null },
      target: {},
      origin,
      outcome: "denied",
      code,
    });
  }

  /** Counts and records a request whose secret another module has checked. Throws TooManyFailuresError. */
  failed(origin: Origin, code: string, operation: AuditEvent["operation"]): void {
    this.refused(origin, code, { operation });
    const error = this.#failure(origin.address, "");
    if (error instanceof TooManyFailuresError) throw error;
  }

  /**
   * Throws RoleUnknownError, RoleExceedsError if the role has permissions that the principal does not have there, and
   * WorkspaceNotFoundError.
   */
  requireGrantable({ role, workspace }: Grant, { kind, everywhere, permissions, workspace: own }: Principal): void {
    if (!Object.hasOwn(this.roles, role)) throw new RoleUnknownError(role, Object.keys(this.roles));
    // A2.
    if (kind === "setup" && role === ADMIN) return;
    const held = workspace === own ? permissions : everywhere;
    const isKnown = workspace === ALL_WORKSPACES || this.#ports.workspaces.isActive(workspace);
    // A6.
    if (!isKnown || (workspace !== ALL_WORKSPACES && held.size === 0)) throw new WorkspaceNotFoundError(workspace);
    const missing = [...this.#permissionsOf([{ role, workspace }])].filter((permission) => !held.has(permission));
    if (missing.length > 0) throw new RoleExceedsError(role, missing);
  }

  /** The workspaces in which a principal has grants: a name is returned if it is active. */
  isVisible(workspace: string, { grants }: Principal): boolean {
    const isGranted = grants.some((grant) => grant.workspace === workspace || grant.workspace === ALL_WORKSPACES);
    return isGranted && this.#ports.workspaces.isActive(workspace);
  }

  /**
   * Creates a browser session for the key, the user or the link that authenticates the principal. Returns its id, for the cookie, and
   * the principal as the session authenticates it. Throws SessionNeedsKeyError, CredentialsInvalidError, UserDisabledError, UsersFullError.
   */
  async logIn({ login, workspace }: LoginAttempt): Promise<{ readonly id: string; readonly principal: Principal }> {
    const { sessions, users } = this.#ports;
    if (login === undefined) throw new SessionNeedsKeyError();
    // Another request may have used its link since this one was authenticated.
    if (!(await users.use(login))) throw new CredentialsInvalidError(LINK_OVER);
    const { id } = await sessions.create(login.owner);
    const found = sessions.find(id);
    if (found === undefined) throw new SessionEndedError();
    return { id, principal: this.#in(workspace, this.#sessionPrincipal(id, found, [])) };
  }

  #byKey(given: string, { tokens, address, connection }: Presented & Pick<Credentials, "connection">): Identified {
    if (given.startsWith(SETUP_PREFIX)) return this.#bySetup(given, address);
    if (isLoginToken(given)) return this.#byLink(given, address);
    const found = this.#ports.keys.find(given, connection);
    if ("fault" in found) throw this.#failure(address, FAULTS[found.fault], found.key && keySender(found.key));
    return { ...this.#principalOf(found, tokens), login: { owner: { type: "key", keyId: found.id } } };
  }

  #principalOf({ id, name, role, workspace, only, expiresAtMs }: StoredKey, tokens: readonly string[]): Identified {
    return {
      id: KEY_PREFIX + id,
      kind: "key",
      name,
      grants: [{ workspace, role, only }],
      tokens,
      expiresAtMs,
      ended: () => this.#ports.keys.ended(id),
    };
  }

  /** A3. */
  #bySession({ id, csrfToken, isWrite }: SessionCredentials, tokens: readonly string[]): Identified {
    const { sessions } = this.#ports;
    const found = sessions.find(id);
    if (found === undefined) throw new SessionEndedError();
    if (isWrite && !isSame(csrfToken ?? "", sessions.csrfTokenOf(id))) throw new CsrfTokenInvalidError();
    return this.#sessionPrincipal(id, found, tokens);
  }

  #sessionPrincipal(id: string, found: FoundSession, tokens: readonly string[]): Identified {
    const { sessions } = this.#ports;
    const { idHash } = found.session;
    const endsAtMs = sessions.endsAtMs(found.session);
    return {
      ...(found.type === "key" ? this.#principalOf(found.key, tokens) : this.#userPrincipal(found.user, tokens)),
      session: { idHash, csrfToken: sessions.csrfTokenOf(id), endsAtMs },
      ended: () => sessions.ended(idHash),
    };
  }

  async #byJwt(given: string, tokens: readonly string[], address: string): Promise<Identified> {
    const found = await this.#ports.users.byJwt(given);
    if (found.type === "refused") throw this.#failure(address, found.reason, found.sender);
    return { ...this.#userPrincipal(found.user, tokens), ...found.credentials };
  }

  #userPrincipal({ id, name, grants }: SessionUser, tokens: readonly string[]): Identified {
    return {
      id,
      kind: "user",
      name,
      grants,
      expiresAtMs: undefined,
      tokens,
      ended: () => this.#ports.users.ended(id),
    };
  }

  /** The link can log its user in, and nothing besides. */
  #byLink(given: string, address: string): Identified {
    const found = this.#ports.users.byLink(given);
    if (found === undefined) throw this.#failure(address, LINK_OVER);
    const { workspace } = found.login.link;
    return { ...this.#userPrincipal(found.user, []), grants: [{ workspace, role: LINK_ROLE }], login: found.login };
  }

  /** A4. */
  #byCertificate(
    certificate: ClientCertificate,
    entry: TrustedCertificate,
    { tokens, address }: Presented,
  ): Identified {
    const { clock } = this.#ports;
    if (!isValid(certificate, clock)) throw this.#failure(address, "the client certificate has expired");
    const { expiresAtMs } = certificate;
    return { ...certified(entry), tokens, expiresAtMs, ended: () => endAt(expiresAtMs, clock) };
  }

  /** A2. */
  #bySetup(given: string, address: string): Identified {
    const expected = this.setupToken;
    if (expected === undefined || !isSame(given, expected))
      throw this.#failure(address, "the setup token is invalid, or an administrator exists already");
    return {
      ...LOCAL,
      id: SETUP,
      kind: "setup",
      name: SETUP,
      grants: [{ workspace: ALL_WORKSPACES, role: SETUP }],
    };
  }

  #byProgram(token: string, address: string): Identified {
    const program = this.#ports.programOf(token);
    if (program === undefined) throw this.#failure(address, "the token is not that of a registered program");
    const { workspace, name } = program;
    return {
      id: `participant_${name.toLowerCase()}`,
      kind: "participant",
      name,
      grants: [{ workspace, role: PARTICIPANT }],
      tokens: [token],
      expiresAtMs: undefined,
      ended: () => this.#programEnds.of(token),
    };
  }

  #failure(address: string, message: string, sender?: AuditEvent["principal"]): Error {
    const isFlood = !this.#failures.take(networkOf(address), FAILURES_PER_MINUTE);
    return isFlood ? new TooManyFailuresError(address, RETRY_MS) : new CredentialsInvalidError(message, sender);
  }
}

/** Whether an operation ended because its principal may not perform it. */
export const isDenial = (error: unknown): boolean => ["denied", "unauthenticated"].includes(toFault(error).kind);

function outcomeOf(error: unknown): Pick<AuditEvent, "outcome" | "code"> {
  if (error === undefined) return { outcome: "allowed", code: null };
  return { outcome: isDenial(error) ? "denied" : "failed", code: toFault(error).code };
}

const LINK_OVER = "the login link is invalid, was used, or has expired";
const FAULTS: Readonly<Record<KeyFault, string>> = {
  unknown: "the API key is invalid",
  expired: "the API key has expired",
  revoked: "the API key is revoked",
};
