import { describe } from "vitest";
import { MemoryToolServerStore } from "./memory-tool-server-store.ts";
import { toolServerStoreContract } from "./tool-server-store.ts";

describe("the tool server store of the tests", () => {
  toolServerStoreContract(async () => ({ store: new MemoryToolServerStore(), [Symbol.asyncDispose]: async () => {} }));
});
