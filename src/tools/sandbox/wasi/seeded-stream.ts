const SEED = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x452821e6] as const;

/** The bytes that a guest without the random grant gets: xoshiro128** from a fixed seed, so each instance sees the same. */
export class SeededStream {
  #a: number = SEED[0];
  #b: number = SEED[1];
  #c: number = SEED[2];
  #d: number = SEED[3];

  fill(target: Uint8Array): void {
    for (let at = 0; at < target.length; at += 4) {
      const word = this.#next();
      const end = Math.min(at + 4, target.length);
      for (let index = at; index < end; index += 1) target[index] = (word >>> (8 * (index - at))) & 0xff;
    }
  }

  #next(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return scrambled;
  }
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));
