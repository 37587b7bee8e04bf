/** Rows of floats as 7-bit numbers, and those times 8-bit weights. */
import { FLOAT, madd, maxOf, WHOLE, whole } from "./floats";

/** Rows of activations that stay in the cache while all weights pass; a multiple of 4 and of 6. */
const TILE: i32 = 24;

/** `sum` and the products of 16 weights, -127 to 127, with 16 activations, 0 to 127: each lane gets four that stand together. */
function dot(weights: v128, activations: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, activations, sum);
  const low = i16x8.extmul_low_i8x16_s(weights, activations);
  const high = i16x8.extmul_high_i8x16_s(weights, activations);
  const even = i16x8.shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
  const odd = i16x8.shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
  return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.add(even, odd)));
}

/**
 * Each row of `columns` floats as numbers from 0 to 127, with what they are to be multiplied by (`scales`) once the row's
 * zero (`zeros`) is taken off. `columns` is a multiple of 16.
 */
export function quantise(x: usize, out: usize, scales: usize, zeros: usize, rows: i32, columns: usize): void {
  const top = i8x16.splat(127);
  for (let row = 0; row < rows; row++) {
    let least = f32x4.splat(0);
    let most = f32x4.splat(0);
    for (let k: usize = 0; k < columns * FLOAT; k += 16) {
      const v = v128.load(x + k);
      least = f32x4.pmin(least, v);
      most = f32x4.pmax(most, v);
    }
    const low = -maxOf(f32x4.neg(least));
    const scale = max((maxOf(most) - low) / 127, <f32>1e-8);
    const inverse: f32 = 1 / scale;
    const zero = nearest<f32>(-low * inverse);
    store<f32>(scales + <usize>row * FLOAT, scale);
    store<i32>(zeros + <usize>row * FLOAT, <i32>zero);
    const factor = f32x4.splat(inverse);
    const shift = f32x4.splat(zero + WHOLE);
    for (let k: usize = 0; k < columns; k += 16) {
      const p = x + k * FLOAT;
      const a = i16x8.narrow_i32x4_s(rounded(v128.load(p), factor, shift), rounded(v128.load(p, 16), factor, shift));
      const b = i16x8.narrow_i32x4_s(
        rounded(v128.load(p, 32), factor, shift),
        rounded(v128.load(p, 48), factor, shift),
      );
      v128.store(out + k, i8x16.min_u(i8x16.narrow_i16x8_u(a, b), top));
    }
    x += columns * FLOAT;
    out += columns;
  }
}

function rounded(v: v128, factor: v128, shift: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(v, factor), shift), whole());
}

/** What sums of products stand for: those of one row with eight rows of weights, of which the first is at `table`. */
function meant(a: v128, b: v128, scale: usize, zero: usize, table: usize, count: usize, y: usize): void {
  const factor = v128.load32_splat(scale);
  const shift = v128.load32_splat(zero);
  const sums = table + count * FLOAT;
  const bias = sums + count * FLOAT;
  a = f32x4.convert_i32x4_s(i32x4.sub(a, i32x4.mul(shift, v128.load(sums))));
  b = f32x4.convert_i32x4_s(i32x4.sub(b, i32x4.mul(shift, v128.load(sums, 16))));
  v128.store(y, madd(a, f32x4.mul(factor, v128.load(table)), v128.load(bias)));
  v128.store(y, madd(b, f32x4.mul(factor, v128.load(table, 16)), v128.load(bias, 16)), 16);
}

/**
 * y = x . weights^T + bias, for rows that `quantise` made, a multiple of 4. `table` holds the scale of each of `count` rows
 * of weights, then their sums, then the bias; `count` is a multiple of 8, `columns` of 16. The weights lie as the dot product
 * of four numbers takes them: of eight rows the first four numbers, row after row, then the next four, and so on.
 */
