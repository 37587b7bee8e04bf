import { describe } from "vitest";
import { agentStoreContract } from "./agent-store.ts";
import { MemoryAgentStore } from "./memory-agent-store.ts";

describe("the agent store of the tests", () => {
  agentStoreContract(async () => ({ store: new MemoryAgentStore(), [Symbol.asyncDispose]: async () => {} }));
});
