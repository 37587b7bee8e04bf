/** A function of the host for components: takes and gives values as canon.ts says. */
export type HostFunction = {
  /** It may give a promise: the guest is parked meanwhile. */
  readonly waits: boolean;
  readonly call: (...values: readonly unknown[]) => unknown;
};

/** Functions by their name in an interface. */
export type HostInterface = { readonly [name: string]: HostFunction };

/** A function that never waits. */
export const syncFunction = (call: HostFunction["call"]): HostFunction => ({ waits: false, call });
/** A function that may wait. */
export const asyncFunction = (call: HostFunction["call"]): HostFunction => ({ waits: true, call });

/** What the guest passes has the type that its own file says; a file that says something else is not followed. */
export class HostFault extends Error {
  override readonly name = "HostFault";
}

export const textOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  throw new HostFault("it passed something that is no text");
};
export const wholeOf = (value: unknown): bigint => {
  if (typeof value === "bigint") return value;
  throw new HostFault("it passed something that is no 64-bit number");
};
export const bytesOf = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value;
  throw new HostFault("it passed something that is no list of bytes");
};
export const listOf = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw new HostFault("it passed something that is no list");
};

/** Resources are of a class each; a handle of another resource never gets here. */
export function instanceOf<Value>(value: unknown, kind: abstract new (...given: never[]) => Value): Value {
  if (value instanceof kind) return value;
  throw new HostFault("it passed a resource of another kind");
}
