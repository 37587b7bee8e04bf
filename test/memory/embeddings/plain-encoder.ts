import type { EncoderShape } from "../../../src/memory/embeddings/encoder-shape.ts";
import type { Tensor } from "./random-model.ts";

type Rows = number[][];
const HEAD = 32;

/** A BERT encoder as the books have it, in double precision: the vector of one text. */
export function plainVector(
  tensors: ReadonlyMap<string, Tensor>,
  shape: EncoderShape,
  ids: readonly number[],
): number[] {
  const { hidden } = shape;
  const values = (name: string): Float32Array => tensors.get(name)?.values ?? new Float32Array();
  const row = (name: string, index: number): number[] => [
    ...values(name).subarray(index * hidden, (index + 1) * hidden),
  ];
  const linear = (rows: Rows, name: string): Rows =>
    rows.map((x) =>
      [...values(`${name}.bias`)].map(
        (bias, out) => bias + x.reduce((sum, v, k) => sum + v * (values(`${name}.weight`)[out * x.length + k] ?? 0), 0),
      ),
    );
  const norm = (rows: Rows, name: string): Rows =>
    rows.map((x) => {
      const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
      const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
      const [gain, bias] = [values(`${name}.weight`), values(`${name}.bias`)];
      return x.map((v, k) => ((v - mean) / Math.sqrt(variance + 1e-12)) * (gain[k] ?? 0) + (bias[k] ?? 0));
    });
  const add = (one: Rows, other: Rows): Rows => one.map((x, i) => x.map((v, k) => v + (other[i]?.[k] ?? 0)));
  let states: Rows = ids.map((id, place) =>
    row("embeddings.word_embeddings.weight", id).map(
      (v, k) =>
        v +
        (row("embeddings.position_embeddings.weight", place)[k] ?? 0) +
        (row("embeddings.token_type_embeddings.weight", 0)[k] ?? 0),
    ),
  );
  states = norm(states, "embeddings.LayerNorm");
  for (let layer = 0; layer < shape.layers; layer++) {
    const name = `encoder.layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((part) => linear(states, `${name}.attention.self.${part}`));
    const mixed = linear(attention(q ?? [], k ?? [], v ?? []), `${name}.attention.output.dense`);
    states = norm(add(states, mixed), `${name}.attention.output.LayerNorm`);
    const wide = linear(states, `${name}.intermediate.dense`).map((x) =>
      x.map((n) => (n * (1 + erf(n / Math.SQRT2))) / 2),
    );
    states = norm(add(states, linear(wide, `${name}.output.dense`)), `${name}.output.LayerNorm`);
  }
  const sums = Array.from({ length: hidden }, (_, k) => states.reduce((sum, x) => sum + (x[k] ?? 0), 0));
  const length = Math.hypot(...sums);
  return sums.map((n) => n / length);
}

function attention(queries: Rows, keys: Rows, values: Rows): Rows {
  const width = queries[0]?.length ?? 0;
  return queries.map((q) =>
    Array.from({ length: width }, (_, at) => {
      const head = Math.floor(at / HEAD) * HEAD;
      const scores = keys.map((k) => {
        let dot = 0;
        for (let d = head; d < head + HEAD; d++) dot += (q[d] ?? 0) * (k[d] ?? 0);
        return dot / Math.sqrt(HEAD);
      });
      const top = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - top));
      const sum = weights.reduce((all, weight) => all + weight, 0);
      return weights.reduce((all, weight, j) => all + (weight / sum) * (values[j]?.[at] ?? 0), 0);
    }),
  );
}

/** By its series, which is exact enough for what is not large. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 100; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
