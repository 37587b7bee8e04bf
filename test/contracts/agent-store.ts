import { expect, test } from "vitest";
import { readDefinition, type AgentCandidate, type AgentStore } from "../../src/agents/definitions/index.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("definition.names", "agent.revision", "agents.states");

/** A candidate that a store may be given; `text` makes its source differ. */
export function agentCandidate(name: string, text = "one", over: Partial<AgentCandidate> = {}): AgentCandidate {
  const source = `name = "${name}"\nversion = "1.2.3"\ncapabilities = ["greeting", "c-${name.toLowerCase()}"]\ntools = ["csv_parser"]\nmodel = "mock"\nsystem_prompt = "Say ${text}."\n`;
  const reading = readDefinition(source, `${name}.toml`);
  if (reading.type === "invalid") throw new Error(JSON.stringify(reading.problems));
  return {
    workspace: "default",
    name,
    version: "1.2.3",
    definition: reading.definition,
    source,
    format: "toml",
    sourceHash: Buffer.from(text.padEnd(32, "-")).toString("hex"),
    fileName: `${name}.toml`,
    deployedAtMs: 1_000,
    ...over,
  };
}

type Opened = AsyncDisposable & { readonly store: AgentStore };

type Within = (use: (store: AgentStore) => Promise<void>) => Promise<void>;

/** What every AgentStore does. `open` gives a fresh, empty one. */
export function agentStoreContract(open: () => Promise<Opened>): void {
  const within: Within = async (use) => {
    await using opened = await open();
    await use(opened.store);
  };
  deploymentContract(within);
  conflictContract(within);
  lifecycleContract(within);
  listContract(within);
}

function deploymentContract(within: Within): void {
  test("a deployed agent is returned unchanged", () =>
    within(async (store) => {
      const candidate = agentCandidate("writer");
      const deployment = await store.deploy([candidate]);
      expect(deployment).toEqual({
        type: "deployed",
        results: [{ type: "created", revision: { ...candidate, revision: 1 } }],
      });
      expect(await store.serving("default", "writer")).toEqual({
        ...candidate,
        revision: 1,
        paused: undefined,
        newestRevision: 1,
      });
      expect(await store.serving("other", "writer")).toBeUndefined();
      expect(await store.serving("default", "nonexistent")).toBeUndefined();
    }));

  test("another source makes the next revision, the same source none", () =>
    within(async (store) => {
      await store.deploy([agentCandidate("writer", "one")]);
      expect(await store.deploy([agentCandidate("writer", "one", { deployedAtMs: 9 })])).toMatchObject({
        results: [{ type: "unchanged", revision: { revision: 1, deployedAtMs: 1_000 } }],
      });
      expect(await store.deploy([agentCandidate("writer", "two")])).toMatchObject({
        results: [{ type: "updated", revision: { revision: 2 } }],
      });
      expect(await store.deploy([agentCandidate("writer", "one")])).toMatchObject({
        results: [{ type: "updated", revision: { revision: 3 } }],
      });
      expect(await store.revision("default", "writer", 2)).toMatchObject({
        revision: 2,
        source: agentCandidate("writer", "two").source,
      });
      expect(await store.revision("default", "writer", 4)).toBeUndefined();
      expect(await store.count()).toBe(1);
    }));
}

function conflictContract(within: Within): void {
  test("a name in other letter case conflicts, and nothing of the batch is written", () =>
    within(async (store) => {
      await store.deploy([agentCandidate("writer")]);
      expect(await store.deploy([agentCandidate("fresh"), agentCandidate("Writer", "two")])).toEqual({
        type: "conflict",
        name: "Writer",
        existing: "writer",
      });
      expect(await store.serving("default", "fresh")).toBeUndefined();
      expect(await store.serving("default", "WRITER")).toMatchObject({ name: "writer", revision: 1 });
      expect(await store.deploy([agentCandidate("one"), agentCandidate("ONE", "two")])).toMatchObject({
        type: "conflict",
      });
      expect(await store.deploy([agentCandidate("Writer", "two", { workspace: "other" })])).toMatchObject({
        type: "deployed",
      });
    }));

  test("a deleted agent is gone, its revisions stay, and its name continues their numbers", () =>
    within(async (store) => {
      await store.deploy([agentCandidate("writer")]);
      expect(await store.delete("default", "Writer")).toBe(true);
      expect(await store.delete("default", "writer")).toBe(false);
      expect(await store.serving("default", "writer")).toBeUndefined();
      expect(await store.list("default", { limit: 10 })).toEqual({ items: [], next: undefined });
      expect(await store.count()).toBe(0);
      expect(await store.revision("default", "writer", 1)).toMatchObject({ revision: 1 });
      expect(await store.deploy([agentCandidate("WRITER")])).toMatchObject({
        results: [{ type: "created", revision: { revision: 2, name: "WRITER" } }],
      });
      expect(await store.serving("default", "writer")).toMatchObject({ name: "WRITER", revision: 2 });
    }));
}

