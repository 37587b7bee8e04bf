/** What all parts of the kernel reckon with. */

/** Numbers of a head; the models that this is for all have 32. */
export const HEAD: usize = 32;
export const FLOAT: usize = 4;
/** What is added to a float below 2^22 so that its last bits are the nearest integer, and those bits without one. */
export const WHOLE: f32 = 12582912;
export const WHOLE_BITS: i32 = 0x4b400000;

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

/** e^x for x of at most 0; below -87 as at -87. */
export function exp(x: v128): v128 {
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
