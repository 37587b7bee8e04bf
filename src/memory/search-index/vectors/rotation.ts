import { HEADER_LAYOUT, type VectorSlab } from "./vector-slab.ts";

const ROUNDS = 4;
const SEED = 0x9e37_79b9;

/**
 * A fixed random rotation of vectors as long as a row: rounds of random signs, a Walsh-Hadamard transform of the first or the
 * last power of two of the parts, and a mix of the two halves. It keeps all dot products, spreads every vector evenly over
 * its parts, and depends on the length alone: what is on disk was rotated by it, so it never changes.
 */
export class Rotation {
  readonly #slots: VectorSlab;
  readonly #block: number;

  constructor(slots: VectorSlab) {
    const { width, floats } = slots;
    this.#slots = slots;
    this.#block = 2 ** Math.floor(Math.log2(width));
    const chance = coin(SEED ^ width);
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = this.#startOf(round);
      for (let at = 0; at < width; at += 1) {
        // The transform's own factor is in the signs.
        const isTransformed = at >= start && at < start + this.#block;
        const factor = isTransformed ? 1 / Math.sqrt(this.#block) : 1;
        floats[(HEADER_LAYOUT.rotation >> 2) + round * width + at] = chance() === 1 ? factor : -factor;
      }
    }
  }

  /** Rotates the vector at `PLACES.work`. */
  apply(): void {
    const { kernel, width } = this.#slots;
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = HEADER_LAYOUT.work + this.#startOf(round) * 4;
      kernel.rotate(
        HEADER_LAYOUT.work,
        width,
        HEADER_LAYOUT.rotation + round * width * 4,
        start,
        start + this.#block * 4,
      );
    }
  }

  #startOf(round: number): number {
    return round % 2 === 0 ? 0 : this.#slots.width - this.#block;
  }
}

/** A seeded source of zeros and ones. */
function coin(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) & 1;
  };
}
