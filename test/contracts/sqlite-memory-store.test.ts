import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../src/memory/knowledge/index.ts";
import { copyError, memoryError } from "../../src/memory/stores/sqlite/errors.ts";
import { SqliteMemoryStore } from "../../src/memory/stores/sqlite/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { memoryStoreContract } from "./memory/memory-store.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.forget");

describe("memory in a file", () => {
  memoryStoreContract(async () => {
    const directory = tempDirectory();
    const opened: SqliteMemoryStore[] = [];
    const open = () => {
      const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "full" });
      opened.push(store);
      return store;
    };
    return {
      store: open(),
      reopen: async () => {
        await opened[0]?.close();
        return open();
      },
      [Symbol.asyncDispose]: async () => {
        for (const store of opened) await store.close();
        directory[Symbol.dispose]();
      },
    };
  });
});

// knowledge.memory-store.S4
test("what was forgotten is in no byte of the files any more", async () => {
  using directory = tempDirectory();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "full" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  const [scope, by] = ["workspace:default", { source: "user", sourceId: undefined, agent: undefined }] as const;
  const isThere = (text: string) =>
    readdirSync(directory.path).some((file) => readFileSync(join(directory.path, file)).includes(text));
  await memory.changes.remember(
    scope,
    [{ name: "Ada", observations: [{ text: "zebra-one" }, { text: "zebra-two" }] }],
    by,
  );
  await memory.changes.remember(scope, [{ name: "Bo", observations: [{ text: "zebra-three" }] }], by);
  expect(isThere("zebra-one")).toBe(true);
  const ada = await memory.get(scope, "Ada");
  const ids = ada.observations.slice(0, 1).map(({ id }) => id);
  await memory.forget({ type: "observations", entity: ada.id, ids }, by);
  expect([isThere("zebra-one"), isThere("zebra-two")]).toEqual([false, true]);
  await memory.forget({ type: "entities", ids: [ada.id] }, by);
  expect([isThere("zebra-two"), isThere("zebra-three")]).toEqual([false, true]);
});

test("of a memory that another program holds it is said that one does, and which; of a copy, where there is no writing", () => {
  using directory = tempDirectory();
  const file = join(directory.path, "memory.db");
  const [holder, other] = [1, 2].map(() => new DatabaseSync(file, { timeout: 0 }));
  holder?.exec("CREATE TABLE entity (row INTEGER) STRICT; BEGIN EXCLUSIVE");
  const write = () => {
    try {
      other?.exec("INSERT INTO entity VALUES (1)");
    } catch (error) {
      throw memoryError(error, file);
    }
  };
  expect(write).toThrow(
    expect.objectContaining({
      code: "STORAGE_ERROR",
      message: `the memory ${file} is held by another program: database is locked`,
      hint: expect.stringContaining("End that program"),
    }),
  );
  const noPlace = Object.assign(new Error("unable to open database file"), { errcode: 14 });
  expect(copyError(noPlace, { file, to: "/backups/one.db" })).toMatchObject({
    code: "STORAGE_READ_ONLY",
    message: expect.stringContaining("/backups cannot be written"),
  });
  holder?.close();
  other?.close();
});
