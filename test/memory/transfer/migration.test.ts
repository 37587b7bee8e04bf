import { expect, test } from "vitest";
import { CaxtonError } from "../../../src/kernel/errors.ts";
import type { MigrationRequest } from "../../../src/memory/transfer/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { BY, GLOBAL, inFile, migrationsOf, openMemory, remember, SCOPE } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.migration");

test("a migration to another backend resumes after a stop, and follows concurrent changes", async () => {
  await using opened = await openMemory();
  const { memory } = opened;
  using elsewhere = tempDirectory();
  const { migrate } = migrationsOf(opened, { other: () => inFile(elsewhere.path) });
  const names = Array.from({ length: 101 }, (_none, at) => `entity ${at}`);
  for (const batch of [names.slice(0, 51), names.slice(51)]) {
    await remember(
      memory,
      batch.map((name) => ({ name, observations: [{ text: `says ${name}` }, { text: "is one" }] })),
    );
  }
  await remember(memory, [{ name: "Ada", observations: [{ text: "is known everywhere" }] }], GLOBAL);
  await memory.changes.withdraw(SCOPE, "entity 1", ["is one"], BY);
  await memory.changes.relate(
    SCOPE,
    names.slice(0, 30).map((from, at) => ({ from, to: names[at + 1] ?? "", type: "leads_to" })),
    BY,
  );
  // It is stopped amid the entities, and memory is changed.
  const stop = new AbortController();
  const onProgress = ({ entities }: { readonly entities: number }) => void (entities >= 50 && stop.abort());
  await expect(migrate("embedded", "other", { onProgress, signal: stop.signal })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  const [gone, changed] = [await memory.get(SCOPE, "entity 0"), await memory.get(SCOPE, "entity 10")];
  await memory.changes.withdraw(SCOPE, "entity 10", ["is one"], BY);
  // Names go to others.
  const former = await memory.get(SCOPE, "entity 11");
  await memory.forget({ type: "entities", ids: [gone.id, former.id] }, BY);
  await remember(memory, [{ name: "entity 11", observations: [{ text: "is another of the name" }] }]);
  await memory.changes.revise(SCOPE, "entity 12", { name: "free" }, BY);
  await memory.changes.revise(SCOPE, "entity 13", { name: "entity 12" }, BY);
  await memory.changes.revise(SCOPE, "free", { name: "entity 13" }, BY);
  await remember(memory, [{ name: "newcomer", observations: [{ text: "came late" }] }]);
  const { progress, comparison } = await migrate("embedded", "other", { isResumed: true });
  expect(progress.followed).toBeGreaterThanOrEqual(3);
  expect(comparison).toMatchObject({ scopes: { same: 2, all: 2 }, samples: { same: 100, all: 100 }, consistency: 1 });
  // After it, only what was changed since is copied.
  await remember(memory, [{ name: "entity 2", observations: [{ text: "has one more" }] }]);
  const [edge] = (
    await memory.store.relations({ scopes: [SCOPE], entities: [changed.id] }, { limit: 1, cursor: undefined })
  ).entries;
  if (edge) await memory.changes.unrelate(edge.id, BY);
  const later = await migrate("embedded", "other", { isResumed: true });
  expect(later).toMatchObject({ progress: { phase: "changes" }, comparison: { consistency: 1 } });
  await using other = await openMemory(elsewhere.path);
  const [was, is] = [await memory.history(SCOPE, "entity 1"), await other.memory.history(SCOPE, "entity 1")];
  const comparable = (all: typeof was) => ({ ...all, changes: all.changes.map(({ seq: _seq, ...change }) => change) });
  expect(comparable(is)).toEqual(comparable(was));
  await expect(other.memory.get(SCOPE, "entity 0")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
  await other.memory[Symbol.asyncDispose]();
  await expect(migrate("embedded", "other")).rejects.toMatchObject({
    code: "MIGRATION_REFUSED",
    hint: expect.stringContaining("caxton memory migrate --from embedded --to other --resume;"),
  });
}, 60_000);

test("a backend with other entities is refused with a hint to use an empty one", async () => {
  await using opened = await openMemory();
  await using other = await openMemory();
  await remember(other.memory, [{ name: "Ada" }]);
  const { migrate } = migrationsOf(opened, { other: () => inFile(other.directory) });
  const hint = async (over: Partial<MigrationRequest>): Promise<string> => {
    const refusal: unknown = await migrate("embedded", "other", over).catch((error: unknown) => error);
    return refusal instanceof CaxtonError ? refusal.hint : "";
  };
  expect(await hint({})).toBe("Use an empty target: another schema, database or collection.");
  for (const over of [{ isCutover: true }, { isResumed: true }]) {
    expect(await hint(over)).toMatch(/^No migration from embedded to other was started[^]*use an empty target\.$/);
  }
});

test("a backend that was emptied and filled again is not the source of an earlier migration", async () => {
  await using opened = await openMemory();
  const { memory } = opened;
  using elsewhere = tempDirectory();
  const { migrate } = migrationsOf(opened, { other: () => inFile(elsewhere.path) });
  await remember(memory, [{ name: "Ada", observations: [{ text: "is known" }] }]);
  await migrate("embedded", "other");
  await memory.forget({ type: "scope", scope: SCOPE }, BY);
  const { comparison } = await migrate("other", "embedded");
  expect(comparison.consistency).toBe(1);
  await expect(migrate("embedded", "other", { isResumed: true })).rejects.toMatchObject({ code: "MIGRATION_REFUSED" });
});
