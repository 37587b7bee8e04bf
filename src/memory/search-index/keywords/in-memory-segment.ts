import { grown } from "../graph/adjacency.ts";
import { COUNT_BITS, type BufferedTexts } from "./segment.ts";
import type { Piece, VisiblePart } from "./keyword-search.ts";

const TEXTS_MAX = 512;
const WORDS_MAX = 16_384;
/** Texts outside the searched scopes, and deleted texts. */
const NONE: readonly Piece[] = [];

/** The in-memory segment of the newest texts. Searches scan all of it, so it is small. */
export class InMemorySegment {
  #texts: number[] = [];
  #lengths = new Uint8Array(TEXTS_MAX + 1);
  #starts: number[] = [0];
  #terms = new Int32Array(1_024);
  #counts = new Int32Array(1_024);
  #size = 0;
  /** For each term, the position of its last entry; valid only if that entry has this term and belongs to the current text. */
  #lastAt = new Int32Array(1_024);
  /** For each term, the number of the matching query word, plus one. */
  #sought = new Uint8Array(1_024);

  get isFull(): boolean {
    return this.#texts.length >= TEXTS_MAX || this.#size >= WORDS_MAX;
  }

  get bytes(): number {
    return this.#terms.byteLength * 2 + this.#lastAt.byteLength + this.#sought.byteLength;
  }

  begin(text: number): void {
    this.#texts.push(text);
  }

  /** Adds a word of the current text. */
  add(term: number): void {
    if (term >= this.#lastAt.length) this.#lastAt = grown(this.#lastAt, term + 1);
    const last = this.#lastAt[term] ?? 0;
    const start = this.#starts.at(-1) ?? 0;
    if (last >= start && last < this.#size && this.#terms[last] === term) {
      this.#counts[last] = (this.#counts[last] ?? 0) + 1;
      return;
    }
    const at = this.#size;
    if (at >= this.#terms.length) {
      this.#terms = grown(this.#terms, at + 1);
      this.#counts = grown(this.#counts, at + 1);
    }
    this.#terms[at] = term;
    this.#counts[at] = 1;
    this.#lastAt[term] = at;
    this.#size += 1;
  }

  /** Ends the current text; returns its number of distinct words. */
  end(length: number, codeOf: (count: number) => number): number {
    const start = this.#starts.at(-1) ?? 0;
    for (let at = start; at < this.#size; at += 1) this.#counts[at] = codeOf(this.#counts[at] ?? 0);
    this.#lengths[this.#texts.length - 1] = length;
    this.#starts.push(this.#size);
    return this.#size - start;
  }

  /** Removes and returns all texts. */
  take(): BufferedTexts {
    const taken = {
      texts: this.#texts,
      lengths: [...this.#lengths.subarray(0, this.#texts.length)],
      starts: this.#starts,
      terms: this.#terms.slice(0, this.#size),
      counts: Uint8Array.from(this.#counts.subarray(0, this.#size)),
    };
    this.#texts = [];
    this.#starts = [0];
    this.#size = 0;
    return taken;
  }

  /** Returns the position of the text in this buffer, or -1. */
  localOf(text: number): number {
    return this.#texts.lastIndexOf(text);
  }

  /** Returns the part of the buffer that a search may see. `terms`: number of terms in the index. */
  partOf(words: readonly { readonly term: number }[], isSeen: (text: number) => boolean, terms: number): VisiblePart {
    if (this.#sought.length < terms) this.#sought = new Uint8Array(Math.ceil(terms * 1.5));
    const found = words.map((): number[] => []);
    for (const [index, { term }] of words.entries()) if (term >= 0) this.#sought[term] = index + 1;
    let seen = 0;
    for (const [local, text] of this.#texts.entries()) {
      const end = this.#starts[local + 1] ?? 0;
      if (!isSeen(text)) continue;
      seen += 1;
      for (let at = this.#starts[local] ?? 0; at < end; at += 1) {
        const word = this.#sought[this.#terms[at] ?? 0] ?? 0;
        if (word > 0) found[word - 1]?.push((local << COUNT_BITS) | (this.#counts[at] ?? 0));
      }
    }
    for (const { term } of words) if (term >= 0) this.#sought[term] = 0;
    const pieces = new Map<number, readonly Piece[]>();
    for (const [index, { term }] of words.entries()) {
      const postings = Int32Array.from(found[index] ?? []);
      if (postings.length > 0) pieces.set(term, [{ postings, low: 0, high: postings.length }]);
    }
    return {
      texts: Int32Array.from(this.#texts),
      seen,
      lengths: this.#lengths,
      pieces: (term) => pieces.get(term) ?? NONE,
      shortest: undefined,
      countCodes: () => undefined,
    };
  }
}
