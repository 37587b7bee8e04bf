import { ModelFileInvalidError } from "./errors.ts";
import { WordPieces, wordsOf } from "./word-pieces.ts";

/**
 * A table of word vectors: eight letters, the counts of rows and of dimensions, for each row what its numbers are to be
 * multiplied by, then the numbers, 8 bits each. Row n belongs to the nth line of the vocabulary.
 */
const MAGIC = "CXSTAT01";
const HEADER_BYTES = 16;

/** Pieces of a word that is no word of the table. */
const PIECES_MAX = 100;
const UNKNOWN_MAX = 20_000;
/** Words that are longer are not kept for the next time. */
const KEPT_LENGTH_MAX = 40;
/** Numbers of a vector that a word sets of which not even a piece is known. */
const MARKS = 8;

/** `lines`: word or piece of each row; the first `pieces` of them are what other words are put together of. */
export type TableVocabulary = { readonly lines: readonly string[]; readonly pieces: number };

/** Texts as the sum of the vectors of their words. Texts without a word are all alike. */
export class StaticTable {
  readonly dims: number;
  readonly #scales: Float32Array;
  readonly #numbers: Int8Array;
  readonly #pieces: WordPieces;
  readonly #words: ReadonlyMap<string, number>;
  /** Rows of words that are made of pieces. */
  readonly #composed = new Map<string, readonly number[]>();
  readonly #unknown: number;

  /** Throws ModelFileInvalidError. `file` is what messages call the table. */
  constructor(table: Uint8Array, vocabulary: TableVocabulary, file: string) {
    const { lines, pieces } = vocabulary;
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const isOurs = Buffer.from(table.subarray(0, MAGIC.length)).toString("latin1") === MAGIC;
    const [rows, dims] =
      isOurs && table.length > HEADER_BYTES ? [view.getUint32(8, true), view.getUint32(12, true)] : [0, 0];
    if (rows === 0 || rows !== lines.length || table.length !== HEADER_BYTES + rows * (4 + dims))
      throw new ModelFileInvalidError(`${file} is no table of ${lines.length} words`, "Install Caxton anew.", { file });
    this.dims = dims;
    this.#scales = new Float32Array(rows).map((_, row) => view.getFloat32(HEADER_BYTES + 4 * row, true));
    this.#numbers = new Int8Array(table.buffer, table.byteOffset + HEADER_BYTES + 4 * rows, rows * dims);
    this.#words = new Map(lines.map((word, row) => [word, row]));
    this.#pieces = new WordPieces(lines.slice(0, pieces));
    this.#unknown = this.#pieces.id("[UNK]");
  }

  /** A unit vector for each text, one after another; of a text's words the first `max` count. */
  embed(texts: readonly string[], max: number): Float32Array<ArrayBuffer> {
    const vectors = new Float32Array(texts.length * this.dims);
    for (const [index, text] of texts.entries())
      this.#embedOne(text, max, vectors.subarray(index * this.dims, (index + 1) * this.dims));
    return vectors;
  }

  #embedOne(text: string, max: number, vector: Float32Array): void {
    const words = wordsOf(text);
    const count = Math.min(words.length, max);
    for (let at = 0; at < count; at++) {
      const word = words[at] ?? "";
      const row = this.#words.get(word);
      if (row === undefined) this.#addComposed(word, vector);
      else this.#add(row, vector);
    }
    unite(vector);
  }

  #add(row: number, vector: Float32Array): void {
    const scale = this.#scales[row] ?? 0;
    const numbers = this.#numbers;
    const start = row * vector.length;
    for (let k = 0; k < vector.length; k++) vector[k] = (vector[k] ?? 0) + (numbers[start + k] ?? 0) * scale;
  }

  #addComposed(word: string, vector: Float32Array): void {
    let rows = this.#composed.get(word);
    if (rows === undefined) {
      rows = this.#pieces.encode(word, PIECES_MAX);
      if (this.#composed.size >= UNKNOWN_MAX) this.#composed.clear();
      if (word.length <= KEPT_LENGTH_MAX) this.#composed.set(word, rows);
    }
    for (const row of rows)
      if (row === this.#unknown) mark(word, vector);
      else this.#add(row, vector);
  }
}

/** A word of letters that the table does not know leaves a mark of its own, so that it is found again as it is written. */
function mark(word: string, vector: Float32Array): void {
  let hash = 2_166_136_261;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 16_777_619);
  for (let k = 0; k < MARKS; k++) {
    hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519);
    const at = (hash >>> 0) % vector.length;
    vector[at] = (vector[at] ?? 0) + ((hash & 1_024) === 0 ? -MARK : MARK);
  }
}
const MARK = 0.35;

/** Brings a vector to length 1; one without length becomes the first axis. */
export function unite(vector: Float32Array): void {
  let squares = 0;
  for (let k = 0; k < vector.length; k++) squares += (vector[k] ?? 0) ** 2;
  if (squares === 0 || !Number.isFinite(squares)) {
    vector.fill(0);
    vector[0] = 1;
    return;
  }
  const factor = 1 / Math.sqrt(squares);
  for (let k = 0; k < vector.length; k++) vector[k] = (vector[k] ?? 0) * factor;
}
