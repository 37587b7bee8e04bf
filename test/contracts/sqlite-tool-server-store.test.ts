import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Database, SqliteToolServerStore } from "../../src/storage/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { toolServerCandidate, toolServerStoreContract } from "./tool-server-store.ts";

describe("the SQLite tool server store", () => {
  toolServerStoreContract(async () => {
    const directory = tempDirectory();
    const database = Database.open({ directory: directory.path, synchronous: "normal" });
    return {
      store: new SqliteToolServerStore(database),
      [Symbol.asyncDispose]: async () => {
        database[Symbol.dispose]();
        directory[Symbol.dispose]();
      },
    };
  });

  test("a module whose bytes changed on disk is not returned, and saving it again repairs it", async () => {
    using directory = tempDirectory();
    using database = Database.open({ directory: directory.path, synchronous: "normal" });
    const store = new SqliteToolServerStore(database);
    const hash = await store.saveModule(Buffer.from("module"));
    const path = join(directory.path, "tool-servers", `${hash}.wasm`);
    writeFileSync(path, "Module");
    await expect(store.readModule(hash)).rejects.toMatchObject({ code: "TOOL_MODULE_DAMAGED" });
    await store.saveModule(Buffer.from("module"));
    expect(readFileSync(path, "utf8")).toBe("module");
  });

  test("what a crash left is swept, what is named or about to be is not", async () => {
    using directory = tempDirectory();
    using database = Database.open({ directory: directory.path, synchronous: "normal" });
    const before = new SqliteToolServerStore(database);
    await before.saveModule(Buffer.from("one"));
    await before.add(toolServerCandidate("probe", "one"), "serving");
    const orphan = await before.saveModule(Buffer.from("orphan"));
    writeFileSync(join(directory.path, "tool-servers", `${orphan}.17.draft`), "half");
    await before.sweepModules();
    expect(await before.readModule(orphan)).toHaveLength(6);
    const after = new SqliteToolServerStore(database);
    await after.sweepModules();
    const named = toolServerCandidate("probe", "one").moduleHash;
    expect(readdirSync(join(directory.path, "tool-servers"))).toEqual([`${named}.wasm`]);
  });
});