export function multiply(
  x: usize,
  scales: usize,
  zeros: usize,
  weights: usize,
  table: usize,
  y: usize,
  rows: i32,
  columns: usize,
  count: usize,
): void {
  const line = count * FLOAT;
  for (let from = 0; from < rows; from += TILE) {
    const until = min(rows, from + TILE);
    for (let o: usize = 0; o < count; o += 8) {
      const w = weights + o * columns;
      const p = table + o * FLOAT;
      for (let t = from; t < until;) {
        const row = <usize>t;
        const s = scales + row * FLOAT;
        const z = zeros + row * FLOAT;
        const to = y + row * line + o * FLOAT;
        // Twelve sums at once keep the processor busy, eight nearly so.
        const left = until - t;
        if (left == 4 || left == 8) {
          four(x + row * columns, s, z, w, p, to, columns, count);
          t += 4;
        } else {
          six(x + row * columns, s, z, w, p, to, columns, count);
          t += 6;
        }
      }
    }
  }
}

/** Eight columns of `multiply` for six rows. */
function six(
  x: usize,
  scales: usize,
  zeros: usize,
  weights: usize,
  table: usize,
  y: usize,
  columns: usize,
  count: usize,
): void {
  const x1 = x + columns;
  const x2 = x1 + columns;
  const x3 = x2 + columns;
  const x4 = x3 + columns;
  const x5 = x4 + columns;
  let a0 = i32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  let a4 = a0;
  let b4 = a0;
  let a5 = a0;
  let b5 = a0;
  for (let k: usize = 0; k < columns; k += FLOAT, weights += 32) {
    const wa = v128.load(weights);
    const wb = v128.load(weights, 16);
    let v = v128.load32_splat(x + k);
    a0 = dot(wa, v, a0);
    b0 = dot(wb, v, b0);
    v = v128.load32_splat(x1 + k);
    a1 = dot(wa, v, a1);
    b1 = dot(wb, v, b1);
    v = v128.load32_splat(x2 + k);
    a2 = dot(wa, v, a2);
    b2 = dot(wb, v, b2);
    v = v128.load32_splat(x3 + k);
    a3 = dot(wa, v, a3);
    b3 = dot(wb, v, b3);
    v = v128.load32_splat(x4 + k);
    a4 = dot(wa, v, a4);
    b4 = dot(wb, v, b4);
    v = v128.load32_splat(x5 + k);
    a5 = dot(wa, v, a5);
    b5 = dot(wb, v, b5);
  }
  const line = count * FLOAT;
  meant(a0, b0, scales + 0, zeros + 0, table, count, y);
  meant(a1, b1, scales + 4, zeros + 4, table, count, y + line);
  meant(a2, b2, scales + 8, zeros + 8, table, count, y + 2 * line);
  meant(a3, b3, scales + 12, zeros + 12, table, count, y + 3 * line);
  meant(a4, b4, scales + 16, zeros + 16, table, count, y + 4 * line);
  meant(a5, b5, scales + 20, zeros + 20, table, count, y + 5 * line);
}

/** Eight columns of `multiply` for four rows. */
function four(
  x: usize,
  scales: usize,
  zeros: usize,
  weights: usize,
  table: usize,
  y: usize,
  columns: usize,
  count: usize,
): void {
  const x1 = x + columns;
  const x2 = x1 + columns;
  const x3 = x2 + columns;
  let a0 = i32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  for (let k: usize = 0; k < columns; k += FLOAT, weights += 32) {
    const wa = v128.load(weights);
    const wb = v128.load(weights, 16);
    let v = v128.load32_splat(x + k);
    a0 = dot(wa, v, a0);
    b0 = dot(wb, v, b0);
    v = v128.load32_splat(x1 + k);
    a1 = dot(wa, v, a1);
    b1 = dot(wb, v, b1);
    v = v128.load32_splat(x2 + k);
    a2 = dot(wa, v, a2);
    b2 = dot(wb, v, b2);
    v = v128.load32_splat(x3 + k);
    a3 = dot(wa, v, a3);
    b3 = dot(wb, v, b3);
  }
  const line = count * FLOAT;
  meant(a0, b0, scales + 0, zeros + 0, table, count, y);
  meant(a1, b1, scales + 4, zeros + 4, table, count, y + line);
  meant(a2, b2, scales + 8, zeros + 8, table, count, y + 2 * line);
  meant(a3, b3, scales + 12, zeros + 12, table, count, y + 3 * line);
}
