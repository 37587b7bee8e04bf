/**
 * The arithmetic of a BERT encoder, for AssemblyScript: 7-bit activations times 8-bit weights, the rest in float32.
 *
 * It has no memory of its own and allocates nothing; every argument is an address or a count. Matrices are stored by rows.
 * Built twice: with relaxed SIMD, whose dot product is one instruction on most machines, and without. Products of the two
 * are the same integers, since 2 * 127 * 127 stays below 2^15; sums of floats may differ in the last bit.
 */

/** Numbers of a head; the models that this is for all have 32. */
const HEAD: usize = 32;
const FLOAT: usize = 4;
/** Rows of activations that stay in the cache while all weights pass; a multiple of 4 and of 6. */
const TILE: i32 = 24;
/** What is added to a float below 2^22 so that its last bits are the nearest integer, and those bits without one. */
const WHOLE: f32 = 12582912;
const WHOLE_BITS: i32 = 0x4b400000;

function sumOf(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

function maxOf(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** a * b + c */
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

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
  return i32x4.sub(f32x4.add(f32x4.mul(v, factor), shift), i32x4.splat(WHOLE_BITS));
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

/** e^x for x of at most 0; below -87 as at -87. */
function exp(x: v128): v128 {
  x = f32x4.max(x, f32x4.splat(-87));
  const shifted = madd(x, f32x4.splat(1.44269504), f32x4.splat(WHOLE));
  const r = madd(f32x4.sub(shifted, f32x4.splat(WHOLE)), f32x4.splat(-0.693147182), x);
  let p = madd(f32x4.splat(0.00833333), r, f32x4.splat(0.0416666667));
  p = madd(p, r, f32x4.splat(0.166666667));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, f32x4.splat(1));
  p = madd(p, r, f32x4.splat(1));
  // The exponent's bits are the integer's; what is above them is shifted out.
  return f32x4.mul(p, i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23));
}

