import { MemoryPart } from "../../../search-index/index.ts";

// Data whose typed arrays are kept beside it, so that they are written from where they are and read to where they stay: a copy of
// them all would be as large again.

const KINDS = { Int32Array, Uint8Array, Uint16Array, Float32Array, Float64Array };
type Kind = keyof typeof KINDS;
type Numbers = InstanceType<(typeof KINDS)[Kind]> | MemoryPart;
/** The kind of what lies in a WebAssembly memory. */
const MEMORY = "memory";

/** What stands in the place of an array: which of them it is. */
const PLACE = "\u0000array";

/** An array as it is read again. `from`: bytes before it, in a memory. */
export type ArrayShape = { readonly kind: string; readonly length: number; readonly from: number };

/** Data without its typed arrays, and those in their order. */
export type DetachedBuffers = { readonly data: unknown; readonly arrays: readonly Numbers[] };

const kindOf = (array: object): Kind | undefined => {
  for (const kind of Object.keys(KINDS)) if (isKind(kind) && array instanceof KINDS[kind]) return kind;
  return undefined;
};
const isKind = (name: string): name is Kind => name in KINDS;
const isNumbers = (value: unknown): value is Numbers =>
  value instanceof MemoryPart || (typeof value === "object" && value !== null && !!kindOf(value));

export function extractBuffers(value: unknown): DetachedBuffers {
  const arrays: Numbers[] = [];
  const data = replaced(value, (one) => (isNumbers(one) ? { [PLACE]: arrays.push(one) - 1 } : undefined));
  return { data, arrays };
}

export const shapesOf = (arrays: readonly Numbers[]): readonly ArrayShape[] =>
  arrays.map((array) =>
    array instanceof MemoryPart
      ? { kind: MEMORY, length: array.length, from: array.from }
      : { kind: kindOf(array) ?? "", length: array.length, from: 0 },
  );

/** Bytes of an array of a shape. Throws a TypeError for an unknown shape. */
export function bytesFor({ kind, length }: ArrayShape): number {
  if (kind === MEMORY) return length;
  if (!isKind(kind)) throw new TypeError(`${kind} is not kept`);
  return length * KINDS[kind].BYTES_PER_ELEMENT;
}

/** Creates an array of a shape. Throws a TypeError for an unknown shape, a RangeError for one that is too long. */
export function arrayOf({ kind, length, from }: ArrayShape): Numbers {
  if (kind === MEMORY) return MemoryPart.of(from, length);
  if (!isKind(kind)) throw new TypeError(`${kind} is not kept`);
  return new KINDS[kind](length);
}

export const putTogether = (data: unknown, arrays: readonly Numbers[]): unknown =>
  replaced(data, (one) => {
    const place: unknown = typeof one === "object" && one !== null && PLACE in one ? one[PLACE] : undefined;
    return typeof place === "number" ? arrays[place] : undefined;
  });

/** The bytes of an array, where they are. */
export const bytesOf = (array: Numbers): Uint8Array =>
  array instanceof MemoryPart ? array.bytes : new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function replaced(value: unknown, by: (value: unknown) => unknown): unknown {
  const other = by(value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return value.map((one: unknown) => (typeof one === "object" ? replaced(one, by) : one));
  // Others than plain objects have no arrays of ours.
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaced(one, by)]));
}
