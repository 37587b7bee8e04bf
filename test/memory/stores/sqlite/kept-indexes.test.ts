import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { expect, test, vi } from "vitest";
import * as z from "zod";
import { Facts } from "../../../../src/memory/stores/sqlite/facts.ts";
import { Indexes } from "../../../../src/memory/stores/sqlite/indexing/indexes.ts";
import { IndexSnapshot } from "../../../../src/memory/stores/sqlite/indexing/index-snapshot.ts";
import { Vectors } from "../../../../src/memory/stores/sqlite/indexing/vectors.ts";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { log } from "../../../../src/kernel/log.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";
import { verifies } from "../../../helpers/verifies.ts";

verifies("memory.derived-indexes");

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
const BY = { source: "import", sourceId: undefined, agent: undefined } as const;
const BATCHES = 11;
const BATCH = 100;

const opened = async (directory: string): Promise<Memory> => {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  return memory;
};

const fill = async (memory: Memory) => {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const inputs = Array.from({ length: BATCH }, (_none, at) => ({
      name: `number ${batch * BATCH + at}`,
      observations: [{ text: `said of ${batch * BATCH + at}` }],
    }));
    await memory.changes.remember(SCOPE, inputs, BY);
  }
  await memory.changes.relate(SCOPE, [{ from: "number 7", to: "number 8", type: "knows" }], BY);
  await memory.changes.remember(SCOPE, [{ name: "a secret", observations: [{ text: "zebrafish" }] }], BY);
};

const firstHit = async (memory: Memory, text: string) => {
  const { hits, notices } = await memory.search({ scopes: [SCOPE], text });
  return [hits[0]?.entity.name, notices];
};

test("a closed memory is complete immediately when it is opened again, and changes continue from there", async () => {
  using directory = tempDirectory();
  const index = join(directory.path, "memory.index");
  {
    await using memory = await opened(directory.path);
    await fill(memory);
  }
  expect(existsSync(index)).toBe(true);
  {
    await using memory = await opened(directory.path);
    // A search waits for what is being read.
    expect(await firstHit(memory, "said of 1034")).toEqual(["number 1034", []]);
    expect((await memory.figures()).indexed).toBe(1);
    const { id } = await memory.get(SCOPE, "number 7");
    const walk = {
      scopes: [SCOPE],
      start: [id],
      depth: 1,
      direction: "both",
      order: "breadth",
      strengthMin: 0,
    } as const;
    expect((await memory.graph({ ...walk, visitsMax: 9 })).entities.map(({ entity }) => entity.name)).toEqual([
      "number 7",
      "number 8",
    ]);
    await memory.changes.remember(SCOPE, [{ name: "new", observations: [{ text: "giraffe" }] }], BY);
    expect(await firstHit(memory, "giraffe")).toEqual(["new", []]);
  }
  {
    await using memory = await opened(directory.path);
    expect(await firstHit(memory, "giraffe")).toEqual(["new", []]);
    expect((await memory.figures()).indexed).toBe(1);
    const secret = await memory.get(SCOPE, "a secret");
    await memory.forget({ type: "entities", ids: [secret.id] }, BY);
    expect(existsSync(index)).toBe(false);
  }
  // The next file has no word any more that only what was forgotten had.
  expect(readFileSync(index).includes(Buffer.from("zebrafish", "utf16le"))).toBe(false);
  expect(readFileSync(index).includes(Buffer.from("giraff", "utf16le"))).toBe(true);
  const bytes = readFileSync(index);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
  writeFileSync(index, bytes);
  await using memory = await opened(directory.path);
  await expect.poll(async () => (await memory.figures()).indexed, { timeout: 60_000 }).toBe(1);
  expect(existsSync(index)).toBe(false);
  // The figures may be complete a moment before searches are.
  await expect.poll(() => firstHit(memory, "giraffe"), { timeout: 60_000 }).toEqual(["new", []]);
  expect(await firstHit(memory, "zebrafish")).not.toContain("a secret");
}, 180_000);

test("what the doctor repairs is found after the next start too", async () => {
  using directory = tempDirectory();
  const wordsAlone = () =>
    new Memory({
      store: new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" }),
      embedder: undefined,
      clock: systemClock,
      defaults: SEARCH_DEFAULTS,
    });
  {
    await using memory = wordsAlone();
    await fill(memory);
  }
  {
    using db = new DatabaseSync(join(directory.path, "memory.db"));
    db.exec("DELETE FROM passage; DELETE FROM kept");
  }
  {
    await using memory = wordsAlone();
    await expect.poll(async () => (await memory.figures()).indexed, { timeout: 60_000 }).toBe(1);
  }
  {
    await using memory = wordsAlone();
    expect(await memory.check(true)).toMatchObject([{ isRepaired: true }]);
    expect((await firstHit(memory, "zebrafish"))[0]).toBe("a secret");
  }
  await using memory = wordsAlone();
  expect((await firstHit(memory, "zebrafish"))[0]).toBe("a secret");
}, 180_000);

const HEADER = { lengthsAt: 24, bytes: 48 };
const Plain = z.object({
  data: z.unknown(),
  arrays: z.array(z.object({ kind: z.string(), length: z.int(), from: z.int() })),
});

/** A file whose arrays say that they are larger than they are; with checksums that are right, as if an attacker had written it. */
function swollen(bytes: Buffer): Buffer {
  const numbers = Buffer.from(bytes.subarray(HEADER.lengthsAt, HEADER.bytes));
  const end = HEADER.bytes + Number(numbers.readBigUInt64LE(0));
  const { data, arrays } = Plain.parse(deserialize(bytes.subarray(HEADER.bytes, end)));
  const plain = serialize({ data, arrays: arrays.map((shape) => ({ ...shape, length: shape.length + 2 ** 28 })) });
  numbers.writeBigUInt64LE(BigInt(plain.length), 0);
  numbers.writeUInt32LE(crc32(plain, crc32(numbers.subarray(0, 16))), 16);
  return Buffer.concat([bytes.subarray(0, HEADER.lengthsAt), numbers, plain, bytes.subarray(end)]);
}

// sqlite.index-snapshot.K2
test("an index file with damaged sizes takes no memory, and the log reports it", async () => {
  using directory = tempDirectory();
  {
    await using memory = await opened(directory.path);
    await fill(memory);
  }
  const index = join(directory.path, "memory.index");
  using db = new DatabaseSync(join(directory.path, "memory.db"));
  const facts = new Facts(db);
  const kept = new IndexSnapshot(index, facts);
  const read = () => {
    const steps = kept.read(new Indexes({ facts, vectors: new Vectors(facts) }));
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  };
  const whole = readFileSync(index);
  const claimed = swollen(whole);
  const unsigned = Buffer.from(claimed);
  unsigned.writeUInt8(unsigned.readUInt8(HEADER.bytes - 5) ^ 1, HEADER.bytes - 5);
  using warned = vi.spyOn(log, "warn");
  const longer = Buffer.from(whole);
  longer.writeBigUInt64LE(2n ** 32n, HEADER.lengthsAt);
  for (const damaged of [claimed, unsigned, longer]) {
    writeFileSync(index, damaged);
    const before = process.memoryUsage().arrayBuffers;
    expect(read()).toBe(false);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  }
  expect(warned.mock.calls.map(([about]) => about)).toMatchObject([{ file: index }, { file: index }, { file: index }]);
  writeFileSync(index, whole);
  expect(read()).toBe(true);
  expect(warned).toHaveBeenCalledTimes(3);
}, 180_000);
