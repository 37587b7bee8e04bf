// The source of the vector kernel, as WebAssembly text. `scripts/build-recall-kernel.ts` assembles it.
//
// Rows are signed bytes, the query is seven bits with 64 as its zero, so that the relaxed dot product has one result on
// every machine: no sum of two products leaves 16 bits. All rows have a slot; slots lie in slabs of 4,096:
//   slab = rows | 64 x sum of each row's bytes (i32) | scale (f32) | row id (i32) | scratch (u32) | sign bits
// Everything a function needs to find a slot is in globals, set once by `layout`.

import { LANES, PACK, ROTATE, shuffle } from "./recall-kernel-rotation.ts";

/** `relaxed` needs the relaxed SIMD instructions; `plain` has the same results without them. */
export type KernelVariant = "relaxed" | "plain";

const GLOBALS = ["width", "base", "slab", "sums", "scales", "ids", "scratch", "signs", "signBytes"] as const;

/** The module as text. */
export const kernelText = (variant: KernelVariant): string => `(module
 (import "env" "memory" (memory 1 65536))
 ${GLOBALS.map((name) => `(global $${name} (mut i32) (i32.const 0))`).join("\n ")}
 (global $best (mut i32) (i32.const 0)) (global $bestMax (mut i32) (i32.const 0)) (global $count (mut i32) (i32.const 0))
 (global $fetched (mut i32) (i32.const 0))
 (global $least (mut f32) (f32.const -inf))
 (func (export "layout") ${GLOBALS.map((name) => `(param $p${name} i32)`).join(" ")}
  ${GLOBALS.map((name) => `(global.set $${name} (local.get $p${name}))`).join("\n  ")})
 ${BEST}
 ${scan(variant)}
 ${gather(variant)}
 ${EXACT}
 ${distance(variant)}
 ${COLLECT}
 ${ADMIT}
 ${ROTATE}
 ${PACK}
)
`;

/** The address of a slot's slab. */
const slabOf = (slot: string): string =>
  `(i32.add (global.get $base) (i32.mul (i32.shr_u ${slot} (i32.const 12)) (global.get $slab)))`;
/** The place of a slot inside its slab, in bytes of `shift`. */
const within = (slot: string, shift: number): string =>
  `(i32.shl (i32.and ${slot} (i32.const 4095)) (i32.const ${shift}))`;

// The best so far, sorted: 16 bytes each, score f32, slot i32, row i32. Equal scores: the smaller row first.
const BEST = `
 (func (export "begin") (param $out i32) (param $max i32)
  (global.set $best (local.get $out)) (global.set $bestMax (local.get $max)) (global.set $count (i32.const 0))
  (global.set $least (f32.const -inf)))
 (func (export "found") (result i32) (global.get $count))
 (func $offer (param $score f32) (param $slot i32) (local $row i32) (local $at i32) (local $before i32)
  (local.set $row (i32.load (i32.add (i32.add ${slabOf("(local.get $slot)")} (global.get $ids)) ${within("(local.get $slot)", 2)})))
  (local.set $at (i32.add (global.get $best) (i32.shl (global.get $count) (i32.const 4))))
  (if (i32.lt_u (global.get $count) (global.get $bestMax))
   (then (global.set $count (i32.add (global.get $count) (i32.const 1))))
   (else
    (local.set $at (i32.sub (local.get $at) (i32.const 16)))
    (if (i32.or (f32.gt (f32.load (local.get $at)) (local.get $score))
         (i32.and (f32.eq (f32.load (local.get $at)) (local.get $score)) (i32.lt_s (i32.load offset=8 (local.get $at)) (local.get $row))))
     (then (return)))))
  (block $placed (loop $down
   (br_if $placed (i32.le_u (local.get $at) (global.get $best)))
   (local.set $before (i32.sub (local.get $at) (i32.const 16)))
   (br_if $placed (i32.or (f32.gt (f32.load (local.get $before)) (local.get $score))
     (i32.and (f32.eq (f32.load (local.get $before)) (local.get $score)) (i32.lt_s (i32.load offset=8 (local.get $before)) (local.get $row)))))
   (v128.store (local.get $at) (v128.load (local.get $before)))
   (local.set $at (local.get $before))
   (br $down)))
  (f32.store (local.get $at) (local.get $score)) (i32.store offset=4 (local.get $at) (local.get $slot)) (i32.store offset=8 (local.get $at) (local.get $row))
  (if (i32.eq (global.get $count) (global.get $bestMax))
   (then (global.set $least (f32.load (i32.add (global.get $best) (i32.shl (i32.sub (global.get $count) (i32.const 1)) (i32.const 4))))))))`;

