import type { Clock } from "../kernel/clock.ts";
import { Access, type AccessOptions, type AccessPorts } from "./access.ts";
import { Tokens, type TrustedIssuer } from "./jwt/index.ts";
import { Keys, type KeyStore } from "./keys/index.ts";
import { type SessionLimits, Sessions, type SessionStore } from "./sessions/index.ts";

export type AccessModulePorts = Pick<AccessPorts, "programOf"> & {
  readonly stores: { readonly keys: KeyStore; readonly sessions: SessionStore };
  readonly clock: Clock;
};

export type AccessModuleOptions = AccessOptions & {
  readonly sessions: SessionLimits;
  readonly issuers: readonly TrustedIssuer[];
};

/** Opens access control with its API keys and browser sessions. */
export function openAccess(
  { sessions: limits, issuers, ...options }: AccessModuleOptions,
  { stores, clock, programOf }: AccessModulePorts,
) {
  const keys = new Keys(stores.keys, clock);
  const sessions = new Sessions(stores.sessions, { keys, clock }, limits);
  return {
    access: new Access(options, { keys, sessions, tokens: new Tokens(issuers, clock), clock, programOf }),
    keys,
    sessions,
    [Symbol.dispose]: () => {
      sessions[Symbol.dispose]();
      keys[Symbol.dispose]();
    },
  };
}
export type AccessServices = ReturnType<typeof openAccess>;
