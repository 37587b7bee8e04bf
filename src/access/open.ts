import type { Clock } from "../kernel/clock.ts";
import { Access, type AccessOptions, type AccessPorts } from "./access.ts";
import { Keys, type KeyStore } from "./keys/index.ts";

export type AccessModulePorts = Pick<AccessPorts, "programOf"> & {
  readonly stores: { readonly keys: KeyStore };
  readonly clock: Clock;
};

/** Opens access control with its API keys. */
export function openAccess(options: AccessOptions, { stores, clock, programOf }: AccessModulePorts) {
  const keys = new Keys(stores.keys, clock);
  return {
    access: new Access(options, { keys, clock, programOf }),
    keys,
    [Symbol.dispose]: () => keys[Symbol.dispose](),
  };
}
export type AccessServices = ReturnType<typeof openAccess>;
