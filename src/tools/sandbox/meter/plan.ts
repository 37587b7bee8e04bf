import type { Callees } from "./callees.ts";
import type { Body } from "./draft.ts";
import { malformed } from "./errors.ts";
import { entryFuel, FUEL, type Sized } from "./fuel.ts";
import type { Flow, Instruction } from "./opcodes/instruction.ts";
import { readOpcode } from "./opcodes/opcodes.ts";
import type { Reader } from "./binary/reader.ts";

/**
 * Where fuel is taken in one function body.
 *
 * meter.plan.P1. Every instruction is paid for by a point that control passes before it, once for each time it is
 *   executed.
 * meter.plan.P2. A body is cut into stretches: instructions of which either all or none are executed (unless one
 *   traps or throws). A stretch may continue behind an inner block, when nothing in that block can leave it other than by
 *   its end.
 * meter.plan.P3. The entry and each loop's head are checked. So is every other point to which a way leads from a
 *   call, without a check between, and every handler's: the fuel may have run out below. Small functions are the
 *   exception (meter.callees.C3).
 * meter.plan.P4. What both arms of an `if` cost is paid before it, so that often only one of them pays, or none.
 * meter.plan.P5. A direct call pays what its callee lets callers pay (meter.callees.C1), together with its own price.
 *
 * One pass, no recursion, constant work for an instruction: a branch marks only its innermost frame with how far it goes,
 * and frames hand that outwards as they end.
 */
export type Point = {
  /** Byte of the file in front of which fuel is taken. */
  readonly at: number;
  fuel: number;
  readonly checked: boolean;
  /** Takes by the operand on the stack, right before the instruction that uses it. */
  readonly sized: Sized | null;
};

type Frame = {
  readonly flow: Flow;
  /** The stretch that this block stands in. */
  readonly outer: Point;
  /** Whether fuel may have run out, unnoticed, when the block was entered. */
  readonly unsureAtStart: boolean;
  /** The same at its end, by the branches and arms that lead there. */
  unsureAtEnd: boolean;
  /** Number of the outermost frame that a branch from inside aims at. */
  reach: number;
  /** Whether exceptions arrive at its end. */
  handles: boolean;
  /** Where the arms of an `if` begin; the second is there once its `else` is. */
  readonly arms: Point[];
};

const NO_ARMS: Point[] = [];

function shareFuel(outer: Point, yes: Point, no: Point): void {
  const shared = Math.min(yes.fuel, no.fuel);
  outer.fuel += shared;
  yes.fuel -= shared;
  no.fuel -= shared;
}

/** The function that is planned: whether nothing is checked for it, and what its callers have paid when it is entered. */
export type Entry = { readonly body: Body; readonly paid: number; readonly isSmall: boolean };

export type BodyPlan = {
  /** In the order of their places. */
  readonly points: readonly Point[];
  /** The most fuel it can use with everything it calls; infinite when it has loops, or calls that are not small. */
  readonly most: number;
  /** Functions it calls directly, each time it does. */
  readonly callees: readonly number[];
};

/** Plans a body; `code` stands at its first instruction. Refuses unknown instructions. */
export function planBody(code: Reader, entry: Entry, callees: Callees): BodyPlan {
  const plan = new Plan(code, entry, callees);
  while (plan.isOpen) plan.step();
  code.finish("a function body");
  return plan;
}

class Plan {
  most: number;
  readonly callees: number[] = [];
  readonly #known: Callees;
  readonly points: Point[] = [];
  readonly #code: Reader;
  readonly #frames: Frame[] = [];
  #current: Point;
  /** Whether a call may have run since the last check, on some way that leads here. */
  #unsure: boolean;

  constructor(code: Reader, { body, paid, isSmall }: Entry, known: Callees) {
    this.#code = code;
    this.#known = known;
    this.#unsure = !isSmall;
    this.#current = this.#cut();
    this.most = entryFuel(body.locals);
    this.#current.fuel = this.most - paid;
    this.#open("block");
  }

  get isOpen(): boolean {
    return this.#frames.length > 0;
  }

