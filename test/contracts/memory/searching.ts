import { expect, test } from "vitest";
import { type SearchInput } from "../../../src/memory/knowledge/index.ts";
import { AGAIN, BY, found, names, OTHER, PAGE, said, TEAM, type Within } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.scopes", "memory.hybrid");

/** What holds of searching, for every store. */
export function searchingContract(within: Within): void {
  searchingContract1(within);
  searchingContract2(within);
  searchingContract3(within);
  searchingContract4(within);
  searchingContract5(within);
}

function searchingContract1(within: Within): void {
  test("a question finds what means the same, and what has its words first", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", type: "person", observations: said("owns a red vehicle") },
          { name: "Bo", type: "person", observations: said("owns a red car") },
          { name: "Cy", type: "person", observations: said("sings in the morning") },
        ],
        BY,
      );
      const result = await found(memory, "red car", { similarityMin: 0.3 });
      expect(names(result)).toEqual(["Bo", "Ada"]);
      expect(result.notices).toEqual([]);
      const [best] = result.hits;
      expect(best?.score.matched.toSorted()).toEqual(["car", "red"]);
      expect(best?.score.similarity).toBeGreaterThan(0.3);
      expect(best?.score.keyword).toBeGreaterThan(0);
      expect(best?.score.total).toBeGreaterThan(result.hits[1]?.score.total ?? Number.NaN);
    }));

  // knowledge.memory-store.S3
  test("a search sees its scopes and no others", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "ours", observations: said("red car") }], BY);
      await memory.changes.remember(OTHER, [{ name: "theirs", observations: said("red car") }], BY);
      expect(names(await found(memory, "red car"))).toEqual(["ours"]);
      expect(names(await found(memory, "red car", { scopes: [TEAM, OTHER] })).toSorted()).toEqual(["ours", "theirs"]);
      expect(names(await found(memory, "red car", { scopes: ["workspace:nonexistent"] }))).toEqual([]);
    }));

  // knowledge.changes.M3, knowledge.memory-store.S1
  test("what was just remembered, changed and withdrawn is found, and not found, by the next search", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }], BY);
      expect(names(await found(memory, "chess"))).toEqual(["Ada"]);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("plays tennis") }], BY);
      expect(names(await found(memory, "tennis"))).toEqual(["Ada"]);
      await memory.changes.withdraw(TEAM, "Ada", ["plays chess"], BY);
      expect(names(await found(memory, "chess", { mode: "keyword" }))).toEqual([]);
    }));
}

function searchingContract2(within: Within): void {
  test("filters narrow searches and lists", () =>
    within(async ({ memory, clock }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "old", type: "note", observations: said("red car"), metadata: { lang: "en" }, confidence: 0.7 }],
        BY,
      );
      await clock.advance(10_000);
      await memory.changes.remember(
        TEAM,
        [{ name: "new", type: "fact", observations: said("red car"), metadata: { lang: "de" } }],
        AGAIN,
      );
      const by = async (filter: NonNullable<SearchInput["filter"]>) => {
        const listed = (await memory.list({ scopes: [TEAM], ...filter }, PAGE)).entries.map(({ name }) => name);
        expect(names(await found(memory, "red car", { filter })).toSorted(), JSON.stringify(filter)).toEqual(listed);
        return listed;
      };
      expect(await by({ types: ["fact"] })).toEqual(["new"]);
      expect(await by({ types: ["none"] })).toEqual([]);
      expect(await by({ agent: "scribe" })).toEqual(["old"]);
      expect(await by({ metadata: { lang: "de" } })).toEqual(["new"]);
      expect(await by({ confidenceMin: 0.71 })).toEqual(["new"]);
      expect(await by({ confidenceMin: 0.7 })).toEqual(["new", "old"]);
      const [first, last] = [clock.nowMs() - 10_000, clock.nowMs()];
      expect(await by({ updatedToMs: last - 1 })).toEqual(["old"]);
      expect(await by({ updatedFromMs: last })).toEqual(["new"]);
      expect(await by({ updatedFromMs: first, updatedToMs: last })).toEqual(["new", "old"]);
      expect(await by({ updatedFromMs: first + 1, updatedToMs: last - 1 })).toEqual([]);
      expect(await by({ updatedFromMs: first, confidenceMin: 0.9, types: ["note"] })).toEqual([]);
      for (const filter of [{ updatedFromMs: last, updatedToMs: first }, { confidenceMin: 1.5 }]) {
        await expect(memory.list({ scopes: [TEAM], ...filter }, PAGE)).rejects.toMatchObject({
          code: "MEMORY_VALUE_INVALID",
        });
        await expect(found(memory, "red car", { filter })).rejects.toMatchObject({ code: "MEMORY_VALUE_INVALID" });
      }
    }));
}

