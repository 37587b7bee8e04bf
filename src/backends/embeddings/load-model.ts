import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_DIRECTORY } from "../../kernel/package.ts";
import { Encoder } from "./encoder.ts";
import { imageBody } from "./encoder-image.ts";
import { MINILM } from "./encoder-shape.ts";
import type { ThreadModel } from "./requests.ts";
import { StaticTable } from "./static-table.ts";
import { WordPieces } from "./word-pieces.ts";

/** Characters of a text that are looked at: as many as the longest words make of the most tokens. */
const CHARACTERS_MAX = 32_768;

/** Makes texts into unit vectors, one after another, while nothing else happens. */
export type Embed = (texts: readonly string[]) => Float32Array<ArrayBuffer>;

const cut = (text: string): string => (text.length > CHARACTERS_MAX ? text.slice(0, CHARACTERS_MAX) : text);

/** Reads a model. Throws ModelFileInvalidError, and the system's errors for files that cannot be read. */
export function loadModel(model: ThreadModel): Embed {
  const vocabulary = readFileSync(model.vocabulary, "utf8").trimEnd().split("\n");
  if (model.type === "static") {
    const table = new StaticTable(
      readFileSync(model.table),
      { lines: vocabulary, pieces: MINILM.vocabulary },
      model.table,
    );
    return (texts) => table.embed(texts.map(cut), model.tokensMax);
  }
  const encoder = new Encoder(MINILM, imageBody(readFileSync(model.image), MINILM, model.image), kernel());
  const pieces = new WordPieces(vocabulary.slice(0, MINILM.vocabulary));
  const [first, last] = [pieces.id("[CLS]"), pieces.id("[SEP]")];
  return (texts) => encoder.embed(texts.map((text) => [first, ...pieces.encode(cut(text), model.tokensMax - 2), last]));
}

const kernelBytes = (name: "relaxed" | "plain"): Buffer<ArrayBuffer> =>
  readFileSync(join(PACKAGE_DIRECTORY, "engines", "built", `embedding-${name}.wasm`));

/** The kernel for this machine's WebAssembly: where there is no relaxed SIMD, the one that does without. */
export function kernel(name?: "relaxed" | "plain"): WebAssembly.Module {
  if (name !== undefined) return new WebAssembly.Module(kernelBytes(name));
  const relaxed = kernelBytes("relaxed");
  return new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : kernelBytes("plain"));
}
