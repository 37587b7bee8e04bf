import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
const GLOBAL = scopeKey({ type: "global" });
const BY = { source: "user", sourceId: undefined, agent: undefined } as const;
const POLL = { timeout: 20_000 };

async function opened(directory: string) {
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  const remember = (name: string, text: string) =>
    memory.changes.remember(SCOPE, [{ name, observations: [{ text }] }], BY);
  /** Until it is known which names there are. */
  const known = () => expect.poll(() => store.lacks(SCOPE, "no entity has this name"), POLL).toBe(true);
  return { store, memory, remember, known, [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose]() };
}

test("a surely new name is not looked up; an existing one is found, also when two arrive at once or the hint is wrong", async () => {
  using directory = tempDirectory();
  await using one = await opened(directory.path);
  const { store, memory, remember, known } = one;
  await remember("Ada", "likes tea");
  await known();
  const finds = vi.spyOn(store, "find");
  expect(await remember("Bo", "sings")).toMatchObject([{ outcome: "created" }]);
  expect(finds).not.toHaveBeenCalled();
  expect(await remember("Bo", "sings")).toMatchObject([{ outcome: "unchanged" }]);
  expect(await remember("Ada", "likes cake")).toMatchObject([{ outcome: "changed", entity: { version: 2 } }]);
  await Promise.all(["a", "b", "c"].map((text) => remember("Cy", text)));
  const cy = await memory.get(SCOPE, "Cy");
  expect(cy.observations.map(({ text }) => text).toSorted()).toEqual(["a", "b", "c"]);
  await memory.changes.revise(SCOPE, "Cy", { name: "Dee" }, BY);
  expect([store.lacks(SCOPE, "Dee"), store.lacks(GLOBAL, "Dee")]).toEqual([false, true]);
  await memory.forget({ type: "entities", ids: [cy.id] }, BY);
  expect(await remember("Dee", "is another")).toMatchObject([{ outcome: "created", entity: { version: 1 } }]);
  vi.spyOn(store, "lacks").mockReturnValue(true);
  expect(await remember("Ada", "has a dog")).toMatchObject([{ outcome: "changed", entity: { version: 3 } }]);
  await expect(memory.changes.remember(SCOPE, [{ name: "Ada", type: "ship" }], BY)).rejects.toMatchObject({
    code: "ENTITY_TYPE_CONFLICT",
  });
});

test("names are known again after a start, and when they have become many; relations need not wait for the indexes", async () => {
  using directory = tempDirectory();
  const names = Array.from({ length: 2_500 }, (_none, at) => `number ${at}`);
  {
    await using first = await opened(directory.path);
    await first.remember("Ada", "likes tea");
    await first.known();
    await first.memory.changes.remember(
      SCOPE,
      names.map((name) => ({ name })),
      BY,
    );
    expect(names.filter((name) => first.store.lacks(SCOPE, name))).toEqual([]);
  }
  rmSync(join(directory.path, "memory.index"));
  await using again = await opened(directory.path);
  const { memory, store } = again;
  const early = await store.findIds(SCOPE, ["number 0", "nonexistent", "number 2499"]);
  const inputs = names.slice(1, 500).map((name) => ({ from: "number 0", to: name, type: "precedes" }));
  const relations = await memory.changes.relate(SCOPE, inputs, BY);
  const ends = await store.get([relations[0]?.from, relations[498]?.to].filter((id) => id !== undefined));
  expect(ends.map((entity) => entity?.name)).toEqual(["number 0", "number 499"]);
  const missing = memory.changes.relate(SCOPE, [{ from: "number 0", to: "nonexistent", type: "precedes" }], BY);
  await expect(missing).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND", details: { entity: "nonexistent" } });
  await again.known();
  expect(await store.findIds(SCOPE, ["number 0", "nonexistent", "number 2499"])).toEqual(early);
  expect(early.map((id) => id === undefined)).toEqual([false, true, false]);
  expect(["Ada", ...names].filter((name) => store.lacks(SCOPE, name))).toEqual([]);
});
