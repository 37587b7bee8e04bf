import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { EmbeddedMemory } from "../../../../src/memory/stores/sqlite/embedded-memory.ts";
import type { Memory } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { BY, remember, SCOPE } from "../../transfer/within.ts";
import { embeddedIn } from "./embedded-store.ts";

const NAMES = Array.from({ length: 1_100 }, (_none, at) => `number ${at}`);
const FILES = ["memory.db", "memory.db-wal", "memory.index"];

/** A memory whose indexes are kept; number 7 knows 8, and 9 has a secret. */
async function kept(directory: string): Promise<string> {
  const file = join(directory, "memory.db");
  await using opened = embeddedIn(file);
  const { memory, embedded } = opened;
  for (const names of [NAMES.slice(0, 600), NAMES.slice(600)])
    await remember(
      memory,
      names.map((name) => ({
        name,
        type: name === "number 5" ? "person" : "thing",
        observations: [{ text: `said of ${name}` }],
      })),
    );
  await remember(memory, [{ name: "number 9", observations: [{ text: "hides a zebrafish" }] }]);
  await memory.changes.relate(SCOPE, [{ from: "number 7", to: "number 8", type: "knows" }], BY);
  whole(embedded);
  return file;
}

function whole(embedded: EmbeddedMemory): void {
  while (embedded.indexSome());
  expect([embedded.indexed, embedded.isLoading]).toEqual([1, false]);
}

const missing = (): never => {
  throw new Error("it was not made");
};

const isNamed = (file: string): boolean => {
  using db = new DatabaseSync(file, { readOnly: true });
  return db.prepare("SELECT 1 FROM kept").get() !== undefined;
};

/** The best hit, and what the search had to do without. */
const found = async (memory: Memory, text: string) => {
  const { hits, notices } = await memory.search({ scopes: [SCOPE], text, mode: "keyword" });
  return [hits[0]?.entity.name, notices];
};
const around = async (memory: Memory, name: string) => {
  const { id } = await memory.get(SCOPE, name);
  const walk = { scopes: [SCOPE], start: [id], depth: 1, direction: "both", order: "breadth", strengthMin: 0 } as const;
  const { entities } = await memory.graph({ ...walk, visitsMax: 9 });
  return entities.map(({ entity }) => entity.name);
};

/** What a power cut at this moment leaves. */
function copyFiles(from: string, to: string): void {
  for (const name of FILES.filter((one) => existsSync(join(from, one)))) copyFileSync(join(from, name), join(to, name));
}

// sqlite.indexing.I1
test("requests that need only the file are answered while stored indexes load", async () => {
  using directory = tempDirectory();
  const file = await kept(directory.path);
  await using opened = embeddedIn(file);
  const { memory, embedded } = opened;
  expect([embedded.isLoading, embedded.indexed < 1]).toEqual([true, true]);
  const ada = await memory.get(SCOPE, "number 5");
  expect((await memory.store.get([ada.id]))[0]?.name).toBe("number 5");
  const page = { limit: 10, cursor: undefined };
  const listed = await memory.list({ scopes: [SCOPE], types: ["person"] }, page);
  expect(listed.entries.map(({ name }) => name)).toEqual(["number 5"]);
  const { id } = await memory.get(SCOPE, "number 7");
  expect((await memory.store.relations({ scopes: [SCOPE], entities: [id] }, page)).entries).toHaveLength(1);
  expect((await memory.log({ entity: ada.id }, page)).entries).toHaveLength(1);
  expect((await memory.history(SCOPE, "number 9")).observations).toHaveLength(2);
  expect((await memory.figures()).scopes[0]?.entities).toBe(NAMES.length);
  expect(embedded.isLoading).toBe(true);
  whole(embedded);
  // Nothing was changed: the file of indexes is right still.
  expect(isNamed(file)).toBe(true);
  expect(await found(memory, "said of number 1034")).toEqual(["number 1034", []]);
});

