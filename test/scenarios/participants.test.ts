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

test("who watches conversations and tasks is told which changed, and who does not ask is not", async () => {
  const stop = new AbortController();
  const lines = async (types: string) => {
    const response = await fetch(`${server.url}/api/v1/events${types}`, { signal: stop.signal });
    return new Lines(response);
  };
  const [told, usual] = await Promise.all([lines("?types=conversation,task"), lines("")]);
  await Promise.all([told.until("ready"), usual.until("ready")]);
  await server.ask("POST", "/api/v1/participants", { name: "listener" });
  const message = { performative: "inform", receiver: "listener", content: "!" };
  const heard = MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);
  expect(await told.until(heard.conversation_id)).toContain('"type":"conversation"');
  const made = await server.ask("POST", "/api/v1/tasks", { name: "count", participants: ["listener"] });
  const { id } = contract.tasks.Task.parse(made.body);
  expect(await told.until(id)).toContain('"type":"task"');
  expect(usual.text).not.toMatch(/"type":"(?:conversation|task)"/);
  stop.abort();
});

/** What a stream of events says, as text. */
class Lines {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor({ body }: Response) {
    this.#reader = (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  }

  async until(word: string): Promise<string> {
    while (!this.text.includes(word)) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`it ended without ${word}: ${this.text}`);
      this.text += value;
    }
    return this.text;
  }
}
