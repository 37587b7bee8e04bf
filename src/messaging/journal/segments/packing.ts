/** Settlements of one segment in one row: three words of 32 bits each, in the byte order of all processors Node runs on. */
const WORDS = 3;
const OUTCOME_BITS = 8;
const ATTEMPTS_MAX = 0xff_ff_ff;

export type Settled = {
  /** From the segment's first seq. */
  readonly offset: number;
  readonly party: number;
  /** Index of the port's `OUTCOMES`. */
  readonly outcome: number;
  readonly attempt: number;
};

/** Collects settlements of one segment; the words are written as they are. */
export class SettledWords {
  low = Number.POSITIVE_INFINITY;
  high = 0;
  #words: Uint32Array;
  #length = 0;

  constructor(capacity: number) {
    this.#words = new Uint32Array(capacity * WORDS);
  }

  add(offset: number, party: number, outcome: number, attempt: number): void {
    if (offset < this.low) this.low = offset;
    if (offset > this.high) this.high = offset;
    const words = this.#words;
    words[this.#length++] = offset;
    words[this.#length++] = party;
    words[this.#length++] = (Math.min(attempt, ATTEMPTS_MAX) << OUTCOME_BITS) | outcome;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#length * Uint32Array.BYTES_PER_ELEMENT);
  }
}

/** What a row of an `ack` table holds. */
export function unpackSettled(packed: unknown): readonly Settled[] {
  const words = wordsOf(packed);
  const settled: Settled[] = [];
  for (let at = 0; at + WORDS <= words.length; at += WORDS) {
    const last = words[at + 2] ?? 0;
    settled.push({
      offset: words[at] ?? 0,
      party: words[at + 1] ?? 0,
      outcome: last & ((1 << OUTCOME_BITS) - 1),
      attempt: last >>> OUTCOME_BITS,
    });
  }
  return settled;
}

/** A blob as words of 32 bits. */
export function wordsOf(packed: unknown): Uint32Array {
  if (!(packed instanceof Uint8Array)) return new Uint32Array();
  const words = new Uint32Array(Math.floor(packed.byteLength / Uint32Array.BYTES_PER_ELEMENT));
  new Uint8Array(words.buffer).set(packed.subarray(0, words.byteLength));
  return words;
}

export const bytesOf = (words: Uint32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** A growing column of unsigned numbers of 32 bits. */
export class Words {
  #words = new Uint32Array(1_024);
  length = 0;

  push(word: number): void {
    if (this.length === this.#words.length) {
      const more = new Uint32Array(this.#words.length * 2);
      more.set(this.#words);
      this.#words = more;
    }
    this.#words[this.length++] = word;
  }

  at(index: number): number {
    return this.#words[index] ?? 0;
  }

  /** What was pushed, in memory of its own. */
  taken(): Uint32Array {
    return this.#words.slice(0, this.length);
  }
}