const half = (which: string): string =>
  `(i32x4.dot_i16x8_s (i16x8.extend_${which}_i8x16_s (local.get $x)) (local.get $q${which}))`;

/** Adds sixteen products of a row and the query to an accumulator. */
function dot(variant: KernelVariant, into: string, row: string): string {
  if (variant === "relaxed")
    return `(local.set ${into} (i32x4.relaxed_dot_i8x16_i7x16_add_s ${row} (local.get $q) (local.get ${into})))`;
  return `(local.set $x ${row}) (local.set ${into} (i32x4.add (local.get ${into}) (i32x4.add ${half("low")} ${half("high")})))`;
}

/** Loads sixteen bytes of the query. */
function query(variant: KernelVariant, offset: number): string {
  const load = `(v128.load offset=${offset} (local.get $qp))`;
  if (variant === "relaxed") return `(local.set $q ${load})`;
  return `(local.set $x ${load}) (local.set $qlow (i16x8.extend_low_i8x16_s (local.get $x))) (local.set $qhigh (i16x8.extend_high_i8x16_s (local.get $x)))`;
}

const QUERY_LOCALS = "(local $qp i32) (local $q v128) (local $x v128) (local $qlow v128) (local $qhigh v128)";

const pairs = (one: string, other: string): string =>
  `(i32x4.add ${shuffle(one, other, [0, 4, 1, 5])} ${shuffle(one, other, [2, 6, 3, 7])})`;

/** The four sums of four accumulators' lanes, as one vector. */
const sums = (): string => {
  return `(local.set $a0 ${pairs("(local.get $a0)", "(local.get $a1)")}) (local.set $a2 ${pairs("(local.get $a2)", "(local.get $a3)")})
   (local.set $a0 (i32x4.add ${shuffle("(local.get $a0)", "(local.get $a2)", [0, 1, 4, 5])} ${shuffle("(local.get $a0)", "(local.get $a2)", [2, 3, 6, 7])}))`;
};

const onward = (bytes: number) =>
  [...LANES.map((lane) => `$p${lane}`), "$qp"]
    .map((name) => `(local.set ${name} (i32.add (local.get ${name}) (i32.const ${bytes})))`)
    .join(" ");

