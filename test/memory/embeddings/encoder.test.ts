import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { compileKernel, kernelFile, KERNEL_NAMES } from "../../../scripts/build-embedding.ts";
import { Encoder } from "../../../src/memory/embeddings/encoder.ts";
import { imageBody, makeImage } from "../../../src/memory/embeddings/encoder-image.ts";
import { ModelFileInvalidError } from "../../../src/memory/embeddings/errors.ts";
import { kernel } from "../../../src/memory/embeddings/load-model.ts";
import { Safetensors } from "../../../src/memory/embeddings/safetensors.ts";
import { plainVector } from "./plain-encoder.ts";
import { numbers, randomTensors, safetensorsOf, SMALL } from "./random-model.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.embedder-minilm");

const tensors = randomTensors(SMALL);
const file = safetensorsOf(tensors);
const image = makeImage(new Safetensors(file, "model.safetensors"), SMALL);

const chance = numbers(11);
const textOf = (length: number): number[] =>
  Array.from({ length }, () => Math.floor(Math.abs(chance()) * 1_000) % SMALL.vocabulary);
/** Of all lengths, since rows go by four and keys by eight. */
const TEXTS = Array.from({ length: SMALL.positions }, (_, index) => textOf(index + 1));

const encoders = KERNEL_NAMES.map((name) => ({
  name,
  encoder: new Encoder(SMALL, imageBody(image, SMALL, "image"), kernel(dirname(kernelFile(name)), name)),
}));

/** In double precision, which takes seconds: once for all kernels. */
let plain: readonly (readonly number[])[] | undefined;
const plainVectors = () => (plain ??= TEXTS.map((ids) => plainVector(tensors, SMALL, ids)));

const cosine = (one: readonly number[], other: Float32Array): number =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
const vectorAt = (vectors: Float32Array, index: number): Float32Array =>
  vectors.subarray(index * SMALL.hidden, (index + 1) * SMALL.hidden);

describe.each(encoders)("the $name kernel", ({ encoder }) => {
  test("gives the vectors of the same model in double precision, but for its 8 bits", () => {
    const vectors = encoder.embed(TEXTS);
    for (const [index, exact] of plainVectors().entries()) {
      const vector = vectorAt(vectors, index);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      expect(cosine(exact, vector)).toBeGreaterThan(0.998);
    }
  });

  // knowledge.embedder.E1
  test("gives a text the same vector whatever goes with it", () => {
    const together = encoder.embed(TEXTS);
    for (const index of [0, 3, 10, 23]) expect(encoder.embed([TEXTS[index] ?? []])).toEqual(vectorAt(together, index));
  });
});

test("both kernels agree", () => {
  const [one, other] = encoders.map(({ encoder }) => encoder.embed(TEXTS));
  for (const index of TEXTS.keys())
    expect(
      cosine([...vectorAt(one ?? new Float32Array(), index)], vectorAt(other ?? new Float32Array(), index)),
    ).toBeCloseTo(1, 4);
});

test("the kernels that are kept are made of the sources that are kept", { timeout: 120_000 }, () => {
  for (const name of KERNEL_NAMES) expect(compileKernel(name).equals(readFileSync(kernelFile(name))), name).toBe(true);
});

test("an image that was changed, cut or made for another model is refused", () => {
  const changed = Uint8Array.from(image);
  changed[changed.length - 1000] = (changed[changed.length - 1000] ?? 0) ^ 1;
  const wrong = [changed, image.subarray(0, -1), new Uint8Array(image.length)];
  for (const bytes of wrong) expect(() => imageBody(bytes, SMALL, "x.image")).toThrow(ModelFileInvalidError);
  expect(() => imageBody(image, { ...SMALL, vocabulary: 51 }, "x.image")).toThrow("x.image is damaged");
});

const makeSmall = (bytes: Uint8Array): Uint8Array => makeImage(new Safetensors(bytes, "m"), SMALL);

test("a file that is no model, or another one, is refused with what is missing", () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from("PK not tensors at all"), Buffer.alloc(64)])
    expect(() => makeSmall(bytes)).toThrow(ModelFileInvalidError);
  expect(() => makeSmall(file.subarray(0, file.length - 4))).toThrow("encoder.layer.1.output.LayerNorm.bias");
  expect(() => makeImage(new Safetensors(file, "m"), { ...SMALL, layers: 3 })).toThrow("no tensor encoder.layer.2");
});
