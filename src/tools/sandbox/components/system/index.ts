/** WASI 0.2 and `caxton:host` for one component: what the guest imports, over the same gate and the same broker as preview 1. */
import type { FileClient } from "../../wasi/index.ts";
import { type Basics, basicInterfaces } from "./basics.ts";
import { type AskServer, caxtonInterfaces } from "./caxton.ts";
import { filesystemInterfaces } from "./filesystem.ts";
import { HostMemoryBudget } from "./host-memory-budget.ts";
import type { HostInterface } from "./host-function.ts";
import { type Fetch, httpInterfaces } from "./http.ts";
import { ioInterfaces } from "./io.ts";
import { askThrough } from "./streams.ts";

export { type AskServer, CAXTON_INTERFACES, caxtonFunctions, isCaxtonInterface } from "./caxton.ts";
export { HostMemoryExceededError } from "./host-memory-budget.ts";
export { type HostFunction, HostFault, type HostInterface } from "./host-function.ts";
export type { Fetch } from "./http.ts";

export type SystemDeps = Basics & {
  readonly host: { readonly files: FileClient };
  readonly fetch: Fetch;
  readonly askServer: AskServer;
  /** Bytes that the host keeps for the guest. */
  readonly hostMemoryBytesMax: number;
};

export type SystemOfGuest = {
  /** Every function that there is, by interface (without version) and name. */
  readonly interfaces: { readonly [name: string]: HostInterface };
  /** Lets go of what belonged to the call. */
  readonly endCall: () => void;
};

export function systemOf(deps: SystemDeps): SystemOfGuest {
  const { host, fetch, askServer } = deps;
  const { files } = host;
  const memoryBudget = new HostMemoryBudget(deps.hostMemoryBytesMax);
  const ask = askThrough(host, files);
  return {
    interfaces: {
      ...basicInterfaces(deps),
      ...ioInterfaces(host),
      ...filesystemInterfaces({ ask, memoryBudget, close: (handle) => files({ op: "close", handle }, () => {}) }),
      ...httpInterfaces({ fetch, memoryBudget }),
      ...caxtonInterfaces(askServer),
    },
    endCall: () => memoryBudget.endCall(),
  };
}