// Four rows at a time, of one run of slots inside a slab; the first slot is a multiple of four. `scan` offers each row that
// may belong to the best; `score` leaves all scores in the slots' scratch.
function scan(variant: KernelVariant): string {
  const columns = (unroll: number) =>
    Array.from({ length: unroll }, (_, column) => [
      query(variant, column * 16),
      ...LANES.map((lane) => dot(variant, `$a${lane}`, `(v128.load offset=${column * 16} (local.get $p${lane}))`)),
    ])
      .flat()
      .join("\n     ");
  const body = (use: string) => `
   ${LANES.map((lane) => `(local.set $a${lane} (v128.const i32x4 0 0 0 0))`).join(" ")}
   (local.set $p0 (local.get $p))
   ${[1, 2, 3].map((lane) => `(local.set $p${lane} (i32.add (local.get $p${lane - 1}) (global.get $width)))`).join(" ")}
   (local.set $qp (local.get $query))
   (block $wideDone (loop $wide
     (br_if $wideDone (i32.ge_u (local.get $qp) (local.get $wideEnd)))
     ${columns(4)}
     ${onward(64)} (br $wide)))
   (block $done (loop $narrow
     (br_if $done (i32.ge_u (local.get $qp) (local.get $end)))
     ${columns(1)}
     ${onward(16)} (br $narrow)))
   ${sums()}
   (local.set $s (f32x4.mul (v128.load (i32.add (local.get $side) (global.get $scales)))
     (f32x4.convert_i32x4_s (i32x4.sub (local.get $a0) (v128.load (i32.add (local.get $side) (global.get $sums)))))))
   ${use}
   (local.set $p (i32.add (local.get $p) (i32.shl (global.get $width) (i32.const 2))))
   (local.set $side (i32.add (local.get $side) (i32.const 16)))
   (local.set $i (i32.add (local.get $i) (i32.const 4)))`;
  const offers = LANES.map(
    (
      lane,
    ) => `(if (i32.and (f32.ge (f32x4.extract_lane ${lane} (local.get $s)) (global.get $least)) (i32.lt_u (i32.add (local.get $i) (i32.const ${lane})) (local.get $n)))
      (then (call $offer (f32x4.extract_lane ${lane} (local.get $s)) (i32.add (local.get $slot) (i32.add (local.get $i) (i32.const ${lane}))))))`,
  ).join("\n     ");
  const whole = (name: string, use: string) => `
 (func (export "${name}") (param $slot i32) (param $n i32) (param $query i32)
  (local $i i32) (local $p i32) (local $side i32) (local $end i32) (local $wideEnd i32) (local $s v128) ${QUERY_LOCALS}
  ${LANES.map((lane) => `(local $a${lane} v128) (local $p${lane} i32)`).join(" ")}
  (local.set $side ${slabOf("(local.get $slot)")})
  (local.set $p (i32.add (local.get $side) (i32.mul (i32.and (local.get $slot) (i32.const 4095)) (global.get $width))))
  (local.set $side (i32.add (local.get $side) ${within("(local.get $slot)", 2)}))
  (local.set $end (i32.add (local.get $query) (global.get $width)))
  (local.set $wideEnd (i32.add (local.get $query) (i32.and (global.get $width) (i32.const -64))))
  (block $over (loop $rows
   (br_if $over (i32.ge_u (local.get $i) (local.get $n)))
   ${body(use)}
   (br $rows))))`;
  return (
    whole(
      "scan",
      `(if (v128.any_true (f32x4.ge (local.get $s) (f32x4.splat (global.get $least)))) (then\n     ${offers}))`,
    ) + whole("score", `(v128.store (i32.add (local.get $side) (global.get $scratch)) (local.get $s))`)
  );
}

