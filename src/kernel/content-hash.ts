import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";

/** Bytes that are hashed before the event loop gets a turn: less than a millisecond. */
const PIECE_BYTES = 1024 * 1024;
const known = new WeakMap<Uint8Array, Promise<string>>();

/** Returns the sha256 of bytes that never change, hexadecimal; computed once for each array, in pieces. */
export function contentHash(bytes: Uint8Array): Promise<string> {
  let hash = known.get(bytes);
  if (hash === undefined) {
    hash = inPieces(bytes);
    known.set(bytes, hash);
  }
  return hash;
}

async function inPieces(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (at > 0) await setImmediate();
    hash.update(bytes.subarray(at, at + PIECE_BYTES));
  }
  return hash.digest("hex");
}
