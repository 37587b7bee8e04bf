import { expect, test } from "vitest";
import { Memory, type MemoryStore, passagesOf, SEARCH_DEFAULTS } from "../../../src/memory/knowledge/index.ts";
import { WordEmbedder } from "../../helpers/word-embedder.ts";
import { BY, found, names, PAGE, POLL, said, TEAM, type Within } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.model-change");

/** What holds of model, for every store. */
export function modelContract(within: Within): void {
  givenUpContract(within);

  // knowledge.memory.M5
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

  // knowledge.embeddings.M1, knowledge.embeddings.M2, knowledge.memory-store.S5
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
      expect((await store.stats()).passagesByModel).toEqual({ "words-96@2": 2 });
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

/** Makes vectors of so many entities. */
async function begin(store: MemoryStore, embedder: WordEmbedder, count: number): Promise<void> {
  for (const entity of await store.unembedded(embedder.id, count)) {
    const texts = passagesOf(entity);
    const vectors = await embedder.embed(texts);
    const passages = texts.map((text, ordinal) => ({ ordinal, text, vector: vectors[ordinal] }));
    await store.embedded({ id: entity.id, version: entity.version, model: embedder.id, passages });
  }
}

function givenUpContract(within: Within): void {
  // knowledge.embeddings.M7
  test("vectors of a model that was begun and given up are removed in batches, and made again when it is used again", () =>
    within(async ({ memory, store, embedder, clock }) => {
      const people = [{ name: "Ada", observations: said("owns a vehicle") }, { name: "Bo" }, { name: "Cy" }];
      await memory.changes.remember(TEAM, people, BY);
      await memory.embeddings.caughtUp();
      const other = new WordEmbedder("words-96@2", 96);
      await begin(store, other, 2);
      const counted = async () => (await store.stats()).passagesByModel;
      const begunWith = { [embedder.id]: 3, [other.id]: 2 };
      expect(await counted()).toEqual(begunWith);
      // One that does not count removes nothing.
      expect([await store.dropOthers(other.id, 1), await counted()]).toEqual([false, begunWith]);
      await store.dropOthers(embedder.id, 1);
      const back = new Memory({ store, embedder, clock, defaults: SEARCH_DEFAULTS });
      await back.open();
      await back.embeddings.caughtUp();
      expect([await counted(), await store.model()]).toEqual([{ [embedder.id]: 3 }, embedder.id]);
      expect(await store.check(false)).toEqual([]);
      expect(names(await found(back, "car", { mode: "semantic" }))[0]).toBe("Ada");
      const again = new Memory({ store, embedder: other, clock, defaults: SEARCH_DEFAULTS });
      await again.open();
      await again.embeddings.caughtUp();
      expect([await counted(), await store.model()]).toEqual([{ [other.id]: 3 }, other.id]);
    }));
}
