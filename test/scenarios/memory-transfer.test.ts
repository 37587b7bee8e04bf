import { afterAll, beforeAll, expect, test } from "vitest";
import { memory, memoryTransfer } from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.export");

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings: { "redaction.patterns": ["email"] } });
  await server.ask("POST", "/api/v1/memory/entities", {
    entities: [
      { name: "Ada", type: "person", observations: ["drives an automobile"] },
      { name: "Acme", observations: [] },
    ],
  });
  await server.ask("POST", "/api/v1/memory/relations", {
    relations: [{ from: "Ada", to: "Acme", type: "works_at" }],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const exported = async (query: string) => {
  const response = await fetch(`${server.url}/api/v1/memory/export?${query}`);
  return { type: response.headers.get("content-type"), text: await response.text() };
};
const send = (query: string, body: string, accept = "application/json") =>
  fetch(`${server.url}/api/v1/memory/import?${query}`, {
    method: "POST",
    headers: { accept, "content-type": "application/x-ndjson" },
    body,
  });

test("memory is exported over REST and imported again without changes", async () => {
  const { type, text } = await exported("format=jsonl&history=true&embeddings=true");
  expect(type).toContain("application/x-ndjson");
  expect(text.trim().split("\n")).toHaveLength(5);
  const response = await send("merge=error", text);
  const report = memoryTransfer.ImportReport.parse(await response.json());
  expect(report).toMatchObject({ entities: { unchanged: 2 }, relations: { unchanged: 1 }, problems: 0, whole: true });
  const document = await exported("");
  expect(document.type).toContain("application/json");
  expect(JSON.parse(document.text)).toMatchObject({ version: "1.0", relations: [{ from: "Ada", to: "Acme" }] });
});

test("an import is followed line by line, and goes where it is sent", async () => {
  const { text } = await exported("format=mcp");
  const response = await send("scope=agent-only:support&key=abc", text, "application/x-ndjson");
  const events = (await response.text())
    .trim()
    .split("\n")
    .map((line) => memoryTransfer.ImportEvent.parse(JSON.parse(line)));
  expect(events[0]).toMatchObject({ type: "progress", bytes: Buffer.byteLength(text) });
  expect(events.at(-1)).toMatchObject({
    type: "done",
    report: { entities: { created: 2 }, relations: { created: 1 } },
  });
  const { body } = await server.ask("GET", "/api/v1/memory/entities?scopes=agent-only:support");
  const ada = memory.EntityPage.parse(body).items.find(({ name }) => name === "Ada");
  expect(ada?.observations).toMatchObject([{ provenance: { source: "import" } }]);
});

test("what cannot be imported is answered as a problem, in lines too, while its rest is still being sent", async () => {
  const refused = await send("", "name,type\n".repeat(300_000));
  expect([refused.status, await refused.json()]).toMatchObject([400, { code: "MEMORY_IMPORT_INVALID" }]);
  const lines = await send("", '{"version":"9.0","entities":[]}', "application/x-ndjson");
  expect(JSON.parse(await lines.text())).toMatchObject({ type: "problem", problem: { code: "MEMORY_EXPORT_VERSION" } });
  const conflict = await send("merge=error", '{"name":"Ada","observations":["is new"]}');
  expect([conflict.status, await conflict.json()]).toMatchObject([409, { code: "MEMORY_MERGE_CONFLICT" }]);
  const scopes = await server.ask("GET", "/api/v1/memory/export?format=mcp&scopes=workspace,global");
  expect(scopes).toMatchObject({ status: 400, body: { code: "MEMORY_VALUE_INVALID" } });
});

test("what is redacted is hidden in what is imported, whatever way it comes in", async () => {
  const mail = "jane.doe@example.com";
  const at = "2026-01-01T00:00:00.000Z";
  const change = { version: 1, action: "create", provenance: { source: "user" }, at, details: {} };
  const lines = [
    { name: "Jane", observations: [`she writes from ${mail}`] },
    { id: "01a1ff82-709d-727a-80ad-725f29c01288", name: "safe", observations: [`it is ${mail}`], changes: [change] },
  ];
  await send("", lines.map((line) => JSON.stringify(line)).join("\n"));
  const { text } = await exported("history=true");
  expect(text).toContain("she writes from");
  expect(text).toContain('"safe"');
  expect(text).not.toContain(mail);
});
