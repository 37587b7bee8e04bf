import { writeSync } from "node:fs";

const STDOUT = 1;
const PAUSE_MS = 1;

/** A line on standard output, out before this returns even into a full pipe: what follows from it may be the process's end. */
export function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      // The pipe is full: its reader is slower.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
