import * as z from "zod";
import { Allotment, type EncoderPlaces, type EncoderShape, type LinearPlace, placesOf } from "./encoder-shape.ts";

const HEAD = 32;
const PAGE_BYTES = 65_536;
/** The kernel writes rows in groups of four, and reads them in groups of eight. */
const BLOCK = 4;
const READ_BLOCK = 8;
/** Rows of weights that the kernel processes together, and numbers of each. */
const WEIGHT_ROWS = 8;
const WEIGHTS = 4;
/** Maximum rows of texts processed together; more do not fit into the processor's cache. */
const TOGETHER = 128;
/** Scratch floats of the attention per row, rounded up to 8. */
const SCRATCH = 36;

const Kernel = z.object({
  quantise: z.custom<(...at: number[]) => void>((value) => typeof value === "function"),
  multiply: z.custom<(...at: number[]) => void>((value) => typeof value === "function"),
  gelu: z.custom<(...at: number[]) => void>((value) => typeof value === "function"),
  normalise: z.custom<(...at: number[]) => void>((value) => typeof value === "function"),
  attend: z.custom<(...at: number[]) => void>((value) => typeof value === "function"),
});
type Kernel = z.infer<typeof Kernel>;

/** Addresses of the buffers for the current texts. */
type Buffers = {
  readonly states: number;
  readonly wide: number;
  readonly mixed: number;
  readonly quantised: number;
  readonly scales: number;
  readonly zeros: number;
  readonly scratch: number;
  readonly end: number;
};

/** A BERT encoder in WebAssembly: converts token ids to one unit vector, the mean of the last layer. */
export class Encoder {
  readonly #shape: EncoderShape;
  readonly #places: EncoderPlaces;
  readonly #buffers: Buffers;
  readonly #kernel: Kernel;
  readonly #floats: Float32Array;
  readonly #words: Int8Array;

  /** `body` is the result of `imageBody`, `kernel` the module of engines/embedding. */
  constructor(shape: EncoderShape, body: Uint8Array, kernel: WebAssembly.Module) {
    this.#shape = shape;
    this.#places = placesOf(shape);
    this.#buffers = buffersOf(shape, this.#places.end);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(this.#buffers.end / PAGE_BYTES), maximum: 65_536 });
    new Uint8Array(memory.buffer).set(body, this.#places.start);
    for (const { attention, output, widen, narrow } of this.#places.layers)
      for (const place of [attention, output, widen, narrow]) interleave(memory, place);
    this.#kernel = Kernel.parse(new WebAssembly.Instance(kernel, { env: { memory } }).exports);
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Int8Array(memory.buffer, this.#places.words, shape.vocabulary * shape.hidden);
  }

  /** Returns a vector per text, concatenated. A text has 1 to `positions` ids. */
  embed(texts: readonly (readonly number[])[]): Float32Array<ArrayBuffer> {
    const { hidden } = this.#shape;
    const vectors = new Float32Array(texts.length * hidden);
    for (let first = 0; first < texts.length;) {
      const group = together(texts, first);
      this.#run(group);
      let row = 0;
      for (const [index, ids] of group.entries()) {
        this.#pool(row, ids.length, vectors.subarray((first + index) * hidden, (first + index + 1) * hidden));
        row += ids.length;
      }
      first += group.length;
    }
    return vectors;
  }

  #run(texts: readonly (readonly number[])[]): void {
    const { hidden, inner } = this.#shape;
    const { states, wide, mixed, scratch } = this.#buffers;
    const { gelu, normalise, attend } = this.#kernel;
    const { norm, layers } = this.#places;
    const rows = this.#load(texts);
    normalise(states, 0, norm.gain, norm.bias, rows, hidden);
    for (const layer of layers) {
      this.#linear(states, layer.attention, wide, rows);
      let row = 0;
      for (const { length } of texts) {
        attend(wide + row * hidden * 12, mixed + row * hidden * 4, scratch, length, hidden / HEAD);
        row += length;
      }
      this.#linear(mixed, layer.output, wide, rows);
      normalise(states, wide, layer.attentionNorm.gain, layer.attentionNorm.bias, rows, hidden);
      this.#linear(states, layer.widen, wide, rows);
      gelu(wide, rows * inner);
      this.#linear(wide, layer.narrow, mixed, rows);
      normalise(states, mixed, layer.norm.gain, layer.norm.bias, rows, hidden);
    }
  }

  /** Writes token and position embeddings into the states; returns the number of rows, a multiple of 4. */
  #load(texts: readonly (readonly number[])[]): number {
    const { hidden } = this.#shape;
    const floats = this.#floats;
    const words = this.#words;
    const scales = this.#places.wordScales / 4;
    const positions = this.#places.positions / 4;
    let at = this.#buffers.states / 4;
    for (const ids of texts)
      for (const [place, id] of ids.entries()) {
        const scale = floats[scales + id] ?? 0;
        const word = id * hidden;
        const position = positions + place * hidden;
        for (let k = 0; k < hidden; k++) floats[at + k] = (words[word + k] ?? 0) * scale + (floats[position + k] ?? 0);
        at += hidden;
      }
    const count = texts.reduce((all, { length }) => all + length, 0);
    const rows = Math.ceil(count / BLOCK) * BLOCK;
    floats.fill(0, at, at + (rows - count) * hidden);
    return rows;
  }

  #linear(from: number, { weights, table, columns, count }: LinearPlace, to: number, rows: number): void {
    const { quantised, scales, zeros } = this.#buffers;
    this.#kernel.quantise(from, quantised, scales, zeros, rows, columns);
    this.#kernel.multiply(quantised, scales, zeros, weights, table, to, rows, columns, count);
  }

