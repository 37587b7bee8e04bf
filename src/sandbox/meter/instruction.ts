import { FUEL, type Sized } from "./fuel.ts";
import type { Reader } from "./reader.ts";

/** What an instruction does to the flow of control, as far as paying for it needs to know. */
export type Flow =
  /** Goes on to the next instruction. */
  | "next"
  /** Goes on to the next instruction, after code that may use any amount of fuel. */
  | "call"
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
  /** Never goes on: leaves the function, traps or throws. */
  | "leave";

/** One instruction of the table. Operands that are branch targets are left for the planner; `skip` steps over the others. */
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
