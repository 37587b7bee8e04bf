import type { Clock } from "../kernel/clock.ts";
import { Access, type AccessOptions, type AccessPorts } from "./access.ts";
import { AuditLog, type AuditOptions, type AuditStore, SigningKey } from "./audit/index.ts";
import { type Limits, ResourceLimits } from "./limits/index.ts";
import { Tokens, type TrustedIssuer } from "./jwt/index.ts";
import { Keys, type KeyStore } from "./keys/index.ts";
import { Logins, type ProviderOptions } from "./openid/index.ts";
import type { StoredSecrets } from "./secrets/index.ts";
import type { Workspaces } from "./workspaces/index.ts";
import { type SessionLimits, Sessions, type SessionStore } from "./sessions/index.ts";
import { UserCredentials } from "./user-credentials.ts";
import { LOCAL_ISSUER } from "./users/index.ts";
import { UserLogins } from "./user-logins.ts";
import { LoginLinks, type LinkStore, Users, type UserStore } from "./users/index.ts";

export type AccessModulePorts = Pick<AccessPorts, "programOf"> & {
  readonly stores: {
    readonly keys: KeyStore;
    readonly sessions: SessionStore;
    readonly users: UserStore;
    readonly loginLinks: LinkStore;
    readonly audit: AuditStore;
  };
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly secrets: StoredSecrets;
};

export type AccessModuleOptions = AccessOptions & {
  readonly sessions: SessionLimits;
  readonly issuers: readonly TrustedIssuer[];
  /** Issuers at which users log in. */
  readonly providers: readonly ProviderOptions[];
  readonly audit: AuditOptions;
  readonly limits: Limits;
  /** Directory of the key that signs checkpoints of the audit log. */
  readonly directory: string;
};

/** Opens access control with its API keys, users, browser sessions and the audit log. Disposal writes and signs the last audit records. */
export function openAccess(
  {
    sessions: sessionLimits,
    issuers,
    providers,
    audit: auditOptions,
    limits,
    directory,
    ...options
  }: AccessModuleOptions,
  { stores, workspaces, clock, programOf, secrets }: AccessModulePorts,
) {
  const keys = new Keys(stores.keys, clock);
  const users = new Users(stores.users, clock);
  const links = new LoginLinks(stores.loginLinks, clock);
  const configured = new Set([LOCAL_ISSUER, ...issuers.map(({ name }) => name)]);
  const hasIssuer = (name: string) => configured.has(name);
  const sessions = new Sessions(stores.sessions, { keys, users, clock, hasIssuer }, sessionLimits);
  const audit = new AuditLog({ store: stores.audit, clock, key: SigningKey.open(directory) }, auditOptions);
  const tokens = new Tokens(issuers, clock);
  const credentials = new UserCredentials({ tokens, users, links, clock });
  const access = new Access(options, { workspaces, keys, sessions, users: credentials, clock, programOf, audit });
  const logins = new Logins(options.mode === "required" ? providers : [], tokens, clock);
  return {
    access,
    workspaces,
    keys,
    users,
    links,
    sessions,
    logins: new UserLogins({ access, logins, sessions, tokens, clock }),
    audit,
    limits: new ResourceLimits(limits, clock),
    secrets,
    [Symbol.asyncDispose]: async () => {
      access[Symbol.dispose]();
      sessions[Symbol.dispose]();
      users[Symbol.dispose]();
      keys[Symbol.dispose]();
      await audit[Symbol.asyncDispose]();
    },
  };
}
export type AccessServices = ReturnType<typeof openAccess>;
