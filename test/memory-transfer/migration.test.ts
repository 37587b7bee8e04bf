import { join } from "node:path";
import { expect, test } from "vitest";
import { CheckpointFiles } from "../../src/backends/disk/index.ts";
import { SqliteMemoryStore } from "../../src/backends/sqlite/memory/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { MemoryMigrations, type MigrationProgress } from "../../src/memory-transfer/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { BY, GLOBAL, openMemory, remember, SCOPE } from "./within.ts";

test("memory goes to another place, is gone on with after a stop, and follows what is changed meanwhile", async () => {
  await using opened = await openMemory();
  const { memory, directory } = opened;
  using elsewhere = tempDirectory();
  const open = async () => new SqliteMemoryStore({ directory: elsewhere.path, synchronous: "full" });
  const migrations = new MemoryMigrations({
    memory,
    open,
    checkpoints: new CheckpointFiles(join(directory, "transfers")),
    clock: systemClock,
  });
  const names = Array.from({ length: 160 }, (_none, at) => `entity ${at}`);
  for (let at = 0; at < names.length; at += 80) {
    const batch = names.slice(at, at + 80);
    await remember(
      memory,
      batch.map((name) => ({ name, observations: [{ text: `says ${name}` }, { text: "is one" }] })),
    );
  }
  await remember(memory, [{ name: "Ada", observations: [{ text: "is known everywhere" }] }], GLOBAL);
  await memory.changes.withdraw(SCOPE, "entity 1", ["is one"], BY);
  await memory.changes.relate(
    SCOPE,
    names.slice(0, 80).map((from, at) => ({ from, to: names[at + 1] ?? "", type: "leads_to" })),
    BY,
  );
  const stop = new AbortController();
  const migrate = (isResumed: boolean, onProgress: (progress: MigrationProgress) => void = () => undefined) =>
    migrations.migrate({ from: "embedded", to: "other", isResumed, onProgress, signal: stop.signal });
  // It is stopped amid the entities, and memory is changed.
  const broken = new MemoryMigrations({
    memory,
    open,
    checkpoints: new CheckpointFiles(join(directory, "transfers")),
    clock: systemClock,
  });
  await expect(
    broken.migrate({
      from: "embedded",
      to: "other",
      isResumed: false,
      onProgress: ({ entities }) => {
        if (entities > 50) stop.abort();
      },
      signal: stop.signal,
    }),
  ).rejects.toMatchObject({ code: "CANCELLED" });
  const [gone, changed] = [await memory.get(SCOPE, "entity 0"), await memory.get(SCOPE, "entity 10")];
  await memory.forget({ type: "entities", ids: [gone.id] }, BY);
  await memory.changes.withdraw(SCOPE, "entity 10", ["is one"], BY);
  // Names go to others.
  const former = await memory.get(SCOPE, "entity 11");
  await memory.forget({ type: "entities", ids: [former.id] }, BY);
  await remember(memory, [{ name: "entity 11", observations: [{ text: "is another of the name" }] }]);
  await memory.changes.revise(SCOPE, "entity 12", { name: "free" }, BY);
  await memory.changes.revise(SCOPE, "entity 13", { name: "entity 12" }, BY);
  await memory.changes.revise(SCOPE, "free", { name: "entity 13" }, BY);
  await remember(memory, [{ name: "newcomer", observations: [{ text: "came late" }] }]);
  const fresh = new AbortController();
  const again = { from: "embedded", to: "other", isResumed: true, signal: fresh.signal };
  const { progress, comparison } = await migrations.migrate({ ...again, onProgress: () => undefined });
  expect(progress.followed).toBeGreaterThanOrEqual(3);
  expect(comparison).toMatchObject({ scopes: { same: 2, all: 2 }, samples: { same: 100, all: 100 }, consistency: 1 });
  // After it, only what was changed since is taken over.
  await remember(memory, [{ name: "entity 2", observations: [{ text: "has one more" }] }]);
  const [edge] = (
    await memory.store.relations({ scopes: [SCOPE], entities: [changed.id] }, { limit: 1, cursor: undefined })
  ).entries;
  if (edge) await memory.changes.unrelate(edge.id, BY);
  const later = await migrations.migrate({ ...again, onProgress: () => undefined });
  expect(later).toMatchObject({ progress: { phase: "changes" }, comparison: { consistency: 1 } });
  await using other = await openMemory(elsewhere.path);
  const [was, is] = [await memory.history(SCOPE, "entity 1"), await other.memory.history(SCOPE, "entity 1")];
  const told = (all: typeof was) => ({ ...all, changes: all.changes.map(({ seq: _seq, ...change }) => change) });
  expect(told(is)).toEqual(told(was));
  await expect(other.memory.get(SCOPE, "entity 0")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
  await other.memory[Symbol.asyncDispose]();
  await expect(migrate(false)).rejects.toMatchObject({ code: "MIGRATION_REFUSED" });
}, 60_000);

test("a place that was emptied and filled anew is no longer the one an earlier migration came from", async () => {
  await using opened = await openMemory();
  const { memory, directory } = opened;
  using elsewhere = tempDirectory();
  const migrations = new MemoryMigrations({
    memory,
    open: async () => new SqliteMemoryStore({ directory: elsewhere.path, synchronous: "full" }),
    checkpoints: new CheckpointFiles(join(directory, "transfers")),
    clock: systemClock,
  });
  const migrate = (from: string, to: string, isResumed: boolean) =>
    migrations.migrate({ from, to, isResumed, onProgress: () => undefined, signal: undefined });
  await remember(memory, [{ name: "Ada", observations: [{ text: "is known" }] }]);
  await migrate("embedded", "other", false);
  await memory.forget({ type: "scope", scope: SCOPE }, BY);
  const { comparison } = await migrate("other", "embedded", false);
  expect(comparison.consistency).toBe(1);
  await expect(migrate("embedded", "other", true)).rejects.toMatchObject({ code: "MIGRATION_REFUSED" });
});
