import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { FileGuard } from "../../../../src/memory/stores/sqlite/files/file-guard.ts";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { openMemoryFile } from "../../../../src/memory/stores/sqlite/schema.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { remember, SCOPE } from "../../transfer/within.ts";
import { embeddedIn } from "./embedded-store.ts";

const FILE = "memory.db";
const said = (name: string) => [{ name, observations: [{ text: `said of ${name}` }] }];

test("a removed file that could not be written back a moment ago is tried once more before memory is closed", async () => {
  using directory = tempDirectory();
  const data = join(directory.path, "data");
  const file = join(data, FILE);
  mkdirSync(data);
  let nowMs = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 1_000));
  onTestFinished(() => clock.mockRestore());
  {
    await using opened = embeddedIn(file);
    const { memory, embedded } = opened;
    const guard = new FileGuard({ memory: embedded, file }, () => undefined);
    await remember(memory, said("Ada"));
    rmSync(data, { recursive: true });
    guard.look();
    await guard.saving;
    expect(guard.fault).toMatchObject({ code: "MEMORY_FILE_GONE" });
    mkdirSync(data);
    // What has just failed is not tried with each change.
    guard.look();
    expect([guard.saving, existsSync(file)]).toEqual([undefined, false]);
    guard.finalCheck();
    await guard.saving;
    expect(guard.fault).toBeUndefined();
    rmSync(data, { recursive: true });
    guard.finalCheck();
    await guard.saving;
    // No caller waits for an operation that keeps failing.
    guard.finalCheck();
    expect([guard.saving, guard.fault?.code]).toEqual([undefined, "MEMORY_FILE_GONE"]);
    mkdirSync(data);
    await embedded.writeBack();
  }
  await using again = embeddedIn(file);
  expect((await again.memory.get(SCOPE, "Ada")).name).toBe("Ada");
});

test("a memory that cannot be opened again where it was written back is as before, and is written back later", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, FILE);
  {
    await using opened = embeddedIn(file);
    const { memory, embedded } = opened;
    await remember(memory, said("Ada"));
    for (const ending of ["", "-wal", "-shm"]) rmSync(file + ending);
    mkdirSync(`${file}-wal`);
    await expect(embedded.writeBack()).rejects.toThrow("-wal");
    expect([existsSync(file), existsSync(`${file}.saved`)]).toEqual([false, false]);
    expect((await memory.get(SCOPE, "Ada")).name).toBe("Ada");
    rmSync(`${file}-wal`, { recursive: true });
    await embedded.writeBack();
    await remember(memory, said("Bo"));
  }
  await using again = embeddedIn(file);
  for (const name of ["Ada", "Bo"]) expect((await again.memory.get(SCOPE, name)).name).toBe(name);
});

test("a memory whose file was removed is not created again", () => {
  using directory = tempDirectory();
  const file = join(directory.path, "a memory?mode=rwc#%41.db");
  expect(() => openMemoryFile(file, "normal", { isNew: false })).toThrow("unable to open");
  openMemoryFile(file, "normal", { isNew: true }).close();
  openMemoryFile(file, "normal", { isNew: false }).close();
  expect(readdirSync(directory.path)).toEqual(["a memory?mode=rwc#%41.db"]);
});

test("nothing in the log is left for a file that took memory's place, also when another program read the former one then", async () => {
  using directory = tempDirectory();
  using elsewhere = tempDirectory();
  const file = join(directory.path, FILE);
  await using opened = embeddedIn(file);
  const { memory, embedded } = opened;
  const guard = new FileGuard({ memory: embedded, file }, () => undefined);
  await remember(memory, said("Ada"));
  const logBytes = () => statSync(`${file}-wal`).size;
  {
    using reader = new DatabaseSync(file, { readOnly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM entity").get();
    await remember(memory, said("Bo"));
    {
      await using other = embeddedIn(join(elsewhere.path, FILE));
      await remember(other.memory, said("Zoe"));
    }
    renameSync(join(elsewhere.path, FILE), file);
    guard.look();
    expect(guard.fault).toMatchObject({ code: "MEMORY_FILE_FOREIGN" });
    expect(logBytes()).toBeGreaterThan(0);
  }
  guard.look();
  expect(logBytes()).toBe(0);
});

test("nothing is repaired in a memory whose file was replaced, since the repair would change the other file", async () => {
  using directory = tempDirectory();
  using elsewhere = tempDirectory();
  const file = join(directory.path, FILE);
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  await remember(memory, said("Ada"));
  {
    using db = new DatabaseSync(file);
    db.exec("DELETE FROM passage");
  }
  {
    await using other = embeddedIn(join(elsewhere.path, FILE));
    await remember(other.memory, said("Zoe"));
  }
  renameSync(join(elsewhere.path, FILE), file);
  expect(await memory.check(true)).toMatchObject([
    { what: expect.stringContaining("was replaced"), isRepaired: false },
    { what: "one entity cannot be found by searches", isRepaired: false },
  ]);
  expect(statSync(`${file}-wal`).size).toBe(0);
});