  /** Writes the mean of a text's states, normalized. */
  #pool(row: number, count: number, vector: Float32Array): void {
    const { hidden } = this.#shape;
    const start = this.#buffers.states / 4 + row * hidden;
    let squares = 0;
    for (let k = 0; k < hidden; k++) {
      let sum = 0;
      for (let at = start + k, end = start + count * hidden; at < end; at += hidden) sum += this.#floats[at] ?? 0;
      vector[k] = sum;
      squares += sum * sum;
    }
    const factor = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let k = 0; k < hidden; k++) vector[k] = (vector[k] ?? 0) * factor;
  }
}

/** Reorders weights for the kernel: of eight rows the first four numbers, row by row, then the next four, and so on. */
function interleave({ buffer }: WebAssembly.Memory, { weights, columns, count }: LinearPlace): void {
  const fours = columns / WEIGHTS;
  const all = new Int32Array(buffer, weights, fours * count);
  for (let first = 0; first < all.length; first += WEIGHT_ROWS * fours) {
    const rows = all.slice(first, first + WEIGHT_ROWS * fours);
    for (let row = 0; row < WEIGHT_ROWS; row++)
      for (let at = 0; at < fours; at++) all[first + at * WEIGHT_ROWS + row] = rows[row * fours + at] ?? 0;
  }
}

/** The texts from `first` on that are processed together; at least one. */
function together(texts: readonly (readonly number[])[], first: number): readonly (readonly number[])[] {
  let rows = 0;
  let end = first;
  for (; end < texts.length; end++) {
    rows += texts[end]?.length ?? 0;
    if (rows > TOGETHER && end > first) break;
  }
  return texts.slice(first, end);
}

function buffersOf({ positions, hidden, inner }: EncoderShape, start: number): Buffers {
  const allotment = new Allotment(start);
  // Attention reads whole blocks of rows, from any row.
  const rows = Math.max(positions, TOGETHER) + READ_BLOCK;
  const places = {
    states: allotment.floats(rows * hidden),
    wide: allotment.floats(rows * Math.max(inner, 3 * hidden)),
    mixed: allotment.floats(rows * hidden),
    quantised: allotment.bytes(rows * Math.max(inner, hidden)),
    scales: allotment.floats(rows),
    zeros: allotment.floats(rows),
    scratch: allotment.floats(SCRATCH * (positions + 8)),
  };
  return { ...places, end: allotment.end };
}
