/** Attention: which rows of a text have to do with which. */
import { exp, FLOAT, HEAD, madd, maxOf, sumOf } from "./floats";

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

/** The keys of a head as columns, by four times four. Rows up to the next multiple of 8 are read: their results are not used. */
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
  for (let j: usize = 0; j < wide; j += 16) most = f32x4.pmax(most, v128.load(scores + j));
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
