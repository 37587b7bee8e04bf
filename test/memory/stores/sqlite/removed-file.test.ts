import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { SqliteMemoryStore, SqliteSnapshots } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { remember, SCOPE } from "../../transfer/within.ts";

const FILE = "memory.db";
const ENDINGS = ["", "-wal", "-shm"];

async function openedIn(directory: string) {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  const snapshots = new SqliteSnapshots({ store, directory });
  await memory.open();
  const say = (name: string) => remember(memory, [{ name, observations: [{ text: `said of ${name}` }] }]);
  return { store, memory, snapshots, say, [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose]() };
}

/** Names in a file, by another program. */
function namesIn(file: string): readonly unknown[] {
  using db = new DatabaseSync(file, { readOnly: true });
  return db
    .prepare("SELECT name FROM entity ORDER BY row")
    .all()
    .map(({ name }) => name);
}

function removeAll(file: string): void {
  for (const ending of ENDINGS) rmSync(file + ending, { force: true });
}

const BEFORE = ["Ada", "Bo"];

// sqlite.file-guard.F2
test.each([
  ["removed alone", (file: string) => rmSync(file)],
  ["removed with its log", removeAll],
  ["moved away", (file: string) => renameSync(file, `${file}.moved`)],
])("a memory whose file is %s under the server is written back with the next change, whole", async (_how, remove) => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  const former = `${file}.moved`;
  {
    await using opened = await openedIn(directory.path);
    const { memory, store, say } = opened;
    for (const name of BEFORE) await say(name);
    remove(file);
    await say("Cy");
    expect(namesIn(file)).toEqual(["Ada", "Bo", "Cy"]);
    // The files beside the previous file are not applied to the new one, and the moved file has everything that was there.
    expect(existsSync(former) ? namesIn(former) : BEFORE).toEqual(BEFORE);
    expect(existsSync(`${file}.saved`)).toBe(false);
    expect((await memory.search({ scopes: [SCOPE], text: "said of Bo" })).hits[0]?.entity.name).toBe("Bo");
    expect(await memory.check(false)).toEqual([
      { what: expect.stringContaining("was missing"), hint: "", isRepaired: true },
    ]);
    expect([await memory.check(false), store.problem()]).toEqual([[], undefined]);
    await say("Dee");
  }
  await using again = await openedIn(directory.path);
  expect(await again.memory.check(false)).toEqual([]);
  for (const name of ["Ada", "Bo", "Cy", "Dee"]) expect((await again.memory.get(SCOPE, name)).name).toBe(name);
});

test("a memory that is only read notices at a snapshot, and at the stop, that its file was removed", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  {
    await using opened = await openedIn(directory.path);
    const { snapshots, say } = opened;
    await say("Ada");
    rmSync(file);
    const { name } = await snapshots.create("manual", 1);
    expect(namesIn(join(directory.path, "snapshots", `${name}.db`))).toEqual(["Ada"]);
    expect(namesIn(file)).toEqual(["Ada"]);
    removeAll(file);
  }
  expect(namesIn(file)).toEqual(["Ada"]);
});

test("who is killed when a removed memory was copied, but had no name yet, has it at the next start; an older copy is removed then", async () => {
  using directory = tempDirectory();
  using later = tempDirectory();
  const [file, saved] = [join(later.path, FILE), join(later.path, `${FILE}.saved`)];
  {
    await using opened = await openedIn(directory.path);
    for (const name of BEFORE) await opened.say(name);
    await opened.store.copyTo(saved);
    // The log of the removed file is there still.
    copyFileSync(join(directory.path, `${FILE}-wal`), `${file}-wal`);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  }
  {
    await using opened = await openedIn(later.path);
    expect((await opened.memory.figures()).scopes[0]?.entities).toBe(BEFORE.length);
    expect([namesIn(file), existsSync(saved), await opened.memory.check(false)]).toEqual([BEFORE, false, []]);
    await opened.say("Cy");
    await opened.store.copyTo(saved);
    await opened.say("Dee");
  }
  await using again = await openedIn(later.path);
  expect([(await again.memory.get(SCOPE, "Dee")).name, existsSync(saved)]).toEqual(["Dee", false]);
});

// sqlite.file-guard.F2
test("a file that replaces memory's is never written to; memory changes nothing, and is saved by a snapshot", async () => {
  using directory = tempDirectory();
  using elsewhere = tempDirectory();
  const file = join(directory.path, FILE);
  const other = join(elsewhere.path, FILE);
  {
    await using opened = await openedIn(elsewhere.path);
    await opened.say("Zoe");
  }
  const bytes = readFileSync(other);
  {
    await using opened = await openedIn(directory.path);
    const { memory, store, snapshots, say } = opened;
    await say("Ada");
    renameSync(other, file);
    const refused = { code: "MEMORY_FILE_FOREIGN", message: expect.stringContaining(`${file} was replaced`) };
    await expect(say("Bo")).rejects.toMatchObject(refused);
    expect((await memory.get(SCOPE, "Ada")).name).toBe("Ada");
    expect(store.problem()).toContain("Restart the server");
    expect(await memory.check(false)).toMatchObject([{ what: expect.stringContaining("replaced"), isRepaired: false }]);
    const { name } = await snapshots.create("manual", 1);
    expect(namesIn(join(directory.path, "snapshots", `${name}.db`))).toEqual(["Ada"]);
    await expect(snapshots.restore(name)).rejects.toMatchObject(refused);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    // A kill at this point leaves nothing that would change the other file.
    expect(readFileSync(`${file}-wal`)).toHaveLength(0);
  }
  expect(readFileSync(file).equals(bytes)).toBe(true);
  await using again = await openedIn(directory.path);
  expect(await again.memory.check(false)).toEqual([]);
  expect((await again.memory.get(SCOPE, "Zoe")).name).toBe("Zoe");
  await expect(again.memory.get(SCOPE, "Ada")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
});

test("the previous file, once restored, is used again", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  await using opened = await openedIn(directory.path);
  const { store, say } = opened;
  await say("Ada");
  renameSync(file, `${file}.former`);
  mkdirSync(file);
  await expect(say("Bo")).rejects.toMatchObject({ code: "MEMORY_FILE_FOREIGN" });
  rmSync(file, { recursive: true });
  renameSync(`${file}.former`, file);
  await say("Bo");
  expect([namesIn(file), store.problem()]).toEqual([["Ada", "Bo"], undefined]);
});

// sqlite.file-guard.F1
test("where a removed file cannot be written back nothing new is remembered, and what is there can be saved", async () => {
  using directory = tempDirectory();
  const data = join(directory.path, "data");
  const file = join(data, FILE);
  await using opened = await openedIn(data);
  const { memory, store, say } = opened;
  await say("Ada");
  rmSync(data, { recursive: true });
  const refused = {
    code: "MEMORY_FILE_GONE",
    message: expect.stringContaining(`${file} was removed`),
    details: { file },
  };
  await expect(say("Bo")).rejects.toMatchObject(refused);
  expect(store.problem()).toContain("cannot be written back");
  expect((await memory.get(SCOPE, "Ada")).name).toBe("Ada");
  const saved = join(directory.path, "saved.db");
  await store.copyTo(saved);
  expect(namesIn(saved)).toEqual(["Ada"]);
  mkdirSync(data);
  await expect
    .poll(async () =>
      say("Bo").then(
        () => "remembered",
        () => "refused",
      ),
    )
    .toBe("remembered");
  expect([namesIn(file), store.problem()]).toEqual([["Ada", "Bo"], undefined]);
});
