/** What JSON text may be like before anyone parses it; parsing `[[[[…` costs thirty times its bytes. */
export const JSON_DEPTH_MAX = 64;
export const JSON_NODES_MAX = 100_000;

export type JsonShape =
  | { readonly type: "fits"; readonly isAscii: boolean }
  | { readonly type: "too-deep" }
  | { readonly type: "too-many" };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * Counts depth and values of JSON text in one pass without parsing it. Text that is not JSON gets some answer; no text
 * that fits has more than `JSON_NODES_MAX` values or is deeper than `JSON_DEPTH_MAX`.
 */
export function jsonShape(bytes: Uint8Array, start = 0, end = bytes.length): JsonShape {
  let depth = 0;
  let nodes = 1;
  let seen = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    seen |= byte;
    if (byte === QUOTE) {
      at += 1;
      for (let inner = bytes[at] ?? QUOTE; at < end && inner !== QUOTE; at += 1, inner = bytes[at] ?? QUOTE) {
        seen |= inner;
        if (inner === BACKSLASH) {
          at += 1;
          seen |= bytes[at] ?? 0;
        }
      }
    } else if (byte === COMMA) {
      nodes += 1;
      if (nodes > JSON_NODES_MAX) return { type: "too-many" };
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      nodes += 1;
      if (depth > JSON_DEPTH_MAX) return { type: "too-deep" };
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
  return nodes > JSON_NODES_MAX ? { type: "too-many" } : { type: "fits", isAscii: seen < 0x80 };
}
