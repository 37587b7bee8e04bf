// A model in onnxruntime: `node onnx.mjs <model.onnx> <directory> <threads> [size]`, 0 threads: its default. The
// directory holds tokens.json, the ids of each text. Without a size vectors.f32 gets the vectors of all of them, with one the times
// of calls of so many are printed. A call goes through 32 texts at a time, those of like length together, each filled up to the
// longest of them, as libraries do that this model is used with.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const TOGETHER = 32;
const WARM_MS = 300;
const SPAN_MS = 1_500;
const CALLS_MIN = 3;

const [, , model, directory, threads, size] = process.argv;
const texts = JSON.parse(readFileSync(join(directory, "tokens.json"), "utf8"));
const session = await InferenceSession.create(model, {
  executionProviders: ["cpu"],
  graphOptimizationLevel: "all",
  ...(threads === "0" ? {} : { intraOpNumThreads: Number(threads), interOpNumThreads: 1 }),
});

async function together(given) {
  const width = Math.max(...given.map(({ length }) => length));
  const ids = new Int32Array(given.length * width);
  const mask = new Int32Array(given.length * width);
  for (const [row, text] of given.entries()) {
    ids.set(text, row * width);
    mask.fill(1, row * width, row * width + text.length);
  }
  const dims = [given.length, width];
  const { vectors } = await session.run({ ids: new Tensor("int32", ids, dims), mask: new Tensor("int32", mask, dims) });
  return vectors.data;
}

/** The vectors of the texts, one after another. */
async function embed(given) {
  if (given.length <= TOGETHER) return together(given);
  const order = given.map((_text, at) => at).toSorted((one, other) => given[one].length - given[other].length);
  let vectors = new Float32Array();
  for (let first = 0; first < order.length; first += TOGETHER) {
    const chosen = order.slice(first, first + TOGETHER);
    const found = await together(chosen.map((at) => given[at]));
    const dims = found.length / chosen.length;
    if (first === 0) vectors = new Float32Array(given.length * dims);
    for (const [row, at] of chosen.entries()) vectors.set(found.subarray(row * dims, (row + 1) * dims), at * dims);
  }
  return vectors;
}

async function measure(count) {
  const rounds = Array.from({ length: Math.ceil(count / texts.length) + 1 }, () => texts).flat();
  const timesMs = [];
  let at = 0;
  const call = async () => {
    const given = rounds.slice(at % texts.length, (at % texts.length) + count);
    at += count;
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
  return timesMs;
}

if (size === undefined) writeFileSync(join(directory, "vectors.f32"), await embed(texts));
else process.stdout.write(`${JSON.stringify({ timesMs: await measure(Number(size)) })}\n`);
