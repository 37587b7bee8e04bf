import { type Instruction, isAtEdge, isWord } from "./finder.ts";

export type DfaSize = {
  /** Maximum number of states; above it they are rebuilt, so that memory stays bounded. */
  readonly statesMax: number;
  /** Bits for the kinds of characters that are distinguished; the last kind is the end of the text. */
  readonly kindBits: number;
};
/** Enough for one pattern: 32 KiB. */
export const ONE_PATTERN: DfaSize = { statesMax: 512, kindBits: 5 };
const ASCII = 128;
/** Characters past those of which the kind is remembered. */
const OTHERS_MAX = 4_096;
const UNKNOWN = -1;
const MATCH = -2;
const TOO_MANY = -3;
/** States before these have no place: nothing that began is open. */
const EMPTY_STATES = 3;

/** How far a text was looked at. */
export type Walk = {
  id: number;
  /** The next character that is looked at. */
  at: number;
  /** The last place before it at which nothing was open, and the state there. */
  empty: number;
  emptyId: number;
  /** Whose states these are. */
  age: number;
};
/** Result of a walk: reached the end; a match ended; the table cannot decide; or the states are stale. */
export type Went = "on" | "match" | "unknown" | "stale";

/** A character such as stood before an empty place; undefined for the text's begin. */
export const pointBeforeEmpty = ({ emptyId }: Walk): number | undefined =>
  emptyId === 0 ? undefined : emptyId === 1 ? 0x61 : 0x20;

/** Earliest start of a match; `none`: there is no match; `unknown`: the table cannot decide. */
export type Opened = number | "none" | "unknown";

/** What came before: nothing, a character of a word, another one. */
type Before = 0 | 1 | 2;
const POINT_BEFORE = [undefined, 0x61, 0x20] as const;
type State = { readonly places: readonly number[]; readonly before: Before };

/**
 * Finds whether a pattern matches in a text, with one look into a table for each character: the sets of places that the
 * program can be at are states, which are made when a text first leads to them.
 */
export class LazyDfa {
  readonly #program: readonly Instruction[];
  /** A character that every match has, where there is one. */
  readonly #needed: string | undefined;
  /** Of characters below 128, their kind: those of one kind pass the same tests. */
  readonly #ascii = new Int8Array(ASCII);
  readonly #kinds = new Map<string, number>();
  readonly #others = new Map<number, number>();
  /** One character of each kind. */
  readonly #points: number[] = [];
  readonly #size: DfaSize;
  readonly #end: number;
  readonly #table: Int16Array;
  #states: State[] = [];
  #renewals = 0;
  readonly #ids = new Map<string, number>();

  constructor(program: readonly Instruction[], size = ONE_PATTERN) {
    this.#program = program;
    this.#size = size;
    this.#end = (1 << size.kindBits) - 1;
    this.#table = new Int16Array(size.statesMax << size.kindBits);
    this.#begin();
    for (let point = 0; point < ASCII; point += 1) this.#ascii[point] = this.#kindOf(point);
    this.#needed = neededBy(program);
  }

