import { type Callees, readerOf } from "./callees.ts";
import type { Body } from "./draft.ts";
import { BYTES_FUEL_SHIFT, PAGE_FUEL_SHIFT, type Sized } from "./fuel.ts";
import { type MeterLimits, withinLimit } from "./limits.ts";
import { planBody } from "./plan.ts";
import type { Survey } from "./survey.ts";
import { I32, NOTHING } from "./binary/value-types.ts";
import type { Writer } from "./binary/writer.ts";

/** What was written into the code of a module. */
export type MeterReport = {
  /** Places that take fuel of a fixed amount. */
  readonly points: number;
  /** Places that trap when fuel is below zero. */
  readonly checks: number;
  /** Places that take fuel by an operand; each is also a check. */
  readonly sized: number;
};

/** Opcodes of the code that is added. */
const OP = {
  unreachable: 0x00,
  returnCall: 0x12,
  if: 0x04,
  end: 0x0b,
  select: 0x1b,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i64Const: 0x42,
  i32LeU: 0x4d,
  i64LtS: 0x53,
  i64Sub: 0x7d,
  i64Shl: 0x86,
  i64ShrU: 0x88,
  i64ExtendI32U: 0xad,
} as const;

/** Writes the bodies of one module with their fuel accounting. */
export class CodeMeter {
  readonly #source: Uint8Array;
  readonly #callees: Callees;
  readonly #fuelGlobal: number;
  readonly #limits: MeterLimits;
  #points = 0;
  #checks = 0;
  #sized = 0;

  constructor({ bytes, draft }: Survey, callees: Callees, limits: MeterLimits) {
    this.#source = bytes;
    this.#callees = callees;
    this.#fuelGlobal = draft.globals;
    this.#limits = limits;
  }

  get report(): MeterReport {
    return { points: this.#points, checks: this.#checks, sized: this.#sized };
  }

  /** Replaces what `out` holds by the metered body. Refuses unknown instructions, and a body that has become too long. */
  write(body: Body, out: Writer): void {
    const paid = this.#callees.paid[body.index] ?? 0;
    const isSmall = (this.#callees.most[body.index] ?? 0) > 0;
    const { points } = planBody(readerOf(this.#source, body), { body, paid, isSmall }, this.#callees);
    const needsLocal = points.some((point) => point.sized !== null);
    out.clear();
    out.u32(body.localGroups + (needsLocal ? 1 : 0));
    out.copy(this.#source, body.localsAt, body.codeAt);
    if (needsLocal) {
      out.u32(1);
      out.byte(I32);
    }
    const local = body.params + body.locals;
    let copied = body.codeAt;
    for (const point of points) {
      if (point.fuel === 0 && !point.checked) continue;
      out.copy(this.#source, copied, point.at);
      copied = point.at;
      if (point.sized === null) this.#take(point.fuel, out);
      else this.#takeSized(point.sized, local, out);
      if (point.checked) this.#check(out);
    }
    out.copy(this.#source, copied, body.end);
    withinLimit(this.#limits, "meteredBodyBytesMax", out.length, body.codeAt);
  }

  /** Replaces what `out` holds by the body of a gate: pays for the function of that number and calls it with a check. */
  writeGate(index: number, params: number, out: Writer): void {
    out.clear();
    out.u32(0);
    this.#take(this.#callees.paid[index] ?? 0, out);
    for (let param = 0; param < params; param += 1) {
      out.byte(OP.localGet);
      out.u32(param);
    }
    out.byte(OP.returnCall);
    out.u32(index);
    out.byte(OP.end);
  }

  #take(fuel: number, out: Writer): void {
    if (fuel === 0) return;
    this.#points += 1;
    this.#global(OP.globalGet, out);
    out.byte(OP.i64Const);
    out.s32(fuel);
    out.byte(OP.i64Sub);
    this.#global(OP.globalSet, out);
  }

  /** The operand is on top of the stack, and stays there. It is unsigned, and made 64 bits wide before any arithmetic. */
  #takeSized(sized: Sized, local: number, out: Writer): void {
    this.#sized += 1;
    out.byte(OP.localTee);
    out.u32(local);
    this.#global(OP.globalGet, out);
    out.byte(OP.localGet);
    out.u32(local);
    out.byte(OP.i64ExtendI32U);
    switch (sized) {
      case "bytes":
        constant(BYTES_FUEL_SHIFT, out);
        out.byte(OP.i64ShrU);
        break;
      case "slots":
        break;
      case "new-pages":
        constant(PAGE_FUEL_SHIFT, out);
        out.byte(OP.i64Shl);
        this.#unlessOver(this.#limits.memoryPagesMax, local, out);
        break;
      case "new-slots":
        this.#unlessOver(this.#limits.tableSlotsMax, local, out);
        break;
    }
    out.byte(OP.i64Sub);
    this.#global(OP.globalSet, out);
  }

  /** Keeps the amount on the stack when the operand is at most `most`, else makes it 0. */
  #unlessOver(most: number, local: number, out: Writer): void {
    constant(0, out);
    out.byte(OP.localGet);
    out.u32(local);
    out.byte(OP.i32Const);
    out.s32(most);
    out.byte(OP.i32LeU);
    out.byte(OP.select);
  }

  #check(out: Writer): void {
    this.#checks += 1;
    this.#global(OP.globalGet, out);
    constant(0, out);
    out.byte(OP.i64LtS);
    out.byte(OP.if);
    out.byte(NOTHING);
    out.byte(OP.unreachable);
    out.byte(OP.end);
  }

  #global(opcode: number, out: Writer): void {
    out.byte(opcode);
    out.u32(this.#fuelGlobal);
  }
}

function constant(value: number, out: Writer): void {
  out.byte(OP.i64Const);
  out.s32(value);
}
