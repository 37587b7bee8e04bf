/** How large a BERT encoder is. `hidden` is 32 times `heads`; both it and `inner` are multiples of 16. */
export type EncoderShape = {
  /** Tokens that it knows. */
  readonly vocabulary: number;
  /** Tokens of a text that it can take. */
  readonly positions: number;
  readonly layers: number;
  readonly hidden: number;
  /** Numbers between the two halves of a layer's second part. */
  readonly inner: number;
};

/** all-MiniLM-L6-v2; its authors cut texts at 256 tokens. */
export const MINILM: EncoderShape = { vocabulary: 30_522, positions: 256, layers: 6, hidden: 384, inner: 1_536 };

/** Where in the WebAssembly memory a part lies, in bytes. */
type Address = number;

/** Weights of 8 bits by rows; for each of `count` rows its scale, its sum and its bias. */
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

/** Where everything is that is part of the model. */
export type EncoderPlaces = {
  readonly words: Address;
  readonly wordScales: Address;
  /** With the embedding of the first token type added. */
  readonly positions: Address;
  readonly norm: NormPlace;
  readonly layers: readonly LayerPlaces[];
  /** Where the model begins and ends. */
  readonly start: Address;
  readonly end: Address;
};

/** Below are numbers of the kernel; no part has the address 0. */
const START = 4_096;
const ALIGNMENT = 64;
const FLOAT_BYTES = 4;

/** Hands out addresses one after another. */
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

/** The places of a model's parts; the same for all models of a shape. */
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
