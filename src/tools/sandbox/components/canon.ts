import type { GuestMemory } from "../wasi/index.ts";
import type { Handles } from "./handles.ts";
import type { Layouts } from "./layout.ts";
import type { Encoding } from "./plan.ts";

/**
 * What crossing between a core module and the outside needs. Values on our side are:
 *
 * - booleans, numbers, bigints for 64 bits, strings; a list of u8 as a Uint8Array; other lists and tuples as arrays;
 * - a record as an object of its fields; an enum as its name; flags as the list of those that are set;
 * - a variant, option or result as `Tagged`; a resource of the host as its object.
 */
export type Canon = {
  readonly layouts: Layouts;
  readonly handles: Handles;
  readonly memory: GuestMemory;
  readonly encoding: Encoding;
  /** Takes fuel for so many bytes or members. */
  readonly charge: (amount: number) => void;
  /** Calls the module's allocator; the place it gave, unchecked. */
  readonly allocate: (bytes: number, align: number) => Promise<number>;
};

export type Tagged = { readonly tag: string; readonly value?: unknown };
export const ok = (value?: unknown): Tagged => ({ tag: "ok", value });
export const err = (value?: unknown): Tagged => ({ tag: "err", value });
export const some = (value: unknown): Tagged => ({ tag: "some", value });
export const NONE: Tagged = { tag: "none" };

export const isTagged = (value: unknown): value is Tagged =>
  typeof value === "object" && value !== null && "tag" in value && typeof value.tag === "string";

/** Something that cannot be passed: the guest gave a place or a number that there is not, or more than is allowed. */
export class CanonFault extends Error {
  override readonly name = "CanonFault";
}

/** Members of all values of one crossing, and bytes of all texts. */
export const MEMBERS_MAX = 200_000;
export const BYTES_MAX = 32 * 1024 * 1024;

export const OUTSIDE = "a pointer leads outside of its memory";
