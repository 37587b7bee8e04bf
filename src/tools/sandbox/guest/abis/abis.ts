import type { GuestAbi } from "./abi.ts";
import { component } from "./component/component.ts";
import { core } from "./core.ts";
import { extism } from "./extism/extism.ts";
import { wasiStdio } from "./wasi-stdio.ts";

/** Every ABI there is, in the order in which they are tried. */
export const ABIS: readonly GuestAbi[] = [component, extism, core, wasiStdio];
