import { expect, test } from "vitest";
import { counted, Guest, trio } from "./test-kits/guest.kit.ts";
import { meter } from "./index.ts";
import { assemble } from "./test-kits/wat.kit.ts";

// verifies("tool.fuel")

type Kernel = {
  readonly name: string;
  readonly wat: string;
  /** Arguments of `f` with which it ends normally. */
  readonly calls: readonly (readonly number[])[];
  /** Arguments with which it traps. */
  readonly traps?: readonly (readonly number[])[];
};

/** Functions that between them use every kind of control flow and every instruction with a price of its own. */
const KERNELS: readonly Kernel[] = [
  {
    name: "a loop",
    wat: `(func (export "f") (param i32) (result i32) (local $sum i32)
      loop $again
        (local.set $sum (i32.add (local.get $sum) (local.get 0)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
      end
      local.get $sum)`,
    calls: [[1], [2], [1000]],
  },
  {
    name: "loops in loops, left by br from within",
    wat: `(func (export "f") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $hits i32)
      block $done
        loop $outer
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (local.set $j (i32.const 0))
          loop $inner
            (local.set $hits (i32.add (local.get $hits) (i32.const 1)))
            (br_if $done (i32.gt_u (local.get $hits) (i32.const 700)))
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (br_if $inner (i32.lt_u (local.get $j) (local.get $i)))
          end
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          br $outer
        end
      end
      local.get $hits)`,
    calls: [[0], [1], [5], [30], [200]],
  },
  {
    name: "if, else, and if without else",
    wat: `(func (export "f") (param i32) (result i32) (local $x i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then (local.set $x (i32.const 5)) nop))
      (if (result i32) (i32.and (local.get 0) (i32.const 2))
        (then (if (i32.and (local.get 0) (i32.const 4)) (then (return (i32.const 9)))) (local.get $x))
        (else (i32.mul (local.get $x) (i32.const 3)))))`,
    calls: [[0], [1], [2], [3], [4], [5], [6], [7]],
  },
  {
    name: "br_table",
    wat: `(func (export "f") (param i32) (result i32) (local $x i32)
      block $c
        block $b
          block $a
            (br_table $a $b $c $b (local.get 0))
          end
          (local.set $x (i32.const 1))
        end
        (local.set $x (i32.add (local.get $x) (i32.const 10)))
      end
      local.get $x)`,
    calls: [[0], [1], [2], [3], [4], [-1]],
  },
  {
    name: "nested blocks with values, left by br",
    wat: `(func (export "f") (param i32) (result i32)
      (block $outer (result i32)
        (i32.add (i32.const 1)
          (block $inner (result i32)
            (drop (br_if $outer (i32.const 7) (i32.eqz (local.get 0))))
            (drop (br_if $inner (i32.const 8) (i32.eq (local.get 0) (i32.const 1))))
            (i32.mul (local.get 0) (local.get 0))))))`,
    calls: [[0], [1], [2]],
  },
  {
    name: "blocks that continue their stretch, and code that is never reached",
    wat: `(func (export "f") (param i32) (result i32)
      block (block (nop)) (drop (i32.const 1)) end
      block $x (br $x) (drop (i32.const 1)) (loop (drop (i32.const 2))) end
      (if (local.get 0) (then (return (i32.const 4)) (unreachable)))
      i32.const 3)`,
    calls: [[0], [1]],
  },
  {
    name: "calls, recursion and locals",
    wat: `(func $fib (export "f") (param i32) (result i32) (local i64 i64 f32 f64 i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
    calls: [[0], [1], [12]],
  },
  {
    name: "call_indirect",
    wat: `(type $op (func (param i32) (result i32)))
      (table 3 funcref) (elem (i32.const 0) $double $square $self)
      (func $double (type $op) (i32.shl (local.get 0) (i32.const 1)))
      (func $square (type $op) (i32.mul (local.get 0) (local.get 0)))
      (func $self (export "f") (type $op)
        (if (result i32) (i32.gt_u (local.get 0) (i32.const 1000)) (then (local.get 0))
          (else (call_indirect (type $op)
            (i32.add (i32.const 1) (call_indirect (type $op) (local.get 0) (i32.and (local.get 0) (i32.const 1))))
            (i32.const 2)))))`,
    calls: [[1], [2], [3], [999]],
  },
  {
    name: "tail calls",
    wat: `(type $step (func (param i32 i32) (result i32)))
      (table 2 funcref) (elem (i32.const 0) $even $odd)
      (func $even (type $step)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
        (return_call $odd (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 2))))
      (func $odd (type $step)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
        (return_call_indirect (type $step) (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (i32.const 0)))
      (func (export "f") (param i32) (result i32) (return_call $even (local.get 0) (i32.const 0)))`,
    calls: [[0], [1], [5000]],
  },
  {
    name: "memory and its bulk operations",
    wat: `(memory (export "memory") 1 4) (data (i32.const 8) "abcdefgh") (data $passive "0123456789abcdefghijklmnopqrstuvwxyz")
      (func (export "f") (param $n i32) (result i32) (local i64)
        (memory.fill (i32.const 100) (i32.const 7) (local.get $n))
        (memory.copy (i32.const 5000) (i32.const 100) (local.get $n))
        (memory.init $passive (i32.const 0) (i32.const 0) (i32.and (local.get $n) (i32.const 31)))
        (if (i32.gt_u (local.get $n) (i32.const 4000)) (then (data.drop $passive)))
        (drop (memory.grow (i32.const 1)))
        (drop (memory.grow (i32.const 100)))
        (i64.store (i32.const 16) (i64.load offset=4 (i32.const 96)))
        (i32.add (memory.size) (i32.load8_u (i32.add (i32.const 4999) (local.get $n)))))`,
    calls: [[1], [15], [16], [31], [4000], [4001]],
    traps: [[70000], [-1]],
  },
  {
    name: "tables and their bulk operations",
    wat: `(table $t 4 40 funcref) (table $u 4 externref) (elem $e func $g $g $g) (func $g)
      (func (export "f") (param $n i32) (result i32)
        (table.init $t $e (i32.const 0) (i32.const 0) (i32.and (local.get $n) (i32.const 3)))
        (drop (table.grow $t (ref.func $g) (local.get $n)))
        (table.fill $t (i32.const 1) (ref.null func) (i32.const 2))
        (table.copy $t $t (i32.const 0) (i32.const 2) (i32.const 2))
        (table.set $u (i32.const 0) (table.get $u (i32.const 1)))
        (if (i32.gt_u (local.get $n) (i32.const 5)) (then (elem.drop $e)))
        (i32.add (table.size $t) (ref.is_null (table.get $t (i32.const 0)))))`,
    calls: [[0], [3], [7], [100]],
  },
  {
    name: "operations that trap at their bounds, one after the other",
    wat: `(type $t (func)) (table $t 4 funcref) (elem $e func $g) (func $g) (memory 1)
      (func (export "f") (param $which i32) (param $n i32)
        (if (i32.eq (local.get $which) (i32.const 0)) (then (table.fill $t (i32.const 0) (ref.null func) (local.get $n))))
        (if (i32.eq (local.get $which) (i32.const 1)) (then (table.copy $t $t (i32.const 0) (i32.const 0) (local.get $n))))
        (if (i32.eq (local.get $which) (i32.const 2)) (then (table.init $t $e (i32.const 0) (i32.const 0) (local.get $n))))
        (if (i32.eq (local.get $which) (i32.const 3)) (then (call_indirect (type $t) (local.get $n))))
        (if (i32.eq (local.get $which) (i32.const 4)) (then (drop (i32.div_s (i32.const 1) (local.get $n)))))
        (if (i32.eq (local.get $which) (i32.const 5)) (then (drop (i64.load (local.get $n)))))
        (if (i32.eq (local.get $which) (i32.const 6)) (then (if (local.get $n) (then (unreachable))))))`,
    calls: [
      [0, 4],
      [1, 4],
      [2, 1],
      [4, 1],
      [5, 0],
      [6, 0],
    ],
    traps: [
      [0, 5],
      [0, -1],
      [1, 5],
      [1, -1],
      [2, 2],
      [2, -1],
      [3, 0],
      [3, 9],
      [4, 0],
      [5, -1],
      [6, 1],
    ],
  },
  {
    name: "exceptions thrown and caught in one function",
    wat: `(tag $e (param i32)) (tag $other)
      (func (export "f") (param i32) (result i32) (local $x i32)
        try (result i32)
          (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e (i32.const 40))))
          (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $other)))
          try
            (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $e (i32.const 50))))
          catch $other
            (local.set $x (i32.const 1))
          catch_all
            (if (local.get 0) (then (local.set $x (i32.const 2)) (rethrow 1)))
          end
          try
            try
              (if (i32.eq (local.get 0) (i32.const 4)) (then (throw $other)))
            delegate 0
          catch_all
            (local.set $x (i32.const 9))
          end
          local.get $x
        catch $e
          (i32.add (local.get $x) (i32.const 2))
          i32.add
        catch_all
          i32.const -1
        end)`,
    calls: [[0], [1], [2], [3], [4]],
  },
  {
    name: "exceptions as values",
    wat: `(tag $e (param i32)) (tag $other)
      (func (export "f") (param i32) (result i32) (local $x i32) (local $exception exnref)
        block $all
          block $caught (result i32)
            block $again (result exnref)
              try_table (catch $e $caught) (catch_all_ref $again)
                (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e (i32.const 40))))
                (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $other)))
              end
              (return (i32.const 5))
            end
            (local.set $x (i32.const 1))
            local.set $exception
            try_table (catch_all $all)
              (throw_ref (local.get $exception))
            end
            unreachable
          end
          return
        end
        i32.const 77)`,
    calls: [[0], [1], [2]],
  },
  {
    name: "exceptions that leave the calls of a loop's head",
    wat: `(tag $e)
      (func (export "f") (param i32) (result i32)
        loop $retry (result i32)
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          try_table (catch_all $retry)
            (if (i32.gt_s (local.get 0) (i32.const 0)) (then (throw $e)))
          end
          local.get 0
        end)`,
    calls: [[1], [5]],
  },
];

// meter.plan.P1, meter.plan.P4, meter.plan.P5
test.each(KERNELS)("fuel is what an instruction by instruction count says: $name", ({ wat, calls }) => {
  const { plain, guest, oracle } = trio(`(module ${wat})`);
  for (const values of calls) {
    const expected = plain.call("f", ...values);
    expect(expected.type).toBe("value");
    const { ending, used } = guest.spend("f", ...values);
    expect(ending).toEqual(expected);
    expect(oracle.call("f", ...values)).toEqual(expected);
    expect(used).toBe(counted(oracle));
    expect(Buffer.compare(guest.memory(), plain.memory())).toBe(0);
  }
});

// meter.plan.P2
test("a trap happens with fuel as without, and what it leaves undone of its stretch is not given back", () => {
  for (const { wat, traps = [] } of KERNELS) {
    const { plain, guest, oracle } = trio(`(module ${wat})`);
    for (const values of traps) {
      const expected = plain.call("f", ...values);
      expect(expected.type).toBe("trap");
      const { ending, used } = guest.spend("f", ...values);
      expect(ending).toEqual(expected);
      oracle.call("f", ...values);
      expect(used).toBeGreaterThanOrEqual(counted(oracle));
    }
  }
});

test("a stretch costs its length, however long it is", () => {
  const lengths = [0, 1, 30, 31, 32, 62, 63, 64, 127, 128, 4094, 4095, 4096, 8191, 8192, 70_000];
  for (const length of lengths) {
    const wat = `(module (func (export "f") ${"(drop (i32.const 1))".repeat(length)}))`;
    const guest = new Guest(meter(assemble(wat)).bytes);
    expect(guest.spend("f").used).toBe(1n + 2n * BigInt(length));
  }
});
