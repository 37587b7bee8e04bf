import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SqliteMemoryStore, SqliteSnapshots } from "../../../src/memory/stores/sqlite/index.ts";
import { activeBackend } from "../../../src/memory/transfer/index.ts";
import { MemoryMigrations, SwitchableStore } from "../../../src/memory/transfer/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { changeConcurrently, expectAcknowledged, type Acknowledged } from "./concurrent-changes.ts";
import { BY, elsewhere, inFile, migrationsOf, notesOf, openMemory, remember, SCOPE } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.migration");

// transfer.switchable-store.L1
test("memory moves to another backend and back during continuous changes without loss", async () => {
  await using opened = await openMemory();
  const { memory, place, directory } = opened;
  using other = tempDirectory();
  const { migrate, migrations } = migrationsOf(opened, {
    other: () => elsewhere(other.path),
    embedded: () => inFile(directory),
  });
  const names = Array.from({ length: 90 }, (_none, at) => `entity ${at}`);
  await remember(
    memory,
    names.map((name) => ({ name, observations: [{ text: `says ${name}` }] })),
  );
  const acknowledged = new Map<string, Acknowledged>();
  let isOver = false;
  const writers = Promise.all(
    ["one", "two"].map((writer) =>
      changeConcurrently(memory, {
        writer,
        isOver: () => isOver,
        begins: () => undefined,
        done: (one) => void acknowledged.set(one.name, one),
      }),
    ),
  );
  const there = await migrate("embedded", "other", { isCutover: true });
  expect(there).toMatchObject({ hasCutOver: true, comparison: { scopes: { same: 1, all: 1 } } });
  expect(place.name).toBe("other");
  const during = acknowledged.size;
  // What is remembered from now on is in the new place only, and is taken along on the way back.
  await remember(memory, [{ name: "newcomer", observations: [{ text: "came after" }] }]);
  const back = await migrate("other", "embedded", { isCutover: true });
  expect(back).toMatchObject({ hasCutOver: true, progress: { entities: 0 } });
  isOver = true;
  expect((await writers).every((changes) => changes > 0)).toBe(true);
  expect(during).toBeGreaterThan(0);
  expect(place.name).toBe("embedded");
  expect((await memory.get(SCOPE, "newcomer")).observations).toMatchObject([{ text: "came after" }]);
  await expectAcknowledged(memory, acknowledged.values());
  expect(await migrations.location()).toMatchObject({
    place: "embedded",
    note: { was: "other", isConfirmed: false },
    running: undefined,
  });
  // Both backends are equal: another cutover has nothing to copy.
  const again = await migrate("embedded", "other", { isCutover: true });
  expect(again).toMatchObject({ hasCutOver: true, progress: { entities: 0, followed: expect.any(Number) } });
  await expectAcknowledged(memory, acknowledged.values());
  await expect(migrate("embedded", "other", { isCutover: true })).rejects.toMatchObject({
    code: "MIGRATION_REFUSED",
  });
}, 60_000);

test("a start goes by where memory went, until the configuration says so and then otherwise", async () => {
  using directory = tempDirectory();
  const files = notesOf(directory.path);
  const note = { configured: "embedded", was: "embedded", now: "other", seq: 7, atMs: 0, isConfirmed: false };
  expect(activeBackend("embedded", undefined)).toEqual({ place: "embedded", note: undefined });
  await files.notes.write(note);
  expect(await MemoryMigrations.settle("embedded", files)).toBe("other");
  expect(await files.notes.read()).toEqual(note);
  expect(await MemoryMigrations.settle("other", files)).toBe("other");
  // Who sets it back by hand wants the old place as it is.
  expect(await MemoryMigrations.settle("embedded", files)).toBe("embedded");
  expect(await files.notes.read()).toBeUndefined();
  // A third place that is configured is used, whatever was noted.
  await files.notes.write(note);
  expect(await MemoryMigrations.settle("third", files)).toBe("third");
  // Nor does who configures a place that was left again before any start came to know of it.
  const left = { ...note, was: "second" };
  expect(activeBackend("second", left)).toEqual({ place: "other", note: left });
  expect(activeBackend("second", { ...left, isConfirmed: true }).place).toBe("second");
  // A damaged note does not count as missing.
  writeFileSync(join(directory.path, "memory-backend.json"), "{");
  await expect(MemoryMigrations.settle("embedded", files)).rejects.toMatchObject({ code: "MEMORY_BACKEND_UNKNOWN" });
});

