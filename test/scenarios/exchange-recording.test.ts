import { expect, test, vi } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { ExchangeRecorder } from "../../src/runs/remembering/index.ts";
import { RunId } from "../../src/kernel/ids.ts";
import { MemoryUnavailableError } from "../../src/memory/knowledge/index.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { models } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.auto-store");

const agent = (name: string, memory: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["front-desk"]\nsystem_prompt = "You are ${name}."\n${memory}`;
const REMEMBERING = '[memory]\nenabled = true\nstore_scope = "workspace"\nauto_store = true\n';

/** A model that answers as the agent that asks it: what `answers` has for the first name its system prompt holds. */
function answering(answers: { readonly [name: string]: (prompt: string) => string }): LanguageModel {
  const base = scripted([{ text: "" }]);
  return {
    id: base.id,
    limits: base.limits,
    stream: (request, signal) => {
      const name = Object.keys(answers).find((each) => request.system.includes(each)) ?? "";
      const text = answers[name]?.(JSON.stringify(request.messages)) ?? "?";
      return scripted([{ text }]).stream(request, signal);
    },
  };
}

const run = async (server: TestServer, body: object) =>
  contract.runs.RunDetail.parse((await server.ask("POST", "/api/v1/runs", { wait: true, ...body })).body);
const shown = async (server: TestServer, id: string) =>
  contract.runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
const listed = async (server: TestServer) =>
  contract.memory.EntityPage.parse((await server.ask("GET", "/api/v1/memory/entities")).body).items;
const settled = async (server: TestServer, id: string) =>
  vi.waitFor(
    async () => {
      const { remembered } = await shown(server, id);
      expect(["stored", "failed"]).toContain(remembered?.state);
      return remembered;
    },
    { timeout: 30_000, interval: 50 },
  );

test("what a run was asked and answered is remembered once, with its newest answer, and comes into later runs", async () => {
  let answer = "Ada Lovelace, in Oslo.\nHer password is tulip.";
  const prompts: string[] = [];
  const model = answering({
    concierge: (prompt) => (prompts.push(prompt), answer),
    silent: () => "Nothing.",
    speechless: () => "",
  });
  await using server = await startServer({
    overrides: { models: models(model) },
    files: {
      "examples/agents/concierge.toml": agent("concierge", REMEMBERING),
      "examples/agents/silent.toml": agent("silent", "[memory]\nenabled = true\n"),
      "examples/agents/speechless.toml": agent("speechless", REMEMBERING),
    },
  });
  const first = await run(server, { agent: "concierge", input: "Who leads the review?" });
  const kept = await settled(server, first.id);
  expect(kept).toMatchObject({ state: "stored", extraction: null, problem: "" });
  const again = await run(server, { agent: "concierge", input: " Who leads  the review? " });
  await settled(server, again.id);
  answer = "Bo Berg, since Monday.";
  const third = await run(server, { agent: "concierge", input: "Who leads the review?" });
  expect(await settled(server, third.id)).toMatchObject({ entity: kept?.entity });
  expect(await listed(server)).toMatchObject([
    {
      id: kept?.entity,
      name: "Asked: Who leads the review?",
      type: "interaction",
      observations: [{ text: "Answer: Bo Berg, since Monday.", provenance: { source: "run", source_id: third.id } }],
    },
  ]);
  expect(prompts.at(-1)).toContain("Ada Lovelace, in Oslo.");
  expect(prompts.at(-1)).not.toContain("tulip");
  const silent = await run(server, { agent: "silent", input: "hello" });
  expect(silent.remembered).toBeNull();
  const failed = await run(server, { agent: "speechless", input: "Anyone?" });
  expect(failed).toMatchObject({ state: "failed", remembered: null });
});

test("without store_scope what is stored stays with the agent, however far it looks", async () => {
  const prompts: string[] = [];
  const model = answering({
    concierge: () => "The safe opens with 7791.",
    porter: (prompt) => (prompts.push(prompt), "I do not know."),
  });
  await using server = await startServer({
    overrides: { models: models(model) },
    files: {
      "examples/agents/concierge.toml": agent(
        "concierge",
        '[memory]\nenabled = true\nscope = "global"\nauto_store = true\n',
      ),
      "examples/agents/porter.toml": agent("porter", "[memory]\nenabled = true\n"),
    },
  });
  const { id } = await run(server, { agent: "concierge", input: "How does the safe open?" });
  await settled(server, id);
  expect(await listed(server)).toEqual([]);
  const own = await server.ask("GET", "/api/v1/memory/entities?scopes=agent-only:concierge");
  expect(contract.memory.EntityPage.parse(own.body).items).toMatchObject([{ name: "Asked: How does the safe open?" }]);
  await run(server, { agent: "porter", input: "How does the safe open?" });
  expect(prompts.join()).not.toContain("7791");
  const later = await run(server, { agent: "concierge", input: "Which number opens the safe?" });
  expect(later.recalled).toContain("7791");
});

test("another agent takes facts and relations out of it in a run of its own, which leaves nothing itself", async () => {
  const facts = {
    entities: [
      { name: "Ada Lovelace", type: "person", facts: ["leads the review", "works in Oslo"] },
      { name: "Acme", type: "organisation", facts: [] },
    ],
    relations: [
      { from: "Ada Lovelace", type: "works_for", to: "Acme" },
      { from: "Ada Lovelace", type: "knows", to: "nonexistent" },
    ],
  };
  const model = answering({
    concierge: () => "Ada Lovelace of Acme, in Oslo.",
    distiller: (prompt) => (prompt.includes("garbled") ? "no JSON" : JSON.stringify(facts)),
    lonely: () => "Yes.",
  });
  await using server = await startServer({
    overrides: { models: models(model) },
    files: {
      "examples/agents/concierge.toml": agent("concierge", `${REMEMBERING}extract_with = "distiller"\n`),
      "examples/agents/distiller.toml": agent("distiller", REMEMBERING),
      "examples/agents/lonely.toml": agent("lonely", `${REMEMBERING}extract_with = "nonexistent"\n`),
    },
  });
  const asked = await run(server, { agent: "concierge", input: "Who leads the review?" });
  const kept = await settled(server, asked.id);
  expect(kept?.problem).toContain('"nonexistent"');
  const extraction = await shown(server, kept?.extraction ?? "");
  expect(extraction).toMatchObject({ agent: "distiller", state: "completed", remembered: null });
  const entities = await listed(server);
  expect(entities.map(({ name }) => name)).toEqual(["Acme", "Ada Lovelace", "Asked: Who leads the review?"]);
  expect(entities[1]?.observations).toMatchObject([
    { text: "leads the review", confidence: 0.8, provenance: { source: "run", source_id: asked.id } },
    { text: "works in Oslo" },
  ]);
  const graph = await server.ask("GET", `/api/v1/memory/graph?start=${entities[1]?.id}`);
  expect(graph.body).toMatchObject({ relations: [{ type: "works_for", confidence: 0.8 }] });
  const lost = await run(server, { agent: "lonely", input: "Anyone?" });
  expect(await settled(server, lost.id)).toMatchObject({
    state: "stored",
    problem: expect.stringContaining("nonexistent"),
  });
  const garbled = await run(server, { agent: "concierge", input: "garbled" });
  expect(await settled(server, garbled.id)).toMatchObject({
    state: "stored",
    problem: expect.stringContaining("no facts were extracted"),
  });
});

// remembering.exchange-recorder.K2
test("facts are extracted from the same exchange once, and again where that failed or the answer is another", async () => {
  let answer = "In the cellar.";
  let isBroken = true;
  let extractions = 0;
  const model = answering({
    concierge: () => answer,
    distiller: () => {
      extractions += 1;
      return isBroken ? "no JSON" : '{"entities":[{"name":"Wine","type":"thing","facts":["is in the cellar"]}]}';
    },
  });
  await using server = await startServer({
    overrides: { models: models(model) },
    files: {
      "examples/agents/concierge.toml": agent("concierge", `${REMEMBERING}extract_with = "distiller"\n`),
      "examples/agents/distiller.toml": agent("distiller", ""),
    },
  });
  const asked = async () =>
    settled(server, (await run(server, { agent: "concierge", input: "Where is the wine?" })).id);
  const failed = await asked();
  expect(failed?.problem).toContain("no facts were extracted");
  isBroken = false;
  const first = await asked();
  expect(first).toMatchObject({ state: "stored", problem: "", extraction: expect.any(String) });
  const before = extractions;
  for (const repeated of [await asked(), await asked()])
    expect(repeated).toMatchObject({ state: "stored", problem: "", extraction: first?.extraction });
  expect(extractions).toBe(before);
  answer = "In the attic.";
  expect((await asked())?.extraction).not.toBe(first?.extraction);
  expect(extractions).toBe(before + 1);
});

// remembering.exchange-recorder.K1
test("what a server had no time to remember, the next one does", async () => {
  using directory = tempDirectory();
  const options = {
    directory: directory.path,
    script: [{ text: "In the cellar." }],
    files: { "examples/agents/concierge.toml": agent("concierge", REMEMBERING) },
  };
  let id = "";
  {
    await using before = await startServer(options);
    // As if it had ended in this moment.
    await before.started.caxton.runs.exchanges[Symbol.asyncDispose]();
    ({ id } = await run(before, { agent: "concierge", input: "Where is the wine?" }));
    expect((await shown(before, id)).remembered).toMatchObject({ state: "pending", entity: null });
    expect(await listed(before)).toEqual([]);
  }
  await using after = await startServer(options);
  expect(await settled(after, id)).toMatchObject({ state: "stored" });
  expect(await listed(after)).toMatchObject([{ name: "Asked: Where is the wine?" }]);
});

test("an extraction that cannot begin is tried ten times, ever more rarely, and what was kept stays", async () => {
  await using server = await startServer({
    overrides: { models: models(answering({ concierge: () => "In the cellar.", distiller: () => "{}" })) },
    files: {
      "examples/agents/concierge.toml": agent("concierge", `${REMEMBERING}extract_with = "distiller"\n`),
      "examples/agents/distiller.toml": agent("distiller", ""),
    },
  });
  const {
    agents: { agents },
    memory: { memory },
    runs: { runs: begun },
    storage: { memoryOutbox: outbox },
  } = server.started.caxton;
  await server.started.caxton.runs.exchanges[Symbol.asyncDispose]();
  const { id } = await run(server, { agent: "concierge", input: "Where is the wine?" });
  const clock = new ManualClock(Date.now() + 60_000);
  const triedMs: number[] = [];
  const start = async (): Promise<never> => {
    triedMs.push(clock.nowMs());
    throw new MemoryUnavailableError("nothing begins today", "Try again.", { backend: "none" });
  };
  const runs = { hub: begun.hub, view: (of: RunId) => begun.view(of), start };
  await using recorder = new ExchangeRecorder({ agents, memory, outbox, runs, clock });
  recorder.start();
  const entry = () => outbox.get(RunId.parse(id));
  await vi.waitFor(
    async () => {
      if (clock.sleeping > 0) await clock.advance(1_000);
      expect(entry()?.state).toBe("stored");
    },
    { timeout: 60_000, interval: 1 },
  );
  expect(entry()).toMatchObject({ attempts: 9, problem: "nothing begins today", entity: expect.any(String) });
  const waits = triedMs.slice(1).map((atMs, at) => atMs - (triedMs[at] ?? 0));
  expect(waits).toHaveLength(9);
  expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  expect(await listed(server)).toMatchObject([{ name: "Asked: Where is the wine?" }]);
});
