/**
 * The arithmetic of a BERT encoder, for AssemblyScript: 7-bit activations times 8-bit weights, the rest in float32.
 *
 * It has no memory of its own but some numbers below 4,096, and allocates nothing; every argument is an address or a count. Matrices are stored by rows.
 * Built twice: with relaxed SIMD, whose dot product is one instruction on most machines, and without. Products of the two
 * are the same integers, since 2 * 127 * 127 stays below 2^15; sums of floats may differ in the last bit.
 */
import { exp, FLOAT, half, madd, number, one, sumOf } from "./floats";

export { attend } from "./attend";
export { multiply, quantise } from "./multiply";

/** 1 / sqrt 2, and the numbers of erf after Abramowitz and Stegun, 7.1.26. */
const ERF = memory.data<f32>([
  0.70710678, 0.3275911, 1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592,
]);

/** x = x * (1 + erf(x / sqrt 2)) / 2 for `count` floats, a multiple of 4. */
export function gelu(x: usize, count: usize): void {
  const sign = i32x4.splat(0x80000000);
  for (const end = x + count * FLOAT; x < end; x += 16) {
    const v = v128.load(x);
    const z = f32x4.mul(v, number(ERF, 0));
    const size = f32x4.abs(z);
    const t = f32x4.div(one(), madd(size, number(ERF, 1), one()));
    let p = madd(number(ERF, 2), t, number(ERF, 3));
    p = madd(p, t, number(ERF, 4));
    p = madd(p, t, number(ERF, 5));
    p = madd(p, t, number(ERF, 6));
    const erf = f32x4.sub(one(), f32x4.mul(f32x4.mul(p, t), exp(f32x4.neg(f32x4.mul(size, size)))));
    v128.store(x, f32x4.mul(f32x4.mul(v, half()), f32x4.add(one(), v128.or(erf, v128.and(z, sign)))));
  }
}

/** Rows of `columns` floats, with those at `added` added unless that is 0, brought to mean 0 and variance 1; then `gain` and `bias`. */
export function normalise(x: usize, added: usize, gain: usize, bias: usize, rows: i32, columns: usize): void {
  const line = columns * FLOAT;
  for (let row = 0; row < rows; row++, x += line) {
    let sum = f32x4.splat(0);
    for (let k: usize = 0; k < line; k += 16) {
      let v = v128.load(x + k);
      if (added) {
        v = f32x4.add(v, v128.load(added + k));
        v128.store(x + k, v);
      }
      sum = f32x4.add(sum, v);
    }
    const mean = f32x4.splat(sumOf(sum) / <f32>columns);
    let squares = f32x4.splat(0);
    for (let k: usize = 0; k < line; k += 16) {
      const d = f32x4.sub(v128.load(x + k), mean);
      squares = madd(d, d, squares);
    }
    const factor = f32x4.splat(<f32>(1 / sqrt<f64>(<f64>sumOf(squares) / <f64>columns + 1e-12)));
    for (let k: usize = 0; k < line; k += 16) {
      const d = f32x4.mul(f32x4.sub(v128.load(x + k), mean), factor);
      v128.store(x + k, madd(d, v128.load(gain + k), v128.load(bias + k)));
    }
    if (added) added += line;
  }
}

/**
 * Adds rows of a table to `out`: the `count` numbers at `rows` say which, each counts times its scale. `columns` is a multiple
 * of 16.
 */
export function gather(rows: usize, count: usize, scales: usize, table: usize, columns: usize, out: usize): void {
  const end = rows + count * FLOAT;
  for (let k: usize = 0; k < columns; k += 16, out += 64) {
    let a = v128.load(out);
    let b = v128.load(out, 16);
    let c = v128.load(out, 32);
    let d = v128.load(out, 48);
    for (let p = rows; p < end; p += FLOAT) {
      const row = <usize>load<i32>(p);
      const scale = v128.load32_splat(scales + row * FLOAT);
      const v = v128.load(table + row * columns + k);
      const low = i16x8.extend_low_i8x16_s(v);
      const high = i16x8.extend_high_i8x16_s(v);
      a = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), scale, a);
      b = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), scale, b);
      c = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), scale, c);
      d = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), scale, d);
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
  }
}

/** Brings a vector of `columns` floats to length 1; answers what its length was. One without length stays as it is. */
export function unite(x: usize, columns: usize): f32 {
  let squares = f32x4.splat(0);
  const end = x + columns * FLOAT;
  for (let p = x; p < end; p += 16) squares = madd(v128.load(p), v128.load(p), squares);
  const length = sqrt<f32>(sumOf(squares));
  if (length > 0) {
    const factor = f32x4.splat(1 / length);
    for (let p = x; p < end; p += 16) v128.store(p, f32x4.mul(v128.load(p), factor));
  }
  return length;
}
