import type { Grants } from "./grants/index.ts";

/** Imports stand near the beginning of a module, after its types. */
const HEAD_BYTES_MAX = 512 * 1024;

/** An entry of the import section: module and name with their lengths, and the kind "function". */
const imported = (name: string): Buffer =>
  Buffer.from(`\x16wasi_snapshot_preview1${String.fromCodePoint(name.length)}${name}\0`, "latin1");
const CLOCK = [imported("clock_time_get"), Buffer.from("wasi:clocks/wall-clock@")];
const RANDOM = [imported("random_get"), Buffer.from("wasi:random/random@")];

/** Says what a module imports of the system without the grant, in which case it is given fixed values. Empty when nothing. */
export function systemNote(module: Uint8Array, { clock, random }: Pick<Grants, "clock" | "random">): string {
  const head = Buffer.from(module.buffer, module.byteOffset, Math.min(module.byteLength, HEAD_BYTES_MAX));
  const has = (patterns: readonly Buffer[]): boolean => patterns.some((pattern) => head.includes(pattern));
  const lacks = [
    ...(!clock && has(CLOCK) ? ["the clock (it is always the year 2000; to allow it: grants.clock = true)"] : []),
    ...(!random && has(RANDOM) ? ["random numbers (always the same; to allow them: grants.random = true)"] : []),
  ];
  return lacks.length === 0 ? "" : `it can ask for what it is not granted: ${lacks.join(", ")}`;
}