// sqlite.embedded-memory.X1, sqlite.indexing.I2
test.each([0, 1])(
  "what is changed while kept indexes are read is found when they are, and forgotten is forgotten (after %i more pieces)",
  async (pieces) => {
    using directory = tempDirectory();
    const file = await kept(directory.path);
    {
      await using opened = embeddedIn(file);
      const { memory, embedded } = opened;
      for (let piece = 0; piece < pieces; piece += 1) expect(embedded.indexSome()).toBe(true);
      expect([embedded.isLoading, isNamed(file)]).toEqual([true, true]);
      await remember(memory, [
        { name: "new", observations: [{ text: "a giraffe" }] },
        { name: "number 3", observations: [{ text: "an okapi" }] },
      ]);
      expect(isNamed(file)).toBe(false);
      const [, related = missing()] = await memory.changes.relate(
        SCOPE,
        [
          { from: "new", to: "number 3", type: "knows" },
          { from: "number 5", to: "number 6", type: "knows" },
        ],
        BY,
      );
      expect(await around(memory, "new")).toEqual([]);
      await memory.changes.unrelate(related.id, BY);
      // A list looks its rows up; then one of them goes, and its number becomes another's.
      await remember(memory, [{ name: "former" }]);
      await memory.list({ scopes: [SCOPE], types: ["thing"] }, { limit: 2_000, cursor: undefined });
      const gone = await Promise.all(["number 9", "number 8", "former"].map((name) => memory.get(SCOPE, name)));
      await memory.forget({ type: "entities", ids: gone.map(({ id }) => id) }, BY);
      await remember(memory, [{ name: "successor" }]);
      expect(await memory.store.get(gone.map(({ id }) => id))).toEqual([undefined, undefined, undefined]);
      expect(existsSync(join(directory.path, "memory.index"))).toBe(false);
      whole(embedded);
      expect(await found(memory, "giraffe")).toEqual(["new", []]);
      expect(await found(memory, "okapi")).toEqual(["number 3", []]);
      expect(await found(memory, "zebrafish")).toEqual([undefined, []]);
      expect(await around(memory, "new")).toEqual(["new", "number 3"]);
      expect(await around(memory, "number 7")).toEqual(["number 7"]);
      expect(await around(memory, "number 5")).toEqual(["number 5"]);
      expect(await found(memory, "successor")).toEqual(["successor", []]);
    }
    // They are kept again, without what only the forgotten had, and are read again.
    expect(readFileSync(join(directory.path, "memory.index")).includes(Buffer.from("zebrafish", "utf16le"))).toBe(
      false,
    );
    await using again = embeddedIn(file);
    expect(again.embedded.isLoading).toBe(true);
    whole(again.embedded);
    expect(await found(again.memory, "giraffe")).toEqual(["new", []]);
    expect(await found(again.memory, "said of number 1034")).toEqual(["number 1034", []]);
  },
);

test("continuous writes do not delay searches: stored indexes load in a few steps", async () => {
  using directory = tempDirectory();
  const file = await kept(directory.path);
  await using opened = embeddedIn(file);
  const { memory, embedded } = opened;
  let steps = 0;
  for (; embedded.isLoading && steps < 20; steps += 1) {
    const names = Array.from({ length: 400 }, (_none, at) => `step ${steps} ${at}`);
    await remember(memory, [
      ...names.map((name) => ({ name, observations: [{ text: `said of ${name}` }] })),
      { name: "number 4", observations: [{ text: `an okapi at step ${steps}` }] },
    ]);
    await memory.changes.relate(SCOPE, [{ from: `step ${steps} 0`, to: "number 4", type: "knows" }], BY);
    embedded.indexSome();
  }
  expect([embedded.isLoading, embedded.indexed]).toEqual([false, 1]);
  for (let step = 0; step < steps; step += 1) {
    expect(await found(memory, `said of step ${step} 399`)).toEqual([`step ${step} 399`, []]);
    expect(await around(memory, `step ${step} 0`)).toEqual([`step ${step} 0`, "number 4"]);
  }
  expect(await found(memory, `an okapi at step ${steps - 1}`)).toEqual(["number 4", []]);
});

// sqlite.indexing.I3, sqlite.index-snapshot.K1
test("after a kill during the read of stored indexes the next start finds them, or makes them again after a change", async () => {
  using directory = tempDirectory();
  const file = await kept(directory.path);
  using untouched = tempDirectory();
  using changed = tempDirectory();
  {
    await using opened = embeddedIn(file);
    copyFiles(directory.path, untouched.path);
    await remember(opened.memory, [{ name: "new", observations: [{ text: "a giraffe" }] }]);
    copyFiles(directory.path, changed.path);
  }
  for (const [{ path }, isKept, name] of [
    [untouched, true, undefined],
    [changed, false, "new"],
  ] as const) {
    await using opened = embeddedIn(join(path, "memory.db"));
    expect([opened.embedded.isLoading, existsSync(join(path, "memory.index"))]).toEqual([isKept, isKept]);
    whole(opened.embedded);
    expect(await found(opened.memory, "giraffe")).toEqual([name, []]);
    expect(await found(opened.memory, "said of number 1034")).toEqual(["number 1034", []]);
  }
});
