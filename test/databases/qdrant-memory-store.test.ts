import { afterAll, beforeAll, describe } from "vitest";
import { QdrantMemoryStore } from "../../src/memory/stores/qdrant/index.ts";
import { QdrantServer } from "../helpers/qdrant/qdrant-server.ts";
import { memoryStoreContract } from "../contracts/memory/memory-store.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.backend-qdrant");

// Against Qdrant's own engine behind a small server with its REST paths: test/helpers/qdrant/server.py says what of it is real.
let server: QdrantServer;
let collections = 0;
beforeAll(async () => {
  server = await QdrantServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describe("memory in Qdrant", () => {
  memoryStoreContract(async () => {
    const options = { url: server.url, collection: `memory_${(collections += 1)}` };
    const opened: QdrantMemoryStore[] = [];
    const open = () => {
      const store = new QdrantMemoryStore(options);
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
        await server.drop(options.collection);
      },
    };
  });
});
