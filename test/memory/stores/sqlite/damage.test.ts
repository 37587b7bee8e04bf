import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import { SqliteMemoryStore, SqliteSnapshots } from "../../../../src/memory/stores/sqlite/index.ts";
import { log } from "../../../../src/kernel/log.ts";
import { Memory, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { MemorySnapshots } from "../../../../src/memory/transfer/index.ts";
import { ManualClock } from "../../../helpers/manual-clock.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";
import { BY, remember, SCOPE } from "../../transfer/within.ts";
import { verifies } from "../../../helpers/verifies.ts";

verifies("memory.snapshots", "storage.damage");

const KEPT = { hourly: 2, daily: 0, weekly: 0 };

/** A memory in a directory, sound or not, with its snapshots. */
function openedIn(directory: string) {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const clock = new ManualClock(Date.parse("2026-11-22T05:00:00Z"));
  const memory = new Memory({ store, embedder: new WordEmbedder(), clock, defaults: SEARCH_DEFAULTS });
  const place = new SqliteSnapshots({ store, directory });
  const snapshots = new MemorySnapshots({ place: () => place, memory, clock }, { everyMs: 3_600_000, kept: KEPT });
  return {
    store,
    memory,
    snapshots,
    clock,
    [Symbol.asyncDispose]: async () => {
      await snapshots[Symbol.asyncDispose]();
      await memory[Symbol.asyncDispose]();
    },
  };
}

/** Ada is in a snapshot; Bo came after it. Answers the snapshot's name. */
async function filled(directory: string): Promise<string> {
  await using opened = openedIn(directory);
  await remember(opened.memory, [{ name: "Ada", observations: [{ text: "likes tea" }] }]);
  const { name } = await opened.snapshots.create();
  await remember(opened.memory, [{ name: "Bo", observations: [{ text: "zebra, zebra ".repeat(400) }] }]);
  return name;
}

const FILE = "memory.db";
const withBytes = (file: string, change: (bytes: Buffer) => void): void => {
  const bytes = readFileSync(file);
  change(bytes);
  writeFileSync(file, bytes);
};
const DAMAGES: readonly (readonly [how: string, damage: (file: string) => void])[] = [
  ["is no database", (file) => writeFileSync(file, "this is no database at all, whatever it is called. ".repeat(200))],
  ["was cut off", (file) => truncateSync(file, 20_000)],
  ["is empty", (file) => truncateSync(file, 0)],
  ["has garbage in its first pages", (file) => withBytes(file, (bytes) => void bytes.fill(0xa5, 100, 16_384))],
  [
    "is gone, and its log is there",
    (file) => {
      rmSync(file);
      writeFileSync(`${file}-wal`, "what was changed last");
    },
  ],
];

test.each(DAMAGES)(
  "a memory whose file %s says which snapshot to restore, and that is done while it is used",
  async (_how, damage) => {
    using directory = tempDirectory();
    const file = join(directory.path, FILE);
    const name = await filled(directory.path);
    damage(file);
    const bytes = readdirSync(directory.path).includes(FILE) ? readFileSync(file) : Buffer.alloc(0);
    await using opened = openedIn(directory.path);
    const { memory, snapshots } = opened;
    for (const _ of [1, 2])
      await expect(memory.get(SCOPE, "Ada")).rejects.toMatchObject({
        code: "MEMORY_FILE_DAMAGED",
        message: expect.stringContaining(file),
        hint: expect.stringContaining(`caxton memory snapshot restore ${name}`),
        details: { file, snapshot: name },
      });
    const { replaced } = await snapshots.restore(name);
    expect(replaced.kind).toBe("damaged");
    expect((await memory.get(SCOPE, "Ada")).observations).toMatchObject([{ text: "likes tea" }]);
    await expect(memory.get(SCOPE, "Bo")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
    expect(readFileSync(join(directory.path, "snapshots", `${replaced.name}.db`)).equals(bytes)).toBe(true);
    // The content of a damaged file is unknown: it is deleted when an entity is forgotten.
    await expect(snapshots.restore(replaced.name)).rejects.toMatchObject({ code: "MEMORY_FILE_DAMAGED" });
    await memory.forget({ type: "entities", ids: [(await memory.get(SCOPE, "Ada")).id] }, BY);
    expect((await snapshots.list()).filter(({ kind }) => kind === "damaged")).toEqual([]);
  },
);

test("a memory that is damaged and has no snapshot says how to start again", async () => {
  using directory = tempDirectory();
  writeFileSync(join(directory.path, FILE), "this is no database at all, whatever it is called");
  await using opened = openedIn(directory.path);
  await expect(opened.memory.get(SCOPE, "Ada")).rejects.toMatchObject({
    code: "MEMORY_FILE_DAMAGED",
    hint: expect.stringMatching(/no snapshot.*move memory\.db, memory\.db-wal and memory\.db-shm away/u),
    details: { snapshot: null },
  });
});

test("damage that is found during use is named and reported by the doctor, and gets no automatic snapshot", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  const name = await filled(directory.path);
  const db = new DatabaseSync(file, { readOnly: true });
  const at = (table: string) =>
    (Number(db.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE name = ?").get(table)?.["page"]) - 1) * 4_096;
  const page = at("observation");
  db.close();
  withBytes(file, (bytes) => void bytes.fill(0xa5, page, page + 4_096));
  await using opened = openedIn(directory.path);
  const { memory, snapshots, clock } = opened;
  await expect(memory.get(SCOPE, "Bo")).rejects.toMatchObject({ code: "MEMORY_FILE_DAMAGED" });
  await expect(memory.check(false)).rejects.toMatchObject({ code: "MEMORY_FILE_DAMAGED" });
  snapshots.start();
  await expect.poll(() => clock.sleeping).toBe(1);
  expect((await snapshots.list()).map((one) => one.name)).toEqual([name]);
  await snapshots.restore(name);
  expect((await memory.get(SCOPE, "Ada")).name).toBe("Ada");
  expect(await memory.check(false)).toEqual([]);
});

test("a directory, another program's database and an empty snapshot are distinguished from a memory", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  mkdirSync(file);
  {
    await using opened = openedIn(directory.path);
    await expect(opened.memory.get(SCOPE, "Ada")).rejects.toMatchObject({
      code: "MEMORY_FILE_FOREIGN",
      message: expect.stringContaining("is a directory"),
    });
  }
  rmSync(file, { recursive: true });
  const other = new DatabaseSync(file);
  other.exec("CREATE TABLE song (title TEXT)");
  other.close();
  {
    await using opened = openedIn(directory.path);
    await expect(opened.memory.get(SCOPE, "Ada")).rejects.toMatchObject({ code: "MEMORY_FILE_FOREIGN" });
  }
  const song = join(directory.path, "song.db");
  copyFileSync(file, song);
  rmSync(file);
  const name = await filled(directory.path);
  await using opened = openedIn(directory.path);
  const snapshot = join(directory.path, "snapshots", `${name}.db`);
  for (const bytes of [Buffer.alloc(0), readFileSync(song)]) {
    writeFileSync(snapshot, bytes);
    await expect(opened.snapshots.restore(name)).rejects.toMatchObject({ code: "MEMORY_FILE_DAMAGED" });
    expect((await opened.memory.get(SCOPE, "Bo")).name).toBe("Bo");
  }
});

test.each([
  [99, "DATABASE_TOO_NEW"],
  [1, "DATABASE_TOO_OLD"],
])("a memory of schema %i is refused with %s", async (found, code) => {
  using directory = tempDirectory();
  await filled(directory.path);
  {
    using db = new DatabaseSync(join(directory.path, FILE));
    db.exec(`PRAGMA user_version=${found}`);
  }
  await using opened = openedIn(directory.path);
  await expect(opened.memory.get(SCOPE, "Ada")).rejects.toMatchObject({ code, details: { found } });
});

test("what is not damaged is still read and changed by one thread, though memory cannot be indexed to its end", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  {
    await using opened = openedIn(directory.path);
    await remember(
      opened.memory,
      Array.from({ length: 600 }, (_none, at) => ({ name: `number ${at}!` })),
    );
  }
  withBytes(file, (bytes) => {
    // The leaf of the table, not of the index by name.
    for (let page = 0; page < bytes.length; page += 4_096)
      if (bytes[page] === 0x0d && bytes.subarray(page, page + 4_096).includes("number 300!"))
        bytes.fill(0xa5, page, page + 4_096);
  });
  const errors = vi.spyOn(log, "error");
  await using opened = openedIn(directory.path);
  const { memory, store } = opened;
  for (const turn of [1, 2, 3]) {
    await expect(store.reindex(() => undefined)).rejects.toMatchObject({ code: "MEMORY_FILE_DAMAGED" });
    expect((await memory.get(SCOPE, "number 1!")).name).toBe("number 1!");
    await remember(memory, [{ name: `new ${turn}` }]);
  }
  expect(errors).not.toHaveBeenCalled();
});

test("who writes beside a forgetting that fails at its end is done once, and what is owed to it is done with the next change", async () => {
  using directory = tempDirectory();
  await filled(directory.path);
  await using opened = openedIn(directory.path);
  const { memory, store } = opened;
  const [{ id: from }, { id: to }] = [await memory.get(SCOPE, "Bo"), await memory.get(SCOPE, "Ada")];
  await remember(memory, [{ name: "Cy", observations: [{ text: "sings quietly" }] }]);
  const { id: cy } = await memory.get(SCOPE, "Cy");
  const inTheWay = join(directory.path, "memory.index");
  mkdirSync(inTheWay);
  const [related, forgotten] = await Promise.allSettled([
    memory.changes.relate(SCOPE, [{ from: "Bo", to: "Ada", type: "knows", ends: { from, to } }], BY),
    store.forget({ type: "entities", ids: [cy] }, { provenance: BY, atMs: 1 }),
  ]);
  expect([related.status, forgotten.status]).toEqual(["fulfilled", "rejected"]);
  const { entries } = await store.log({ entity: from }, { limit: 10, cursor: undefined });
  expect(entries.map(({ action }) => action)).toEqual(["relate", "create"]);
  const isThere = () =>
    readdirSync(directory.path).some(
      (name) => name.startsWith(FILE) && readFileSync(join(directory.path, name)).includes("sings quietly"),
    );
  expect(isThere()).toBe(true);
  rmSync(inTheWay, { recursive: true });
  await remember(memory, [{ name: "Dee" }]);
  await expect.poll(isThere).toBe(false);
});

test("what is forgotten while another program reads the file is gone from its log when that has ended", async () => {
  using directory = tempDirectory();
  await using opened = openedIn(directory.path);
  const { memory } = opened;
  await remember(memory, [{ name: "Cy", observations: [{ text: "sings quietly" }] }]);
  const wal = join(directory.path, `${FILE}-wal`);
  using reader = new DatabaseSync(join(directory.path, FILE), { readOnly: true });
  reader.exec("BEGIN; SELECT count(*) FROM entity");
  await memory.forget({ type: "entities", ids: [(await memory.get(SCOPE, "Cy")).id] }, BY);
  expect(readFileSync(wal).includes("sings quietly")).toBe(true);
  reader.exec("COMMIT");
  await remember(memory, [{ name: "Dee" }]);
  await expect.poll(() => readFileSync(wal).length).toBe(0);
  expect(readFileSync(join(directory.path, FILE)).includes("sings quietly")).toBe(false);
}, 30_000);
