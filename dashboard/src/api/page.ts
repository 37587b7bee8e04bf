import type { RunState } from "../../../src/api/contract/index.ts";

/** A page of a list; `next` leads to the one after, null on the last. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

/** Which runs a list holds: all, or those of an agent, in a state. */
export type RunFilter = { readonly agent?: string | undefined; readonly state?: RunState | undefined };
