import { expect, test } from "vitest";
import {
  AgentNotFoundError,
  Agents,
  DefinitionInvalidError,
  DefinitionTooLargeError,
  NameConflictError,
  RevisionNotFoundError,
  type AgentRevision,
  type AgentStore,
  type ServingAgent,
} from "../../src/agents/definitions/index.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { MemoryAgentStore } from "./memory-agent-store.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("agent.run-keeps-revision", "agent.all-or-nothing", "agent.rollback", "agent.pause", "deployment.direct");

const clock: Clock = { nowMs: () => 5_000, monotonicMs: () => 0, sleep: async () => {} };
const knownTools = () => ["csv_parser"];

/** Counts the reads that would reach a disk. */
class CountingStore extends MemoryAgentStore {
  reads = 0;
  override async serving(workspace: string, name: string): Promise<ServingAgent | undefined> {
    this.reads += 1;
    return super.serving(workspace, name);
  }
  override async revision(workspace: string, name: string, revision: number): Promise<AgentRevision | undefined> {
    this.reads += 1;
    return super.revision(workspace, name, revision);
  }
}

const service = (store: AgentStore = new MemoryAgentStore()) => new Agents({ store, clock, knownTools });

const file = (name: string, text = "one", more = "") => ({
  source: `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["greeting"]\nsystem_prompt = "Say ${text}, {{agent_name}}."\n${more}`,
  fileName: `${name}.toml`,
});

const RUN = { request: "Hi", agent_name: "writer", timestamp: "", files: [] };

test("a deployed definition is a revision with its source, hash and time", async () => {
  const agents = service();
  const result = await agents.deploy("default", file("writer"));
  expect(result).toMatchObject({
    type: "created",
    warnings: [],
    revision: {
      name: "writer",
      revision: 1,
      version: "1.0.0",
      format: "toml",
      fileName: "writer.toml",
      deployedAtMs: 5_000,
    },
  });
  expect(result.revision.sourceHash).toMatch(/^[0-9a-f]{64}$/);
  expect(await agents.get("default", "WRITER")).toEqual({
    ...result.revision,
    paused: undefined,
    newestRevision: 1,
  });
  expect(await agents.deploy("default", file("writer"))).toMatchObject({
    type: "unchanged",
    revision: { revision: 1 },
  });
  expect(await agents.deploy("default", file("writer", "two"))).toMatchObject({
    type: "updated",
    revision: { revision: 2 },
  });
  const { items } = await agents.revisions("default", "writer", { limit: 10 });
  expect(items.map(({ revision }) => revision)).toEqual([2, 1]);
  expect(await agents.count()).toBe(1);
});

test("warnings come with the deployment, errors refuse it", async () => {
  const agents = service();
  const { warnings } = await agents.deploy("default", file("writer", "one", '[monitoring]\nlevel = "debug"\n'));
  expect(warnings).toMatchObject([{ code: "NO_EFFECT", line: 5 }]);
  const refused = await agents
    .deploy("default", file("broken", "one", 'tools = ["csv_parsr"]\nnme = 1\n'))
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DefinitionInvalidError);
  expect(refused).toMatchObject({
    code: "DEFINITION_INVALID",
    kind: "rejected",
    message:
      'broken.toml has errors: line 5: tools.0: there is no tool or tool server "csv_parsr"; did you mean csv_parser?, and 1 more',
    hint: 'Write "csv_parser", or remove it.',
    details: { problems: [{ code: "UNKNOWN_TOOL" }, { code: "UNKNOWN_KEY" }] },
  });
  await expect(agents.get("default", "broken")).rejects.toThrow(AgentNotFoundError);
  const large = { source: "#".repeat(1024 * 1024 + 1), fileName: "large.toml" };
  await expect(agents.deploy("default", large)).rejects.toThrow(DefinitionTooLargeError);
});

test("several definitions are deployed together or not at all", async () => {
  const agents = service();
  await expect(
    agents.deployAll("default", [file("one"), { source: "name = 1", fileName: "two.toml" }]),
  ).rejects.toThrow(DefinitionInvalidError);
  await agents.deploy("default", file("writer"));
  await expect(agents.deployAll("default", [file("one"), file("Writer")])).rejects.toThrow(NameConflictError);
  expect((await agents.list("default", { limit: 10 })).items.map(({ name }) => name)).toEqual(["writer"]);
  const results = await agents.deployAll("default", [file("one"), file("writer", "two")]);
  expect(results.map(({ type }) => type)).toEqual(["created", "updated"]);
});

test("an agent that is not there is answered with names that are near", async () => {
  const agents = service();
  await agents.deploy("default", file("data-analyzer"));
  await expect(agents.get("default", "data-analyser")).rejects.toMatchObject({
    code: "AGENT_NOT_FOUND",
    hint: "Did you mean data-analyzer?",
  });
  await expect(agents.get("other", "data-analyzer")).rejects.toThrow(AgentNotFoundError);
  await expect(agents.revision("default", "data-analyzer", 2)).rejects.toThrow(RevisionNotFoundError);
  await expect(agents.revisions("default", "nonexistent", { limit: 1 })).rejects.toThrow(AgentNotFoundError);
  await expect(agents.delete("default", "nonexistent")).rejects.toThrow(AgentNotFoundError);
});

