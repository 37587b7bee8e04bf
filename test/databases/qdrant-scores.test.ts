import { afterAll, beforeAll, expect, test } from "vitest";
import { QdrantMemoryStore } from "../../src/memory/stores/qdrant/index.ts";
import { SqliteMemoryStore } from "../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Memory, type MemoryStore, SEARCH_DEFAULTS, type SearchInput } from "../../src/memory/knowledge/index.ts";
import { QdrantServer } from "../helpers/qdrant/qdrant-server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { WordEmbedder } from "../helpers/word-embedder.ts";
import { BY, OTHER, said, TEAM } from "../contracts/memory/within.ts";

const PEOPLE = ["Ada", "Bo", "Cy", "Di", "Eve", "Finn", "Gro", "Hal"];
const FACTS = [
  "owns a red car and a bicycle",
  "lives in a house by the harbour",
  "is a physician and reads getUserName in the evening",
  "sings in the choir of the harbour",
  "plays chess with the others, chess every day",
  "drives a vehicle to the house of the doctor",
];
const QUESTIONS = ["who owns a car", "harbour", "chess", "the doctor's home", "getUserName", "unicorns know zebras"];

let server: QdrantServer;
const directory = tempDirectory();
const memories: Memory[] = [];
beforeAll(async () => {
  server = await QdrantServer.start();
  const stores: MemoryStore[] = [
    new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" }),
    new QdrantMemoryStore({ url: server.url, collection: "memory" }),
  ];
  for (const store of stores) {
    const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
    await memory.open();
    memories.push(memory);
    const inputs = PEOPLE.map((name, index) => ({
      name,
      // Some have several passages.
      observations: said(
        ...FACTS.flatMap((fact, at) =>
          (index + at) % 3 === 0 ? [`${fact}, ${name} ${"too ".repeat(index * at * 3)}`] : [],
        ),
      ),
    }));
    await memory.changes.remember(TEAM, inputs, BY);
    await memory.changes.remember(OTHER, [{ name: "Else", observations: said(...FACTS) }], BY);
    await memory.embeddings.caughtUp();
  }
});
afterAll(async () => {
  for (const memory of memories) await memory[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const scored = async (memory: Memory | undefined, input: Omit<SearchInput, "scopes">) => {
  const hits =
    (await memory?.search({ scopes: [TEAM], similarityMin: 0.05, recencyBoost: 1, limit: 20, ...input }))?.hits ?? [];
  return hits.toSorted((one, other) => (one.entity.name < other.entity.name ? -1 : 1));
};

test.each(QUESTIONS)("Qdrant finds for “%s” what the embedded memory finds, with its scores", async (text) => {
  const [embedded, qdrant] = memories;
  for (const mode of ["hybrid", "keyword", "semantic"] as const) {
    const [expected, found] = [await scored(embedded, { text, mode }), await scored(qdrant, { text, mode })];
    expect(found.map(({ entity }) => entity.name)).toEqual(expected.map(({ entity }) => entity.name));
    for (const [index, { score }] of found.entries()) {
      const other = expected[index]?.score;
      // The embedded memory rounds vectors to bytes; Qdrant counts lengths of texts in two digits.
      expect(Math.abs(score.total - (other?.total ?? Number.NaN))).toBeLessThan(0.03);
      expect(score.matched.toSorted()).toEqual(other?.matched.toSorted());
    }
  }
});