// Offers the rows of a list of slots (i32 each). Rows that are picked out are not near the processor: some of them are asked for
// together before they are compared.
const FETCHED_AT_ONCE = 32;
/** What the machine fetches at once. */
const LINE = 64;
const gather = (variant: KernelVariant): string => `
 (func (export "gather") (param $list i32) (param $n i32) (param $query i32)
  (local $listEnd i32) (local $fetch i32) (local $fetchEnd i32) (local $met i32) (local $slot i32) (local $slabAt i32) (local $side i32) (local $p i32) (local $end i32) (local $score f32) (local $a v128) ${QUERY_LOCALS}
  (local.set $listEnd (i32.add (local.get $list) (i32.shl (local.get $n) (i32.const 2))))
  (local.set $end (i32.add (local.get $query) (global.get $width)))
  (local.set $fetch (local.get $list))
  (block $over (loop $next
   (br_if $over (i32.ge_u (local.get $list) (local.get $listEnd)))
   (if (i32.eq (local.get $list) (local.get $fetch)) (then
    (local.set $fetchEnd (i32.add (local.get $list) (i32.const ${FETCHED_AT_ONCE * 4})))
    (if (i32.gt_u (local.get $fetchEnd) (local.get $listEnd)) (then (local.set $fetchEnd (local.get $listEnd))))
    (loop $rows
     (local.set $slot (i32.load (local.get $fetch)))
     (local.set $slabAt ${slabOf("(local.get $slot)")})
     (local.set $p (i32.add (local.get $slabAt) (i32.mul (i32.and (local.get $slot) (i32.const 4095)) (global.get $width))))
     (local.set $side (i32.add (local.get $slabAt) ${within("(local.get $slot)", 2)}))
     (local.set $met (i32.or (local.get $met) (i32.or (i32.load (i32.add (local.get $side) (global.get $scales))) (i32.load (i32.add (local.get $side) (global.get $sums))))))
     (local.set $end (i32.add (local.get $p) (global.get $width)))
     (loop $lines
      (local.set $met (i32.or (local.get $met) (i32.load (local.get $p))))
      (br_if $lines (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const ${LINE}))) (local.get $end))))
     (br_if $rows (i32.lt_u (local.tee $fetch (i32.add (local.get $fetch) (i32.const 4))) (local.get $fetchEnd))))
    (global.set $fetched (local.get $met))
    (local.set $end (i32.add (local.get $query) (global.get $width)))))
   (local.set $slot (i32.load (local.get $list)))
   (local.set $slabAt ${slabOf("(local.get $slot)")})
   (local.set $p (i32.add (local.get $slabAt) (i32.mul (i32.and (local.get $slot) (i32.const 4095)) (global.get $width))))
   (local.set $side (i32.add (local.get $slabAt) ${within("(local.get $slot)", 2)}))
   (local.set $a (v128.const i32x4 0 0 0 0)) (local.set $qp (local.get $query))
   (loop $dims
    ${query(variant, 0)}
    ${dot(variant, "$a", "(v128.load (local.get $p))")}
    (local.set $p (i32.add (local.get $p) (i32.const 16)))
    (br_if $dims (i32.lt_u (local.tee $qp (i32.add (local.get $qp) (i32.const 16))) (local.get $end))))
   (local.set $score (f32.mul (f32.load (i32.add (local.get $side) (global.get $scales)))
    (f32.convert_i32_s (i32.sub (i32.add (i32.add (i32x4.extract_lane 0 (local.get $a)) (i32x4.extract_lane 1 (local.get $a))) (i32.add (i32x4.extract_lane 2 (local.get $a)) (i32x4.extract_lane 3 (local.get $a))))
     (i32.load (i32.add (local.get $side) (global.get $sums)))))))
   (if (f32.ge (local.get $score) (global.get $least)) (then (call $offer (local.get $score) (local.get $slot))))
   (local.set $list (i32.add (local.get $list) (i32.const 4)))
   (br $next))))`;

// The similarity of one slot and a query of f32: what is reported. No relaxed instruction, so all machines agree.
const EXACT = `
 (func (export "exact") (param $slot i32) (param $query i32) (result f32)
  (local $slabAt i32) (local $p i32) (local $end i32) (local $x v128) (local $low v128) (local $high v128) (local $a v128) (local $b v128)
  (local.set $slabAt ${slabOf("(local.get $slot)")})
  (local.set $p (i32.add (local.get $slabAt) (i32.mul (i32.and (local.get $slot) (i32.const 4095)) (global.get $width))))
  (local.set $end (i32.add (local.get $p) (global.get $width)))
  (loop $dims
   (local.set $x (v128.load (local.get $p)))
   (local.set $low (i16x8.extend_low_i8x16_s (local.get $x))) (local.set $high (i16x8.extend_high_i8x16_s (local.get $x)))
   (local.set $a (f32x4.add (local.get $a) (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $low))) (v128.load (local.get $query)))))
   (local.set $b (f32x4.add (local.get $b) (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $low))) (v128.load offset=16 (local.get $query)))))
   (local.set $a (f32x4.add (local.get $a) (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $high))) (v128.load offset=32 (local.get $query)))))
   (local.set $b (f32x4.add (local.get $b) (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $high))) (v128.load offset=48 (local.get $query)))))
   (local.set $query (i32.add (local.get $query) (i32.const 64)))
   (br_if $dims (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
  (local.set $a (f32x4.add (local.get $a) (local.get $b)))
  (f32.mul (f32.load (i32.add (i32.add (local.get $slabAt) (global.get $scales)) ${within("(local.get $slot)", 2)}))
   (f32.add (f32.add (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a))) (f32.add (f32x4.extract_lane 2 (local.get $a)) (f32x4.extract_lane 3 (local.get $a))))))`;

