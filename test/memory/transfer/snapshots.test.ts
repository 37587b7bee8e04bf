import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SqliteMemoryStore, SqliteSnapshots } from "../../../src/memory/stores/sqlite/index.ts";
import { type MemorySnapshot, MemorySnapshots, expiredSnapshots } from "../../../src/memory/transfer/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { BY, type MemoryServices, openMemory, remember, SCOPE } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.forget", "memory.snapshots");

const KEPT = { hourly: 1, daily: 0, weekly: 0 };

function snapshotsOf(
  { memory, place: { current: store }, directory }: MemoryServices,
  clock = new ManualClock(Date.parse("2026-11-21T08:00:00Z")),
) {
  if (!(store instanceof SqliteMemoryStore)) throw new Error("memory is not in a file");
  const place = new SqliteSnapshots({ store, directory });
  return {
    clock,
    snapshots: new MemorySnapshots({ place: () => place, memory, clock }, { everyMs: 3_600_000, kept: KEPT }),
  };
}

const said = (name: string, ...texts: string[]) => ({ name, observations: texts.map((text) => ({ text })) });

// transfer.snapshots.N1
test("memory is restored from a snapshot while it is used, and the restore can be reverted in the same way", async () => {
  await using opened = await openMemory();
  const { memory } = opened;
  const { snapshots } = snapshotsOf(opened);
  await remember(memory, [said("Ada", "likes tea")]);
  const { name } = await snapshots.create();
  await remember(memory, [said("Ada", "likes coffee"), said("Bo", "is new")]);
  const restoring = snapshots.restore(name);
  // Concurrent requests are answered, before it or after.
  const asked = Promise.all(Array.from({ length: 20 }, () => memory.get(SCOPE, "Ada")));
  const { replaced } = await restoring;
  expect((await asked).every(({ version }) => version === 1 || version === 2)).toBe(true);
  expect((await memory.get(SCOPE, "Ada")).observations).toMatchObject([{ text: "likes tea" }]);
  await expect(memory.get(SCOPE, "Bo")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
  expect((await memory.search({ scopes: [SCOPE], text: "coffee", mode: "keyword" })).hits).toEqual([]);
  await remember(memory, [said("Cy", "comes after")]);
  await snapshots.restore(replaced.name);
  expect(readdirSync(opened.directory).filter((file) => file.includes("restored"))).toEqual([]);
  expect((await memory.search({ scopes: [SCOPE], text: "likes coffee" })).hits[0]?.entity.name).toBe("Ada");
  expect((await snapshots.list()).map(({ kind }) => kind).toSorted()).toEqual(["manual", "replaced", "replaced"]);
});

// transfer.snapshots.N2
test("what is forgotten is in no byte of any snapshot either", async () => {
  await using opened = await openMemory();
  const { memory, directory } = opened;
  const { snapshots } = snapshotsOf(opened);
  await remember(memory, [said("Ada", "zebra-one", "zebra-two"), said("Bo", "zebra-three")]);
  const first = await snapshots.create();
  const files = join(directory, "snapshots");
  // One that was being made when the server was killed.
  writeFileSync(join(files, "memory-20260101T000000000Z-manual.db.part"), "zebra-one");
  writeFileSync(join(directory, "memory.db.restored"), "zebra-one");
  const isThere = (text: string) => readdirSync(files).some((file) => readFileSync(join(files, file)).includes(text));
  expect(isThere("zebra-one")).toBe(true);
  const ada = await memory.get(SCOPE, "Ada");
  const [one] = ada.observations;
  // A snapshot that is being made is waited for.
  const making = snapshots.create();
  await memory.forget({ type: "observations", entity: ada.id, ids: one ? [one.id] : [] }, BY);
  await making;
  await snapshots.remove(first.name);
  expect([isThere("zebra-one"), isThere("zebra-two")]).toEqual([false, true]);
  expect(readdirSync(directory).filter((file) => file.includes("restored"))).toEqual([]);
  await memory.forget({ type: "entities", ids: [ada.id] }, BY);
  expect([isThere("zebra-two"), isThere("zebra-three")]).toEqual([false, true]);
  const [latest] = await snapshots.list();
  await snapshots.restore(latest?.name ?? "");
  await expect(memory.get(SCOPE, "Ada")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
  expect((await memory.get(SCOPE, "Bo")).observations).toMatchObject([{ text: "zebra-three" }]);
});

test("a snapshot that is damaged changes nothing, and one that is not there is named", async () => {
  await using opened = await openMemory();
  const { memory, directory } = opened;
  const { snapshots } = snapshotsOf(opened);
  await remember(memory, [said("Ada", "likes tea")]);
  const { name } = await snapshots.create();
  writeFileSync(join(directory, "snapshots", `${name}.db`), "this is no database at all, whatever it is called");
  await expect(snapshots.restore(name)).rejects.toMatchObject({ code: "MEMORY_FILE_DAMAGED" });
  expect((await memory.get(SCOPE, "Ada")).observations).toHaveLength(1);
  expect(readdirSync(directory).filter((file) => file.includes("restored"))).toEqual([]);
  await expect(snapshots.restore("memory-nothing")).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
});

test("one is made for each hour in which memory changed, and the oldest go", async () => {
  await using opened = await openMemory();
  const { memory } = opened;
  const { snapshots, clock } = snapshotsOf(opened, new ManualClock(Date.now()));
  await using running = snapshots;
  await remember(memory, [said("Ada", "likes tea")]);
  running.start();
  await expect.poll(async () => (await running.list()).length).toBe(1);
  const [first] = await running.list();
  await expect.poll(() => clock.sleeping).toBe(1);
  await remember(memory, [said("Bo", "is new")]);
  await clock.advance(3_600_001);
  await expect.poll(async () => (await running.list())[0]?.name).not.toBe(first?.name);
  await expect.poll(async () => (await running.list()).length).toBe(1);
});

test("the latest stay, one of each day and of each week; those made by people stay too", () => {
  const hour = 3_600_000;
  const start = Date.parse("2026-11-01T00:30:00Z");
  const all = Array.from({ length: 24 * 20 }, (_none, at): MemorySnapshot => ({
    name: `${at}`,
    kind: at === 3 ? "manual" : "scheduled",
    atMs: start + at * hour,
    bytes: 1,
  }));
  const gone = new Set(expiredSnapshots(all, { hourly: 3, daily: 2, weekly: 3 }).map(({ name }) => name));
  const left = all.filter(({ name }) => !gone.has(name)).map(({ atMs }) => new Date(atMs).toISOString().slice(0, 13));
  expect(left).toEqual([
    "2026-11-01T03",
    "2026-11-11T23",
    "2026-11-18T23",
    "2026-11-19T23",
    "2026-11-20T21",
    "2026-11-20T22",
    "2026-11-20T23",
  ]);
});
