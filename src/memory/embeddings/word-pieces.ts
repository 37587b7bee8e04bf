/**
 * The tokenizer of uncased BERT: removes accents and case, splits words at white space and punctuation, and divides each into the longest
 * pieces of the vocabulary. Runs in linear time.
 */
export class WordPieces {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #count: number;
  #longest = 0;
  readonly #unknown: number;
  readonly #pieces = new Map<string, readonly number[]>();

  /** Ids of the pieces; entries from `count` on are not pieces. */
  constructor(ids: ReadonlyMap<string, number>, count: number = ids.size) {
    this.#ids = ids;
    this.#count = count;
    for (const { length } of ids.keys()) this.#longest = Math.max(this.#longest, length);
    this.#unknown = this.#ids.get("[UNK]") ?? 0;
  }

  /** Returns the id of a token such as `[CLS]`, or that of `[UNK]`. */
  id(token: string): number {
    return this.#ids.get(token) ?? this.#unknown;
  }

  /** Returns the ids of the first `max` tokens, without `[CLS]` and `[SEP]`. */
  encode(text: string, max: number): number[] {
    const ids: number[] = [];
    for (const word of wordsOf(text)) {
      for (const id of this.#word(word)) ids.push(id);
      if (ids.length >= max) break;
    }
    if (ids.length > max) ids.length = max;
    return ids;
  }

  #word(word: string): readonly number[] {
    const known = this.#pieces.get(word);
    if (known !== undefined) return known;
    const pieces = this.#cut(word);
    if (word.length > CACHED_LENGTH_MAX) return pieces;
    if (this.#pieces.size >= CACHED_MAX) this.#pieces.clear();
    this.#pieces.set(word, pieces);
    return pieces;
  }

  #cut(word: string): readonly number[] {
    const unknown = [this.#unknown];
    if (word.length > WORD_MAX && Array.from(word).length > WORD_MAX) return unknown;
    const pieces: number[] = [];
    for (let start = 0; start < word.length;) {
      const piece = this.#longestPiece(word, start);
      if (piece === undefined) return unknown;
      pieces.push(piece.id);
      start = piece.end;
    }
    return pieces;
  }

  #longestPiece(word: string, start: number): { readonly id: number; readonly end: number } | undefined {
    const prefix = start === 0 ? "" : "##";
    for (let end = Math.min(word.length, start + this.#longest); end > start; end--) {
      const id = this.#ids.get(prefix + word.slice(start, end));
      if (id !== undefined && id < this.#count) return { id, end };
    }
    return undefined;
  }
}

/** Longer words are unknown. */
const WORD_MAX = 100;
const CACHED_MAX = 20_000;
const CACHED_LENGTH_MAX = 40;

/**
 * White space separates, control characters are ignored, and other characters that are not letters, digits or marks are words of their
 * own.
 */
const NOTHING = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\ufffd]/gu;
const SPACE_LIKE = /[\t\n\r\p{Zs}]/gu;
const ACCENTS = /\p{Mn}/gu;
const PUNCTUATION = "!-/:-@[-`{-~\\p{P}";
const IDEOGRAPHS =
  "\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2f800}-\u{2fa1f}";
const WORD = new RegExp(`[${PUNCTUATION}${IDEOGRAPHS}]|[^\\s${PUNCTUATION}${IDEOGRAPHS}]+`, "gu");
const ASCII_WORD = /[!-/:-@[-`{-~]|[^\s!-/:-@[-`{-~]+/g;
// eslint-disable-next-line no-control-regex
const PLAIN = /^[\t\n\r -~]*$/;

/** Splits a text into words of the vocabulary. */
export function wordsOf(text: string): readonly string[] {
  if (PLAIN.test(text)) return text.toLowerCase().match(ASCII_WORD) ?? [];
  const clean = text.replace(SPACE_LIKE, " ").replace(NOTHING, "");
  return clean.normalize("NFD").replace(ACCENTS, "").toLowerCase().match(WORD) ?? [];
}
