import type { NfaMatcher, FinderOptions } from "./finder.ts";
import { type LazyDfa, pointBeforeEmpty, type Walk } from "./lazy-dfa.ts";
import type { LinearRegex } from "./linear-regex.ts";

export type Member = { readonly regex: LinearRegex; readonly options: FinderOptions };

/** Called with each match: the index of its pattern in the set, and its range. */
export type FoundOne = (index: number, from: number, to: number) => void;

/** What is held of a text, and where in the whole of it that begins. */
type Held = { readonly text: string; readonly from: number };

/**
 * Looks for several patterns in a text that comes in pieces: by one table while nothing is found, and by each pattern alone from
 * the last place at which nothing was open until nothing is any more. Without a table always by each alone: the
 * reference for the other way. Both find the same matches.
 */
export class RegexStream {
  readonly #members: readonly Member[];
  readonly #lengthMax: number;
  #dfa: LazyDfa | undefined;
  #walk: Walk | undefined;
  #finders: readonly NfaMatcher[] | undefined;
  /** Up to here all has been looked at. */
  #seen = 0;

  constructor(members: readonly Member[], dfa: LazyDfa | undefined) {
    this.#members = members;
    this.#lengthMax = Math.max(0, ...members.map(({ options }) => options.lengthMax));
    this.#dfa = dfa;
    this.#walk = dfa?.begin(0, undefined);
  }

  /** Text behind this position may belong to a match that is not reported yet; undefined if no match is open. */
  get openFrom(): number | undefined {
    const walk = this.#walk;
    if (walk !== undefined) return walk.empty < walk.at ? walk.empty : undefined;
    const open = this.#finders?.flatMap(({ openFrom }) => openFrom ?? []) ?? [];
    return open.length === 0 ? undefined : Math.min(...open);
  }

  /** Looks at what is new before `end`. All since `openFrom` has to be held. */
  look(held: Held, end: number, found: FoundOne): void {
    while (this.#seen < end) {
      if (this.#walk === undefined) this.#byEach(held, end, found);
      else this.#byTable(this.#walk, held, end);
    }
  }

  /** The text is over, and all of it was looked at. */
  end(held: Held, found: FoundOne): void {
    if (this.#walk !== undefined) {
      if (this.#dfa?.endsIn(this.#walk) === "none") return;
      this.#leaveTable(this.#walk);
    }
    const end = held.from + held.text.length;
    this.#byEach(held, end, found, true);
    for (const [index, finder] of this.#all().entries())
      finder.next(undefined, end, (from, to) => found(index, from, to));
  }

  #all(): readonly NfaMatcher[] {
    return (this.#finders ??= this.#members.map(({ regex, options }) => regex.finder(options)));
  }

  #byTable(walk: Walk, { text, from }: Held, end: number): void {
    const dfa = this.#dfa;
    const went = dfa?.go(walk, text, { from, end });
    this.#seen = walk.at;
    if (went === "on" && end - walk.empty <= this.#lengthMax) return;
    if (went === "unknown") this.#dfa = undefined;
    // Once each alone is looked for, no more is held than one of them can match.
    this.#leaveTable(walk);
  }

  #leaveTable(walk: Walk): void {
    for (const finder of this.#all()) finder.resume(pointBeforeEmpty(walk));
    this.#seen = walk.empty;
    this.#walk = undefined;
  }

  /** Until nothing is open, or to the end. */
  #byEach({ text, from }: Held, end: number, found: FoundOne, isLast = false): void {
    const finders = this.#all();
    const looking = finders.map((finder, index) => ({
      finder,
      onMatch: (begin: number, until: number) => found(index, begin, until),
    }));
    while (this.#seen < end) {
      const at = this.#seen;
      const point = text.codePointAt(at - from) ?? 0;
      let isOpen = false;
      for (const { finder, onMatch } of looking) {
        finder.next(point, at, onMatch);
        isOpen ||= finder.openFrom !== undefined;
      }
      this.#seen = at + (point > 0xff_ff ? 2 : 1);
      if (isOpen || isLast || this.#dfa === undefined) continue;
      this.#walk = this.#dfa.begin(this.#seen, point);
      return;
    }
  }
}
