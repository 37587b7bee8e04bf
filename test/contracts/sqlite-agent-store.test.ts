import { describe } from "vitest";
import { Database, SqliteAgentStore } from "../../src/storage/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { agentStoreContract } from "./agent-store.ts";

describe("the SQLite agent store", () => {
  agentStoreContract(async () => {
    const directory = tempDirectory();
    const database = Database.open({ directory: directory.path, synchronous: "normal" });
    return {
      store: new SqliteAgentStore(database),
      [Symbol.asyncDispose]: async () => {
        database[Symbol.dispose]();
        directory[Symbol.dispose]();
      },
    };
  });
});