// Distances of a run of slots and the query, into the slots' scratch (a byte each) and a histogram (u32) of an eighth of them. A
// distance is how far the query is from zero where a row's sign is not its own; 255 is that or more. The table has sixteen bytes for
// each four signs: what they add. Signs lie in groups of sixteen slots: their first eight signs, their next, and so on. Whole pairs of
// groups are gone through, so that neighbours of a run get their distances too.
const swizzle = (variant: KernelVariant): string => (variant === "relaxed" ? "i8x16.relaxed_swizzle" : "i8x16.swizzle");

const tally = (lane: number, of: string): string => `
   (local.set $at (i32.add (local.get $histogram) (i32.shl (i8x16.extract_lane_u ${lane} (local.get ${of})) (i32.const 2))))
   (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 8)))`;

// Two groups at a time, `a` and `b` of the one and `c` and `d` of the other, so that what is read of the table serves both.
const distance = (variant: KernelVariant): string => {
  const add = (into: string, table: string, signs: string) =>
    `(local.set ${into} (i8x16.add_sat_u (local.get ${into}) (${swizzle(variant)} (local.get ${table}) (v128.and ${signs} (local.get $low)))))`;
  return `
 (func (export "distance") (param $slot i32) (param $n i32) (param $table i32) (param $histogram i32)
  (local $p i32) (local $q i32) (local $group i32) (local $out i32) (local $end i32) (local $t i32) (local $tEnd i32) (local $at i32)
  (local $v v128) (local $w v128) (local $one v128) (local $other v128) (local $low v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
  (local.set $low (i8x16.splat (i32.const 15)))
  (local.set $group (i32.shl (global.get $signBytes) (i32.const 4)))
  (local.set $at (i32.and (local.get $slot) (i32.const 4064)))
  (local.set $end ${slabOf("(local.get $slot)")})
  (local.set $p (i32.add (i32.add (local.get $end) (global.get $signs)) (i32.mul (local.get $at) (global.get $signBytes))))
  (local.set $end (i32.add (local.get $end) (global.get $scratch)))
  (local.set $out (i32.add (local.get $end) (local.get $at)))
  (local.set $end (i32.add (local.get $end) (i32.add (i32.and (local.get $slot) (i32.const 4095)) (local.get $n))))
  (local.set $tEnd (i32.add (local.get $table) (i32.shl (global.get $signBytes) (i32.const 5))))
  (loop $rows
   (local.set $a (v128.const i32x4 0 0 0 0)) (local.set $b (v128.const i32x4 0 0 0 0))
   (local.set $c (v128.const i32x4 0 0 0 0)) (local.set $d (v128.const i32x4 0 0 0 0))
   (local.set $t (local.get $table))
   (local.set $q (i32.add (local.get $p) (local.get $group)))
   (loop $eight
    ${[0, 1, 2, 3, 4, 5, 6, 7]
      .map(
        (
          byte,
        ) => `(local.set $one (v128.load offset=${byte * 32} (local.get $t))) (local.set $other (v128.load offset=${byte * 32 + 16} (local.get $t)))
    (local.set $v (v128.load offset=${byte * 16} (local.get $p))) (local.set $w (v128.load offset=${byte * 16} (local.get $q)))
    ${add("$a", "$one", "(local.get $v)")} ${add("$b", "$other", "(i16x8.shr_u (local.get $v) (i32.const 4))")}
    ${add("$c", "$one", "(local.get $w)")} ${add("$d", "$other", "(i16x8.shr_u (local.get $w) (i32.const 4))")}`,
      )
      .join("\n    ")}
    (local.set $p (i32.add (local.get $p) (i32.const 128))) (local.set $q (i32.add (local.get $q) (i32.const 128)))
    (br_if $eight (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 256))) (local.get $tEnd))))
   (local.set $a (i8x16.add_sat_u (local.get $a) (local.get $b)))
   (local.set $c (i8x16.add_sat_u (local.get $c) (local.get $d)))
   (v128.store (local.get $out) (local.get $a)) (v128.store offset=16 (local.get $out) (local.get $c))
   ${["$a", "$c"].map((of) => tally(0, of) + tally(8, of)).join("")}
   (local.set $p (local.get $q))
   (br_if $rows (i32.lt_u (local.tee $out (i32.add (local.get $out) (i32.const 32))) (local.get $end)))))`;
};

