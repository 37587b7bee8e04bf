/** Dimensions of a BERT encoder. `hidden` is 32 times `heads`; both it and `inner` are multiples of 16. */
export type EncoderShape = {
  /** Size of the vocabulary. */
  readonly vocabulary: number;
  /** Maximum tokens of a text. */
  readonly positions: number;
  readonly layers: number;
  readonly hidden: number;
  /** Width of the feed-forward layer. */
  readonly inner: number;
};

/** all-MiniLM-L6-v2; its authors truncate texts at 256 tokens. */
export const MINILM: EncoderShape = { vocabulary: 30_522, positions: 256, layers: 6, hidden: 384, inner: 1_536 };

/** Offset of a part in WebAssembly memory, in bytes. */
type Address = number;

/** 8-bit weights by rows; for each of `count` rows its scale, sum and bias. */
export type LinearPlace = {
  readonly weights: Address;
  readonly table: Address;
  readonly columns: number;
  readonly count: number;
};
export type NormPlace = { readonly gain: Address; readonly bias: Address };
export type LayerPlaces = {
  readonly attention: LinearPlace;
  readonly output: LinearPlace;
  readonly attentionNorm: NormPlace;
  readonly widen: LinearPlace;
  readonly narrow: LinearPlace;
  readonly norm: NormPlace;
};

/** Addresses of all parts of a model. */
export type EncoderPlaces = {
  readonly words: Address;
  readonly wordScales: Address;
  /** Includes the embedding of the first token type. */
  readonly positions: Address;
  readonly norm: NormPlace;
  readonly layers: readonly LayerPlaces[];
  /** Begin and end of the model. */
  readonly start: Address;
  readonly end: Address;
};

/** The kernel's own data is below; no part has the address 0. */
const START = 4_096;
const ALIGNMENT = 64;
const FLOAT_BYTES = 4;

/** Allocates consecutive addresses. */
export class Allotment {
  #end: number;

  constructor(start: number) {
    this.#end = start;
  }

  get end(): number {
    return this.#end;
  }

  bytes(count: number): Address {
    const at = this.#end;
    this.#end = Math.ceil((at + count) / ALIGNMENT) * ALIGNMENT;
    return at;
  }

  floats(count: number): Address {
    return this.bytes(count * FLOAT_BYTES);
  }
}

/** Returns the addresses of a model's parts; they depend only on the shape. */
export function placesOf({ vocabulary, positions, layers, hidden, inner }: EncoderShape): EncoderPlaces {
  const allotment = new Allotment(START);
  const linear = (columns: number, count: number): LinearPlace => ({
    weights: allotment.bytes(columns * count),
    table: allotment.floats(3 * count),
    columns,
    count,
  });
  const norm = (): NormPlace => ({ gain: allotment.floats(hidden), bias: allotment.floats(hidden) });
  const places = {
    words: allotment.bytes(vocabulary * hidden),
    wordScales: allotment.floats(vocabulary),
    positions: allotment.floats(positions * hidden),
    norm: norm(),
    layers: Array.from({ length: layers }, () => ({
      attention: linear(hidden, 3 * hidden),
      output: linear(hidden, hidden),
      attentionNorm: norm(),
      widen: linear(hidden, inner),
      narrow: linear(inner, hidden),
      norm: norm(),
    })),
  };
  return { ...places, start: START, end: allotment.end };
}
