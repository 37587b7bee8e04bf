import { describe } from "vitest";
import { SqliteMemoryStore } from "../../src/backends/sqlite/memory/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { memoryStoreContract } from "./memory/memory-store.ts";

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
