import { afterEach, expect, test, vi } from "vitest";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { logLevelOf } from "../../../../src/kernel/errors.ts";
import { log } from "../../../../src/kernel/log.ts";
import { type EntityInput, Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { ManualClock } from "../../../helpers/manual-clock.ts";
import { tempDirectory } from "../../../helpers/temp.ts";

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
const GLOBAL = scopeKey({ type: "global" });
const BY = { source: "user", sourceId: undefined, agent: undefined } as const;

const named = (...names: string[]): EntityInput[] => names.map((name) => ({ name }));

function bounded(entitiesMax: number) {
  const place = tempDirectory();
  const clock = new ManualClock();
  const store = new SqliteMemoryStore({ directory: place.path, synchronous: "normal" });
  const memory = new Memory({ store, embedder: undefined, clock, defaults: SEARCH_DEFAULTS, entitiesMax });
  const dispose = async () => {
    await memory[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  };
  return { memory, store, clock, [Symbol.asyncDispose]: dispose };
}

afterEach(() => vi.restoreAllMocks());

test("at the bound nothing new is remembered, and what is known still grows", async () => {
  await using opened = bounded(5);
  const { memory } = opened;
  await memory.changes.remember(SCOPE, named("a", "b", "a"), BY);
  await memory.changes.remember(GLOBAL, named("c"), BY);
  // Three would be too many: then none of them is there.
  await expect(memory.changes.remember(SCOPE, named("d", "e", "f"), BY)).rejects.toMatchObject({
    code: "MEMORY_FULL",
    details: { used: 3, max: 5 },
    hint: expect.stringContaining("memory.max_entities"),
  });
  await expect(memory.get(SCOPE, "d")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
  await memory.changes.remember(SCOPE, named("d", "e"), BY);
  await expect(memory.changes.remember(SCOPE, named("f"), BY)).rejects.toMatchObject({ code: "MEMORY_FULL" });
  const [more] = await memory.changes.remember(SCOPE, [{ name: "a", observations: [{ text: "grows" }] }], BY);
  expect(more?.outcome).toBe("changed");
  expect(await memory.capacity.limits()).toEqual([{ what: "entities", used: 5, max: 5, near: true }]);
  await memory.forget({ type: "scope", scope: GLOBAL }, BY);
  await memory.changes.remember(SCOPE, named("f"), BY);
});

test("one name is one entity, however often it is there in what is remembered at once", async () => {
  await using opened = bounded(5);
  const said = Array.from({ length: 30 }, (_, at) => ({ name: "a", observations: [{ text: `fact ${at}` }] }));
  const remembered = await opened.memory.changes.remember(SCOPE, said, BY);
  expect(remembered.map(({ outcome }) => outcome)).toEqual(["created", ...Array.from({ length: 29 }, () => "changed")]);
  expect((await opened.memory.get(SCOPE, "a")).observations).toHaveLength(30);
});

test("it is said once that 80 % are used, and again after there was room", async () => {
  const warned = vi.spyOn(log, "warn").mockImplementation(() => undefined);
  await using opened = bounded(5);
  const { memory } = opened;
  await memory.changes.remember(SCOPE, named("a", "b", "c"), BY);
  expect(await memory.capacity.limits()).toMatchObject([{ used: 3, near: false }]);
  expect(warned).not.toHaveBeenCalled();
  await memory.changes.remember(SCOPE, named("d"), BY);
  await memory.changes.remember(SCOPE, named("e"), BY);
  expect(warned).toHaveBeenCalledExactlyOnceWith({ entities: 4, max: 5 }, expect.stringContaining("nearly full"));
  const there = await memory.list({ scopes: [SCOPE] }, { limit: 2, cursor: undefined });
  await memory.forget({ type: "entities", ids: there.entries.map(({ id }) => id) }, BY);
  await memory.changes.remember(SCOPE, named("f"), BY);
  expect(warned).toHaveBeenCalledTimes(2);
});

test("refusals of new ones are logged periodically, not each time", async () => {
  const warned = vi.spyOn(log, "warn").mockImplementation(() => undefined);
  await using opened = bounded(1);
  const { memory, clock } = opened;
  await memory.changes.remember(SCOPE, named("a"), BY);
  warned.mockClear();
  const remember = (name: string) => memory.changes.remember(SCOPE, named(name), BY);
  const error: unknown = await remember("b").catch((thrown: unknown) => thrown);
  const refused = { code: "MEMORY_FULL" };
  expect(error).toMatchObject(refused);
  expect(logLevelOf(error), "the caller receives it instead").toBe("debug");
  await expect(remember("c")).rejects.toMatchObject(refused);
  expect(warned).toHaveBeenCalledExactlyOnceWith({ entities: 1, max: 1 }, expect.stringContaining("refused"));
  await clock.advance(3_600_000);
  await expect(remember("d")).rejects.toMatchObject(refused);
  expect(warned).toHaveBeenCalledTimes(2);
});

test("capacity that others freed or used is noticed before a refusal, and in time", async () => {
  await using opened = bounded(2);
  const { memory, store, clock } = opened;
  await memory.changes.remember(SCOPE, named("a", "b"), BY);
  // As another server at the same place would.
  await store.forget({ type: "scope", scope: SCOPE }, { provenance: BY, atMs: 0 });
  await clock.advance(10_000);
  await memory.changes.remember(SCOPE, named("c"), BY);
  expect(await memory.capacity.limits()).toMatchObject([{ used: 1 }]);
});

test("without a bound nothing is counted", async () => {
  await using opened = bounded(0);
  const { memory, store } = opened;
  const counts = vi.spyOn(store, "stats");
  await memory.changes.remember(SCOPE, named("a", "b"), BY);
  expect(await memory.capacity.limits()).toEqual([]);
  expect(counts).not.toHaveBeenCalled();
});
