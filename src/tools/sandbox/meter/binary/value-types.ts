import { malformed, unsupported } from "../errors.ts";
import type { Reader } from "./reader.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref" | "exnref";

const VALUE_TYPES: ReadonlyMap<number, ValueType> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
  [0x69, "exnref"],
]);

export const I32 = 0x7f;
export const I64 = 0x7e;
/** A block type that takes and gives nothing. */
export const NOTHING = 0x40;

/** Which feature a type byte that is not one of ours belongs to. */
function refusedType(code: number, offset: number): Error {
  if (code === 0x63 || code === 0x64) return unsupported("typed function references", offset);
  // Heap types and their bottoms, packed fields, and strings: objects of V8's own heap, which no limit here reaches.
  if ((code >= 0x65 && code <= 0x78) || code === NOTHING) return unsupported("garbage-collected types", offset);
  return malformed(`0x${code.toString(16)} is not a type`, offset);
}

export function readValueType(reader: Reader): ValueType {
  const offset = reader.at;
  const code = reader.byte();
  const type = VALUE_TYPES.get(code);
  if (type === undefined) throw refusedType(code, offset);
  return type;
}

/** The type of a table's slots or of a segment's entries. Exceptions in tables would outlive what can be bounded. */
export function readSlotType(reader: Reader): ValueType {
  const offset = reader.at;
  const type = readValueType(reader);
  if (type === "exnref") throw unsupported("tables of exceptions", offset);
  if (type !== "funcref" && type !== "externref") throw malformed(`a table of ${type}`, offset);
  return type;
}

/** The operand of `ref.null`. */
export function skipHeapType(reader: Reader): void {
  const offset = reader.at;
  const code = reader.byte();
  const type = VALUE_TYPES.get(code);
  if (type === "funcref" || type === "externref" || type === "exnref") return;
  // Without the sign bit of a one-byte number it is the number of a type.
  if (code < 0x40 || code >= 0x80) throw unsupported("typed function references", offset);
  throw type === undefined ? refusedType(code, offset) : malformed(`a null ${type}`, offset);
}

/** The type of a block: nothing, one value, or the number of a function type. */
export function skipBlockType(reader: Reader): void {
  const first = reader.bytes[reader.at];
  if (first === NOTHING) reader.skip(1);
  // One byte with its sign bit set is a value type; anything else is a number.
  else if (first !== undefined && first >= 0x40 && first < 0x80) readValueType(reader);
  else reader.skipSigned(33);
}

/** Bounds of a memory (pages) or a table (slots), as written. */
export type Bounds = { readonly min: number; readonly max: number | null };

export function readBounds(reader: Reader, what: "memory" | "table"): Bounds {
  const offset = reader.at;
  const flags = reader.byte();
  if (flags >= 0x08 && what === "memory") throw unsupported("custom page sizes", offset);
  if (flags >= 0x08) throw malformed("a table's bounds of unknown kind", offset);
  if ((flags & 0x04) !== 0) throw unsupported(`a 64-bit ${what}`, offset);
  if ((flags & 0x02) !== 0) throw unsupported(`shared ${what} (threads)`, offset);
  const min = reader.u32();
  const max = flags === 1 ? reader.u32() : null;
  if (max !== null && max < min) throw malformed(`a ${what}'s maximum is below its minimum`, offset);
  return { min, max };
}
