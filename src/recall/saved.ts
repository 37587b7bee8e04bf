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
export const SavedNumbers = z.array(z.number());
