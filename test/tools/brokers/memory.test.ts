import { expect, test } from "vitest";
import * as z from "zod";
import { SqliteMemoryStore } from "../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { JsonObject } from "../../../src/kernel/json.ts";
import type { RunCaller, RunRefusal } from "../../../src/kernel/rights/run-caller.ts";
import {
  Memory,
  type Provenance,
  SEARCH_DEFAULTS,
  type SearchInput,
  type SearchResult,
} from "../../../src/memory/knowledge/index.ts";
import { ToolRecall } from "../../../src/tools/brokers/memory/tool-recall.ts";
import type { MemoryGrant } from "../../../src/tools/catalogue/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { type AskOptions, AskRoom } from "./asking.ts";
import { callerWith } from "./web.ts";

const grant = (scopes: MemoryGrant["scopes"], some: Partial<MemoryGrant> = {}): MemoryGrant => ({
  scopes,
  hitsMax: 10,
  perMinute: 60,
  ...some,
});
const BY: Provenance = { source: "user", sourceId: undefined, agent: undefined };
const SCOPES = [
  "workspace:default",
  "workspace:other",
  "agent-only:default/tester",
  "agent-only:default/boss",
  "conversation:default/talk",
  "conversation:default/elsewhere",
  "global",
] as const;

/** Memory in which each scope knows of a harbour of its own. */
async function harbours(directory: string) {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  for (const scope of SCOPES) {
    const observations = [{ text: `the harbour of ${scope} is deep` }];
    await memory.changes.remember(scope, [{ name: `harbour in ${scope}`, type: "place", observations }], BY);
  }
  return memory;
}

/** Searches that are answered by a function. */
const searching = (search: (input: SearchInput, signal?: AbortSignal) => Promise<SearchResult>) => ({ search });
const NOTHING: SearchResult = { hits: [], next: undefined, notices: [], tokens: 0 };

const roomOver = (memory: Pick<Memory, "search">, environment: { readonly [name: string]: string } = {}) =>
  new AskRoom(environment, undefined, memory);
const Hits = z.object({ hits: z.array(z.object({ name: z.string() })) });
const names = (head: JsonObject): readonly string[] =>
  Hits.parse(head)
    .hits.map(({ name }) => name)
    .toSorted();
const ask = (room: AskRoom, head: JsonObject, options: AskOptions = {}) => room.ask("memory.search", head, "", options);

// memory.tool-recall.T2
test("a tool searches what is granted, of the workspace, agent and conversation of its call and of no other", async () => {
  using directory = tempDirectory();
  await using memory = await harbours(directory.path);
  await using room = roomOver(memory);
  await room.deploy({ memory: [grant(["workspace", "agent-only", "conversation", "global"])] });
  const all = await ask(room, { query: "how deep is the harbour?" }, { conversation: "talk" });
  expect(names(all.head)).toEqual([
    "harbour in agent-only:default/tester",
    "harbour in conversation:default/talk",
    "harbour in global",
    "harbour in workspace:default",
  ]);
  expect(all.head).toMatchObject({ cut: false, notices: ["no-embedder"] });
  const own = await ask(room, { query: "harbour", scopes: ["agent-only"] });
  expect(own.head["hits"]).toMatchObject([
    {
      name: "harbour in agent-only:default/tester",
      type: "place",
      scope: "agent-only",
      observations: ["the harbour of agent-only:default/tester is deep"],
      score: expect.any(Number),
    },
  ]);
  expect(await ask(room, { query: "harbour", scopes: ["conversation"] })).toMatchObject({
    isGranted: false,
    head: { code: "not-found", message: expect.stringContaining("no memory of a conversation") },
  });
  expect(
    (await room.uses()).map(({ kind, operation, target, outcome, reason }) => [
      kind,
      operation,
      target,
      outcome,
      reason,
    ]),
  ).toEqual([
    ["memory", "search", "conversation", "failed", "not-found"],
    ["memory", "search", "agent-only", "allowed", ""],
    ["memory", "search", "workspace, agent-only, conversation, global", "allowed", ""],
  ]);
});

test("what is not granted is refused, says what would grant it, and is recorded as denied", async () => {
  const asked: SearchInput[] = [];
  const memory = searching((input) => {
    asked.push(input);
    return Promise.resolve(NOTHING);
  });
  await using room = roomOver(memory);
  await room.deploy({ memory: [grant(["agent-only"]), grant(["global"])] });
  const denied = await ask(room, { query: "secrets", scopes: ["workspace"] });
  expect(denied.head).toEqual({
    code: "denied",
    message:
      '`probe` may not search the memory of workspace; add to caxton.toml:\n[[tool_servers.probe.grants.memory]]\nscopes = ["workspace"]\nhits_max = 10\nper_minute = 60',
  });
  // Of several scopes one grant must allow each; an operator's permission for one call does not cover memory.
  expect((await ask(room, { query: "x", scopes: ["agent-only", "global"] })).head["code"]).toBe("denied");
  const permitted = { session: "s", isPermissive: true };
  expect((await room.ask("memory.search", { query: "x", scopes: ["workspace"] }, "", permitted)).isGranted).toBe(false);
  // A subject is refused, since no subject can be named.
  for (const wrong of [{ agent: "boss" }, { workspace: "other" }, { scopes: ["agent-only:default/boss"] }]) {
    expect((await ask(room, { query: "x", ...wrong })).head["code"]).toBe("invalid");
  }
  expect(asked).toEqual([]);
  expect((await room.uses("denied")).map(({ target }) => target)).toEqual([
    "workspace",
    "agent-only, global",
    "workspace",
  ]);
});

