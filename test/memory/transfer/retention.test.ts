import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ArchiveFiles } from "../../../src/memory/transfer/files/archive-files.ts";
import { SqliteMemoryStore } from "../../../src/memory/stores/sqlite/index.ts";
import { type EntityInput, Memory, SEARCH_DEFAULTS } from "../../../src/memory/knowledge/index.ts";
import { MemoryRetention, type RetentionPolicy } from "../../../src/memory/transfer/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { BY, GLOBAL, imported, openMemory, remember, SCOPE } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.retention");

const DAY_MS = 86_400_000;
const PAGE = { limit: 10, cursor: undefined };
const PATIENT = { timeout: 30_000 };
const NOTHING: RetentionPolicy = {
  ageMaxMs: undefined,
  confidenceMin: undefined,
  strengthMin: undefined,
  relationStrengthMin: undefined,
  perScopeMax: undefined,
  scopes: undefined,
  types: undefined,
  metadata: undefined,
  action: "delete",
  everyMs: DAY_MS,
};

function retained(policy: Partial<RetentionPolicy>) {
  const place = tempDirectory();
  const clock = new ManualClock(Date.parse("2026-01-01T00:00:00Z"));
  const store = new SqliteMemoryStore({ directory: place.path, synchronous: "normal" });
  const memory = new Memory({ store, embedder: undefined, clock, defaults: SEARCH_DEFAULTS });
  const archive = new ArchiveFiles(join(place.path, "archive"));
  const retention = new MemoryRetention({ memory, clock, archive }, { ...NOTHING, ...policy });
  const names = async () => {
    const page = await memory.list({ scopes: [SCOPE, GLOBAL] }, { limit: 200, cursor: undefined });
    return page.entries.map(({ name }) => name);
  };
  const dispose = async () => {
    await retention[Symbol.asyncDispose]();
    await memory[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  };
  return { memory, clock, retention, names, directory: place.path, [Symbol.asyncDispose]: dispose };
}

const named = (...names: string[]): EntityInput[] => names.map((name) => ({ name }));
const passing = (...some: string[]) => some.map((name) => ({ name, metadata: { kept: false } }));
const weak = (from: string, to: string) => [{ from, to, type: "near", strength: 0.4 }];

test("what is too old, too uncertain or too much in its scope goes, and a trial says the same", async () => {
  await using opened = retained({ ageMaxMs: 10 * DAY_MS, confidenceMin: 0.5, perScopeMax: 2 });
  const { memory, clock, retention, names } = opened;
  await remember(memory, named("ancient", "renewed"));
  await remember(memory, named("elsewhere"), GLOBAL);
  await clock.advance(9 * DAY_MS);
  await remember(memory, [{ name: "doubtful", confidence: 0.4 }, { name: "first" }]);
  await clock.advance(DAY_MS);
  await remember(memory, named("second"));
  await clock.advance(DAY_MS);
  await remember(memory, [{ name: "renewed", observations: [{ text: "is needed" }] }]);
  const gone = [
    { scope: GLOBAL, reason: "age", entities: 1, relations: 0, names: ["elsewhere"] },
    { scope: SCOPE, reason: "age", entities: 1, relations: 0, names: ["ancient"] },
    { scope: SCOPE, reason: "confidence", entities: 1, relations: 0, names: ["doubtful"] },
    { scope: SCOPE, reason: "count", entities: 1, relations: 0, names: ["first"] },
  ];
  const trial = await retention.prune(true);
  expect(trial.gone.toSorted((one, other) => one.scope.localeCompare(other.scope))).toEqual(gone);
  expect(await names()).toHaveLength(6);
  const report = await retention.prune(false);
  expect(report).toEqual({ ...trial, isTrial: false });
  expect(report).toMatchObject({ archive: undefined, hasMore: false });
  expect(await names()).toEqual(["renewed", "second"]);
  const { entries } = await memory.log({ scopes: [SCOPE] }, { limit: 3, cursor: undefined });
  expect(entries).toMatchObject(
    Array.from({ length: 3 }, () => ({ action: "forget", provenance: { source: "tool", sourceId: "retention" } })),
  );
  expect((await retention.prune(false)).gone).toEqual([]);
});

test("a policy of some types leaves the others, and does not count them", async () => {
  await using opened = retained({ perScopeMax: 1, types: ["note"] });
  const { memory, clock, retention, names } = opened;
  await remember(memory, named("a", "b", "c"));
  await remember(memory, [{ name: "old note", type: "note" }]);
  await clock.advance(1);
  await remember(memory, [{ name: "new note", type: "note" }]);
  await retention.prune(false);
  expect(await names()).toEqual(["a", "b", "c", "new note"]);
});

test("a policy of some kinds of scopes and of metadata leaves the others, and does not count them", async () => {
  await using opened = retained({ perScopeMax: 1, scopes: ["workspace"], metadata: { kept: false } });
  const { memory, clock, retention, names } = opened;
  await remember(memory, [...named("a", "b"), ...passing("older")]);
  await remember(memory, passing("far", "farther"), GLOBAL);
  await clock.advance(1);
  await remember(memory, passing("newer"));
  await retention.prune(false);
  expect(await names()).toEqual(["a", "b", "far", "farther", "newer"]);
});

test("weak relations go with their scopes alone, whatever the types are; those of entities that go are counted once", async () => {
  await using opened = retained({ relationStrengthMin: 0.5, scopes: ["workspace"], ageMaxMs: DAY_MS, types: ["note"] });
  const { memory, clock, retention } = opened;
  await remember(memory, [...named("a", "b"), { name: "old", type: "note" }]);
  await remember(memory, named("a", "b"), GLOBAL);
  await memory.changes.relate(SCOPE, [...weak("a", "b"), ...weak("old", "a"), { from: "a", to: "b", type: "by" }], BY);
  await memory.changes.relate(GLOBAL, weak("a", "b"), BY);
  await clock.advance(2 * DAY_MS);
  const gone = [
    { scope: SCOPE, reason: "relation-strength", entities: 0, relations: 2, names: ["a near b", "old near a"] },
    { scope: SCOPE, reason: "age", entities: 1, relations: 0, names: ["old"] },
  ];
  expect((await retention.prune(true)).gone).toEqual(gone);
  expect((await retention.prune(false)).gone).toEqual(gone);
  const left = await memory.store.relations({ scopes: [SCOPE, GLOBAL], entities: undefined }, PAGE);
  expect(left.entries.map(({ type, scope }) => `${type} ${scope}`).toSorted()).toEqual([
    `by ${SCOPE}`,
    `near ${GLOBAL}`,
  ]);
});

test("weak relations are restored from their archive between the entities that stayed", async () => {
  await using opened = retained({ relationStrengthMin: 0.5, action: "archive" });
  const { memory, retention } = opened;
  await remember(memory, named("a", "b"));
  const said = { from: "a", to: "b", type: "near", strength: 0.4, metadata: { since: "May" } };
  await memory.changes.relate(SCOPE, [said], BY);
  const { archive = "" } = await retention.prune(false);
  expect((await memory.store.relations({ scopes: [SCOPE], entities: undefined }, PAGE)).entries).toEqual([]);
  const text = readFileSync(archive, "utf8");
  expect(await imported(memory, text)).toMatchObject({ isWhole: true, problems: 0 });
  const { entries } = await memory.store.relations({ scopes: [SCOPE], entities: undefined }, PAGE);
  expect(entries).toMatchObject([{ type: "near", strength: 0.4, metadata: { since: "May" }, provenance: BY }]);
});

// transfer.retention.R2
test("an import restores archived entities with their relations", async () => {
  await using opened = retained({ ageMaxMs: DAY_MS, action: "archive" });
  const { memory, clock, retention, names, directory } = opened;
  await remember(memory, [
    { name: "Ada", type: "person", observations: [{ text: "likes tea" }] },
    { name: "Acme", type: "company" },
  ]);
  await memory.changes.relate(SCOPE, [{ from: "Ada", to: "Acme", type: "works_at" }], {
    source: "user",
    sourceId: undefined,
    agent: undefined,
  });
  await clock.advance(2 * DAY_MS);
  const { archive = "" } = await retention.prune(false);
  expect(await names()).toEqual([]);
  expect(readdirSync(join(directory, "archive"))).toEqual(["memory-20260103T000000000Z.jsonl"]);
  await using other = await openMemory();
  const text = readFileSync(archive, "utf8");
  expect(text.trim().split("\n").at(-1)).toBe('{"type":"end","entities":2,"relations":1}');
  expect(await imported(other.memory, text)).toMatchObject({ isWhole: true, problems: 0 });
  const ada = await other.memory.get(SCOPE, "Ada");
  expect(ada).toMatchObject({ type: "person", observations: [{ text: "likes tea" }] });
  const { relations } = await other.memory.graph({
    scopes: [SCOPE],
    start: [ada.id],
    depth: 1,
    direction: "both",
    order: "breadth",
    strengthMin: 0,
    visitsMax: 10,
  });
  expect(relations).toMatchObject([{ type: "works_at" }]);
});

test("passes run automatically, a minute after the start and then at each interval", async () => {
  await using opened = retained({ ageMaxMs: DAY_MS, everyMs: DAY_MS });
  const { memory, clock, retention, names } = opened;
  const passes = async (ms: number) => {
    await clock.advance(ms);
    // Until the loop sleeps again the pass is running; its pause is skipped.
    await expect.poll(() => clock.advance(200).then(() => clock.sleeping), PATIENT).toBe(1);
  };
  await remember(memory, named("a"));
  await clock.advance(2 * DAY_MS);
  await remember(memory, named("b"));
  retention.start();
  expect(await names()).toEqual(["a", "b"]);
  await passes(60_000);
  await expect.poll(() => clock.advance(200).then(names), PATIENT).toEqual(["b"]);
  await passes(2 * DAY_MS);
  await expect.poll(() => clock.advance(200).then(names), PATIENT).toEqual([]);
});

test("without a policy no pass starts, and a request says what to set", async () => {
  await using opened = retained({ types: ["note"] });
  opened.retention.start();
  expect(opened.clock.sleeping).toBe(0);
  await expect(opened.retention.prune(true)).rejects.toMatchObject({
    code: "MEMORY_RETENTION_OFF",
    hint: expect.stringContaining("[memory.retention]"),
  });
});
