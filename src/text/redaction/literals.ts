import { SECRET_CHARS_MIN } from "./secrets.ts";

/**
 * A node of the tree of all texts: the node of each next character, and the fallback node for all others. Nearly all nodes have one next
 * character, which needs no map.
 */
type Node = {
  readonly depth: number;
  /** The first next character; -1 without one. */
  unit: number;
  child: Node | undefined;
  others: Map<number, Node> | undefined;
  fallback: Node | undefined;
  /** The longest text that ends here. */
  ends: { readonly chars: number; readonly name: string } | undefined;
};

/** No text is shorter. */
const WINDOW = SECRET_CHARS_MIN;
const PAIRS = 65_536;
const pairOf = (one: number, other: number): number => ((one << 8) ^ other) & (PAIRS - 1);

const node = (depth: number): Node => ({
  depth,
  unit: -1,
  child: undefined,
  others: undefined,
  fallback: undefined,
  ends: undefined,
});

const nextOf = (from: Node, unit: number): Node | undefined =>
  from.unit === unit ? from.child : from.others?.get(unit);

function grow(from: Node, unit: number): Node {
  const made = node(from.depth + 1);
  if (from.child !== undefined) {
    from.others ??= new Map();
    from.others.set(unit, made);
    return made;
  }
  from.unit = unit;
  from.child = made;
  return made;
}

/** Many fixed texts that are looked for at once (the automaton of Aho and Corasick); shared by all finders. */
export class Literals {
  readonly #root = node(0);
  /** By two characters in a row, how far the window can move on: see `isIn`. */
  readonly #shifts = new Uint8Array(PAIRS);
  /** By its first character, whether a text may begin: 1 or 0. */
  readonly #begin = new Uint8Array(PAIRS);
  readonly isEmpty: boolean;

  /** By text, the name it is hidden under. */
  constructor(texts: ReadonlyMap<string, string>) {
    this.isEmpty = texts.size === 0;
    this.#shifts.fill(WINDOW - 1);
    for (const [text, name] of texts) {
      this.#add(text, name);
      this.#begin[text.charCodeAt(0)] = 1;
      this.#mark(text);
    }
    this.#link();
  }

  #add(text: string, name: string): void {
    let at = this.#root;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      at = nextOf(at, unit) ?? grow(at, unit);
    }
    at.ends ??= { chars: text.length, name };
  }

  #mark(text: string): void {
    for (let at = 1; at < WINDOW; at += 1) {
      const pair = pairOf(text.charCodeAt(at - 1), text.charCodeAt(at));
      this.#shifts[pair] = Math.min(this.#shifts[pair] ?? 0, WINDOW - 1 - at);
    }
  }

  /**
   * Whether one of the texts is in this one. Looks at two characters and moves on as far as no text can begin between (Wu and
   * Manber), so that most characters are not looked at.
   */
  isIn(text: string): boolean {
    if (this.isEmpty) return false;
    for (let last = WINDOW - 1; last < text.length;) {
      const shift = this.#shifts[pairOf(text.charCodeAt(last - 1), text.charCodeAt(last))] ?? 0;
      if (shift === 0 && this.#begins(text, last - WINDOW + 1)) return true;
      last += Math.max(1, shift);
    }
    return false;
  }

  /**
   * Reports each position of a whole text at which one of the texts ends, with the longest that does; in their
   * order.
   */
  find(text: string, found: (from: number, to: number, name: string) => void): void {
    if (this.isEmpty) return;
    const ends = new Map<number, { readonly from: number; readonly name: string }>();
    for (let last = WINDOW - 1; last < text.length;) {
      const shift = this.#shifts[pairOf(text.charCodeAt(last - 1), text.charCodeAt(last))] ?? 0;
      if (shift === 0) this.#endsFrom(text, last - WINDOW + 1, ends);
      last += Math.max(1, shift);
    }
    const inOrder = [...ends].toSorted(([one], [other]) => one - other);
    for (const [to, { from, name }] of inOrder) found(from, to, name);
  }

  /** Texts that begin at a place; of those that end where another does, the one that was first there is longer. */
  #endsFrom(text: string, from: number, ends: Map<number, { readonly from: number; readonly name: string }>): void {
    let at = nextOf(this.#root, text.charCodeAt(from));
    for (let index = from + 1; at !== undefined; index += 1) {
      const isWhole = at.ends?.chars === index - from;
      if (at.ends !== undefined && isWhole && !ends.has(index)) ends.set(index, { from, name: at.ends.name });
      at = index < text.length ? nextOf(at, text.charCodeAt(index)) : undefined;
    }
  }

  #begins(text: string, from: number): boolean {
    let at: Node | undefined = this.#root;
    for (let index = from; at !== undefined; index += 1) {
      if (at.ends !== undefined) return true;
      if (index >= text.length) return false;
      at = nextOf(at, text.charCodeAt(index));
    }
    return false;
  }

  #link(): void {
    const level = [this.#root];
    for (let index = 0; index < level.length; index += 1) {
      const from = level[index];
      if (from === undefined) continue;
      if (from.child !== undefined) level.push(this.#linked(from, from.unit, from.child));
      for (const [unit, to] of from.others ?? []) level.push(this.#linked(from, unit, to));
    }
  }

  #linked(from: Node, unit: number, to: Node): Node {
    to.fallback = from === this.#root ? this.#root : this.#step(from.fallback ?? this.#root, unit);
    to.ends ??= to.fallback.ends;
    return to;
  }

  #step(from: Node, unit: number): Node {
    for (let at: Node | undefined = from; at !== undefined; at = at.fallback) {
      const to = nextOf(at, unit);
      if (to !== undefined) return to;
    }
    return this.#root;
  }

  finder(): LiteralFinder {
    let at = this.#root;
    return {
      depth: () => at.depth,
      next: (unit) => {
        // Most characters begin nothing.
        if (at === this.#root && this.#begin[unit] !== 1) return undefined;
        at = this.#step(at, unit);
        return at.ends;
      },
    };
  }
}

export type LiteralFinder = {
  /** How many of the last characters may be the begin of a text. */
  readonly depth: () => number;
  /** The longest text that ends with this UTF-16 unit. */
  readonly next: (unit: number) => { readonly chars: number; readonly name: string } | undefined;
};
