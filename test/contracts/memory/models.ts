import { expect, test } from "vitest";
import { Memory, SEARCH_DEFAULTS } from "../../../src/memory/index.ts";
import { WordEmbedder } from "../../helpers/word-embedder.ts";
import { BY, found, names, PAGE, POLL, said, TEAM, type Within } from "./within.ts";

/** What holds of model, for every store. */
export function modelContract(within: Within): void {
  test("without vectors words still find, and vectors are made when the embedder answers again", () =>
    within(async ({ memory, embedder, clock }) => {
      embedder.failure = new Error("it is down");
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("owns a vehicle") }], BY);
      const byWords = await memory.search({ scopes: [TEAM], text: "vehicle" });
      expect([names(byWords), byWords.notices]).toEqual([["Ada"], ["embedder-failed"]]);
      embedder.failure = undefined;
      await memory.changes.remember(TEAM, [{ name: "Bo" }], BY);
      while (clock.sleeping > 0) await clock.advance(60_000);
      expect(names(await found(memory, "car", { mode: "semantic", similarityMin: 0.2 }))).toEqual(["Ada"]);
    }));

  test("another model's vectors are made in the background, and count all at once", () =>
    within(async ({ memory, store, clock }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("owns a vehicle") },
          { name: "Bo", observations: said("sings") },
        ],
        BY,
      );
      const other = new WordEmbedder("words-96@2", 96);
      const changed = new Memory({ store, embedder: other, clock, defaults: SEARCH_DEFAULTS });
      await changed.open();
      await changed.embeddings.caughtUp();
      expect(await store.model()).toBe("words-96@2");
      await expect
        .poll(
          async () =>
            names(await changed.search({ scopes: [TEAM], text: "car", mode: "semantic", similarityMin: 0.2 })),
          POLL,
        )
        .toEqual(["Ada"]);
      expect((await store.figures()).passagesByModel).toEqual({ "words-96@2": 2 });
    }));

  test("entities are put in as another memory had them, once", () =>
    within(async ({ memory, store }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a") }, { name: "Bo" }], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b") }], BY);
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
      const ids = (await memory.list({ scopes: [TEAM] }, PAGE)).entries.map(({ id }) => id);
      const histories = await Promise.all(ids.map((id) => store.history(id)));
      const relations = (await store.relations({ scopes: [TEAM], entities: undefined }, PAGE)).entries;
      const restores = histories
        .filter((one) => one !== undefined)
        .map((one) => ({ ...one, passages: [{ ordinal: 0, text: "x", vector: undefined }], model: undefined }));
      await memory.forget({ type: "scope", scope: TEAM }, BY);
      await store.restore(restores, relations);
      await store.restore(restores, relations);
      const again = await Promise.all(ids.map((id) => store.history(id)));
      const without = (all: typeof again) =>
        all.map((one) => one && { ...one, changes: one.changes.map(({ seq: _seq, ...change }) => change) });
      expect(without(again)).toEqual(without(histories));
      expect((await store.relations({ scopes: [TEAM], entities: undefined }, PAGE)).entries).toEqual(relations);
    }));
}
