/**
 * What the teacher, all-MiniLM-L6-v2 in our own runtime, says of all that the student learns from:
 * `node tools/distil/read.ts <directory of the model> <texts.txt> <directory for the results> [<part> <parts>]`.
 *
 * Part 0 also reads each token of the vocabulary, and each other frequent word, separately. Vectors are float32, one
 * after another, in the order of vocab.txt, words.txt and every so-many-th line of texts.txt; the tokens of the texts, as the
 * student sees them, are lines of numbers.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { imageBody, makeImage } from "../../src/memory/embeddings/encoder-image.ts";
import { MINILM } from "../../src/memory/embeddings/encoder-shape.ts";
import { Encoder } from "../../src/memory/embeddings/encoder.ts";
import { Safetensors } from "../../src/memory/embeddings/safetensors.ts";
import { WordPieces, wordsOf } from "../../src/memory/embeddings/word-pieces.ts";

const [model = "", source = "", out = "", part = "0", parts = "1"] = process.argv.slice(2);

/** Minimum occurrences of a word in the texts. */
const WORD_COUNT_MIN = 6;
const BLOCK = 256;
const VECTOR_BYTES = 4 * MINILM.hidden;

const vocabulary = readFileSync(join(model, "vocab.txt"), "utf8").trimEnd().split("\n");
const texts = readFileSync(source, "utf8").trimEnd().split("\n");
const pieces = new WordPieces(new Map(vocabulary.map((piece, id) => [piece, id])));
const image = makeImage(new Safetensors(readFileSync(join(model, "model.safetensors")), model), MINILM);
const kernel = readFileSync(join(import.meta.dirname, "..", "..", "engines", "built", "embedding-relaxed.wasm"));
const encoder = new Encoder(MINILM, imageBody(image, MINILM, model), new WebAssembly.Module(kernel));

const framed = (ids: readonly number[]): number[] => [pieces.id("[CLS]"), ...ids, pieces.id("[SEP]")];

function extraWords(): string[] {
  const known = new Set(vocabulary);
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of wordsOf(text))
      if (!known.has(word) && /^[a-z]+$/.test(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .filter(([, n]) => n >= WORD_COUNT_MIN)
    .toSorted(([, a], [, b]) => b - a)
    .map(([word]) => word);
}

function write(name: string, lists: readonly (readonly number[])[]): void {
  // Continues the output of an earlier attempt.
  const file = openSync(join(out, name), "a");
  for (let at = fstatSync(file).size / VECTOR_BYTES; at < lists.length; at += BLOCK) {
    const vectors = encoder.embed(lists.slice(at, at + BLOCK).map(framed));
    writeSync(file, vectors);
    if ((at / BLOCK) % 16 === 0) process.stdout.write(`${name} ${at} of ${lists.length}\n`);
  }
  closeSync(file);
}

const extra = extraWords();
const ids = new Map([...vocabulary, ...extra].map((word, id) => [word, id]));
const mine = texts.filter((_, index) => index % Number(parts) === Number(part));
const student = (text: string): number[] =>
  wordsOf(text).flatMap((word) => {
    const id = ids.get(word);
    return id === undefined ? pieces.encode(word, 100) : [id];
  });
writeFileSync(join(out, `tokens-${part}.txt`), mine.map((text) => student(text).join(" ")).join("\n"));
if (part === "0" && !existsSync(join(out, "vocabulary.f32"))) {
  writeFileSync(join(out, "words.txt"), extra.join("\n"));
  write(
    "vocabulary.f32",
    [...vocabulary.keys()].map((id) => [id]),
  );
  write(
    "words.f32",
    extra.map((word) => pieces.encode(word, 100)),
  );
}
write(
  `texts-${part}.f32`,
  mine.map((text) => pieces.encode(text, MINILM.positions - 2)),
);