// The slots of a run whose distance is from `least` to `most`, appended to a list of at most `max`; returns its length.
const COLLECT = `
 (func (export "collect") (param $slot i32) (param $n i32) (param $least i32) (param $most i32) (param $list i32) (param $length i32) (param $max i32) (result i32)
  (local $p i32) (local $i i32) (local $mask i32) (local $at i32) (local $d v128)
  (local.set $p (i32.add (i32.add ${slabOf("(local.get $slot)")} (global.get $scratch)) (i32.and (local.get $slot) (i32.const 4095))))
  (block $over (loop $sixteen
   (br_if $over (i32.ge_u (local.get $i) (local.get $n)))
   (local.set $d (v128.load (local.get $p)))
   (local.set $mask (i8x16.bitmask (v128.and (i8x16.ge_u (local.get $d) (i8x16.splat (local.get $least))) (i8x16.le_u (local.get $d) (i8x16.splat (local.get $most))))))
   (block $none (loop $bits
    (br_if $none (i32.eqz (local.get $mask)))
    (local.set $at (i32.add (local.get $i) (i32.ctz (local.get $mask))))
    (local.set $mask (i32.and (local.get $mask) (i32.sub (local.get $mask) (i32.const 1))))
    (br_if $over (i32.ge_u (local.get $at) (local.get $n)))
    (br_if $over (i32.ge_u (local.get $length) (local.get $max)))
    (i32.store (i32.add (local.get $list) (i32.shl (local.get $length) (i32.const 2))) (i32.add (local.get $slot) (local.get $at)))
    (local.set $length (i32.add (local.get $length) (i32.const 1)))
    (br $bits)))
   (local.set $p (i32.add (local.get $p) (i32.const 16)))
   (local.set $i (i32.add (local.get $i) (i32.const 16)))
   (br $sixteen)))
  (local.get $length))`;

// What is derived of a slot's bytes: 64 times their sum, and their sign bits.
const ADMIT = `
 (func (export "admit") (param $slot i32) (local $slabAt i32) (local $p i32) (local $end i32) (local $bits i32) (local $signs i32) (local $x v128) (local $a v128)
  (local.set $slabAt ${slabOf("(local.get $slot)")})
  (local.set $p (i32.add (local.get $slabAt) (i32.mul (i32.and (local.get $slot) (i32.const 4095)) (global.get $width))))
  (local.set $end (i32.add (local.get $p) (global.get $width)))
  (local.set $bits (i32.add (i32.add (local.get $slabAt) (global.get $signs)) (i32.add (i32.mul (i32.and (local.get $slot) (i32.const 4080)) (global.get $signBytes)) (i32.and (local.get $slot) (i32.const 15)))))
  (loop $dims
   (local.set $x (v128.load (local.get $p)))
   (local.set $signs (i8x16.bitmask (local.get $x)))
   (i32.store8 (local.get $bits) (local.get $signs))
   (i32.store8 offset=16 (local.get $bits) (i32.shr_u (local.get $signs) (i32.const 8)))
   (local.set $bits (i32.add (local.get $bits) (i32.const 32)))
   (local.set $a (i32x4.add (local.get $a) (i32x4.extadd_pairwise_i16x8_s (i16x8.extadd_pairwise_i8x16_s (local.get $x)))))
   (br_if $dims (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
  (i32.store (i32.add (i32.add (local.get $slabAt) (global.get $sums)) ${within("(local.get $slot)", 2)})
   (i32.shl (i32.add (i32.add (i32x4.extract_lane 0 (local.get $a)) (i32x4.extract_lane 1 (local.get $a))) (i32.add (i32x4.extract_lane 2 (local.get $a)) (i32x4.extract_lane 3 (local.get $a)))) (i32.const 6))))`;
