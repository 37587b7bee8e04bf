/** What all parts of the kernel reckon with. */

/** Numbers of a head; the models that this is for all have 32. */
export const HEAD: usize = 32;
export const FLOAT: usize = 4;
/** What is added to a float below 2^22 so that its last bits are the nearest integer. */
export const WHOLE: f32 = 12582912;

export function sumOf(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

export function maxOf(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** a * b + c */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * Where numbers are kept that are used over and over: in the memory's first bytes, before any part of a model. One that stands
 * in the code is assembled again by three instructions wherever it is used, one in memory by one.
 */
const ONE = memory.data<f32>([1, 0.5, WHOLE]);
/** The least exponent, log2 e, what rounds to the exponent's bits, -ln 2, and a polynomial for the rest. */
const EXP = memory.data<f32>([-80, 1.44269504, WHOLE + 127, -0.693147182, 0.00833333, 0.0416666667, 0.166666667]);

/** The number at an index of those kept at a place, four times. */
export function number(place: usize, index: usize): v128 {
  return v128.load32_splat(place + index * FLOAT);
}

export function one(): v128 {
  return number(ONE, 0);
}

export function half(): v128 {
  return number(ONE, 1);
}

/** WHOLE four times: where integers are reckoned with, its bits. */
export function whole(): v128 {
  return number(ONE, 2);
}

/** e^x for x of at most 0; below -80 as at -80. */
export function exp(x: v128): v128 {
  x = f32x4.pmax(x, number(EXP, 0));
  const shifted = madd(x, number(EXP, 1), number(EXP, 2));
  const r = madd(f32x4.sub(shifted, number(EXP, 2)), number(EXP, 3), x);
  let p = madd(number(EXP, 4), r, number(EXP, 5));
  p = madd(p, r, number(EXP, 6));
  p = madd(p, r, half());
  p = madd(p, r, one());
  p = madd(p, r, one());
  // The exponent's bits are those of the integer; what is above them is shifted out.
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}
