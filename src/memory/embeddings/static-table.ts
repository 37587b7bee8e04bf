import * as z from "zod";
import { ModelFileInvalidError } from "./errors.ts";
import { WordPieces, wordsOf } from "./word-pieces.ts";

/**
 * A table of word vectors: eight letters, the numbers of rows and dimensions, the scale of each row, then the 8-bit numbers. Row n
 * belongs to line n of the vocabulary.
 */
const MAGIC = "CXSTAT01";
const HEADER_BYTES = 16;
/** Numbers that the kernel adds at once. */
const BLOCK = 16;
const PAGE_BYTES = 65_536;
/** Must equal the kernel's memory limit. */
const PAGES_MAX = 65_536;

/** Addresses in the kernel's memory: rows of a text, their maximum number, the result vector, the table. */
const ROWS_AT = 4_096;
const ROWS_MAX = 4_096;
const VECTOR_AT = ROWS_AT + 4 * ROWS_MAX;
const VECTOR_BYTES = 4_096;
const SCALES_AT = VECTOR_AT + VECTOR_BYTES;

/** Maximum pieces of a word that is not in the table. */
const PIECES_MAX = 100;
const COMPOSED_MAX = 20_000;
/** Longer words are not cached. */
const KEPT_LENGTH_MAX = 40;
/** Dimensions that an entirely unknown word marks, and by how much. */
const MARKS = 8;
const MARK = 0.35;

const Kernel = z.object({
  gather: z.custom<(...at: number[]) => void>((value) => typeof value === "function"),
  unite: z.custom<(at: number, columns: number) => number>((value) => typeof value === "function"),
});
type Kernel = z.infer<typeof Kernel>;

/** `lines`: word or piece of each row; the first `pieces` of them compose other words. */
export type TableVocabulary = { readonly lines: readonly string[]; readonly pieces: number };

/** A table file, with its name in messages. */
export type TableFile = { readonly bytes: Uint8Array; readonly name: string };

/** Embeds a text as the sum of its word vectors. All texts without words have the same vector. */
export class StaticTable {
  readonly dims: number;
  readonly #kernel: Kernel;
  readonly #rows: Int32Array;
  readonly #vector: Float32Array;
  /** Address of the table's numbers. */
  readonly #table: number;
  readonly #pieces: WordPieces;
  readonly #words: ReadonlyMap<string, number>;
  /** Cached rows of words that are composed of pieces. */
  readonly #composed = new Map<string, readonly number[]>();
  readonly #unknown: number;

  /** `kernel` is the module of engines/embedding. Throws ModelFileInvalidError. */
  constructor(file: TableFile, { lines, pieces }: TableVocabulary, kernel: WebAssembly.Module) {
    const { rows, dims } = shapeOf(file, lines.length);
    this.dims = dims;
    this.#table = SCALES_AT + 4 * rows;
    const pages = Math.ceil((this.#table + rows * dims) / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: PAGES_MAX });
    new Uint8Array(memory.buffer).set(file.bytes.subarray(HEADER_BYTES), SCALES_AT);
    this.#kernel = Kernel.parse(new WebAssembly.Instance(kernel, { env: { memory } }).exports);
    this.#rows = new Int32Array(memory.buffer, ROWS_AT, ROWS_MAX);
    this.#vector = new Float32Array(memory.buffer, VECTOR_AT, dims);
    this.#words = new Map(lines.map((word, row) => [word, row]));
    this.#pieces = new WordPieces(this.#words, pieces);
    this.#unknown = this.#pieces.id("[UNK]");
  }

  /** Returns a unit vector per text, concatenated; uses the first `max` words of a text. */
  embed(texts: readonly string[], max: number): Float32Array<ArrayBuffer> {
    const { dims } = this;
    const vectors = new Float32Array(texts.length * dims);
    let at = 0;
    for (const text of texts) {
      this.#embedOne(text, max);
      vectors.set(this.#vector, at);
      at += dims;
    }
    return vectors;
  }

  #embedOne(text: string, max: number): void {
    const vector = this.#vector.fill(0);
    const words = wordsOf(text);
    const length = Math.min(words.length, max);
    let count = 0;
    for (let at = 0; at < length; at++) {
      const word = words[at] ?? "";
      const whole = this.#words.get(word);
      if (whole !== undefined) this.#rows[count++] = whole;
      else
        for (const row of this.#composedOf(word))
          if (row === this.#unknown) mark(word, vector);
          else if (count < ROWS_MAX) this.#rows[count++] = row;
      if (count >= ROWS_MAX) break;
    }
    this.#kernel.gather(ROWS_AT, count, SCALES_AT, this.#table, this.dims, VECTOR_AT);
    if (!(this.#kernel.unite(VECTOR_AT, this.dims) > 0)) vector[0] = 1;
  }

  #composedOf(word: string): readonly number[] {
    const known = this.#composed.get(word);
    if (known !== undefined) return known;
    const rows = this.#pieces.encode(word, PIECES_MAX);
    if (this.#composed.size >= COMPOSED_MAX) this.#composed.clear();
    if (word.length <= KEPT_LENGTH_MAX) this.#composed.set(word, rows);
    return rows;
  }
}

function shapeOf({ bytes, name }: TableFile, lines: number): { readonly rows: number; readonly dims: number } {
  const isOurs =
    bytes.length > HEADER_BYTES && Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1") === MAGIC;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [rows, dims] = isOurs ? [view.getUint32(8, true), view.getUint32(12, true)] : [0, 0];
  const isFit = rows > 0 && rows === lines && dims > 0 && dims % BLOCK === 0 && 4 * dims <= VECTOR_BYTES;
  if (isFit && bytes.length === HEADER_BYTES + rows * (4 + dims)) return { rows, dims };
  throw new ModelFileInvalidError(`${name} is not a table of ${lines} words`, "Reinstall Caxton.", { file: name });
}

/** Marks an entirely unknown word in the vector, so that texts with the same spelling match. */
function mark(word: string, vector: Float32Array): void {
  let hash = 2_166_136_261;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 16_777_619);
  for (let k = 0; k < MARKS; k++) {
    hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519);
    const at = (hash >>> 0) % vector.length;
    vector[at] = (vector[at] ?? 0) + ((hash & 1_024) === 0 ? -MARK : MARK);
  }
}
