import type { Clock } from "../kernel/clock.ts";
import { Access, type AccessOptions, type AccessPorts } from "./access.ts";
import { AuditLog, type AuditOptions, type AuditStore, SigningKey } from "./audit/index.ts";
import { type Limits, ResourceLimits } from "./limits/index.ts";
import { Tokens, type TrustedIssuer } from "./jwt/index.ts";
import { Keys, type KeyStore } from "./keys/index.ts";
import { Workspaces, type WorkspaceStore } from "./workspaces/index.ts";
import { type SessionLimits, Sessions, type SessionStore } from "./sessions/index.ts";

export type AccessModulePorts = Pick<AccessPorts, "programOf"> & {
  readonly stores: {
    readonly workspaces: WorkspaceStore;
    readonly keys: KeyStore;
    readonly sessions: SessionStore;
    readonly audit: AuditStore;
  };
  readonly clock: Clock;
};

export type AccessModuleOptions = AccessOptions & {
  readonly sessions: SessionLimits;
  readonly issuers: readonly TrustedIssuer[];
  readonly audit: AuditOptions;
  readonly limits: Limits;
  /** Directory of the key that signs checkpoints of the audit log. */
  readonly directory: string;
};

/** Opens access control with its API keys, browser sessions and the audit log. Disposal writes and signs the last audit records. */
export function openAccess(
  { sessions: sessionLimits, issuers, audit: auditOptions, limits, directory, ...options }: AccessModuleOptions,
  { stores, clock, programOf }: AccessModulePorts,
) {
  const workspaces = new Workspaces(stores.workspaces, clock);
  const keys = new Keys(stores.keys, clock);
  const sessions = new Sessions(stores.sessions, { keys, clock }, sessionLimits);
  const audit = new AuditLog({ store: stores.audit, clock, key: SigningKey.open(directory) }, auditOptions);
  const tokens = new Tokens(issuers, clock);
  const access = new Access(options, { workspaces, keys, sessions, tokens, clock, programOf, audit });
  return {
    access,
    workspaces,
    keys,
    sessions,
    audit,
    limits: new ResourceLimits(limits, clock),
    [Symbol.asyncDispose]: async () => {
      access[Symbol.dispose]();
      sessions[Symbol.dispose]();
      keys[Symbol.dispose]();
      await audit[Symbol.asyncDispose]();
    },
  };
}
export type AccessServices = ReturnType<typeof openAccess>;
