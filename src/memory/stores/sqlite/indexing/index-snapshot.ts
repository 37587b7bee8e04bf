import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import * as z from "zod";
import { arrayOf, bytesFor, bytesOf, putTogether, shapesOf, extractBuffers } from "./extract-buffers.ts";
import { log } from "../../../../kernel/log.ts";
import type { Facts } from "../facts.ts";
import { Indexes } from "./indexes.ts";
import { flushDirectory } from "../files/on-disk.ts";

// The indexes as they were when memory was closed, in a file beside it, so that a start does not rebuild them.
//
// sqlite.index-snapshot.K1. The memory names the file that belongs to it by a stamp, and strikes the stamp out with the
//   first change.
// sqlite.index-snapshot.K2. A file that is not named, not whole or of another version is not read. Nothing is lost with
//   it.
// sqlite.index-snapshot.K3. Nothing that was forgotten is in it: forgetting removes the file, and the next leaves out
//   what only the forgotten had. One that is not read is removed, so that none stays that a power cut brought back.

/** Rises with what is in the file, and with what the indexes make of a text. */
const FORMAT = 3;
const MAGIC = Buffer.from("CXINDEX", "latin1");
const STAMP_BYTES = 16;
/** The lengths of the data and of its arrays (8 bytes each), and the checksums of the lengths with the data and of the arrays (4 each). */
const NUMBERS_BYTES = 8 + 8 + 4 + 4;
/** Magic, format, stamp; then the numbers. */
const HEADER_BYTES = MAGIC.length + 1 + STAMP_BYTES + NUMBERS_BYTES;

/** What is read between two looks at who has come meanwhile: a few milliseconds. */
const PIECE_BYTES = 2 ** 22;

const Skeleton = z.object({
  data: z.unknown(),
  arrays: z.array(z.object({ kind: z.string(), length: z.int().nonnegative(), from: z.int().nonnegative() })),
});

/** The kept indexes of one memory. */
export class IndexSnapshot {
  readonly #path: string;
  readonly #facts: Facts;

  constructor(path: string, facts: Facts) {
    this.#path = path;
    this.#facts = facts;
  }

  /**
   * Loads the snapshot into empty indexes, piece by piece. Yields the fraction read after each, so that other requests can be answered.
   * Returns whether the snapshot was valid; after false the indexes are undefined.
   */
  *read(into: Indexes): Generator<number, boolean> {
    const stamp = this.#facts.cells("SELECT stamp FROM kept")[0]?.[0];
    if (!(stamp instanceof Uint8Array)) return false;
    try {
      const saved = yield* this.#parts(stamp);
      if (saved) {
        into.load(Indexes.Saved.parse(saved));
        return true;
      }
    } catch (error) {
      return this.#unusable(error);
    }
    return this.#unusable(undefined);
  }

  /** It is derived data and is rebuilt. */
  #unusable(error: unknown): false {
    log.warn(
      { file: this.#path, err: error },
      "the index snapshot of memory is damaged, missing or of another version; rebuilding the indexes",
    );
    return false;
  }

  /** Room is made for no more than the file has, and only when what says how much is whole. */
  *#parts(stamp: Uint8Array): Generator<number, unknown> {
    const file = openSync(this.#path, "r");
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      const isRead = readSync(file, header) === HEADER_BYTES;
      const expected = Buffer.concat([MAGIC, Buffer.from([FORMAT]), stamp]);
      if (!isRead || !header.subarray(0, expected.length).equals(expected)) return undefined;
      const numbers = header.subarray(expected.length);
      const [plain, rest] = [Number(numbers.readBigUInt64LE(0)), Number(numbers.readBigUInt64LE(8))];
      if (statSync(this.#path).size !== HEADER_BYTES + plain + rest) return undefined;
      const first = filled(file, new Uint8Array(plain));
      if (crc32(first, crc32(numbers.subarray(0, 16))) !== numbers.readUInt32LE(16)) return undefined;
      const { data, arrays: shapes } = Skeleton.parse(deserialize(first));
      if (shapes.reduce((sum, shape) => sum + bytesFor(shape), 0) !== rest) return undefined;
      const arrays: ReturnType<typeof arrayOf>[] = [];
      let [read, reported, checksum] = [0, 0, 0];
      yield 0;
      for (const shape of shapes) {
        const array = arrayOf(shape);
        const bytes = bytesOf(array);
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
          const piece = filled(file, bytes.subarray(at, at + PIECE_BYTES));
          checksum = crc32(piece, checksum);
          read += piece.length;
          if (read - reported < PIECE_BYTES) continue;
          reported = read;
          yield read / rest;
        }
        arrays.push(array);
      }
      return checksum === numbers.readUInt32LE(20) ? putTogether(data, arrays) : undefined;
    } finally {
      closeSync(file);
    }
  }

  /** Writes them, whole or not at all, and has the memory name them. */
  write(indexes: Indexes, { thoroughly }: { readonly thoroughly: boolean }): void {
    const saved = indexes.save({ thoroughly });
    const { data, arrays } = extractBuffers(saved);
    const plain = serialize({ data, arrays: shapesOf(arrays) });
    const pieces = arrays.map(bytesOf);
    const stamp = randomBytes(STAMP_BYTES);
    const numbers = Buffer.alloc(NUMBERS_BYTES);
    numbers.writeBigUInt64LE(BigInt(plain.length), 0);
    numbers.writeBigUInt64LE(BigInt(pieces.reduce((sum, { length }) => sum + length, 0)), 8);
    numbers.writeUInt32LE(crc32(plain, crc32(numbers.subarray(0, 16))), 16);
    numbers.writeUInt32LE(
      pieces.reduce((checksum, piece) => crc32(piece, checksum), 0),
      20,
    );
    const path = `${this.#path}.new`;
    const file = openSync(path, "w", 0o600);
    try {
      for (const piece of [MAGIC, Buffer.from([FORMAT]), stamp, numbers, plain, ...pieces]) whole(file, piece);
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
const WRITTEN_BYTES_MAX = 2 ** 30;

function whole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(bytes.length - at, WRITTEN_BYTES_MAX));
}

function filled(file: number, bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length;) {
    const read = readSync(file, bytes, at, Math.min(bytes.length - at, WRITTEN_BYTES_MAX), null);
    if (read === 0) throw new Error("the file ends early");
    at += read;
  }
  return bytes;
}
