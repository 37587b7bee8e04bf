import { expect, test } from "vitest";
import { Memory } from "../../../src/memory/knowledge/index.ts";
import { AGAIN, BY, OTHER, PAGE, TEAM, WALK, type Within } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.graph");

const chain = async (memory: Memory) => {
  await memory.changes.remember(
    TEAM,
    ["a", "b", "c", "d", "alone"].map((name) => ({ name })),
    BY,
  );
  await memory.changes.relate(
    TEAM,
    [
      { from: "a", to: "b", type: "knows" },
      { from: "b", to: "c", type: "knows", strength: 0.9 },
      { from: "d", to: "b", type: "owns" },
    ],
    BY,
  );
  return memory.get(TEAM, "b");
};

function pagesOfWalks(within: Within): void {
  test("a walk is read page by page, with each relation once, and ends within the tokens", () =>
    within(async ({ memory }) => {
      const { id: b } = await chain(memory);
      const walk = { ...WALK, scopes: [TEAM], start: [b] };
      const whole = await memory.graph(walk);
      expect([whole.isCut, whole.next, whole.relations.length]).toEqual([false, undefined, 3]);
      const pages = [await memory.graph({ ...walk, visitsMax: 1 })];
      for (let { next } = pages[0] ?? {}; next !== undefined; next = pages.at(-1)?.next)
        pages.push(await memory.graph({ ...walk, visitsMax: 1, cursor: next }));
      expect(pages.map(({ entities }) => entities.length)).toEqual([1, 1, 1, 1]);
      expect(pages.flatMap(({ entities }) => entities)).toEqual(whole.entities);
      const ids = (relations: typeof whole.relations) => relations.map(({ id }) => id).toSorted();
      expect(ids(pages.flatMap(({ relations }) => relations))).toEqual(ids(whole.relations));
      const few = await memory.graph({ ...walk, tokensMax: 1 });
      expect(few).toMatchObject({
        entities: [{ entity: { name: "b" } }],
        relations: [],
        isCut: true,
        next: expect.any(String),
      });
      await expect(memory.graph({ ...walk, cursor: "n1" })).rejects.toMatchObject({ code: "MEMORY_CURSOR_INVALID" });
    }));
}

/** What holds of graph, for every store. */
export function graphContract(within: Within): void {
  pagesOfWalks(within);

  test("a walk follows relations as far, and in the direction, that was asked", () =>
    within(async ({ memory }) => {
      const { id: b } = await chain(memory);
      const { id: a } = await memory.get(TEAM, "a");
      const around = async (over: object) =>
        (await memory.graph({ ...WALK, scopes: [TEAM], start: [b], ...over })).entities
          .map(({ entity }) => entity.name)
          .toSorted();
      expect(await around({})).toEqual(["a", "b", "c", "d"]);
      expect(await around({ direction: "outgoing" })).toEqual(["b", "c"]);
      expect(await around({ direction: "incoming" })).toEqual(["a", "b", "d"]);
      expect(await around({ types: ["owns"] })).toEqual(["b", "d"]);
      expect(await around({ strengthMin: 0.8 })).toEqual(["b", "c"]);
      expect(await around({ start: [a], depth: 1 })).toEqual(["a", "b"]);
      expect(await around({ scopes: [OTHER] })).toEqual([]);
      const cut = await memory.graph({ ...WALK, scopes: [TEAM], start: [b], visitsMax: 2 });
      expect([cut.entities.length, cut.isCut]).toEqual([2, true]);
    }));

  test("a result carries its path, even if a hub has more relations than are read at once", () =>
    within(async ({ memory }) => {
      const spokes = Array.from({ length: 1_100 }, (_, at) => `spoke ${at}`);
      await memory.changes.remember(
        TEAM,
        ["hub", "far", ...spokes].map((name) => ({ name })),
        BY,
      );
      await memory.changes.relate(
        TEAM,
        spokes.map((to) => ({ from: "hub", to, type: "knows" })),
        BY,
      );
      await memory.changes.relate(TEAM, [{ from: "far", to: "hub", type: "admires" }], AGAIN);
      const { id: far } = await memory.get(TEAM, "far");
      const { relations, entities, isCut } = await memory.graph({ ...WALK, scopes: [TEAM], start: [far], depth: 1 });
      expect(entities.map(({ entity }) => entity.name)).toEqual(["far", "hub"]);
      expect(relations.map(({ type }) => type)).toEqual(["admires"]);
      expect(isCut).toBe(false);
    }));

  test("relations are unique by their ends and type, and can be deleted", () =>
    within(async ({ memory }) => {
      await chain(memory);
      const [again] = await memory.changes.relate(TEAM, [{ from: "a", to: "b", type: "knows", strength: 1 }], AGAIN);
      const { id: a } = await memory.get(TEAM, "a");
      const of = async () => (await memory.store.relations({ scopes: [TEAM], entities: [a] }, PAGE)).entries;
      expect(await of()).toMatchObject([{ id: again?.id, type: "knows", strength: 1 }]);
      if (again) await memory.changes.unrelate(again.id, BY);
      expect(await of()).toEqual([]);
      await expect(
        memory.changes.relate(TEAM, [{ from: "a", to: "nonexistent", type: "knows" }], BY),
      ).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
    }));
}
