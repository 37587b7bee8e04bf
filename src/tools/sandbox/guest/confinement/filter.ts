import { assemble, type Line } from "./bpf.ts";
import {
  ALLOWED,
  type Architecture,
  AUDIT_ARCHITECTURE,
  conditionalCalls,
  type ConditionalCall,
  IO_URING_SETUP,
  REFUSED_AS,
} from "./system-calls.ts";

/** Actions of linux/seccomp.h; the errno is in the low half. */
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
const ALLOW = 0x7fff_0000;
const EPERM = 1;
const ENOSYS = 38;

/** Offsets in `struct seccomp_data`. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENTS = 16;
const WORD_BYTES = 4;

/** The seccomp filter of a sandbox child: what is not listed fails with EPERM. */
export function filterProgram(architecture: Architecture, pid: number): ArrayBuffer {
  const lines: Line[] = [
    { type: "load", offset: ARCHITECTURE },
    { type: "jump-if-equal", value: AUDIT_ARCHITECTURE[architecture], to: "known" },
    { type: "return", value: KILL_PROCESS },
    { type: "label", label: "known" },
    { type: "load", offset: NUMBER },
  ];
  for (const numbers of Object.values(ALLOWED)) {
    const value = numbers[architecture];
    if (value !== undefined) lines.push({ type: "jump-if-equal", value, to: "allow" });
  }
  for (const { numbers, errno } of REFUSED_AS) lines.push(...unlessCall(numbers[architecture], refusal(errno)));
  for (const call of conditionalCalls(pid)) lines.push(...unlessCall(call.numbers[architecture], checks(call)));
  lines.push(refusal(EPERM)[0], { type: "label", label: "allow" }, { type: "return", value: ALLOW });
  return assemble(lines);
}

/** A filter that refuses only new rings of io_uring: libuv does without, if it cannot have one. */
export const ringFilterProgram = (architecture: Architecture): ArrayBuffer =>
  assemble([
    { type: "load", offset: NUMBER },
    ...unlessCall(IO_URING_SETUP[architecture], refusal(ENOSYS)),
    { type: "return", value: ALLOW },
  ]);

const refusal = (errno: number): readonly [Line] => [{ type: "return", value: ERRNO | errno }];

/** Lines for one call, which return; for others they are skipped. */
function unlessCall(number: number | undefined, lines: readonly Line[]): readonly Line[] {
  if (number === undefined) return [];
  const next = `not-${number}`;
  return [{ type: "jump-if-equal", value: number, elseTo: next }, ...lines, { type: "label", label: next }];
}

function checks({ numbers, conditions }: ConditionalCall): readonly Line[] {
  const lines: Line[] = [];
  for (const { word, mask, values } of conditions) {
    const holds = `holds-${numbers.x64}-${word}`;
    lines.push({ type: "load", offset: ARGUMENTS + word * WORD_BYTES });
    if (mask !== undefined) lines.push({ type: "and", mask });
    for (const value of values) lines.push({ type: "jump-if-equal", value, to: holds });
    lines.push(...refusal(EPERM), { type: "label", label: holds });
  }
  return [...lines, { type: "return", value: ALLOW }];
}
