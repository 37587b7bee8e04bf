import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Encoder } from "./encoder.ts";
import { imageBody } from "./encoder-image.ts";
import { MINILM } from "./encoder-shape.ts";
import type { ThreadModel } from "./requests.ts";
import { StaticTable } from "./static-table.ts";
import { WordPieces } from "./word-pieces.ts";

/** Characters of a text that are read: as many as the most tokens of the longest words. */
const CHARACTERS_MAX = 32_768;

/** Converts texts to unit vectors, concatenated, synchronously. */
export type Embed = (texts: readonly string[]) => Float32Array<ArrayBuffer>;

const cut = (text: string): string => (text.length > CHARACTERS_MAX ? text.slice(0, CHARACTERS_MAX) : text);

/** Loads a model. Throws ModelFileInvalidError, and system errors for unreadable files. */
export function loadModel(model: ThreadModel): Embed {
  const vocabulary = readFileSync(model.vocabulary, "utf8").trimEnd().split("\n");
  if (model.type === "static") {
    const table = new StaticTable(
      { bytes: readFileSync(model.table), name: model.table },
      { lines: vocabulary, pieces: MINILM.vocabulary },
      kernel(model.kernels),
    );
    return (texts) => table.embed(texts.map(cut), model.tokensMax);
  }
  const encoder = new Encoder(MINILM, imageBody(readFileSync(model.image), MINILM, model.image), kernel(model.kernels));
  const pieces = new WordPieces(new Map(vocabulary.slice(0, MINILM.vocabulary).map((piece, id) => [piece, id])));
  const [first, last] = [pieces.id("[CLS]"), pieces.id("[SEP]")];
  return (texts) => encoder.embed(texts.map((text) => [first, ...pieces.encode(cut(text), model.tokensMax - 2), last]));
}

/** Loads the kernel that this machine supports: with relaxed SIMD, or the plain one. */
export function kernel(directory: string, name?: "relaxed" | "plain"): WebAssembly.Module {
  const read = (which: "relaxed" | "plain"): Buffer<ArrayBuffer> =>
    readFileSync(join(directory, `embedding-${which}.wasm`));
  if (name !== undefined) return new WebAssembly.Module(read(name));
  const relaxed = read("relaxed");
  return new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : read("plain"));
}
