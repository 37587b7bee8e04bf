const ROUNDS = 4;
const SEED = 0x9e37_79b9;

/**
 * A fixed random rotation of vectors of `width` parts: rounds of random signs, a Walsh-Hadamard transform of the first or the
 * last power of two of the parts, and a mix of the two halves. It keeps all dot products, spreads every vector evenly over
 * its parts, and depends on `width` alone: what is on disk was rotated by it, so it never changes.
 */
export class Rotation {
  readonly #width: number;
  readonly #block: number;
  readonly #signs: readonly Float64Array[];

  constructor(width: number) {
    this.#width = width;
    this.#block = 2 ** Math.floor(Math.log2(width));
    let state = SEED ^ width;
    const chance = () => {
      state = (state + 0x6d2b_79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return (mixed ^ (mixed >>> 14)) & 1;
    };
    this.#signs = Array.from({ length: ROUNDS }, () => Float64Array.from({ length: width }, () => (chance() ? 1 : -1)));
  }

  /** Rotates in place. */
  apply(vector: Float64Array): void {
    const width = this.#width;
    const block = this.#block;
    const half = width / 2;
    for (const [round, signs] of this.#signs.entries()) {
      for (let at = 0; at < width; at += 1) vector[at] = (vector[at] ?? 0) * (signs[at] ?? 0);
      transform(vector, round % 2 === 0 ? 0 : width - block, block);
      if (block === width) continue;
      for (let at = 0; at < half; at += 1) {
        const one = vector[at] ?? 0;
        const other = vector[at + half] ?? 0;
        vector[at] = (one + other) * Math.SQRT1_2;
        vector[at + half] = (one - other) * Math.SQRT1_2;
      }
    }
  }
}

/** The Walsh-Hadamard transform of `length` parts from `start`, which keeps lengths. */
function transform(vector: Float64Array, start: number, length: number): void {
  const end = start + length;
  for (let step = 1; step < length; step *= 2) {
    for (let from = start; from < end; from += step * 2) {
      for (let at = from; at < from + step; at += 1) {
        const one = vector[at] ?? 0;
        const other = vector[at + step] ?? 0;
        vector[at] = one + other;
        vector[at + step] = one - other;
      }
    }
  }
  const scale = 1 / Math.sqrt(length);
  for (let at = start; at < end; at += 1) vector[at] = (vector[at] ?? 0) * scale;
}
