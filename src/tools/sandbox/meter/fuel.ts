/**
 * # Fuel
 *
 * Fuel is how much a guest may execute, counted in WebAssembly instructions. The same call on the same module uses the
 * same fuel on every machine, every time. It is the number users tune, so this definition is stable: changing it means
 * raising `METER_VERSION`.
 *
 * | what | fuel |
 * | --- | --- |
 * | every instruction executed | 1 |
 * | `nop`, `block`, `else`, `end`, `try`, `try_table`, `catch`, `catch_all`, `delegate` | 0: they mark positions and compile to no machine code |
 * | `loop` | 1 each time its head is passed, so the first time and at each branch back |
 * | `call`, `return_call` | 2 |
 * | `call_indirect`, `return_call_indirect` | 4 |
 * | entering a function | 1, and 1 for every 4 declared locals (rounded down), which have to be cleared |
 * | `throw`, `rethrow`, `throw_ref` | 16 |
 * | `memory.grow` | 64, and 512 for every page asked for |
 * | `memory.fill`, `memory.copy`, `memory.init` | 1, and 1 for every 16 bytes (rounded down) |
 * | `table.fill`, `table.copy`, `table.init`, `table.grow` | 1, and 1 for every slot |
 *
 * A `memory.grow` or `table.grow` that asks for more than the limit on the whole memory or table cannot succeed; it costs
 * only its fixed part. Work done by the host for a guest is not counted here.
 *
 * ## When it is taken
 *
 * Always before the work it pays for. Instructions that are executed together are paid together, when the first of them
 * is reached, and so are the entries of the functions that they call, up to 400 each: a call that ends normally has used
 * exactly the sum of the table above. When a trap, or an exception thrown by a called function, leaves a stretch half-way,
 * the rest of that stretch is not given back.
 *
 * ## When it is checked
 *
 * Fuel below zero is a trap (`unreachable`), which the guest cannot catch. It is looked at
 *
 * 1. at each function's entry and each loop's head, so on every cycle;
 * 2. wherever fuel is next taken once a call may have returned, and in every exception handler;
 * 3. before every operation whose price depends on an operand.
 *
 * Functions that cannot use more than 64 in all are not checked, and count as instructions here.
 *
 * Hence after fuel has run out a guest gets no further than the end of one function body without loops and calls, however
 * deep its stack: by 1 it enters nothing, by 2 no caller on the stack continues beyond its prepaid fuel. A call that ends
 * within that stretch has ended, with fuel a little below zero.
 *
 * Fuel measures work, not time: a cache miss costs what an addition costs. A clock has to stand behind it.
 */

/** Global through which the host sets fuel before, and reads it after, each entry; 64 bits, signed. Starts at 0: nothing runs unpaid. */
export const FUEL_EXPORT = "__caxton_fuel";

/** The module's start function, if it has one. The host calls it once, with fuel, right after instantiation. */
export const START_EXPORT = "__caxton_start";

/** Raised whenever the same module would come out differently, or cost different fuel. Part of every cache key. */
export const METER_VERSION = 2;

export const FUEL = {
  marker: 0,
  instruction: 1,
  call: 2,
  callIndirect: 4,
  throw: 16,
  memoryGrow: 64,
  loopHead: 1,
} as const;

/** Fuel of entering a function with that many declared locals. */
export const entryFuel = (locals: number): number => 1 + Math.floor(locals / 4);

/** Operations that also cost by an operand, and what the operand counts. */
export type Sized =
  /** 1 for 16. */
  | "bytes"
  /** 1 each. */
  | "slots"
  /** 512 each, or nothing when more than a memory can have. */
  | "new-pages"
  /** 1 each, or nothing when more than a table can have. */
  | "new-slots";

/** A page costs 2 to the 9th, 16 bytes cost 1. */
export const PAGE_FUEL_SHIFT = 9;
export const BYTES_FUEL_SHIFT = 4;
