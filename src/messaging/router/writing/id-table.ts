import { randomInt } from "node:crypto";

/** Four words of an id, its workspace's number, and from the first on its message's number. */
const ENTRY = 6;
const [WORKSPACE, SEQ] = [4, 5];
const SLOTS_MIN = 1_024;
/** A place whose id was forgotten: passed over by those who look, and not used again. */
const GONE = 0xff_ff_ff_ff;

/** The value of each hexadecimal digit; 0 for all else. */
const DIGITS = new Uint8Array(256);
for (let value = 0; value < 16; value += 1) DIGITS[value.toString(16).charCodeAt(0)] = value;

// Random, so that a sender cannot choose ids that all collide.
const [ONE = 1, TWO = 1, THREE = 1, FOUR = 1, FIVE = 1] = Array.from({ length: 5 }, () => randomInt(2 ** 31) * 2 + 1);

/** The key of the search. UUIDs are compared by their 128 bits. */
export class IdKey {
  readonly words = new Uint32Array(ENTRY);
  hash = 0;

  /** Of an id, in the workspace of this number. */
  of(workspace: number, id: string): this {
    const { words } = this;
    words[0] = wordAt(id, 0, 4);
    words[1] = wordAt(id, 9, 14);
    words[2] = wordAt(id, 19, 24);
    words[3] = wordAt(id, 28, 32);
    words[WORKSPACE] = workspace;
    this.#mix();
    return this;
  }

  /** Of an entry of a table. */
  take(from: Uint32Array, at: number): void {
    for (let word = 0; word < SEQ; word += 1) this.words[word] = from[at + word] ?? 0;
    this.#mix();
  }

  #mix(): void {
    const { words } = this;
    let mixed = Math.imul(words[0] ?? 0, ONE) ^ Math.imul(words[1] ?? 0, TWO) ^ Math.imul(words[2] ?? 0, THREE);
    mixed ^= Math.imul(words[3] ?? 0, FOUR) ^ Math.imul(words[WORKSPACE] ?? 0, FIVE);
    this.hash = mixed ^ (mixed >>> 15);
  }
}

/** Eight digits, in two groups of four. */
const wordAt = (id: string, one: number, other: number): number => (fourAt(id, one) << 16) | fourAt(id, other);

const digit = (id: string, at: number): number => DIGITS[id.charCodeAt(at)] ?? 0;

const fourAt = (id: string, at: number): number =>
  (digit(id, at) << 12) | (digit(id, at + 1) << 8) | (digit(id, at + 2) << 4) | digit(id, at + 3);

/** Numbers of messages by id: in words of 32 bits, which cost the garbage collector nothing, however many there are. */
export class IdTable {
  #words: Uint32Array;
  #mask: number;
  /** Places taken, by what is gone too. */
  #taken = 0;
  /** The first number that was put in. */
  #base = 0;

  /** `room` ids fit in before it grows. */
  constructor(room = 0) {
    let slots = SLOTS_MIN;
    while (slots < room * 2) slots *= 2;
    this.#mask = slots - 1;
    this.#words = new Uint32Array(slots * ENTRY);
  }

  get size(): number {
    return this.#taken;
  }

  seqOf(key: IdKey): number | undefined {
    const at = this.#find(key);
    return this.#words[at + SEQ] === 0 ? undefined : this.#base + (this.#words[at + SEQ] ?? 0) - 1;
  }

  /** Numbers ascend. */
  set(key: IdKey, seq: number): void {
    if (this.#taken === 0) this.#base = seq;
    const at = this.#find(key);
    if (this.#words[at + SEQ] === 0) this.#taken += 1;
    this.#put(at, key.words, seq - this.#base + 1);
    if (this.#taken * 2 > this.#mask) this.#grow();
  }

  /** Whether it was there. */
  delete(key: IdKey): boolean {
    const at = this.#find(key);
    if (this.#words[at + SEQ] === 0) return false;
    this.#words[at + SEQ] = GONE;
    return true;
  }

  /** Where it is, or would be. */
  #find({ words: wanted, hash }: IdKey): number {
    const words = this.#words;
    const mask = this.#mask;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = slot * ENTRY;
      const seq = words[at + SEQ];
      if (seq === 0) return at;
      const isSame =
        words[at] === wanted[0] &&
        words[at + 1] === wanted[1] &&
        words[at + 2] === wanted[2] &&
        words[at + 3] === wanted[3] &&
        words[at + WORKSPACE] === wanted[WORKSPACE];
      if (isSame && seq !== GONE) return at;
    }
  }

  #put(at: number, entry: Uint32Array, seq: number): void {
    const words = this.#words;
    for (let word = 0; word < SEQ; word += 1) words[at + word] = entry[word] ?? 0;
    words[at + SEQ] = seq;
  }

  #grow(): void {
    const before = this.#words;
    this.#mask = this.#mask * 2 + 1;
    this.#words = new Uint32Array((this.#mask + 1) * ENTRY);
    this.#taken = 0;
    const key = new IdKey();
    for (let at = 0; at < before.length; at += ENTRY) {
      const seq = before[at + SEQ] ?? 0;
      if (seq === 0 || seq === GONE) continue;
      key.take(before, at);
      this.#put(this.#find(key), key.words, seq);
      this.#taken += 1;
    }
  }
}