function searchingContract5(within: Within): void {
  test("a search finds what holds now, or at another time", () =>
    within(async ({ memory, clock }) => {
      const now = clock.nowMs();
      await memory.changes.remember(
        TEAM,
        [
          { name: "former", observations: said("chief of the ship"), validity: { toMs: now } },
          { name: "present", observations: said("chief of the ship"), validity: { fromMs: now } },
        ],
        BY,
      );
      expect(names(await found(memory, "chief"))).toEqual(["present"]);
      expect(names(await found(memory, "chief", { temporal: { fromMs: now - 1, toMs: now - 1 } }))).toEqual(["former"]);
      expect(names(await found(memory, "chief", { temporal: "all" })).toSorted()).toEqual(["former", "present"]);
    }));

  test("observations that no longer hold are not shown", () =>
    within(async ({ memory, clock }) => {
      const now = clock.nowMs();
      await memory.changes.remember(
        TEAM,
        [
          {
            name: "Ada",
            observations: [{ text: "lives in Rome", validity: { toMs: now } }, { text: "lives in Oslo" }],
          },
        ],
        BY,
      );
      const [hit] = (await found(memory, "lives")).hits;
      expect(hit?.entity.observations.map(({ text }) => text)).toEqual(["lives in Oslo"]);
    }));
}

function searchingContract3(within: Within): void {
  test("of two equally similar entities the more recently changed comes first", () =>
    within(async ({ memory, clock }) => {
      await memory.changes.remember(TEAM, [{ name: "first", type: "note", observations: said("red car") }], BY);
      await clock.advance(7 * 86_400_000);
      await memory.changes.remember(TEAM, [{ name: "later", type: "note", observations: said("red car") }], BY);
      const result = await found(memory, "red car", { mode: "keyword" });
      expect(names(result)).toEqual(["later", "first"]);
      expect(result.hits[0]?.score.recency).toBeCloseTo(1.2);
    }));

  test("words that are in every question find nothing that is far in meaning, unless they are all that is asked", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("sings to the crowd in the morning") },
          { name: "Bo", observations: said("keeps a parrot") },
        ],
        BY,
      );
      expect(names(await found(memory, "what does the parrot say to the crew", { similarityMin: 0.9 }))).toEqual([
        "Bo",
      ]);
      expect(names(await found(memory, "which is the ship of the line", { similarityMin: 0.9 }))).toEqual([]);
      expect(names(await found(memory, "is the crowd in the hall", { mode: "keyword" }))).toEqual(["Ada"]);
      expect(names(await found(memory, "to the", { mode: "keyword" }))).toEqual(["Ada"]);
    }));

  test("a word that nearly all entities have finds none beside rarer words, but still scores", () =>
    within(async ({ memory }) => {
      const people = Array.from({ length: 30 }, (_, at) => ({ name: `n${at}`, observations: said("der Kunde zahlt") }));
      await memory.changes.remember(TEAM, [...people, { name: "Ida", observations: said("der Kapitän segelt") }], BY);
      const result = await found(memory, "wo segelt der Kunde", { mode: "keyword" });
      expect(names(result)).toEqual(["Ida"]);
      expect(result.hits[0]?.score.matched.toSorted()).toEqual(["der", "segelt"]);
      expect((await found(memory, "der Kunde", { mode: "keyword", limit: 40 })).hits.length).toBeGreaterThan(30);
    }));
}

function searchingContract4(within: Within): void {
  test("what is related to a hit is found too when it is asked for", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("plays chess") },
          { name: "Oslo", type: "city" },
          { name: "Rome", type: "city" },
        ],
        BY,
      );
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Oslo", type: "lives_in" }], BY);
      expect(names(await found(memory, "chess"))).toEqual(["Ada"]);
      const expanded = await found(memory, "chess", { expand: 1 });
      expect(names(expanded)).toEqual(["Ada", "Oslo"]);
      expect(expanded.hits[1]?.score.graph).toBeGreaterThan(0);
    }));

  test("a cancelled search ends at once", () =>
    within(async ({ memory }) => {
      const stop = new AbortController();
      const search = memory.search({ scopes: [TEAM], text: "red car" }, stop.signal);
      stop.abort(new Error("gone"));
      await expect(search).rejects.toThrow("gone");
    }));

  test("hits come page by page, and within a budget of tokens", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        Array.from({ length: 12 }, (_, index) => ({
          name: `n${index}`,
          observations: said(`red car number ${index}`),
        })),
        BY,
      );
      const first = await found(memory, "red car", { limit: 5 });
      const second = await found(memory, "red car", { limit: 5, cursor: first.next });
      const third = await found(memory, "red car", { limit: 5, cursor: second.next });
      expect(new Set([...names(first), ...names(second), ...names(third)]).size).toBe(12);
      expect(third.next).toBeUndefined();
      const short = await found(memory, "red car", { tokensMax: 30 });
      expect(short.hits.length).toBeGreaterThan(0);
      expect(short.tokens).toBeLessThanOrEqual(30);
      expect(short.next).toBeDefined();
    }));
}
