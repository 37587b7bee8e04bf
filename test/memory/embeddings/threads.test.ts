import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { ThreadModel } from "../../../src/memory/embeddings/requests.ts";
import { ThreadedEmbedder, type ThreadedOptions } from "../../../src/memory/embeddings/threaded-embedder.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { SMALL_DIMS, tableOf } from "./small-table.ts";

const NOWHERE: ThreadModel = {
  type: "static",
  table: "/nowhere/table.bin",
  vocabulary: "/nowhere/v.txt",
  kernels: "/nowhere",
  tokensMax: 8,
};

/** A thread that gives each text the vector [its length, how many texts came with it], and dies of the word "poison". */
const THREAD = `
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.on("message", ({ id, name, args: [texts] }) => {
    if (name === "load") return parentPort.postMessage({ type: "result", id });
    if (texts.includes(workerData)) process.exit(1);
    if (texts.includes("silence")) return;
    const vectors = new Float32Array(texts.flatMap((text) => [text.length, texts.length]));
    parentPort.postMessage({ type: "result", id, value: vectors }, [vectors.buffer]);
  });
`;

const KERNELS = join(import.meta.dirname, "../../../engines/built");

type Poison = (thread: number) => string;

function threaded(more: Partial<ThreadedOptions> = {}, poison: Poison = () => "poison") {
  const started: Worker[] = [];
  const startThread = (): Worker => {
    const worker = new Worker(THREAD, { eval: true, workerData: poison(started.length) });
    started.push(worker);
    return worker;
  };
  const embedder = new ThreadedEmbedder({ id: "test@1", dims: 2, model: NOWHERE, startThread, ...more });
  return { embedder, started, [Symbol.asyncDispose]: () => embedder.close() };
}

test("what is asked for in one turn goes to the thread together, and each gets its own", async () => {
  await using room = threaded();
  await room.embedder.embed(["warm"]);
  const [one, other] = await Promise.all([room.embedder.embed(["a", "bb"]), room.embedder.embed(["ccc"])]);
  expect(one?.map((vector) => [...vector])).toEqual([
    [1, 3],
    [2, 3],
  ]);
  expect(other?.map((vector) => [...vector])).toEqual([[3, 3]]);
  expect(room.started).toHaveLength(1);
});

test("many texts are divided, and come back in order", async () => {
  await using room = threaded();
  const texts = Array.from({ length: 1_000 }, (_, index) => "x".repeat(index % 50));
  const vectors = await room.embedder.embed(texts);
  expect(vectors.map((vector) => vector[0])).toEqual(texts.map(({ length }) => length));
  expect(Math.max(...vectors.map((vector) => vector[1] ?? 0))).toBeLessThanOrEqual(256);
});

test("a question waits for no more than the long texts that the thread has already", async () => {
  await using room = threaded({ model: { ...NOWHERE, type: "encoder", image: "/nowhere" } });
  await room.embedder.embed(["warm"]);
  const ended: string[] = [];
  const long = Array.from({ length: 40 }, () => "x".repeat(1_000));
  const bulk = room.embedder.embed(long).then((vectors) => {
    ended.push("bulk");
    return vectors;
  });
  // The first two batches are on their way now.
  await Promise.resolve();
  const question = room.embedder.embed(["which?"]).then((vectors) => {
    ended.push("question");
    return vectors;
  });
  expect((await question).map((vector) => [...vector])).toEqual([[6, 1]]);
  expect((await bulk).map((vector) => vector[1])).toEqual(expect.arrayContaining([4]));
  expect(ended).toEqual(["question", "bulk"]);
});

test("a thread that has nothing to do for a while is ended, and the next text gets another", async () => {
  await using room = threaded({ idleMsMax: 20 });
  await room.embedder.embed(["a"]);
  const [first] = room.started;
  await new Promise((resolve) => first?.once("exit", resolve));
  expect((await room.embedder.embed(["bb"])).map((vector) => [...vector])).toEqual([[2, 1]]);
  expect(room.started).toHaveLength(2);
});

test("a full queue refuses texts with its length, and accepts texts again when it has room", async () => {
  await using room = threaded({ waitingMax: 3 });
  const first = room.embedder.embed(["a", "b"]);
  await expect(room.embedder.embed(["c", "d"])).rejects.toMatchObject({
    code: "EMBEDDER_OVERLOADED",
    details: { embedder: "test@1", waiting: 2 },
  });
  await first;
  expect(await room.embedder.embed(["a", "b", "c", "d"])).toHaveLength(4);
});

test("who cancels hears so at once; others are not touched", async () => {
  await using room = threaded();
  const stop = new AbortController();
  const cancelled = room.embedder.embed(["silence"], stop.signal);
  const other = room.embedder.embed(["b"], AbortSignal.abort());
  await expect(other).rejects.toMatchObject({ code: "CANCELLED" });
  stop.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await room.embedder.embed(["c"])).toHaveLength(1);
});

test("a thread that dies is replaced, and what it was about is done by the next", async () => {
  await using room = threaded({}, (thread) => (thread === 0 ? "unlucky" : "poison"));
  expect((await room.embedder.embed(["unlucky"]))[0]?.[0]).toBe(7);
  expect(room.started).toHaveLength(2);
});

test("texts that two threads die of fail; others are done by a third", async () => {
  await using room = threaded();
  await expect(room.embedder.embed(["poison"])).rejects.toMatchObject({
    code: "EMBEDDER_UNAVAILABLE",
    message: "test@1 cannot embed texts: its worker crashed twice on these texts",
  });
  expect(room.started).toHaveLength(2);
  expect(await room.embedder.embed(["fine"])).toHaveLength(1);
  expect(room.started).toHaveLength(3);
});

test("closing ends what waits", async () => {
  const room = threaded();
  const waiting = room.embedder.embed(["silence"]);
  const [ended] = await Promise.allSettled([waiting, room.embedder.close()]);
  expect(ended).toMatchObject({ status: "rejected", reason: { code: "EMBEDDER_UNAVAILABLE" } });
  await expect(room.embedder.embed(["a"])).rejects.toThrow("it was closed");
});

test("files that do not belong to the model fail the request, and are read again for the next one", async () => {
  using directory = tempDirectory();
  const [table, vocabulary] = [join(directory.path, "table.bin"), join(directory.path, "vocabulary.txt")];
  writeFileSync(vocabulary, "[UNK]\ncat\n");
  writeFileSync(table, "no table");
  const model: ThreadModel = { type: "static", table, vocabulary, kernels: KERNELS, tokensMax: 8 };
  const embedder = new ThreadedEmbedder({ id: "test@1", dims: SMALL_DIMS, model });
  await expect(embedder.embed(["cat"])).rejects.toMatchObject({ code: "MODEL_FILE_INVALID" });
  writeFileSync(
    table,
    tableOf([
      [1, 0],
      [0, 1],
    ]),
  );
  expect((await embedder.embed(["cat"])).map((vector) => Array.from(vector.subarray(0, 2)))).toEqual([[0, 1]]);
  await embedder.close();
});
