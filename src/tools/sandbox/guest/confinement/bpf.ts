import { endianness } from "node:os";

/** An assembler for the classic BPF of seccomp filters (linux/filter.h, linux/bpf_common.h). */

/** A label names the next instruction; a jump goes to a label, or to the next instruction. Jumps go forward only. */
export type Line =
  | { readonly type: "label"; readonly label: string }
  | { readonly type: "load"; readonly offset: number }
  | { readonly type: "and"; readonly mask: number }
  | { readonly type: "jump-if-equal"; readonly value: number; readonly to?: string; readonly elseTo?: string }
  | { readonly type: "return"; readonly value: number };

const CODE = { load: 0x20, and: 0x54, "jump-if-equal": 0x15, return: 0x06 } as const;
export const INSTRUCTION_BYTES = 8;
/** Distances are bytes in an instruction. */
const DISTANCE_MAX = 255;

/** The program as an array of `struct sock_filter`. Throws a RangeError for a label that is unknown, behind or too far. */
export function assemble(lines: readonly Line[]): ArrayBuffer {
  const places = new Map<string, number>();
  let count = 0;
  for (const line of lines) {
    if (line.type === "label") places.set(line.label, count);
    else count += 1;
  }
  const program = new DataView(new ArrayBuffer(count * INSTRUCTION_BYTES));
  const isLittleEndian = endianness() === "LE";
  let index = 0;
  for (const line of lines) {
    if (line.type === "label") continue;
    const at = index * INSTRUCTION_BYTES;
    index += 1;
    program.setUint16(at, CODE[line.type], isLittleEndian);
    if (line.type === "jump-if-equal") {
      program.setUint8(at + 2, distance(places, line.to, index));
      program.setUint8(at + 3, distance(places, line.elseTo, index));
    }
    program.setUint32(at + 4, operand(line), isLittleEndian);
  }
  return program.buffer;
}

function distance(places: ReadonlyMap<string, number>, label: string | undefined, from: number): number {
  if (label === undefined) return 0;
  const steps = (places.get(label) ?? Number.NaN) - from;
  if (steps >= 0 && steps <= DISTANCE_MAX) return steps;
  throw new RangeError(`a BPF jump cannot reach the label "${label}"`);
}

function operand(line: Exclude<Line, { type: "label" }>): number {
  switch (line.type) {
    case "load":
      return line.offset;
    case "and":
      return line.mask;
    case "jump-if-equal":
    case "return":
      return line.value;
  }
}
