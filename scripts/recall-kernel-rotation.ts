// The part of the vector kernel that makes bytes of vectors; `recall-kernel.ts` has the rest.

export const LANES = [0, 1, 2, 3] as const;

/** Lanes of two vectors, 0 to 3 of the one and 4 to 7 of the other. */
export const shuffle = (one: string, other: string, lanes: readonly number[]): string =>
  `(i8x16.shuffle ${lanes.flatMap((lane) => LANES.map((byte) => lane * 4 + byte)).join(" ")} ${one} ${other})`;

const f32x4 = (lanes: readonly number[]): string => `(v128.const f32x4 ${lanes.join(" ")})`;
const spread = (value: string, lanes: readonly number[]): string => shuffle(value, value, lanes);

// `unit` makes n f32 as long as 1, and returns the sum of their squares, with which nothing is done when it is zero or not finite.
// `rotate` is one round of the rotation, in place, of n f32: signs (as factors), the Walsh-Hadamard transform of a power of two
// of them, at least sixteen, from `start` to before `end`, two of its steps at a time, and, when that is not all, `mix`: the sums of the
// two halves in the first and their differences in the second, as long as before.
export const ROTATE = `
 (func (export "unit") (param $at i32) (param $n i32) (result f64) (local $end i32) (local $from i32) (local $x v128) (local $y v128) (local $a v128) (local $b v128) (local $squares f64)
  (local.set $from (local.get $at))
  (local.set $end (i32.add (local.get $at) (i32.shl (local.get $n) (i32.const 2))))
  (loop $next
   (local.set $x (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $at))))
   (local.set $y (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $at))))
   (local.set $a (f64x2.add (local.get $a) (f64x2.mul (local.get $x) (local.get $x))))
   (local.set $b (f64x2.add (local.get $b) (f64x2.mul (local.get $y) (local.get $y))))
   (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
  (local.set $a (f64x2.add (local.get $a) (local.get $b)))
  (local.set $squares (f64.add (f64x2.extract_lane 0 (local.get $a)) (f64x2.extract_lane 1 (local.get $a))))
  (if (i32.eqz (i32.and (f64.gt (local.get $squares) (f64.const 0)) (f64.lt (local.get $squares) (f64.const inf)))) (then (return (local.get $squares))))
  (local.set $b (f64x2.splat (f64.div (f64.const 1) (f64.sqrt (local.get $squares)))))
  (local.set $at (local.get $from))
  (loop $next
   (local.set $x (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $at))))
   (local.set $y (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $at))))
   (v128.store64_lane 0 (local.get $at) (f32x4.demote_f64x2_zero (f64x2.mul (local.get $x) (local.get $b))))
   (v128.store64_lane offset=8 0 (local.get $at) (f32x4.demote_f64x2_zero (f64x2.mul (local.get $y) (local.get $b))))
   (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
  (local.get $squares))
 (func (export "rotate") (param $at i32) (param $n i32) (param $factors i32) (param $start i32) (param $end i32)
  (call $scaleBy (local.get $at) (local.get $factors) (local.get $n))
  (call $transform (local.get $start) (local.get $end))
  (if (i32.ne (i32.sub (local.get $end) (local.get $start)) (i32.shl (local.get $n) (i32.const 2))) (then (call $mix (local.get $at) (i32.shl (local.get $n) (i32.const 1))))))
 (func $scaleBy (param $at i32) (param $factors i32) (param $n i32) (local $end i32)
  (local.set $end (i32.add (local.get $at) (i32.shl (local.get $n) (i32.const 2))))
  (loop $next
   (v128.store (local.get $at) (f32x4.mul (v128.load (local.get $at)) (v128.load (local.get $factors))))
   (local.set $factors (i32.add (local.get $factors) (i32.const 16)))
   (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end)))))
 (func $transform (param $start i32) (param $end i32) (local $at i32) (local $step i32) (local $until i32) (local $p i32) (local $q i32) (local $r i32) (local $x v128) (local $y v128) (local $z v128) (local $w v128) (local $sum v128)
  (local.set $at (local.get $start))
  (loop $next
   (local.set $x (v128.load (local.get $at)))
   (local.set $x (f32x4.add ${spread("(local.get $x)", [0, 0, 2, 2])} (f32x4.mul ${spread("(local.get $x)", [1, 1, 3, 3])} ${f32x4([1, -1, 1, -1])})))
   (local.set $x (f32x4.add ${spread("(local.get $x)", [0, 1, 0, 1])} (f32x4.mul ${spread("(local.get $x)", [2, 3, 2, 3])} ${f32x4([1, 1, -1, -1])})))
   (v128.store (local.get $at) (local.get $x))
   (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
  (local.set $step (i32.const 16))
  (loop $steps
   (local.set $at (local.get $start))
   (loop $fours
    (local.set $until (i32.add (local.get $at) (local.get $step)))
    (loop $next
     (local.set $p (i32.add (local.get $at) (local.get $step)))
     (local.set $q (i32.add (local.get $p) (local.get $step)))
     (local.set $r (i32.add (local.get $q) (local.get $step)))
     (local.set $x (v128.load (local.get $at))) (local.set $y (v128.load (local.get $p)))
     (local.set $z (v128.load (local.get $q))) (local.set $w (v128.load (local.get $r)))
     (local.set $sum (f32x4.add (local.get $x) (local.get $y))) (local.set $y (f32x4.sub (local.get $x) (local.get $y)))
     (local.set $x (f32x4.add (local.get $z) (local.get $w))) (local.set $w (f32x4.sub (local.get $z) (local.get $w)))
     (v128.store (local.get $at) (f32x4.add (local.get $sum) (local.get $x)))
     (v128.store (local.get $p) (f32x4.add (local.get $y) (local.get $w)))
     (v128.store (local.get $q) (f32x4.sub (local.get $sum) (local.get $x)))
     (v128.store (local.get $r) (f32x4.sub (local.get $y) (local.get $w)))
     (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $until))))
    (local.set $at (i32.add (local.get $r) (i32.const 16)))
    (br_if $fours (i32.lt_u (local.get $at) (local.get $end))))
   (local.set $step (i32.shl (local.get $step) (i32.const 2)))
   (br_if $steps (i32.le_u (i32.shl (local.get $step) (i32.const 2)) (i32.sub (local.get $end) (local.get $start)))))
  (if (i32.lt_u (local.get $step) (i32.sub (local.get $end) (local.get $start))) (then
   (local.set $at (local.get $start))
   (loop $next
    (local.set $p (i32.add (local.get $at) (local.get $step)))
    (local.set $x (v128.load (local.get $at)))
    (local.set $y (v128.load (local.get $p)))
    (v128.store (local.get $p) (f32x4.sub (local.get $x) (local.get $y)))
    (v128.store (local.get $at) (f32x4.add (local.get $x) (local.get $y)))
    (br_if $next (i32.lt_u (i32.add (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $step)) (local.get $end)))))))
 (func $mix (param $at i32) (param $half i32) (local $end i32) (local $x v128) (local $y v128)
  (local.set $end (i32.add (local.get $at) (local.get $half)))
  (loop $next
   (local.set $x (f32x4.mul (v128.load (local.get $at)) (f32x4.splat (f32.const ${Math.SQRT1_2}))))
   (local.set $y (f32x4.mul (v128.load (i32.add (local.get $at) (local.get $half))) (f32x4.splat (f32.const ${Math.SQRT1_2}))))
   (v128.store (local.get $at) (f32x4.add (local.get $x) (local.get $y)))
   (v128.store (i32.add (local.get $at) (local.get $half)) (f32x4.sub (local.get $x) (local.get $y)))
   (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end)))))`;

