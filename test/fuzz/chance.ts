/** A source of choices that a seed repeats (xorshift32 over a mixed seed). Not for secrets. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    let mixed = (seed ^ 0x9e3779b9) >>> 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    this.#state = (mixed ^ (mixed >>> 16)) >>> 0 || 1;
  }

  /** 32 bits, unsigned. */
  word(): number {
    let next = this.#state;
    next ^= next << 13;
    next ^= next >>> 17;
    next ^= next << 5;
    this.#state = next >>> 0;
    return this.#state;
  }

  /** From 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  /** Whether something happens that has that probability. */
  is(probability: number): boolean {
    return this.word() / 2 ** 32 < probability;
  }

  /** One of a list that is not empty. */
  pick<Each>(list: readonly Each[]): Each {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error("nothing to pick from");
    return found;
  }

  /** Between `min` and `max` things, both included. */
  many<Each>(min: number, max: number, make: (index: number) => Each): readonly Each[] {
    return Array.from({ length: min + this.below(max - min + 1) }, (_, index) => make(index));
  }
}