function lifecycleContract(within: Within): void {
  test("an older revision serves when it is activated, and the next deployment has the next number", () =>
    within(async (store) => {
      for (const text of ["one", "two", "three"]) await store.deploy([agentCandidate("writer", text)]);
      expect(await store.activate("default", "Writer", 1, { atMs: 0 })).toBe("changed");
      expect(await store.activate("default", "writer", 1, { atMs: 0 })).toBe("unchanged");
      expect(await store.activate("default", "writer", 4, { atMs: 0 })).toBe("not-found");
      expect(await store.activate("default", "reader", 1, { atMs: 0 })).toBe("not-found");
      expect(await store.serving("default", "writer")).toMatchObject({ revision: 1, newestRevision: 3 });
      expect((await store.list("default", { limit: 10 })).items).toMatchObject([{ revision: 1, newestRevision: 3 }]);
      expect(await store.deploy([agentCandidate("writer", "one")])).toMatchObject({ results: [{ type: "unchanged" }] });
      expect(await store.deploy([agentCandidate("writer", "four")])).toMatchObject({
        results: [{ type: "updated", revision: { revision: 4 } }],
      });
      expect(await store.serving("default", "writer")).toMatchObject({ revision: 4, newestRevision: 4 });
    }));

  test("the capabilities of an agent are those of the serving revision", () =>
    within(async (store) => {
      const definition = { ...agentCandidate("writer").definition, capabilities: ["drafting"] };
      await store.deploy([agentCandidate("writer", "one", { definition })]);
      await store.deploy([agentCandidate("writer", "two")]);
      await store.activate("default", "writer", 1, { atMs: 0 });
      expect((await store.list("default", { limit: 10, capability: "drafting" })).items).toHaveLength(1);
      expect((await store.list("default", { limit: 10, capability: "greeting" })).items).toHaveLength(0);
    }));

  test("an agent stays paused across deployments until it is resumed or deleted", () =>
    within(async (store) => {
      const paused = { reason: "costs too much", atMs: 7 };
      expect(await store.pause("default", "writer", paused)).toBe("not-found");
      await store.deploy([agentCandidate("writer")]);
      expect(await store.pause("default", "writer", undefined)).toBe("unchanged");
      expect(await store.pause("default", "Writer", paused)).toBe("changed");
      expect(await store.pause("default", "writer", { reason: "another", atMs: 8 })).toBe("unchanged");
      await store.deploy([agentCandidate("writer", "two")]);
      expect(await store.serving("default", "writer")).toMatchObject({ revision: 2, paused });
      expect((await store.list("default", { limit: 10 })).items).toMatchObject([{ paused }]);
      expect(await store.pause("default", "writer", undefined)).toBe("changed");
      expect((await store.serving("default", "writer"))?.paused).toBeUndefined();
      await store.pause("default", "writer", paused);
      await store.delete("default", "writer");
      expect(await store.activate("default", "writer", 1, { atMs: 0 })).toBe("not-found");
      await store.deploy([agentCandidate("writer")]);
      expect((await store.serving("default", "writer"))?.paused).toBeUndefined();
    }));
}

function listContract(within: Within): void {
  test("lists are sorted by name, paged, isolated by workspace and narrowed by capability", () =>
    within(async (store) => {
      const names = ["delta", "Alpha", "charlie", "bravo", "echo"];
      await store.deploy(names.map((name) => agentCandidate(name)));
      await store.deploy([agentCandidate("zulu", "one", { workspace: "other" })]);
      const first = await store.list("default", { limit: 2 });
      const second = await store.list("default", { limit: 2, cursor: first.next });
      const third = await store.list("default", { limit: 2, cursor: second.next });
      expect([first, second, third].map(({ items }) => items.map(({ name }) => name))).toEqual([
        ["Alpha", "bravo"],
        ["charlie", "delta"],
        ["echo"],
      ]);
      expect(third.next).toBeUndefined();
      expect(first.items[0]).toEqual({
        workspace: "default",
        name: "Alpha",
        revision: 1,
        version: "1.2.3",
        deployedAtMs: 1_000,
        description: "",
        capabilities: ["greeting", "c-alpha"],
        tools: ["csv_parser"],
        model: "mock",
        keys: [],
        paused: undefined,
        newestRevision: 1,
        sourceHash: expect.any(String),
      });
      const narrowed = await store.list("default", { limit: 10, capability: "c-bravo" });
      expect(narrowed.items.map(({ name }) => name)).toEqual(["bravo"]);
      const exact = await store.list("default", { limit: 5 });
      expect(exact.items).toHaveLength(5);
      expect(exact.next).toBeUndefined();
      expect(await store.count()).toBe(6);
    }));

  test("an updated agent is listed once, as its latest revision", () =>
    within(async (store) => {
      await store.deploy([agentCandidate("writer", "one")]);
      await store.deploy([agentCandidate("writer", "two", { version: "2.0.0" })]);
      const { items } = await store.list("default", { limit: 10, capability: "greeting" });
      expect(items).toMatchObject([{ name: "writer", revision: 2, version: "2.0.0" }]);
    }));

  test("revisions are listed newest first and paged", () =>
    within(async (store) => {
      for (const text of ["one", "two", "three"]) await store.deploy([agentCandidate("writer", text)]);
      const first = await store.revisions("default", "WRITER", { limit: 2 });
      expect(first.items.map(({ revision }) => revision)).toEqual([3, 2]);
      expect(first.items[0]).toEqual({
        revision: 3,
        version: "1.2.3",
        format: "toml",
        sourceHash: agentCandidate("writer", "three").sourceHash,
        fileName: "writer.toml",
        deployedAtMs: 1_000,
      });
      const second = await store.revisions("default", "writer", { limit: 2, cursor: first.next });
      expect(second.items.map(({ revision }) => revision)).toEqual([1]);
      expect(second.next).toBeUndefined();
      expect(await store.revisions("default", "nonexistent", { limit: 2 })).toEqual({ items: [], next: undefined });
    }));
}
