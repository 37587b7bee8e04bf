import * as z from "zod";

// What an index is made of, as it is kept beside the file it is derived from: plain data and typed arrays, which are read back
// into an index that is asked, and changed, as if it had never been away.
//
// Arrays that lie in the bytes they were read from are copied out of them: one that is in use would keep all of those bytes.

const isApart = ({ byteLength, buffer }: ArrayBufferView): boolean => byteLength === buffer.byteLength;

export const SavedInts = z
  .custom<Int32Array<ArrayBuffer>>((value) => value instanceof Int32Array)
  .transform((values) => (isApart(values) ? values : values.slice()));
export const SavedFloats = z
  .custom<Float64Array<ArrayBuffer>>((value) => value instanceof Float64Array)
  .transform((values) => (isApart(values) ? values : values.slice()));
export const SavedBytes = z
  .custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array)
  .transform((values) => (isApart(values) ? values : values.slice()));
export const SavedUnits = z
  .custom<Uint16Array<ArrayBuffer>>((value) => value instanceof Uint16Array)
  .transform((values) => (isApart(values) ? values : values.slice()));

const PAGE = 65_536;
/** Bytes of the largest WebAssembly memory. */
export const MEMORY_BYTES_MAX = 65_536 * PAGE;

/** Bytes that lie in a WebAssembly memory behind others. A copy would be as large again: they are read to where they stay. */
export class MemoryPart {
  readonly memory: WebAssembly.Memory;
  readonly from: number;
  readonly length: number;

  constructor(memory: WebAssembly.Memory, from: number, length: number) {
    this.memory = memory;
    this.from = from;
    this.length = length;
  }

  /** Zeros in a memory of their own, which has room for a page behind them. Throws a RangeError when there is no such memory. */
  static of(from: number, length: number): MemoryPart {
    const initial = Math.ceil((from + length) / PAGE) + 1;
    const memory = new WebAssembly.Memory({ initial, maximum: MEMORY_BYTES_MAX / PAGE });
    return new MemoryPart(memory, from, length);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.from, this.length);
  }
}

export const SavedMemory = z.instanceof(MemoryPart);
export const SavedNumbers = z.array(z.number());