test("a prepared agent has its prompts ready, and preparing it again reads nothing", async () => {
  const store = new CountingStore();
  const agents = service(store);
  await agents.deploy("default", file("writer"));
  const first = await agents.prepareServing("default", "writer");
  expect(first).toMatchObject({ name: "writer", revision: 1, systemPrompt: "Say one, writer." });
  expect(first.prompt(RUN)).toBe("Hi");
  const { reads } = store;
  expect(await agents.prepareServing("default", "Writer")).toBe(first);
  expect(await agents.prepare("default", "writer", 1)).toBe(first);
  expect(store.reads).toBe(reads);
});

test("after a deployment new runs get the new revision, and old runs keep theirs", async () => {
  const agents = service();
  await agents.deploy("default", file("writer", "one"));
  await agents.prepareServing("default", "writer");
  await agents.deploy("default", file("writer", "two"));
  expect(await agents.prepareServing("default", "writer")).toMatchObject({
    revision: 2,
    systemPrompt: "Say two, writer.",
  });
  expect(await agents.prepare("default", "writer", 1)).toMatchObject({ systemPrompt: "Say one, writer." });
  await agents.delete("default", "writer");
  await expect(agents.prepareServing("default", "writer")).rejects.toThrow(AgentNotFoundError);
  expect(await agents.prepare("default", "writer", 2)).toMatchObject({ revision: 2 });
  expect(await agents.deploy("default", file("writer", "two"))).toMatchObject({
    type: "created",
    revision: { revision: 3 },
  });
});

// definitions.agents.A1
test("a revision that was read before a deployment is not remembered as the latest after it", async () => {
  const store = new MemoryAgentStore();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let held = true;
  const slow: AgentStore = Object.assign(Object.create(store), {
    serving: async (workspace: string, name: string) => {
      const found = await store.serving(workspace, name);
      if (held) await gate;
      return found;
    },
    deploy: store.deploy.bind(store),
  });
  const agents = service(slow);
  await agents.deploy("default", file("writer", "one"));
  const preparing = agents.prepareServing("default", "writer");
  await agents.deploy("default", file("writer", "two"));
  held = false;
  open();
  expect(await preparing).toMatchObject({ revision: 1 });
  expect(await agents.prepareServing("default", "writer")).toMatchObject({ revision: 2 });
});

// definitions.agents.A2
test("only the most recently used agents are cached", async () => {
  const store = new CountingStore();
  const agents = service(store);
  const names = Array.from({ length: 300 }, (_, index) => `agent-${index}`);
  await agents.deployAll(
    "default",
    names.map((name) => file(name)),
  );
  for (const name of names) await agents.prepareServing("default", name);
  const { reads } = store;
  await agents.prepareServing("default", "agent-299");
  await agents.prepareServing("default", "agent-44");
  expect(store.reads).toBe(reads);
  await agents.prepareServing("default", "agent-43");
  expect(store.reads).toBe(reads + 1);
});

test("a rollback serves the revision before, one further each time, until there is none", async () => {
  const agents = service();
  for (const text of ["one", "two", "three"]) await agents.deploy("default", file("writer", text));
  expect(await agents.prepareServing("default", "writer")).toMatchObject({ revision: 3 });
  const rollback = async () => agents.activate("default", "writer", await agents.previous("default", "writer"));
  expect(await rollback()).toMatchObject({ revision: 2, newestRevision: 3 });
  expect(await agents.prepareServing("default", "writer")).toMatchObject({ revision: 2 });
  expect(await rollback()).toMatchObject({ revision: 1 });
  await expect(rollback()).rejects.toThrow(/serves revision 1 and has no earlier one/);
  expect(await agents.activate("default", "writer", 3)).toMatchObject({ revision: 3 });
  await expect(agents.activate("default", "writer", 9)).rejects.toThrow(RevisionNotFoundError);
});

test("a paused agent refuses new runs, prepared before or not", async () => {
  const agents = service();
  await agents.deploy("default", file("writer"));
  await agents.prepareServing("default", "writer");
  await agents.refusePaused("default", "writer");
  expect(await agents.pause("default", "writer", "maintenance")).toMatchObject({
    paused: { reason: "maintenance", atMs: 5_000 },
  });
  await expect(agents.refusePaused("default", "writer")).rejects.toThrow('agent "writer" is paused: maintenance');
  await agents.prepareServing("default", "writer");
  await expect(agents.refusePaused("default", "writer")).rejects.toMatchObject({ code: "AGENT_PAUSED" });
  await agents.resume("default", "writer");
  await agents.refusePaused("default", "writer");
  await expect(agents.pause("default", "reader", "")).rejects.toThrow(AgentNotFoundError);
});
