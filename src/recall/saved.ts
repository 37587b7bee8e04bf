import * as z from "zod";

// What an index is made of, as it is kept beside the file it is derived from: plain data and typed arrays, which are read back
// into an index that is asked, and changed, as if it had never been away.

export const SavedInts = z.custom<Int32Array<ArrayBuffer>>((value) => value instanceof Int32Array);
export const SavedFloats = z.custom<Float64Array<ArrayBuffer>>((value) => value instanceof Float64Array);
export const SavedBytes = z.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array);
export const SavedUnits = z.custom<Uint16Array<ArrayBuffer>>((value) => value instanceof Uint16Array);
export const SavedNumbers = z.array(z.number());
