/** WASI 0.2 for one component: what the guest imports, over the same gate and the same broker as preview 1. */
import type { FileClient } from "../../wasi/index.ts";
import { type Basics, basicInterfaces } from "./basics.ts";
import { filesystemInterfaces } from "./filesystem.ts";
import type { HostInterface } from "./host-function.ts";
import { type Fetch, httpInterfaces } from "./http.ts";
import { ioInterfaces } from "./io.ts";
import { askThrough } from "./streams.ts";

export { type HostFunction, HostFault, type HostInterface } from "./host-function.ts";
export type { Fetch, Fetched, Wanted } from "./http.ts";

export type SystemDeps = Basics & { readonly files: FileClient; readonly fetch: Fetch };

/** Every function that there is, by interface (without version) and name. */
export function systemInterfaces(deps: SystemDeps): { readonly [name: string]: HostInterface } {
  const close = (handle: number): void => deps.files({ op: "close", handle }, () => {});
  return {
    ...basicInterfaces(deps),
    ...ioInterfaces(deps.gate),
    ...filesystemInterfaces(askThrough(deps.gate, deps.files), close),
    ...httpInterfaces(deps.fetch),
  };
}
