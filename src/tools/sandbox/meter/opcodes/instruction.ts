import { FUEL, type Sized } from "../fuel.ts";
import type { Reader } from "../binary/reader.ts";

/** What an instruction does to the flow of control, as far as paying for it needs to know. */
export type Flow =
  /** Continues with the next instruction. */
  | "next"
  /** Continues with the next instruction, after the code of the function whose number follows. */
  | "call"
  /** Continues with the next instruction, after code that may use any amount of fuel. */
  | "call-indirect"
  | "block"
  | "loop"
  | "if"
  | "else"
  | "try"
  | "try-table"
  /** Where an exception arrives. */
  | "catch"
  | "end"
  | "branch"
  | "branch-if"
  | "branch-table"
  /** Leaves the function for the one whose number follows. */
  | "tail-call"
  /** Never continues: leaves the function, traps or throws. */
  | "leave";

/** One instruction of the table. Targets of branches and of direct calls are left for the planner; `skip` steps over the others. */
export type Instruction = {
  readonly name: string;
  readonly flow: Flow;
  readonly fuel: number;
  readonly sized: Sized | null;
  readonly skip: (reader: Reader) => void;
};

const skipNothing = (): void => undefined;

/** A plain instruction of fuel 1 without operands, but for what `rest` says. */
export const instruction = (name: string, rest: Partial<Instruction> = {}): Instruction => ({
  name,
  flow: "next",
  fuel: FUEL.instruction,
  sized: null,
  skip: skipNothing,
  ...rest,
});
