import type { ScopeKey } from "../../knowledge/index.ts";
import type { Facts } from "./facts.ts";
import { numberOf, textOf } from "./rows.ts";

/** Bits per name, and bits that a name sets: about one in a hundred unknown names is a false positive. */
const NAME_BITS = 10;
const NAME_MARKS = 7;
const NAMES_MIN = 4_096;
const WORD_BITS = 32;
/** Names that are read between two looks at who has come meanwhile. */
const READ_AT_ONCE = 1_000;

/** Which names may be taken, in memory that several threads see: a Bloom filter. What it has not seen is surely not there. */
export class NameFilter {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** An empty one, for so many names. */
  static of(names: number): NameFilter {
    const words = 2 ** Math.ceil(Math.log2((names * NAME_BITS) / WORD_BITS));
    return new NameFilter(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
  }

  add(scope: ScopeKey, name: string): void {
    const step = hashOf(scope, name);
    let at = mixed(step);
    for (let mark = 0; mark < NAME_MARKS; mark += 1, at = (at + step) | 0) {
      const word = (at >>> 5) & (this.#words.length - 1);
      this.#words[word] = (this.#words[word] ?? 0) | (1 << (at & 31));
    }
  }

  mayHave(scope: ScopeKey, name: string): boolean {
    const step = hashOf(scope, name);
    let at = mixed(step);
    for (let mark = 0; mark < NAME_MARKS; mark += 1, at = (at + step) | 0) {
      const word = this.#words[(at >>> 5) & (this.#words.length - 1)] ?? 0;
      if ((word & (1 << (at & 31))) === 0) return false;
    }
    return true;
  }
}

/** FNV-1a over both; odd, so that steps of it meet all places. */
function hashOf(scope: ScopeKey, name: string): number {
  let hash = 2_166_136_261;
  for (let at = 0; at < scope.length; at += 1) hash = Math.imul(hash ^ scope.charCodeAt(at), 16_777_619);
  hash = Math.imul(hash ^ 10, 16_777_619);
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 16_777_619);
  return mixed(hash) | 1;
}

function mixed(hash: number): number {
  let state = Math.imul(hash ^ (hash >>> 16), 2_246_822_507);
  state = Math.imul(state ^ (state >>> 13), 3_266_489_909);
  return state ^ (state >>> 16);
}

/**
 * A Bloom filter of all names of a file: loaded in small steps, updated with new names, and rebuilt, twice as large, when there are
 * more than it was made for. Names that were forgotten or changed stay in it until then; none of it is written anywhere.
 */
export class KnownNames {
  readonly #facts: Facts;
  #whole: NameFilter | undefined;
  /** One that is made, up to which row it has all, and how many names come beside those that were there. */
  #coming: { readonly filter: NameFilter; row: number } | undefined;
  #room: number;

  constructor(facts: Facts) {
    this.#facts = facts;
    this.#room = 0;
    this.#begin();
  }

  /** Has all names; undefined until they were read. */
  get filter(): NameFilter | undefined {
    return this.#whole;
  }

  #begin(): void {
    const names = Math.max(NAMES_MIN, 2 * numberOf(this.#facts.cells("SELECT max(row) FROM entity")[0]?.[0]));
    this.#coming = { filter: NameFilter.of(names), row: 0 };
    this.#room = names / 2;
  }

  /** Call before the name is visible to clients. */
  add(scope: ScopeKey, name: string): void {
    this.#whole?.add(scope, name);
    this.#coming?.filter.add(scope, name);
    this.#room -= 1;
    if (this.#room < 0 && !this.#coming) this.#begin();
  }

  /** Reads some more; false when all were. */
  readSome(): boolean {
    const coming = this.#coming;
    if (!coming) return false;
    const found = this.#facts.cells(
      "SELECT row, scope, name FROM entity WHERE row > ? ORDER BY row LIMIT ?",
      coming.row,
      READ_AT_ONCE,
    );
    for (const [, scope, name] of found) coming.filter.add(this.#facts.scopeKey(numberOf(scope)), textOf(name));
    if (found.length === READ_AT_ONCE) {
      coming.row = numberOf(found.at(-1)?.[0]);
      return true;
    }
    this.#whole = coming.filter;
    this.#coming = undefined;
    return false;
  }
}
