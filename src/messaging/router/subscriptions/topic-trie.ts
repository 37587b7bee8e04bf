import { MANY_WORDS as MANY } from "../../../kernel/triggers/topic.ts";

/** One word of a topic that stands for any one. */
const ONE = "*";

type Node<Value> = { readonly words: Map<string, Node<Value>>; readonly values: Set<Value> };

const node = <Value>(): Node<Value> => ({ words: new Map(), values: new Set() });

/** Patterns of topics, found by topic in steps for its words, however many patterns there are. */
export class TopicTrie<Value> {
  readonly #root = node<Value>();

  add(pattern: string, value: Value): void {
    let at = this.#root;
    for (const word of pattern.split(".")) {
      const next = at.words.get(word) ?? node<Value>();
      at.words.set(word, next);
      at = next;
    }
    at.values.add(value);
  }

  delete(pattern: string, value: Value): void {
    this.#remove(this.#root, pattern.split("."), value);
  }

  /** Whether nothing is left under it. */
  #remove(at: Node<Value>, [word, ...rest]: readonly string[], value: Value): boolean {
    if (word === undefined) at.values.delete(value);
    else {
      const next = at.words.get(word);
      if (next !== undefined && this.#remove(next, rest, value)) at.words.delete(word);
    }
    return at.words.size === 0 && at.values.size === 0;
  }

  /** Values of all patterns that the topic fits, each once. */
  find(topic: string): ReadonlySet<Value> {
    const found = new Set<Value>();
    this.#collect(this.#root, topic.split("."), 0, found);
    return found;
  }

  #collect(at: Node<Value>, words: readonly string[], index: number, found: Set<Value>): void {
    const many = at.words.get(MANY);
    if (many !== undefined)
      for (let from = index; from <= words.length; from += 1) this.#collect(many, words, from, found);
    const word = words[index];
    if (word === undefined) {
      for (const value of at.values) found.add(value);
      return;
    }
    const same = at.words.get(word);
    if (same !== undefined) this.#collect(same, words, index + 1, found);
    const one = at.words.get(ONE);
    if (one !== undefined) this.#collect(one, words, index + 1, found);
  }
}