  step(): void {
    const at = this.#code.at;
    const instruction = readOpcode(this.#code);
    instruction.skip(this.#code);
    this.#current.fuel += instruction.fuel;
    this.most += instruction.fuel;
    if (instruction.flow !== "next") this.#follow(instruction);
    else if (instruction.sized !== null) this.#size(at, instruction.sized);
  }

  #size(at: number, sized: Sized): void {
    this.points.push({ at, fuel: 0, checked: true, sized });
    this.most = Infinity;
    this.#unsure = false;
  }

  #follow({ flow }: Instruction): void {
    switch (flow) {
      case "next":
        return;
      case "call":
        return this.#call(this.#code.u32());
      case "tail-call":
        this.#call(this.#code.u32());
        return this.#leave();
      case "call-indirect":
        this.most = Infinity;
        this.#unsure = true;
        return;
      case "block":
      case "try":
        return this.#open(flow);
      case "loop":
        this.#open(flow);
        this.most = Infinity;
        this.#unsure = true;
        this.#current = this.#cut();
        this.#current.fuel = FUEL.loopHead;
        return;
      case "if":
        this.#open(flow);
        this.#current = this.#cut();
        this.#innermost.arms.push(this.#current);
        return;
      case "else":
        return this.#otherArm();
      case "try-table":
        return this.#openTryTable();
      case "catch":
        return this.#handler();
      case "end":
        return this.#end();
      case "branch":
        this.#branch(this.#code.u32());
        return this.#stop();
      case "branch-if":
        this.#branch(this.#code.u32());
        this.#current = this.#cut();
        return;
      case "branch-table":
        for (let left = this.#code.u32(); left >= 0; left -= 1) this.#branch(this.#code.u32());
        return this.#stop();
      case "leave":
        return this.#leave();
    }
  }

  #call(callee: number): void {
    const most = this.#known.most[callee] ?? 0;
    this.callees.push(callee);
    this.#current.fuel += this.#known.paid[callee] ?? 0;
    this.most += most === 0 ? Infinity : most;
    this.#unsure ||= most === 0;
  }

  #leave(): void {
    this.#innermost.reach = 0;
    this.#stop();
  }

  get #innermost(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw malformed("a function body continues after its end", this.#code.at);
    return frame;
  }

  /** Begins a stretch here. */
  #cut(): Point {
    const point = { at: this.#code.at, fuel: 0, checked: this.#unsure, sized: null };
    this.points.push(point);
    this.#unsure = false;
    return point;
  }

  /** What follows is not reached from here; it is planned all the same, as if some branch led to it. */
  #stop(): void {
    this.#unsure = false;
    this.#current = this.#cut();
  }

  #open(flow: Flow): void {
    const unsureAtStart = this.#unsure;
    const reach = this.#frames.length;
    const frame = { flow, outer: this.#current, unsureAtStart, unsureAtEnd: false, reach, handles: false };
    this.#frames.push({ ...frame, arms: flow === "if" ? [] : NO_ARMS });
  }

  #target(depth: number, frames: number): number {
    const target = frames - 1 - depth;
    if (target < 0) throw malformed("a branch to a block that is not there", this.#code.at);
    return target;
  }

  #branch(depth: number): void {
    const number = this.#target(depth, this.#frames.length);
    this.#innermost.reach = Math.min(this.#innermost.reach, number);
    const target = this.#frames[number];
    if (target !== undefined && target.flow !== "loop") target.unsureAtEnd ||= this.#unsure;
  }

  #otherArm(): void {
    const frame = this.#innermost;
    frame.unsureAtEnd ||= this.#unsure;
    this.#unsure = frame.unsureAtStart;
    this.#current = this.#cut();
    frame.arms.push(this.#current);
  }

  #handler(): void {
    this.#innermost.unsureAtEnd ||= this.#unsure;
    this.#unsure = true;
    this.#current = this.#cut();
  }

  /** The handlers of a `try_table` are ends of blocks around it, numbered as if it were not there itself. */
  #openTryTable(): void {
    this.#open("try-table");
    const frames = this.#frames.length - 1;
    for (let left = this.#code.u32(); left > 0; left -= 1) {
      const offset = this.#code.at;
      const kind = this.#code.byte();
      if (kind > 3) throw malformed("an exception handler of unknown kind", offset);
      if (kind < 2) this.#code.u32();
      const number = this.#target(this.#code.u32(), frames);
      this.#innermost.reach = Math.min(this.#innermost.reach, number);
      const target = this.#frames[number];
      if (target !== undefined) target.handles = true;
    }
  }

  #end(): void {
    const frame = this.#innermost;
    this.#frames.pop();
    const number = this.#frames.length;
    if (number === 0) return;
    const [yes, no] = frame.arms;
    if (yes !== undefined && no !== undefined) shareFuel(frame.outer, yes, no);
    const isSkippable = frame.flow === "if" && no === undefined;
    this.#unsure ||= frame.unsureAtEnd || frame.handles || (isSkippable && frame.unsureAtStart);
    this.#innermost.reach = Math.min(this.#innermost.reach, frame.reach);
    const mayBeLeft = frame.reach < number || frame.handles || frame.flow === "try" || frame.flow === "try-table";
    this.#current = mayBeLeft ? this.#cut() : frame.outer;
  }
}