  /** Undefined when the text has too many kinds of characters for the table, or leads to more states than it is worth to make. */
  test(text: string): boolean | undefined {
    if (this.#needed !== undefined && !text.includes(this.#needed)) return false;
    const opened = this.opened(text, 0);
    return opened === "unknown" ? undefined : opened !== "none";
  }

  /**
   * Searches for the first match from a position without open matches; returns the last position before it without open
   * matches.
   */
  opened(text: string, from: number): Opened {
    const walk = this.begin(from, from === 0 ? undefined : text.charCodeAt(from - 1));
    const went = this.go(walk, text, { from: 0, end: text.length });
    if (went === "unknown" || went === "stale") return "unknown";
    return went === "match" || this.#isMatchAtEnd(walk.id) ? walk.empty : "none";
  }

  /** Where a text is looked at from a place on at which nothing is open, behind that character; undefined for a text's begin. */
  begin(at: number, before: number | undefined): Walk {
    const id = before === undefined ? 0 : isWord(before) ? 1 : 2;
    return { id, at, empty: at, emptyId: id, age: this.#renewals };
  }

  /**
   * Continues through a text that may come in pieces: `text` is what is held of it and begins at `from`; it is looked at before `end`.
   * The walk says then how far that was. `stale`: the states were rebuilt by another walk, and all since `empty` has to be gone again.
   */
  go(walk: Walk, text: string, { from, end }: { readonly from: number; readonly end: number }): Went {
    if (walk.age !== this.#renewals && walk.id >= EMPTY_STATES) return "stale";
    const table = this.#table;
    const ascii = this.#ascii;
    const bits = this.#size.kindBits;
    const age = this.#renewals;
    const last = end - from;
    let { id, empty, emptyId } = walk;
    let went: Went = "on";
    let at = walk.at - from;
    empty -= from;
    for (; at < last; at += 1) {
      if (id < EMPTY_STATES) {
        empty = at;
        emptyId = id;
      }
      const unit = text.charCodeAt(at);
      let kind = ascii[unit];
      let point = unit;
      if (kind === undefined) {
        point = text.codePointAt(at) ?? unit;
        kind = this.#others.get(point) ?? this.#other(point);
      }
      let next = kind < 0 ? TOO_MANY : (table[(id << bits) | kind] ?? UNKNOWN);
      if (next === UNKNOWN) next = this.#step(id, kind);
      if (next < 0 || this.#renewals - age > 1) {
        went = next === MATCH ? "match" : "unknown";
        break;
      }
      if (point > 0xff_ff) at += 1;
      id = next;
    }
    const isEmpty = went === "on" && id < EMPTY_STATES;
    walk.id = id;
    walk.at = at + from;
    walk.empty = isEmpty ? walk.at : empty + from;
    walk.emptyId = isEmpty ? id : emptyId;
    walk.age = this.#renewals;
    return went;
  }

  /** Whether something that was looked for so far matches if the text is over here. */
  endsIn(walk: Walk): "match" | "none" | "stale" {
    if (walk.age !== this.#renewals && walk.id >= EMPTY_STATES) return "stale";
    return this.#isMatchAtEnd(walk.id) ? "match" : "none";
  }

  #isMatchAtEnd(id: number): boolean {
    const last = this.#table[(id << this.#size.kindBits) | this.#end] ?? UNKNOWN;
    return (last === UNKNOWN ? this.#step(id, this.#end) : last) === MATCH;
  }

  #other(point: number): number {
    if (this.#others.size >= OTHERS_MAX) this.#others.clear();
    const kind = this.#kindOf(point);
    this.#others.set(point, kind);
    return kind;
  }

  #kindOf(point: number): number {
    let passed = isWord(point) ? "w" : "-";
    for (const instruction of this.#program)
      if (instruction.type === "one") passed += instruction.test(point) ? "1" : "0";
    const known = this.#kinds.get(passed);
    if (known !== undefined) return known;
    const kind = this.#points.length;
    if (kind >= this.#end) return TOO_MANY;
    this.#kinds.set(passed, kind);
    this.#points.push(point);
    return kind;
  }

  #idOf(places: readonly number[], before: Before): number {
    const key = `${before} ${places.join(" ")}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#states.length >= this.#size.statesMax) {
      this.#renewals += 1;
      this.#begin();
    }
    return this.#newId({ places, before }, key);
  }

  /** Forgets all states but those without a place. */
  #begin(): void {
    this.#states = [];
    this.#ids.clear();
    for (const before of [0, 1, 2] as const) this.#newId({ places: [], before }, `${before} `);
  }

  #newId(state: State, key: string): number {
    const id = this.#states.length;
    const bits = this.#size.kindBits;
    this.#states.push(state);
    this.#table.fill(UNKNOWN, id << bits, (id + 1) << bits);
    this.#ids.set(key, id);
    return id;
  }

  /** Where a character of that kind, or the end, leads from a state. */
  #step(id: number, kind: number): number {
    const state = this.#states[id];
    if (state === undefined) return UNKNOWN;
    const point = kind === this.#end ? undefined : this.#points[kind];
    const places = this.#follow(state, point);
    const next = places === MATCH ? MATCH : this.#idOf(places, point === undefined ? 0 : isWord(point) ? 1 : 2);
    // Unless the states were rebuilt in the meantime, and this one is gone.
    if (this.#states[id] === state) this.#table[(id << this.#size.kindBits) | kind] = next;
    return next;
  }

  #follow({ places, before }: State, point: number | undefined): readonly number[] | typeof MATCH {
    const seen = new Set<number>();
    const next = new Set<number>();
    const waiting = [0, ...places];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.#program[place];
      if (instruction === undefined) continue;
      if (instruction.type === "match") return MATCH;
      if (instruction.type === "fork") waiting.push(...instruction.to);
      else if (instruction.type === "edge") {
        if (isAtEdge(instruction.edge, POINT_BEFORE[before], point)) waiting.push(place + 1);
      } else if (point !== undefined && instruction.test(point)) next.add(place + 1);
    }
    return [...next].toSorted((one, other) => one - other);
  }
}

/** A character without which there is no match: no way to one goes round the place that takes it. */
function neededBy(program: readonly Instruction[]): string | undefined {
  for (const [place, instruction] of program.entries()) {
    if (instruction.type !== "one" || instruction.only === undefined || reachesMatch(program, place)) continue;
    return String.fromCodePoint(instruction.only);
  }
  return undefined;
}

function reachesMatch(program: readonly Instruction[], without: number): boolean {
  const seen = new Set([without]);
  const waiting = [0];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const instruction = program[place];
    if (instruction?.type === "match") return true;
    if (instruction?.type === "fork") waiting.push(...instruction.to);
    else waiting.push(place + 1);
  }
  return false;
}
