import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { log } from "../../kernel/log.ts";
import type { InFlightEntry, InFlightLog } from "../router/index.ts";

/** Times have sixteen digits, so that a truncated one is invalid. Lines of older files have no times. */
const LINE = /^([+-]) (\d{1,16}\/\d{1,10}) (\d{1,9})(?: (\d{16}(?:,\d{16})*))?$/;
const TIME_DIGITS = 16;

/**
 * In-flight deliveries as lines of a file that exists while the server runs: a file at startup means that the server crashed.
 * A line is in the system's hands when it is written, which survives the process; after a power cut lines may be missing.
 * A disk that takes no more costs the counting, not the delivery.
 */
export class FileInFlightLog implements InFlightLog {
  readonly #file: string;
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  open(): ReadonlyMap<string, InFlightEntry> | undefined {
    const before = readLines(this.#file);
    // The counts are written again: they must survive if this process ends before the delivery is in flight again.
    const kept = [...(before ?? [])].map(([key, past]) => begunLine(key, past)).join("");
    writeFileSync(`${this.#file}.new`, kept, { mode: PRIVATE_FILE });
    renameSync(`${this.#file}.new`, this.#file);
    this.#descriptor = openSync(this.#file, "a");
    return before;
  }

  begin(key: string, past: InFlightEntry): void {
    this.#write(begunLine(key, past));
  }

  end(key: string): void {
    this.#write(`- ${key} 0\n`);
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    try {
      rmSync(this.#file, { force: true });
    } catch (error) {
      log.warn({ err: error, file: this.#file }, "the record of deliveries in flight cannot be removed");
    }
  }

  #write(line: string): void {
    if (this.#descriptor === undefined) return;
    try {
      writeSync(this.#descriptor, line);
    } catch (error) {
      log.warn({ error, file: this.#file }, "failed to record in-flight deliveries");
    }
  }
}

function begunLine(key: string, { crashes, beganAtMs }: InFlightEntry): string {
  const times = beganAtMs.map((atMs) => String(Math.trunc(atMs)).padStart(TIME_DIGITS, "0")).join(",");
  return times === "" ? `+ ${key} ${crashes}\n` : `+ ${key} ${crashes} ${times}\n`;
}

/** Undefined when there is no file. Truncated lines are ignored. */
function readLines(file: string): Map<string, InFlightEntry> | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const pasts = new Map<string, InFlightEntry>();
  for (const line of text.split("\n")) {
    const [, sign, key, count, times] = LINE.exec(line) ?? [];
    if (key === undefined) continue;
    const beganAtMs = times?.split(",").map(Number) ?? [];
    if (sign === "+") pasts.set(key, { crashes: Number(count), beganAtMs });
    else pasts.delete(key);
  }
  return pasts;
}
