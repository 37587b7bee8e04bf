import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { log } from "../../../kernel/log.ts";
import type { HandRecord } from "../../../router/index.ts";

const LINE = /^([+-]) (\d{1,16}\/\d{1,10}) (\d{1,9})$/;

/**
 * What is in hand, as lines of a file that is there while the server runs: one that is there at a start tells of a crash.
 * A line is in the system's hands when it is written, which survives the process; after a power cut lines may be missing.
 * A disk that takes no more costs the counting, not the delivery.
 */
export class FileHandRecord implements HandRecord {
  readonly #file: string;
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  open(): ReadonlyMap<string, number> | undefined {
    const before = readLines(this.#file);
    // What was counted so far stays counted, also when this life ends before it is in hand again.
    const kept = [...(before ?? [])].map(([key, crashes]) => `+ ${key} ${crashes}\n`).join("");
    writeFileSync(`${this.#file}.new`, kept);
    renameSync(`${this.#file}.new`, this.#file);
    this.#descriptor = openSync(this.#file, "a");
    return before;
  }

  begin(key: string, crashes: number): void {
    this.#write(`+ ${key} ${crashes}\n`);
  }

  end(key: string): void {
    this.#write(`- ${key} 0\n`);
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    rmSync(this.#file, { force: true });
  }

  #write(line: string): void {
    if (this.#descriptor === undefined) return;
    try {
      writeSync(this.#descriptor, line);
    } catch (error) {
      log.warn({ error, file: this.#file }, "what is in hand could not be recorded");
    }
  }
}

/** Undefined when there is no file. A line that was cut off tells nothing. */
function readLines(file: string): Map<string, number> | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const crashes = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, sign, key, count] = LINE.exec(line) ?? [];
    if (key === undefined) continue;
    if (sign === "+") crashes.set(key, Number(count));
    else crashes.delete(key);
  }
  return crashes;
}
