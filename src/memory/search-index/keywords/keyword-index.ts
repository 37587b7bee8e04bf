import * as z from "zod";
import { grown } from "../graph/adjacency.ts";
import { countCode, lengthCode } from "./bm25.ts";
import { InMemorySegment } from "./in-memory-segment.ts";
import { KeywordQuestion, type KeywordHit } from "./keyword-question.ts";
import { type QueryWord, queryWords } from "./keyword-query.ts";
import { Scores } from "./keyword-scores.ts";
import { type Scene, type VisiblePart, partOf } from "./keyword-search.ts";
import { Names } from "../names.ts";
import { type RowFilter, RECALL_LIMITS, type Row, type ScopeKey, checkedRow } from "../row.ts";
import { RowTable } from "../row-table.ts";
import { SavedInts, SavedNumbers } from "../saved.ts";
import { SavedSegment, type Segment } from "./segment.ts";
import { Segments } from "./segments.ts";
import { Terms } from "./terms.ts";
import { Tokenizer } from "./tokenizer.ts";

/** What is searched for by keywords. */
export type KeywordSearch = {
  readonly scopes: readonly ScopeKey[];
  readonly limit: number;
  /** Which rows may be answers; asked for rows that would be among the best only. */
  readonly keep?: RowFilter | undefined;
};

/**
 * Texts by their words, scored by BM25 with the statistics of the scopes that are searched. New texts are found at once; they
 * are put in order in small steps, a few with each change, so that no change waits long.
 */
export class KeywordIndex {
  readonly #words = new Tokenizer();
  readonly #terms = new Terms();
  readonly #scopeNames = new Names();
  readonly #textOf = new RowTable((text) => this.#rows[text] ?? -1);
  readonly #freeTexts: number[] = [];
  readonly #scores = new Scores();
  readonly #fresh: InMemorySegment;
  readonly #segments: Segments;
  #texts = 0;
  // Of each text: its row, its scope's number, how many words it has, whether it is still there.
  #rows = new Int32Array(64);
  #scopes = new Int32Array(64);
  #lengths = new Int32Array(64);
  #alive = new Int32Array(64);
  // Of each scope: how many words its texts have together, and how many texts there are.
  readonly #scopeWords: number[] = [];
  readonly #scopeTexts: number[] = [];

  constructor() {
    const facts = {
      isAlive: (text: number) => this.#alive[text] === 1,
      scopeOf: (text: number) => this.#scopes[text] ?? -1,
    };
    const forget = (text: number) => void this.#freeTexts.push(text);
    this.#fresh = new InMemorySegment();
    this.#segments = new Segments(facts, forget);
  }

  static readonly Saved = z.object({
    terms: Terms.Saved,
    scopeNames: Names.Saved,
    textOf: RowTable.Saved,
    freeTexts: SavedNumbers,
    segments: z.array(SavedSegment),
    texts: z.number(),
    rows: SavedInts,
    scopes: SavedInts,
    lengths: SavedInts,
    alive: SavedInts,
    scopeWords: SavedNumbers,
    scopeTexts: SavedNumbers,
  });

