import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const { MessageCheck, MessageReceipt, MessageRecord } = contract.messages;

const settings = { "agents.directory": "none", "messages.semantic_fallback": true };
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings });
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());

describe("where capabilities are also found by meaning", () => {
  test("receipt, record, check and the delivered message say what was taken", async () => {
    await server.ask("POST", "/api/v1/participants", { name: "analyst" });
    await server.ask("POST", "/api/v1/capabilities", { agent: "analyst", capability: "data-analysis" });
    const message = { performative: "request", capability: "analyze-data", content: "what sold best?" };
    const nearest = { capability: "data-analysis", similarity: expect.closeTo(0.92, 1) };
    const check = MessageCheck.parse((await server.ask("POST", "/api/v1/messages/validate", message)).body);
    expect(check).toMatchObject({ valid: true, recipients: ["analyst"], nearest });
    const receipt = MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);
    expect(receipt).toMatchObject({ status: "accepted", recipients: ["analyst"], nearest });
    const record = MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${receipt.id}`)).body);
    expect(record).toMatchObject({ capability: "analyze-data", nearest });
    expect(record.message["nearest_capability"]).toEqual(record.nearest);
  });

  test("a failure names what was nearest", async () => {
    const message = { performative: "request", capability: "statistics", content: "?" };
    const receipt = MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);
    expect(receipt).toMatchObject({ status: "answered", nearest: null, error: { code: "NO_CAPABILITY_PROVIDERS" } });
    expect(receipt.error?.details["similar"]).toMatchObject([{ capability: "data-analysis" }]);
  });
});
