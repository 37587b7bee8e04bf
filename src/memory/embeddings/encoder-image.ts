import { createHash } from "node:crypto";
import { type EncoderShape, type LinearPlace, type NormPlace, placesOf } from "./encoder-shape.ts";
import { ModelFileInvalidError } from "./errors.ts";
import type { Safetensors } from "./safetensors.ts";

/**
 * A model image in the layout of the runtime's memory, behind a header: eight letters, the shape, and the SHA-256 of the rest. It is read
 * without conversion.
 */
const MAGIC = "CXENC001";
const SHAPE_AT = 8;
const DIGEST_AT = 32;
const HEADER_BYTES = 64;

/** Weights are -127 to 127: with -128 the dot product of two could exceed 16 bits. */
const WEIGHT_MAX = 127;

type Linear = { readonly weights: Float32Array; readonly bias: Float32Array };

/** Size of a model image in bytes. */
export function imageBytes(shape: EncoderShape): number {
  const { start, end } = placesOf(shape);
  return HEADER_BYTES + end - start;
}

/** Converts a model to an image with 8-bit weights. Throws ModelFileInvalidError. */
export function makeImage(tensors: Safetensors, shape: EncoderShape): Uint8Array {
  const places = placesOf(shape);
  const image = new Uint8Array(imageBytes(shape));
  const body = new Body(image, places.start, shape.hidden);
  const norm = (place: NormPlace, name: string): void => {
    body.floats(place.gain, tensors.floats(`${name}.weight`, shape.hidden));
    body.floats(place.bias, tensors.floats(`${name}.bias`, shape.hidden));
  };
  const linear = (place: LinearPlace, ...names: readonly string[]): void => {
    const count = place.count / names.length;
    for (const [index, name] of names.entries()) {
      const weights = tensors.floats(`${name}.weight`, count, place.columns);
      body.linear(place, index * count, { weights, bias: tensors.floats(`${name}.bias`, count) });
    }
  };
  const words = tensors.floats("embeddings.word_embeddings.weight", shape.vocabulary, shape.hidden);
  body.words(places.words, places.wordScales, words);
  body.floats(places.positions, positionsOf(tensors, shape));
  norm(places.norm, "embeddings.LayerNorm");
  for (const [index, layer] of places.layers.entries()) {
    const name = `encoder.layer.${index}`;
    const self = `${name}.attention.self`;
    linear(layer.attention, `${self}.query`, `${self}.key`, `${self}.value`);
    linear(layer.output, `${name}.attention.output.dense`);
    norm(layer.attentionNorm, `${name}.attention.output.LayerNorm`);
    linear(layer.widen, `${name}.intermediate.dense`);
    linear(layer.narrow, `${name}.output.dense`);
    norm(layer.norm, `${name}.output.LayerNorm`);
  }
  seal(image, shape);
  return image;
}

/** Used position embeddings, plus the embedding of the first token type, which all tokens have. */
function positionsOf(tensors: Safetensors, { positions, hidden }: EncoderShape): Float32Array {
  const type = tensors.floats("embeddings.token_type_embeddings.weight", undefined, hidden);
  const all = tensors.floats("embeddings.position_embeddings.weight", undefined, hidden);
  return all.subarray(0, positions * hidden).map((value, index) => value + (type[index % hidden] ?? 0));
}

/** Writes parts of a model to their addresses. */
class Body {
  readonly #numbers: Int8Array;
  readonly #view: DataView;
  readonly #start: number;
  readonly #hidden: number;

  constructor(image: Uint8Array, start: number, hidden: number) {
    this.#numbers = new Int8Array(image.buffer, HEADER_BYTES);
    this.#view = new DataView(image.buffer, HEADER_BYTES);
    this.#start = start;
    this.#hidden = hidden;
  }

  floats(address: number, values: Float32Array): void {
    for (const [index, value] of values.entries())
      this.#view.setFloat32(address - this.#start + 4 * index, value, true);
  }

  words(address: number, scales: number, values: Float32Array): void {
    const count = values.length / this.#hidden;
    for (let row = 0; row < count; row++) {
      const { scale } = this.#row(address + row * this.#hidden, values.subarray(row * this.#hidden));
      this.#view.setFloat32(scales - this.#start + 4 * row, scale, true);
    }
  }

  /** Writes rows of weights from row `first` on. */
  linear({ weights, table, columns, count }: LinearPlace, first: number, given: Linear): void {
    for (const [index, bias] of given.bias.entries()) {
      const row = first + index;
      const { scale, sum } = this.#row(weights + row * columns, given.weights.subarray(index * columns), columns);
      const at = table - this.#start + 4 * row;
      this.#view.setFloat32(at, scale, true);
      this.#view.setInt32(at + 4 * count, sum, true);
      this.#view.setFloat32(at + 8 * count, bias, true);
    }
  }

  /** Writes one row in 8 bits. */
  #row(
    address: number,
    values: Float32Array,
    columns = this.#hidden,
  ): { readonly scale: number; readonly sum: number } {
    let most = 0;
    for (let k = 0; k < columns; k++) most = Math.max(most, Math.abs(values[k] ?? 0));
    const scale = most / WEIGHT_MAX || 1;
    let sum = 0;
    for (let k = 0; k < columns; k++) {
      const whole = Math.round((values[k] ?? 0) / scale);
      this.#numbers[address - this.#start + k] = whole;
      sum += whole;
    }
    return { scale, sum };
  }
}

const shapeNumbers = ({ vocabulary, positions, layers, hidden, inner }: EncoderShape): readonly number[] => [
  vocabulary,
  positions,
  layers,
  hidden,
  inner,
];

const digestOf = (image: Uint8Array): Buffer => createHash("sha256").update(image.subarray(HEADER_BYTES)).digest();

function seal(image: Uint8Array, shape: EncoderShape): void {
  image.set(Buffer.from(MAGIC, "latin1"));
  const view = new DataView(image.buffer);
  for (const [index, value] of shapeNumbers(shape).entries()) view.setUint32(SHAPE_AT + 4 * index, value, true);
  image.set(digestOf(image), DIGEST_AT);
}

/** Verifies an image, and returns the part for the runtime's memory. Throws ModelFileInvalidError. */
export function imageBody(image: Uint8Array, shape: EncoderShape, file: string): Uint8Array {
  const invalid = (why: string): ModelFileInvalidError =>
    new ModelFileInvalidError(
      `${file} is damaged: ${why}`,
      "Delete it and install the model again: caxton model install all-minilm-l6-v2",
      { file },
    );
  if (image.length !== imageBytes(shape)) throw invalid(`it has ${image.length} bytes instead of ${imageBytes(shape)}`);
  const view = new DataView(image.buffer, image.byteOffset);
  const isOurs = Buffer.from(image.subarray(0, SHAPE_AT)).toString("latin1") === MAGIC;
  const isShape = shapeNumbers(shape).every((value, index) => view.getUint32(SHAPE_AT + 4 * index, true) === value);
  if (!isOurs || !isShape) throw invalid("its header is not that of an image of this model");
  if (!digestOf(image).equals(image.subarray(DIGEST_AT, HEADER_BYTES))) throw invalid("its checksum is wrong");
  return image.subarray(HEADER_BYTES);
}
