// What fuel costs: the same WebAssembly with and without it, taking turns. Run it alone with `node bench/meter.ts`.
import { FUEL_EXPORT, meter } from "../src/tools/sandbox/meter/index.ts";
import initWabt from "wabt";
import { ms, type Row, table } from "./table.ts";

const WARM_UP = 5;
const ROUNDS = 25;
const PLENTY = 1n << 60n;

type Kernel = { readonly what: string; readonly argument: number; readonly target: number; readonly wat: string };

const ADD_ROTATED = [6, 11, 25]
  .map((bits) => `(i32.rotr (local.get $a) (i32.const ${bits}))`)
  .join(" ")
  .replace(/^(.*) (\(.*\)) (\(.*\))$/, "(i32.xor (i32.xor $1 $2) $3)");

/** One module for each way that a program spends its time; `run` takes how much of it. */
const KERNELS: readonly Kernel[] = [
  {
    what: "calls (fib)",
    argument: 27,
    target: 1.3,
    wat: `(func $fib (export "run") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
          (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
  },
  {
    what: "calls of small functions (a recursive parser)",
    argument: 3_000,
    target: 1.8,
    wat: `(memory 1)
      (data (i32.const 0) "((1+2)*(3+4*(5+6))+7*(8+9)*(1+(2+(3+(4+5*6)))))+(((((1))))*2+3*(4+5))\\00")
      (global $at (mut i32) (i32.const 0))
      (func $peek (result i32) (i32.load8_u (global.get $at)))
      (func $next (global.set $at (i32.add (global.get $at) (i32.const 1))))
      (func $number (result i32) (local $value i32)
        (block $done (loop $again
          (br_if $done (i32.gt_u (i32.sub (call $peek) (i32.const 48)) (i32.const 9)))
          (local.set $value
            (i32.add (i32.mul (local.get $value) (i32.const 10)) (i32.sub (call $peek) (i32.const 48))))
          (call $next) (br $again)))
        (local.get $value))
      (func $atom (result i32) (local $value i32)
        (if (i32.eq (call $peek) (i32.const 40))
          (then (call $next) (local.set $value (call $sum)) (call $next) (return (local.get $value))))
        (call $number))
      (func $product (result i32) (local $value i32)
        (local.set $value (call $atom))
        (block $done (loop $again
          (br_if $done (i32.ne (call $peek) (i32.const 42)))
          (call $next) (local.set $value (i32.mul (local.get $value) (call $atom))) (br $again)))
        (local.get $value))
      (func $sum (result i32) (local $value i32)
        (local.set $value (call $product))
        (block $done (loop $again
          (br_if $done (i32.ne (call $peek) (i32.const 43)))
          (call $next) (local.set $value (i32.add (local.get $value) (call $product))) (br $again)))
        (local.get $value))
      (func (export "run") (param $n i32) (result i32) (local $total i32)
        (loop $again
          (global.set $at (i32.const 0))
          (local.set $total (i32.add (local.get $total) (call $sum)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $total))`,
  },
  {
    what: "arithmetic in a loop (as in SHA-256)",
    argument: 60_000,
    target: 1.15,
    wat: `(memory 1)
      (func (export "run") (param $n i32) (result i32)
        (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $i i32) (local $t i32)
        (local.set $a (i32.const 0x6a09e667)) (local.set $b (i32.const 0xbb67ae85))
        (loop $blocks
          (local.set $i (i32.const 0))
          (loop $rounds
            (local.set $t (i32.add (i32.add ${ADD_ROTATED}
              (i32.xor (i32.and (local.get $a) (local.get $b))
                (i32.and (i32.xor (local.get $a) (i32.const -1)) (local.get $c))))
              (i32.add (local.get $d) (i32.load offset=64 (i32.shl (local.get $i) (i32.const 2))))))
            (local.set $d (local.get $c)) (local.set $c (local.get $b))
            (local.set $b (local.get $a)) (local.set $a (local.get $t))
            (br_if $rounds (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
          (br_if $blocks (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $a))`,
  },
  {
    what: "branches (an interpreter)",
    argument: 1_500_000,
    target: 1.7,
    wat: `(memory 1) (data (i32.const 0) "\\00\\03\\01\\02\\04\\00\\05\\01\\03\\02\\00\\04\\05\\01\\02\\03")
      (func (export "run") (param $n i32) (result i32) (local $x i32) (local $pc i32)
        (loop $next
          (block $d (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
            (br_table $0 $1 $2 $3 $4 $5 (i32.load8_u (i32.and (i32.const 15) (i32.add (local.get $pc)
              (i32.and (i32.shr_u (local.get $x) (i32.const 5)) (i32.const 3)))))))
            (local.set $x (i32.add (local.get $x) (i32.const 7))) (br $d))
            (local.set $x (i32.xor (local.get $x) (i32.const 0x55))) (br $d))
            (if (i32.and (local.get $x) (i32.const 1))
              (then (local.set $x (i32.mul (local.get $x) (i32.const 3))))
              (else (local.set $x (i32.shr_u (local.get $x) (i32.const 1))))) (br $d))
            (br_if $d (i32.lt_u (local.get $x) (i32.const 100)))
            (local.set $x (i32.sub (local.get $x) (i32.const 99))) (br $d))
            (local.set $x (i32.rotl (local.get $x) (i32.const 3))) (br $d))
            (if (i32.gt_u (local.get $x) (i32.const 1000000))
              (then (local.set $x (i32.rem_u (local.get $x) (i32.const 1000000))))))
          (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x))`,
  },
  {
    what: "a branch every few instructions (scanning text)",
    argument: 2_000,
    target: 4,
    wat: `(memory 1)
      (data (i32.const 0) "{'name':'a value','list':[1,22,333,{'deep':'more \\5c' text'}],'last':true,'n':-12345}\\00")
      (func (export "run") (param $n i32) (result i32) (local $at i32) (local $c i32) (local $sum i32)
        (loop $again
          (local.set $at (i32.const 0))
          (block $end (loop $next
            (br_if $end (i32.eqz (local.tee $c (i32.load8_u (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (if (i32.eq (local.get $c) (i32.const 92))
              (then (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next)))
            (if (i32.lt_u (i32.sub (local.get $c) (i32.const 48)) (i32.const 10))
              (then (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10)) (local.get $c))) (br $next)))
            (if (i32.eq (local.get $c) (i32.const 39))
              (then (local.set $sum (i32.xor (local.get $sum) (local.get $at)))))
            (local.set $sum (i32.add (local.get $sum) (local.get $c)))
            (br $next)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))`,
  },
  {
    what: "floating point in loops (matrices)",
    argument: 150,
    target: 1.3,
    wat: `(memory 16)
      (func $cell (param $row i32) (param $column i32) (param $n i32) (result i32)
        (i32.shl (i32.add (i32.mul (local.get $row) (local.get $n)) (local.get $column)) (i32.const 3)))
      (func (export "run") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $k i32) (local $s f64)
        (loop $rows
          (local.set $j (i32.const 0))
          (loop $columns
            (local.set $k (i32.const 0)) (local.set $s (f64.const 0))
            (loop $sum
              (local.set $s (f64.add (local.get $s) (f64.mul
                (f64.load (call $cell (local.get $i) (local.get $k) (local.get $n)))
                (f64.load offset=262144 (call $cell (local.get $k) (local.get $j) (local.get $n))))))
              (br_if $sum (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
            (f64.store offset=524288 (call $cell (local.get $i) (local.get $j) (local.get $n)) (local.get $s))
            (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
          (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (i32.trunc_sat_f64_s (local.get $s)))`,
  },
];

type Subject = { readonly work: (amount: number) => unknown; bestMs: number };

/** An instance that has fuel for all rounds, if it needs any. */
function subject(bytes: Uint8Array<ArrayBuffer>): Subject {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const [work, fuel] = [exports["run"], exports[FUEL_EXPORT]];
  if (typeof work !== "function") throw new Error("a kernel without run");
  if (fuel instanceof WebAssembly.Global) fuel.value = PLENTY;
  return { work, bestMs: Infinity };
}

function timed({ work }: Subject, amount: number): number {
  const startMs = performance.now();
  work(amount);
  return performance.now() - startMs;
}

/** The best of many rounds in which the two take turns: what is left when nothing disturbs. */
function measure(plain: Subject, metered: Subject, amount: number): void {
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const each of [plain, metered]) {
      const tookMs = timed(each, amount);
      if (round >= 0) each.bestMs = Math.min(each.bestMs, tookMs);
    }
  }
}

export async function run(): Promise<readonly Row[]> {
  const wabt = await initWabt();
  return KERNELS.map(({ what, argument, target, wat }) => {
    const parsed = wabt.parseWat("kernel.wat", `(module ${wat})`);
    const bytes = new Uint8Array(parsed.toBinary({}).buffer);
    parsed.destroy();
    const [plain, metered] = [subject(bytes), subject(meter(bytes).bytes)];
    measure(plain, metered, argument);
    const times = metered.bestMs / plain.bestMs;
    return {
      what: `fuel: ${what}`,
      caxton: ms(metered.bestMs),
      peer: `${ms(plain.bestMs)} (without fuel)`,
      ratio: `${(1 / times).toFixed(2)}×`,
      target: `≤ ${target}× as long`,
      met: times <= target,
    };
  });
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