// `peak`: the largest part of n f32, without its sign. `pack`: n f32 times a factor as bytes, plus `zero`; returns the sum of
// each byte (before `zero`) times its part.
export const PACK = `
 (func (export "peak") (param $at i32) (param $n i32) (result f32) (local $end i32) (local $a v128)
  (local.set $end (i32.add (local.get $at) (i32.shl (local.get $n) (i32.const 2))))
  (loop $next
   (local.set $a (f32x4.max (local.get $a) (f32x4.abs (v128.load (local.get $at)))))
   (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
  (f32.max (f32.max (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a))) (f32.max (f32x4.extract_lane 2 (local.get $a)) (f32x4.extract_lane 3 (local.get $a)))))
 (func (export "pack") (param $at i32) (param $to i32) (param $n i32) (param $factor f32) (param $zero i32) (result f32)
  (local $end i32) (local $a v128) (local $f v128) ${LANES.map((lane) => `(local $x${lane} v128) (local $y${lane} v128)`).join(" ")}
  (local.set $f (f32x4.splat (local.get $factor)))
  (local.set $end (i32.add (local.get $to) (local.get $n)))
  (loop $next
   ${LANES.map(
     (lane) => `(local.set $x${lane} (v128.load offset=${lane * 16} (local.get $at)))
   (local.set $y${lane} (f32x4.nearest (f32x4.mul (local.get $x${lane}) (local.get $f))))
   (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $x${lane}) (local.get $y${lane}))))`,
   ).join("\n   ")}
   (v128.store (local.get $to) (i8x16.add (i8x16.splat (local.get $zero)) (i8x16.narrow_i16x8_s
    (i16x8.narrow_i32x4_s (i32x4.trunc_sat_f32x4_s (local.get $y0)) (i32x4.trunc_sat_f32x4_s (local.get $y1)))
    (i16x8.narrow_i32x4_s (i32x4.trunc_sat_f32x4_s (local.get $y2)) (i32x4.trunc_sat_f32x4_s (local.get $y3))))))
   (local.set $at (i32.add (local.get $at) (i32.const 64)))
   (br_if $next (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const 16))) (local.get $end))))
  (f32.add (f32.add (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a))) (f32.add (f32x4.extract_lane 2 (local.get $a)) (f32x4.extract_lane 3 (local.get $a)))))`;