/** x = x * (1 + erf(x / sqrt 2)) / 2 for `count` floats, a multiple of 4; erf after Abramowitz and Stegun, 7.1.26. */
export function gelu(x: usize, count: usize): void {
  const one = f32x4.splat(1);
  const sign = i32x4.splat(0x80000000);
  for (const end = x + count * FLOAT; x < end; x += 16) {
    const v = v128.load(x);
    const z = f32x4.mul(v, f32x4.splat(0.70710678));
    const size = f32x4.abs(z);
    const t = f32x4.div(one, madd(size, f32x4.splat(0.3275911), one));
    let p = madd(f32x4.splat(1.061405429), t, f32x4.splat(-1.453152027));
    p = madd(p, t, f32x4.splat(1.421413741));
    p = madd(p, t, f32x4.splat(-0.284496736));
    p = madd(p, t, f32x4.splat(0.254829592));
    const erf = f32x4.sub(one, f32x4.mul(f32x4.mul(p, t), exp(f32x4.neg(f32x4.mul(size, size)))));
    v128.store(x, f32x4.mul(f32x4.mul(v, f32x4.splat(0.5)), f32x4.add(one, v128.or(erf, v128.and(z, sign)))));
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
 * Attention among the `count` rows of one text. A row of `x` holds its queries, keys and values, each of `heads` times 32
 * floats; a row of `out` gets `heads` times 32. Rows of `x` up to the next multiple of 8 are read, and rows of `out` up to the
 * next multiple of 4 are written too. `scratch` has room for 36 times the count, rounded up to 8, floats.
 */
export function attend(x: usize, out: usize, scratch: usize, count: i32, heads: usize): void {
  const line = heads * HEAD * FLOAT * 3;
  const wide = <usize>((count + 7) & ~7) * FLOAT;
  const weights = scratch + HEAD * wide;
  for (let head: usize = 0; head < heads; head++) {
    const queries = x + head * HEAD * FLOAT;
    const keys = queries + heads * HEAD * FLOAT;
    const values = keys + heads * HEAD * FLOAT;
    turn(keys, line, scratch, wide);
    for (let row = 0; row < count; row += 4) {
      score(queries + <usize>row * line, line, scratch, wide, weights);
      const o = out + <usize>row * heads * HEAD * FLOAT + head * HEAD * FLOAT;
      const s0 = soften(weights, wide, count);
      const s1 = soften(weights + wide, wide, count);
      const s2 = soften(weights + 2 * wide, wide, count);
      const s3 = soften(weights + 3 * wide, wide, count);
      for (let part: usize = 0; part < HEAD * FLOAT; part += 32) {
        mix(values + part, line, weights, wide, count);
        v128.store(o + part, f32x4.mul(mixed0, f32x4.splat(s0)));
        v128.store(o + part, f32x4.mul(mixed1, f32x4.splat(s0)), 16);
        let next = o + part + heads * HEAD * FLOAT;
        v128.store(next, f32x4.mul(mixed2, f32x4.splat(s1)));
        v128.store(next, f32x4.mul(mixed3, f32x4.splat(s1)), 16);
        next += heads * HEAD * FLOAT;
        v128.store(next, f32x4.mul(mixed4, f32x4.splat(s2)));
        v128.store(next, f32x4.mul(mixed5, f32x4.splat(s2)), 16);
        next += heads * HEAD * FLOAT;
        v128.store(next, f32x4.mul(mixed6, f32x4.splat(s3)));
        v128.store(next, f32x4.mul(mixed7, f32x4.splat(s3)), 16);
      }
    }
  }
}

/** The keys of a head as columns, by four times four. Rows up to the next multiple of 8 are read: what comes of them is not used. */
function turn(keys: usize, line: usize, to: usize, wide: usize): void {
  for (let j: usize = 0; j < wide; j += 16, keys += 4 * line) {
    for (let d: usize = 0; d < HEAD * FLOAT; d += 16) {
      const p = keys + d;
      const a = v128.load(p);
      const b = v128.load(p + line);
      const c = v128.load(p + 2 * line);
      const e = v128.load(p + 3 * line);
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
      const ce = i32x4.shuffle(c, e, 0, 4, 1, 5);
      const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const ceHigh = i32x4.shuffle(c, e, 2, 6, 3, 7);
      let column = to + (d / FLOAT) * wide + j;
      v128.store(column, i32x4.shuffle(ab, ce, 0, 1, 4, 5));
      column += wide;
      v128.store(column, i32x4.shuffle(ab, ce, 2, 3, 6, 7));
      column += wide;
      v128.store(column, i32x4.shuffle(abHigh, ceHigh, 0, 1, 4, 5));
      column += wide;
      v128.store(column, i32x4.shuffle(abHigh, ceHigh, 2, 3, 6, 7));
    }
  }
}

/** How much four queries have to do with each key. */
function score(query: usize, line: usize, keys: usize, wide: usize, to: usize): void {
  const factor = f32x4.splat(0.17677669529);
  const q1 = query + line;
  const q2 = q1 + line;
  const q3 = q2 + line;
  for (let j: usize = 0; j < wide; j += 32) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let key = keys + j;
    for (let d: usize = 0; d < HEAD * FLOAT; d += FLOAT, key += wide) {
      const ka = v128.load(key);
      const kb = v128.load(key, 16);
      let q = v128.load32_splat(query + d);
      a0 = madd(q, ka, a0);
      b0 = madd(q, kb, b0);
      q = v128.load32_splat(q1 + d);
      a1 = madd(q, ka, a1);
      b1 = madd(q, kb, b1);
      q = v128.load32_splat(q2 + d);
      a2 = madd(q, ka, a2);
      b2 = madd(q, kb, b2);
      q = v128.load32_splat(q3 + d);
      a3 = madd(q, ka, a3);
      b3 = madd(q, kb, b3);
    }
    let p = to + j;
    v128.store(p, f32x4.mul(a0, factor));
    v128.store(p, f32x4.mul(b0, factor), 16);
    p += wide;
    v128.store(p, f32x4.mul(a1, factor));
    v128.store(p, f32x4.mul(b1, factor), 16);
    p += wide;
    v128.store(p, f32x4.mul(a2, factor));
    v128.store(p, f32x4.mul(b2, factor), 16);
    p += wide;
    v128.store(p, f32x4.mul(a3, factor));
    v128.store(p, f32x4.mul(b3, factor), 16);
  }
}

/** Scores as weights that are yet to be multiplied by what is returned, to add up to 1. */
function soften(scores: usize, wide: usize, count: i32): f32 {
  for (let j = <usize>count * FLOAT; j < wide; j += FLOAT) store<f32>(scores + j, -1e30);
  let most = f32x4.splat(-1e30);
  for (let j: usize = 0; j < wide; j += 16) most = f32x4.max(most, v128.load(scores + j));
  const top = f32x4.splat(maxOf(most));
  let sum = f32x4.splat(0);
  for (let j: usize = 0; j < wide; j += 16) {
    const e = exp(f32x4.sub(v128.load(scores + j), top));
    v128.store(scores + j, e);
    sum = f32x4.add(sum, e);
  }
  return 1 / sumOf(sum);
}

let mixed0 = f32x4.splat(0);
let mixed1 = mixed0;
let mixed2 = mixed0;
let mixed3 = mixed0;
let mixed4 = mixed0;
let mixed5 = mixed0;
let mixed6 = mixed0;
let mixed7 = mixed0;

/** Eight columns of the values, weighed for four queries. */
function mix(value: usize, line: usize, weights: usize, wide: usize, count: i32): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let j = 0; j < count; j++, value += line, weights += FLOAT) {
    const va = v128.load(value);
    const vb = v128.load(value, 16);
    let w = v128.load32_splat(weights);
    a0 = madd(w, va, a0);
    b0 = madd(w, vb, b0);
    w = v128.load32_splat(weights + wide);
    a1 = madd(w, va, a1);
    b1 = madd(w, vb, b1);
    w = v128.load32_splat(weights + 2 * wide);
    a2 = madd(w, va, a2);
    b2 = madd(w, vb, b2);
    w = v128.load32_splat(weights + 3 * wide);
    a3 = madd(w, va, a3);
    b3 = madd(w, vb, b3);
  }
  mixed0 = a0;
  mixed1 = b0;
  mixed2 = a1;
  mixed3 = b1;
  mixed4 = a2;
  mixed5 = b2;
  mixed6 = a3;
  mixed7 = b3;
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
