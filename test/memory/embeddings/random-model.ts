import type { EncoderShape } from "../../../src/memory/embeddings/encoder-shape.ts";

/** Small, with two heads. */
export const SMALL: EncoderShape = { vocabulary: 50, positions: 24, layers: 2, hidden: 64, inner: 128 };
/** What a file may have more of than is used. */
const FILE_POSITIONS = 32;

export type Tensor = { readonly shape: readonly number[]; readonly values: Float32Array };

/** Numbers about 0, always the same. */
export function numbers(seed: number): () => number {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return () => next() + next() + next() - 1.5;
}

/** The tensors of a BERT encoder with weights by chance. */
export function randomTensors({ vocabulary, layers, hidden, inner }: EncoderShape): ReadonlyMap<string, Tensor> {
  const chance = numbers(7);
  const tensors = new Map<string, Tensor>();
  const add = (name: string, size: number, ...shape: number[]): void => {
    const values = Float32Array.from({ length: shape.reduce((all, side) => all * side, 1) }, () => chance() * size);
    tensors.set(name, { shape, values });
  };
  const linear = (name: string, out: number, columns: number): void => {
    add(`${name}.weight`, 1.5 / Math.sqrt(columns), out, columns);
    add(`${name}.bias`, 0.1, out);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, 0.1, hidden);
    const { shape, values } = tensors.get(`${name}.weight`) ?? { shape: [], values: new Float32Array() };
    tensors.set(`${name}.weight`, { shape, values: values.map((value) => value + 1) });
    add(`${name}.bias`, 0.1, hidden);
  };
  add("embeddings.word_embeddings.weight", 1, vocabulary, hidden);
  add("embeddings.position_embeddings.weight", 0.3, FILE_POSITIONS, hidden);
  add("embeddings.token_type_embeddings.weight", 0.1, 2, hidden);
  norm("embeddings.LayerNorm");
  for (let layer = 0; layer < layers; layer++) {
    const name = `encoder.layer.${layer}`;
    for (const part of ["query", "key", "value"]) linear(`${name}.attention.self.${part}`, hidden, hidden);
    linear(`${name}.attention.output.dense`, hidden, hidden);
    norm(`${name}.attention.output.LayerNorm`);
    linear(`${name}.intermediate.dense`, inner, hidden);
    linear(`${name}.output.dense`, hidden, inner);
    norm(`${name}.output.LayerNorm`);
  }
  return tensors;
}

/** As a safetensors file. */
export function safetensorsOf(tensors: ReadonlyMap<string, Tensor>): Buffer {
  const header: Record<string, object> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const bodies = [...tensors.values()].map(({ values }) => Buffer.from(values.buffer));
  return Buffer.concat([length, text, ...bodies]);
}
