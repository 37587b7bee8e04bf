import type { NfaMatcher, Instruction } from "./finder.ts";
import { type DfaSize, LazyDfa } from "./lazy-dfa.ts";
import { type FoundOne, type Member, RegexStream } from "./regex-stream.ts";

/** Enough for some dozen patterns together: 512 KiB. */
const SEVERAL: DfaSize = { statesMax: 4_096, kindBits: 6 };

/**
 * Several patterns that are looked for at once in a whole text: one look into a table for each character, and each pattern alone only around a match.
 */
export class RegexSet {
  readonly #members: readonly Member[];
  readonly #programs: readonly (readonly Instruction[])[];
  readonly #size: DfaSize;
  #dfa: LazyDfa | undefined;
  #finders: readonly NfaMatcher[] | undefined;

  constructor(members: readonly Member[], size = SEVERAL) {
    this.#members = members;
    this.#size = size;
    this.#programs = members.map(({ regex }) => regex.program);
  }

  /** For a text that comes in pieces; `slowly` is without the table. */
  stream(how?: "slowly"): RegexStream {
    return new RegexStream(this.#members, how === "slowly" || this.#members.length === 0 ? undefined : this.#table());
  }

  #table(): LazyDfa {
    return (this.#dfa ??= new LazyDfa(together(this.#programs), this.#size));
  }

  /**
   * Reports all that a `Finder` of each pattern would report for the text, in the same order. False if the patterns are
   * too many for the table; then the report is incomplete.
   */
  find(text: string, found: FoundOne): boolean {
    if (this.#members.length === 0) return true;
    const dfa = this.#table();
    for (let at = 0; at <= text.length;) {
      const opened = dfa.opened(text, at);
      if (opened === "unknown") return false;
      if (opened === "none") return true;
      at = this.#lookFrom(text, opened, found);
    }
    return true;
  }

  /** Looks with each pattern until nothing is open any more; where that is, or past the text. */
  #lookFrom(text: string, from: number, found: FoundOne): number {
    const finders = (this.#finders ??= this.#members.map(({ regex, options }) => regex.finder(options)));
    const before = from === 0 ? undefined : pointBefore(text, from);
    const looking = finders.map((finder, index) => {
      finder.resume(before);
      return { finder, report: (begin: number, end: number) => found(index, begin, end) };
    });
    for (let at = from; at < text.length;) {
      const point = text.codePointAt(at) ?? 0;
      let isOpen = false;
      for (const { finder, report } of looking) {
        finder.next(point, at, report);
        isOpen ||= finder.openFrom !== undefined;
      }
      at += point > 0xff_ff ? 2 : 1;
      if (!isOpen && at < text.length) return at;
    }
    for (const { finder, report } of looking) finder.next(undefined, text.length, report);
    return text.length + 1;
  }
}

/** The character that ends where another begins. */
function pointBefore(text: string, at: number): number | undefined {
  const unit = text.charCodeAt(at - 1);
  const isSecondHalf = unit >= 0xdc_00 && unit <= 0xdf_ff && at > 1;
  const whole = isSecondHalf ? text.codePointAt(at - 2) : undefined;
  return whole !== undefined && whole > 0xff_ff ? whole : unit;
}

/** One program that matches where one of several does. */
function together(programs: readonly (readonly Instruction[])[]): readonly Instruction[] {
  const starts: number[] = [];
  const all: Instruction[] = [{ type: "fork", to: starts }];
  for (const program of programs) {
    const start = all.length;
    starts.push(start);
    for (const instruction of program)
      all.push(
        instruction.type === "fork" ? { type: "fork", to: instruction.to.map((to) => to + start) } : instruction,
      );
  }
  return all;
}
