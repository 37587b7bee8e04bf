import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import type { LanguageModel, ModelRequest } from "../../src/models/port/language-model.ts";
import { models } from "../helpers/engine.ts";
import { startServer, type TestServerOptions } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.redaction");

const KEY = "k3y-of-the-crm-service";
const EMAIL = "jane.doe@example.org";
const CLERK = `name = "clerk"
version = "1.0.0"
capabilities = ["reading"]
tools = ["file_system"]
system_prompt = "Read for office@example.org."
`;
const SCRIPT = [
  { toolCalls: [{ name: "file_system__read_file", arguments: { path: "examples/data/notes.txt" } }] },
  {
    reasoning: `I have to name ${KEY} and ${EMAIL}.`,
    text: `The key is ${KEY}, and the address is ${EMAIL}.`,
    chunkChars: 3,
  },
];

/** A model that keeps what it was asked. */
function heard(): { readonly model: LanguageModel; readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  const model = scripted(SCRIPT);
  return {
    requests,
    model: {
      id: model.id,
      limits: model.limits,
      stream: (request, signal) => (requests.push(request), model.stream(request, signal)),
    },
  };
}

async function ran(options: TestServerOptions) {
  const { model, requests } = heard();
  await using server = await startServer({
    environment: { CAXTON_SECRET_CRM: KEY },
    files: {
      "examples/data/notes.txt": `write to ${EMAIL}, with the key ${KEY}.`,
      "examples/agents/clerk.toml": CLERK,
    },
    overrides: { models: models(model) },
    ...options,
  });
  const { body } = await server.ask("POST", "/api/v1/runs", {
    agent: "clerk",
    input: `I am ${EMAIL}; read notes.txt`,
    wait: true,
  });
  const { id } = z.object({ id: z.string() }).parse(body);
  const events = await (await fetch(`${server.url}/api/v1/runs/${id}/events`)).text();
  const { body: run } = await server.ask("GET", `/api/v1/runs/${id}`);
  const { body: list } = await server.ask("GET", "/api/v1/runs");
  // The prompts are rendered again from a definition in which nothing is hidden.
  const { body: replayed } = await server.ask("POST", `/api/v1/runs/${id}/replay`);
  expect(replayed).toMatchObject({ same: true, divergences: [] });
  const data = join(server.directory, ".caxton");
  const stored = readdirSync(data)
    .filter((name) => name.includes(".db"))
    .map((name) => readFileSync(join(data, name), "latin1"));
  expect(stored.length).toBeGreaterThan(0);
  return {
    run: z.record(z.string(), z.unknown()).parse(run),
    sinks: { requests, run, list, events, stored },
    requests,
  };
}

test("patterns and secrets are hidden from models, the journal, the API and who watches, and the run says how many", async () => {
  const { run, sinks } = await ran({ settings: { "redaction.patterns": ["email"] } });
  for (const [sink, content] of Object.entries(sinks)) {
    expect(JSON.stringify(content), sink).not.toContain(EMAIL);
    expect(JSON.stringify(content), sink).not.toContain(KEY);
  }
  expect(run).toMatchObject({
    state: "completed",
    input: "I am [redacted:email]; read notes.txt",
    output: "The key is [redacted:CRM], and the address is [redacted:email].",
    step_list: [{ reasoning: "" }, {}, { reasoning: "I have to name [redacted:CRM] and [redacted:email]." }],
  });
  expect(JSON.stringify(sinks.requests.at(-1))).toContain("write to [redacted:email], with the key [redacted:CRM].");
  expect(run["notice_list"]).toEqual([
    { code: "redacted", message: "5 texts are hidden in this run: email (3), CRM (2)." },
  ]);
});

test("without patterns only secrets are hidden", async () => {
  const { run, sinks } = await ran({});
  expect(JSON.stringify(sinks)).not.toContain(KEY);
  expect(run["output"]).toBe(`The key is [redacted:CRM], and the address is ${EMAIL}.`);
});

test("patterns that are hidden in prompts alone stay in the journal", async () => {
  const { run, requests } = await ran({
    settings: { "redaction.patterns": ["email"], "redaction.where": ["prompts"] },
  });
  expect(JSON.stringify(requests)).not.toContain(EMAIL);
  expect(JSON.stringify(run)).toContain(EMAIL);
});

test("an invalid pattern is refused with its position", async () => {
  await expect(
    ran({ settings: { "redaction.patterns": [{ name: "ticket", pattern: "T-(\\d+" }] } }),
  ).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

// knowledge.changes.M6
test("patterns and secrets are hidden from memory, whatever the writer, and names are found as they were given", async () => {
  await using server = await startServer({
    environment: { CAXTON_SECRET_CRM: KEY },
    settings: { "redaction.patterns": ["email"] },
  });
  const given = { name: `Jane ${EMAIL}`, metadata: { mail: EMAIL }, observations: [`her key is ${KEY}`] };
  await server.ask("POST", "/api/v1/memory/entities", { entities: [given, { name: "Bo" }] });
  const about = { about: given.name, facts: [`writes from ${EMAIL}`, `her key is ${KEY}`] };
  const { body: remembered } = await server.ask("POST", "/api/v1/tools/memory/remember/call", { arguments: about });
  expect(JSON.stringify(remembered)).toContain('"remembered":1');
  const relations = [{ from: given.name, to: "Bo", type: "knows", metadata: { by: EMAIL } }];
  expect(await server.ask("POST", "/api/v1/memory/relations", { relations })).toMatchObject({ status: 200 });
  const { body: list } = await server.ask("GET", "/api/v1/memory/entities");
  const bo = contract.memory.EntityPage.parse(list).items.find(({ name }) => name === "Bo");
  const { body: links } = await server.ask("GET", `/api/v1/memory/graph?start=${bo?.id}`);
  expect(JSON.stringify(links)).toContain('"by":"[redacted:email]"');
  expect(JSON.stringify(list)).toContain("Jane [redacted:email]");
  const data = join(server.directory, ".caxton");
  const stored = readdirSync(data)
    .filter((name) => name.startsWith("memory.db"))
    .map((name) => readFileSync(join(data, name), "latin1"));
  expect(stored.length).toBeGreaterThan(0);
  for (const text of [list, links, stored].map((sink) => JSON.stringify(sink))) {
    expect(text).not.toContain(EMAIL);
    expect(text).not.toContain(KEY);
  }
});
