import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import * as z from "zod";
import type { Facts } from "./facts.ts";
import { Indexes } from "./indexes.ts";
import { flushDirectory } from "./on-disk.ts";

// The indexes as they were when memory was closed, in a file beside it, so that a start need not make them anew.
//
// K1. The memory names the file that belongs to it by a stamp, and strikes the stamp out with the first change.
// K2. A file that is not named, not whole or of another version is not read. Nothing is lost with it.
// K3. Nothing that was forgotten is in it: forgetting removes the file, and the next leaves out what only the forgotten had.
//     One that is not read is removed, so that none stays that a power cut brought back.

/** Rises with what is in the file, and with what the indexes make of a text. */
const FORMAT = 2;
const MAGIC = Buffer.from("CXINDEX", "latin1");
const STAMP_BYTES = 16;
/** Magic, format, stamp; then lengths of the two parts (8 bytes each) and their checksum (4). */
const HEADER_BYTES = MAGIC.length + 1 + STAMP_BYTES + 8 + 8 + 4;

const Parts = z.object({ indexes: z.looseObject({ vectors: z.looseObject({ slots: z.looseObject({}) }).optional() }) });

/** The kept indexes of one memory. */
export class KeptIndexes {
  readonly #path: string;
  readonly #facts: Facts;

  constructor(path: string, facts: Facts) {
    this.#path = path;
    this.#facts = facts;
  }

  /** Reads them into indexes that are empty; whether there were any that are right. After false the indexes may hold anything. */
  read(into: Indexes): boolean {
    const stamp = this.#facts.cells("SELECT stamp FROM kept")[0]?.[0];
    if (!(stamp instanceof Uint8Array)) return false;
    try {
      const saved = this.#parts(stamp);
      if (saved) into.load(Indexes.Saved.parse(saved));
      return saved !== undefined;
    } catch {
      // It is derived: it is made anew.
      return false;
    }
  }

  #parts(stamp: Uint8Array): unknown {
    const file = openSync(this.#path, "r");
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      const isRead = readSync(file, header) === HEADER_BYTES;
      const expected = Buffer.concat([MAGIC, Buffer.from([FORMAT]), stamp]);
      if (!isRead || !header.subarray(0, expected.length).equals(expected)) return undefined;
      const at = expected.length;
      const [plain, rows] = [Number(header.readBigUInt64LE(at)), Number(header.readBigUInt64LE(at + 8))];
      if (statSync(this.#path).size !== HEADER_BYTES + plain + rows) return undefined;
      const first = part(file, plain);
      const bytes = part(file, rows);
      if (crc32(bytes, crc32(first)) !== header.readUInt32LE(at + 16)) return undefined;
      const { indexes } = Parts.parse(deserialize(first));
      const { vectors } = indexes;
      return vectors ? { ...indexes, vectors: { ...vectors, slots: { ...vectors.slots, bytes } } } : indexes;
    } finally {
      closeSync(file);
    }
  }

  /** Writes them, whole or not at all, and has the memory name them. */
  write(indexes: Indexes, { thoroughly }: { readonly thoroughly: boolean }): void {
    const saved = indexes.save({ thoroughly });
    const rows = saved.vectors?.slots.bytes ?? new Uint8Array(0);
    const { vectors } = saved;
    // Rows of vectors go as they are: they are the most, and need no second copy in memory.
    const plain = serialize({
      indexes: { ...saved, vectors: vectors && { ...vectors, slots: { ...vectors.slots, bytes: new Uint8Array(0) } } },
    });
    const stamp = randomBytes(STAMP_BYTES);
    const numbers = Buffer.alloc(20);
    numbers.writeBigUInt64LE(BigInt(plain.length), 0);
    numbers.writeBigUInt64LE(BigInt(rows.length), 8);
    numbers.writeUInt32LE(crc32(rows, crc32(plain)), 16);
    const path = `${this.#path}.new`;
    const file = openSync(path, "w", 0o600);
    try {
      for (const piece of [MAGIC, Buffer.from([FORMAT]), stamp, numbers, plain, rows]) whole(file, piece);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(path, this.#path);
    flushDirectory(dirname(this.#path));
    this.strikeOut();
    this.#facts.sql("INSERT INTO kept (stamp) VALUES (?)").run(stamp);
  }

  /** Inside the transaction of the first change: they are no longer what the memory holds. */
  strikeOut(): void {
    this.#facts.sql("DELETE FROM kept").run();
  }

  remove(): void {
    const there = [this.#path, `${this.#path}.new`].filter((path) => existsSync(path));
    for (const path of there) rmSync(path, { force: true });
    if (there.length > 0) flushDirectory(dirname(this.#path));
  }
}

/** Writes are cut at two gigabytes. */
const PIECE_BYTES = 2 ** 30;

function whole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(bytes.length - at, PIECE_BYTES));
}

function part(file: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = readSync(file, bytes, at, Math.min(length - at, PIECE_BYTES), null);
    if (read === 0) throw new Error("the file ends early");
    at += read;
  }
  return bytes;
}
