import { afterAll, beforeAll, describe } from "vitest";
import { PostgresqlMemoryStore } from "../../src/backends/postgresql/index.ts";
import { PASSWORD, Postgresql } from "../helpers/postgresql.ts";
import { memoryStoreContract } from "./memory/memory-store.ts";

let server: Postgresql;
let schemas = 0;
beforeAll(async () => void (server = await Postgresql.start()));
afterAll(() => server[Symbol.asyncDispose]());

describe("memory in PostgreSQL", () => {
  memoryStoreContract(async () => {
    const schema = `memory_${(schemas += 1)}`;
    const opened: PostgresqlMemoryStore[] = [];
    const open = () => {
      const store = new PostgresqlMemoryStore({ url: server.url, password: () => PASSWORD, schema, connections: 4 });
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
      },
    };
  });
});