// memory.tool-recall.T1
test("nothing is granted by default, and a grant's hits and rate are not passed", async () => {
  const limits: unknown[] = [];
  const memory = searching(({ limit }) => {
    limits.push(limit);
    return Promise.resolve(NOTHING);
  });
  await using bare = roomOver(memory);
  await bare.deploy();
  expect((await ask(bare, { query: "x" })).head["code"]).toBe("denied");
  // The record has what a grant would need.
  expect((await bare.uses()).map(({ target }) => target)).toEqual(["workspace"]);
  await using room = roomOver(memory);
  await room.deploy({ memory: [grant(["workspace"], { hitsMax: 3, perMinute: 3 })] });
  const answers: unknown[] = [];
  for (const limit of [undefined, 2, 50, 1]) {
    const { head } = await ask(room, { query: "x", ...(limit !== undefined && { limit }) });
    answers.push(head["code"]);
  }
  expect([answers, limits]).toEqual([
    [undefined, undefined, undefined, "too-many"],
    [3, 2, 3],
  ]);
});

// memory.tool-recall.T3
test("a memory that fails is an answer to the tool, which continues", async () => {
  const memory = searching(({ text }) =>
    text === "fail" ? Promise.reject(new Error("the disk is gone")) : Promise.resolve(NOTHING),
  );
  await using room = roomOver(memory);
  await room.deploy({ memory: [grant(["workspace"])] });
  const session = "one";
  expect(await ask(room, { query: "fail" }, { session })).toMatchObject({
    isGranted: false,
    head: { code: "unavailable", message: expect.not.stringContaining("disk") },
  });
  expect(await ask(room, { query: "fine" }, { session })).toMatchObject({
    isGranted: true,
    head: { hits: [], cut: false },
  });
  expect((await room.uses()).map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ["allowed", ""],
    ["failed", "unavailable"],
  ]);
});

test("an answer is bounded, and says when something was left out; a secret's value is in no question", async () => {
  using directory = tempDirectory();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  const observations = Array.from({ length: 8 }, (_each, index) => ({
    text: `harbour ${index} ${"x".repeat(60_000)}`,
  }));
  await memory.changes.remember("workspace:default", [{ name: "harbour", type: "place", observations }], BY);
  const questions: string[] = [];
  const heard = searching((input, signal) => {
    questions.push(input.text);
    return memory.search(input, signal);
  });
  await using room = roomOver(heard, { CAXTON_SECRET_TOKEN: "the-secret-of-this-test" });
  const secrets = [{ name: "TOKEN", as: "value" as const, for: [] }];
  await room.deploy({ secrets, memory: [grant(["workspace"])] });
  const { head } = await ask(room, { query: "harbour the-secret-of-this-test" });
  expect(head["cut"]).toBe(true);
  expect(JSON.stringify(head).length).toBeLessThan(300_000);
  expect(JSON.stringify(head)).toContain("harbour 7");
  expect(questions).toEqual(["harbour [redacted:TOKEN]"]);
});

// memory.tool-recall.T4
test("nothing is searched on behalf of a caller that may not read memory", async () => {
  const refusals: RunRefusal[] = [];
  const asked: SearchInput[] = [];
  const recall = new ToolRecall({
    memory: searching(async (input) => (asked.push(input), NOTHING)),
    clock: systemClock,
    audit: () => {},
    onRefused: (refusal) => refusals.push(refusal),
    redact: (_server, query) => query,
  });
  const caller = callerWith({ memory: [grant(["workspace"])] });
  const as = (lacks: RunCaller["lacks"]) => {
    const onBehalfOf = { id: "key_1", kind: "key", name: "ci", role: "starter", lacks };
    return { ...caller, context: { ...caller.context, onBehalfOf } };
  };
  const search = { query: "harbour", scopes: undefined, limit: undefined };
  const { signal } = new AbortController();
  expect(await recall.search(as(["memory:read"]), search, signal)).toMatchObject({ type: "refused", code: "denied" });
  expect(refusals).toMatchObject([{ caller: { id: "key_1" }, right: "memory:read" }]);
  expect(asked).toEqual([]);
  expect(await recall.search(as(["memory:write"]), search, signal)).toMatchObject({ type: "found" });
});
