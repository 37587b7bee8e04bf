/** A node of the tree of all texts: where each next character leads, and where to go on when it leads nowhere. */
type Node = {
  readonly depth: number;
  readonly next: Map<number, Node>;
  fallback: Node | undefined;
  /** The longest text that ends here. */
  ends: { readonly chars: number; readonly name: string } | undefined;
};

const node = (depth: number): Node => ({ depth, next: new Map(), fallback: undefined, ends: undefined });

/** Many fixed texts that are looked for at once (the automaton of Aho and Corasick); shared by all finders. */
export class Literals {
  readonly #root = node(0);
  readonly isEmpty: boolean;

  /** By text, the name it is hidden under. */
  constructor(texts: ReadonlyMap<string, string>) {
    this.isEmpty = texts.size === 0;
    for (const [text, name] of texts) this.#add(text, name);
    this.#link();
  }

  #add(text: string, name: string): void {
    let at = this.#root;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      const known = at.next.get(unit) ?? node(at.depth + 1);
      at.next.set(unit, known);
      at = known;
    }
    at.ends ??= { chars: text.length, name };
  }

  #link(): void {
    const level = [this.#root];
    for (let index = 0; index < level.length; index += 1) {
      const from = level[index];
      if (from === undefined) continue;
      for (const [unit, to] of from.next) {
        to.fallback = from === this.#root ? this.#root : this.#step(from.fallback ?? this.#root, unit);
        to.ends ??= to.fallback.ends;
        level.push(to);
      }
    }
  }

  #step(from: Node, unit: number): Node {
    for (let at: Node | undefined = from; at !== undefined; at = at.fallback) {
      const to = at.next.get(unit);
      if (to !== undefined) return to;
    }
    return this.#root;
  }

  finder(): LiteralFinder {
    let at = this.#root;
    return {
      depth: () => at.depth,
      next: (unit) => {
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