  /** All of it as data. `thoroughly`: no word is in it that only texts had which are gone. */
  save({ thoroughly }: { readonly thoroughly: boolean }): z.infer<typeof KeywordIndex.Saved> {
    this.#segments.add(this.#fresh.take());
    if (thoroughly) this.#segments.compact();
    const segments = [...this.#segments.all()];
    const used = new Uint8Array(this.#terms.count);
    for (const { terms } of segments) for (const term of terms) used[term] = 1;
    return {
      terms: this.#terms.save((term) => !thoroughly || used[term] === 1),
      scopeNames: this.#scopeNames.save(),
      textOf: this.#textOf.save(),
      freeTexts: this.#freeTexts,
      segments,
      texts: this.#texts,
      rows: this.#rows.subarray(0, this.#texts),
      scopes: this.#scopes.subarray(0, this.#texts),
      lengths: this.#lengths.subarray(0, this.#texts),
      alive: this.#alive.subarray(0, this.#texts),
      scopeWords: this.#scopeWords,
      scopeTexts: this.#scopeTexts,
    };
  }

  /** Into one that is empty. */
  load(saved: z.infer<typeof KeywordIndex.Saved>): void {
    this.#terms.load(saved.terms);
    this.#scopeNames.load(saved.scopeNames);
    this.#textOf.load(saved.textOf);
    for (const text of saved.freeTexts) this.#freeTexts.push(text);
    this.#segments.load(saved.segments, saved.texts);
    this.#texts = saved.texts;
    this.#rows = saved.rows;
    this.#scopes = saved.scopes;
    this.#lengths = saved.lengths;
    this.#alive = saved.alive;
    this.#scopeWords.push(...saved.scopeWords);
    this.#scopeTexts.push(...saved.scopeTexts);
  }

  get size(): number {
    return this.#textOf.size;
  }

  /** Memory taken, in bytes. */
  get bytes(): number {
    const texts = this.#rows.byteLength * 4;
    return (
      texts + this.#terms.bytes + this.#textOf.bytes + this.#scores.bytes + this.#fresh.bytes + this.#segments.bytes
    );
  }

  /** Adds a row's text, or replaces it and its scope. Of a text the first million characters count. */
  put(row: Row, scope: ScopeKey, text: string): void {
    this.remove(checkedRow(row));
    const number = this.#freeTexts.pop() ?? this.#addText();
    this.#segments.settle(number);
    const scopeNumber = this.#scopeNames.use(scope);
    let length = 0;
    this.#fresh.begin(number);
    this.#words.split(text, (size) => {
      this.#fresh.add(this.#terms.number(this.#words.units, size));
      length += 1;
    });
    const distinct = this.#fresh.end(lengthCode(length), countCode);
    this.#rows[number] = row;
    this.#scopes[number] = scopeNumber;
    this.#lengths[number] = length;
    this.#alive[number] = 1;
    this.#textOf.set(row, number);
    this.#scopeTexts[scopeNumber] = (this.#scopeTexts[scopeNumber] ?? 0) + 1;
    this.#scopeWords[scopeNumber] = (this.#scopeWords[scopeNumber] ?? 0) + length;
    if (this.#fresh.isFull) this.#segments.add(this.#fresh.take());
    this.#segments.work(distinct);
  }

  /** Forgets a row; whether it was there. */
  remove(row: Row): boolean {
    const text = this.#textOf.get(row);
    if (text < 0) return false;
    this.#textOf.delete(row);
    this.#alive[text] = 0;
    const scope = this.#scopes[text] ?? 0;
    this.#scopeTexts[scope] = (this.#scopeTexts[scope] ?? 0) - 1;
    this.#scopeWords[scope] = (this.#scopeWords[scope] ?? 0) - (this.#lengths[text] ?? 0);
    this.#scopeNames.release(scope);
    return true;
  }

  /** Puts a text to some scopes as a question. */
  ask(text: string, scopes: readonly ScopeKey[]): KeywordQuestion {
    const words = queryWords(text, this.#terms);
    return this.#asked(words, this.#scene(this.#numbersOf(scopes), words));
  }

  /** The rows of the scopes that have words of a text: best first, equal ones by row. */
  search(
    text: string,
    { scopes, limit, keep }: KeywordSearch,
  ): readonly (KeywordHit & { readonly matched: readonly string[] })[] {
    const question = this.ask(text, scopes);
    const hits = question.best(Math.min(Math.floor(limit), RECALL_LIMITS.limitMax), keep);
    const matched = question.matchedBy(hits.map(({ row }) => row));
    return hits.map((hit, at) => ({ ...hit, matched: matched[at] ?? [] }));
  }

  /**
   * The scores of single rows as `search` in these scopes gives them (without `scopes`: those the rows are in); 0 for rows that
   * have no word of the text or are not in the index.
   */
  scoresOf(text: string, rows: readonly Row[], options: { readonly scopes?: readonly ScopeKey[] } = {}): Float64Array {
    const words = queryWords(text, this.#terms);
    const texts = rows.map((row) => this.#textOf.get(row)).filter((number) => number >= 0);
    const own = new Set(texts.map((number) => this.#scopes[number] ?? -1));
    const scene = this.#scene(options.scopes === undefined ? own : this.#numbersOf(options.scopes), words);
    return this.#asked(words, scene).scoresOf(rows);
  }

  #asked(words: readonly QueryWord[], scene: Scene | undefined): KeywordQuestion {
    return new KeywordQuestion({ words, scene }, { scores: this.#scores, textOf: (row) => this.#textOf.get(row) });
  }

  /** Puts all texts in order at once, which takes a while. Later searches are a little faster, and forgotten texts leave no trace. */
  compact(): void {
    this.#segments.add(this.#fresh.take());
    this.#segments.compact();
  }

  #numbersOf(scopes: readonly ScopeKey[]): ReadonlySet<number> {
    return new Set(scopes.map((scope) => this.#scopeNames.find(scope)).filter((number) => number >= 0));
  }

  #scene(scopes: ReadonlySet<number>, words: readonly { readonly term: number }[]): Scene | undefined {
    let texts = 0;
    let length = 0;
    for (const scope of scopes) {
      texts += this.#scopeTexts[scope] ?? 0;
      length += this.#scopeWords[scope] ?? 0;
    }
    if (texts === 0) return undefined;
    const isAlive = (text: number) => this.#alive[text] === 1;
    const parts = new Map<Segment, VisiblePart>();
    for (const segment of this.#segments.all()) {
      const part = partOf(segment, scopes);
      if (part !== undefined) parts.set(segment, part);
    }
    const isSeen = (text: number) => this.#alive[text] === 1 && scopes.has(this.#scopes[text] ?? -1);
    const fresh = this.#fresh.partOf(words, isSeen, this.#terms.count);
    return {
      parts: [...parts.values(), fresh],
      texts,
      meanLength: Math.max(1, length / texts),
      isAlive,
      rowOf: (text) => this.#rows[text] ?? -1,
      placeOf: (text) => {
        const home = this.#segments.homeOf(text);
        if (!home) return { part: fresh, local: this.#fresh.localOf(text) };
        const part = parts.get(home.segment);
        return part && { part, local: home.local };
      },
    };
  }

  #addText(): number {
    const number = this.#texts;
    this.#texts += 1;
    if (number >= this.#rows.length) {
      this.#rows = grown(this.#rows, number + 1);
      this.#scopes = grown(this.#scopes, number + 1);
      this.#lengths = grown(this.#lengths, number + 1);
      this.#alive = grown(this.#alive, number + 1);
    }
    return number;
  }
}