test("a failure after the cutover leaves the new backend in use", async () => {
  await using opened = await openMemory();
  using other = tempDirectory();
  const { memory, place, directory } = opened;
  await remember(memory, [{ name: "Ada", observations: [{ text: "is there" }] }]);
  const { migrate, migrations } = migrationsOf(opened, { other: () => elsewhere(other.path) });
  await migrations.aroundRestore(async () => {
    await expect(migrate("embedded", "other")).rejects.toMatchObject({ code: "MIGRATION_REFUSED" });
  });
  await migrate("embedded", "other");
  // A note that cannot be removed.
  mkdirSync(join(directory, "transfers", "migration-other-embedded.json"));
  expect(await migrate("embedded", "other", { isCutover: true })).toMatchObject({ hasCutOver: true });
  expect(place.name).toBe("other");
  await remember(memory, [{ name: "Ada", observations: [{ text: "is there still" }] }]);
  expect((await memory.get(SCOPE, "Ada")).observations).toHaveLength(2);
});

test("a fact forgotten in the other backend is in no snapshot after the return", async () => {
  await using opened = await openMemory();
  using other = tempDirectory();
  const { memory, place, directory } = opened;
  await remember(memory, [{ name: "Ada", observations: [{ text: "zebra-one" }, { text: "zebra-two" }] }]);
  const store = place.current;
  if (!(store instanceof SqliteMemoryStore)) throw new Error("memory is not in a file");
  await new SqliteSnapshots({ store, directory }).create("manual", 0);
  const files = join(directory, "snapshots");
  const isThere = (text: string) => readdirSync(files).some((file) => readFileSync(join(files, file)).includes(text));
  const { migrate } = migrationsOf(opened, { other: () => elsewhere(other.path), embedded: () => inFile(directory) });
  const logOf = (cursor?: string) => memory.log({ scopes: [SCOPE] }, { limit: 1, cursor });
  await remember(memory, [{ name: "Bo", observations: [{ text: "is there" }] }]);
  const { next } = await logOf();
  await migrate("embedded", "other", { isCutover: true });
  // Numbers of the place that was left mean something else here.
  await expect(logOf(next)).rejects.toMatchObject({ code: "MEMORY_CURSOR_INVALID" });
  expect((await logOf((await logOf()).next)).entries).toHaveLength(1);
  const { id, observations } = await memory.get(SCOPE, "Ada");
  const ids = observations.filter(({ text }) => text === "zebra-one").map((one) => one.id);
  await memory.forget({ type: "observations", entity: id, ids }, BY);
  expect(isThere("zebra-one")).toBe(true);
  expect(await migrate("other", "embedded", { isCutover: true })).toMatchObject({ hasCutOver: true });
  expect((await memory.get(SCOPE, "Ada")).observations).toMatchObject([{ text: "zebra-two" }]);
  expect([isThere("zebra-one"), isThere("zebra-two")]).toEqual([false, true]);
});

test("a cutover waits for the running changes, and for no later ones", async () => {
  await using opened = await openMemory();
  const { place } = opened;
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const order: string[] = [];
  const one = place.changing(() => first.promise).then(() => order.push("first"));
  const settled = place.settled().then(() => order.push("settled"));
  const other = place.changing(() => second.promise).then(() => order.push("second"));
  first.reject(new Error("was refused"));
  await expect(one).rejects.toThrow("was refused");
  await settled;
  second.resolve();
  await other;
  expect(order).toEqual(["settled", "second"]);
});

// transfer.switchable-store.L2
test("changes wait for a quiesced memory up to a limit, and reads do not wait", async () => {
  await using opened = await openMemory();
  using other = tempDirectory();
  await remember(opened.memory, [{ name: "Ada", observations: [{ text: "is there" }] }]);
  const clock = new ManualClock();
  const place = new SwitchableStore({ store: opened.place.current, clock });
  const next = elsewhere(other.path);
  const by = { provenance: BY, atMs: 0 };
  const working = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const stilled = place.quiesce(1_000, async (exchange) => {
    begun.resolve();
    await working.promise;
    return exchange(next, async () => undefined);
  });
  await begun.promise;
  const order: string[] = [];
  const changed = place.forget({ type: "scope", scope: SCOPE }, by).then(() => order.push("changed"));
  expect((await place.find([{ scope: SCOPE, name: "Ada" }]))[0]?.name).toBe("Ada");
  order.push("read");
  await clock.advance(1_000);
  await changed;
  expect(order).toEqual(["read", "changed"]);
  // What comes too late exchanges nothing.
  working.resolve();
  expect(await stilled).toEqual({ type: "late" });
  expect(place.current).toBe(opened.place.current);
  // One whose commit fails changes nothing either.
  await expect(
    place.quiesce(1_000, (exchange) => exchange(next, () => Promise.reject(new Error("no room")))),
  ).rejects.toThrow("no room");
  expect(place.current).toBe(opened.place.current);
  await next.close();
});
