import { expect, test } from "vitest";
import { Memory, SEARCH_DEFAULTS } from "../../../src/memory/knowledge/index.ts";
import { AGAIN, BY, names, OTHER, POLL, said, TEAM, WALK, type Within } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.remember", "memory.provenance");

/** What holds of remembering, for every store. */
export function rememberingContract(within: Within): void {
  rememberingContract1(within);
  rememberingContract2(within);
  rememberingContract3(within);
  rememberingContract4(within);
}

function rememberingContract1(within: Within): void {
  test("remembered facts are returned unchanged", () =>
    within(async ({ memory, clock }) => {
      const [ada] = await memory.changes.remember(
        TEAM,
        [
          {
            name: " Ada ",
            type: "person",
            observations: [{ text: "likes tea", confidence: 0.5, validity: { fromMs: 5 } }],
            metadata: { floor: 3 },
            strength: 0.25,
          },
        ],
        BY,
      );
      const entity = await memory.get(TEAM, "Ada");
      expect(ada).toMatchObject({ outcome: "created", entity });
      expect(entity).toMatchObject({
        name: "Ada",
        type: "person",
        scope: TEAM,
        version: 1,
        strength: 0.25,
        confidence: 1,
        metadata: { floor: 3 },
        createdAtMs: clock.nowMs(),
        observations: [
          {
            text: "likes tea",
            confidence: 0.5,
            validity: { fromMs: 5, toMs: undefined },
            provenance: BY,
            since: 1,
            until: undefined,
          },
        ],
      });
    }));

  // knowledge.changes.M4
  test("the same said twice is known once", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("likes tea") }], BY);
      const [again] = await memory.changes.remember(
        TEAM,
        [{ name: "Ada", observations: said("likes tea ", "likes tea") }],
        AGAIN,
      );
      expect(again).toMatchObject({ outcome: "unchanged", entity: { version: 1 }, added: [] });
    }));
}

function rememberingContract2(within: Within): void {
  test("what one call says of an entity is one version of it, however often it is named", () =>
    within(async ({ memory }) => {
      const [first, second] = await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("a") },
          { name: "Ada", observations: said("b") },
        ],
        BY,
      );
      const ada = await memory.get(TEAM, "Ada");
      expect(ada).toMatchObject({ version: 1, observations: [{ text: "a" }, { text: "b" }] });
      const [a, b] = ada.observations;
      expect(first).toEqual({ outcome: "created", entity: ada, added: [a] });
      expect(second).toEqual({ outcome: "changed", entity: ada, added: [b] });
      const more = await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("b", "c"), strength: 0.5 },
          { name: "Ada", observations: said("c") },
          { name: "Ada", strength: 0.25 },
        ],
        BY,
      );
      expect(more.map(({ outcome, added }) => [outcome, added.map(({ text }) => text)])).toEqual([
        ["changed", ["c"]],
        ["unchanged", []],
        ["changed", []],
      ]);
      expect(await memory.get(TEAM, "Ada")).toMatchObject({
        version: 2,
        strength: 0.25,
        observations: [{ since: 1 }, { since: 1 }, { text: "c", since: 2 }],
      });
    }));

  // knowledge.changes.M4
  test("concurrent changes of one entity are all stored", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada" }], BY);
      await Promise.all(
        ["a", "b", "c", "d"].map((text) =>
          memory.changes.remember(TEAM, [{ name: "Ada", observations: said(text) }], BY),
        ),
      );
      const { observations, version } = await memory.get(TEAM, "Ada");
      expect(observations.map(({ text }) => text).toSorted()).toEqual(["a", "b", "c", "d"]);
      expect(version).toBe(5);
    }));
}

function rememberingContract3(within: Within): void {
  // knowledge.memory-store.S2
  test("another type for a known name is refused, and nothing of the call is remembered", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", type: "person" }], BY);
      const refused = memory.changes.remember(TEAM, [{ name: "Bo" }, { name: "Ada", type: "ship" }], BY);
      await expect(refused).rejects.toMatchObject({ code: "ENTITY_TYPE_CONFLICT", kind: "conflict" });
      await expect(memory.get(TEAM, "Bo")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
      const both = [
        { name: "Bo", type: "person" },
        { name: "Bo", type: "ship" },
      ];
      await expect(memory.changes.remember(TEAM, both, BY)).rejects.toMatchObject({ code: "ENTITY_TYPE_CONFLICT" });
      await expect(memory.get(TEAM, "Bo")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
    }));

  test("one name in two scopes is two entities", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("ours") }], BY);
      await memory.changes.remember(OTHER, [{ name: "Ada", observations: said("theirs") }], BY);
      expect((await memory.get(TEAM, "Ada")).observations.map(({ text }) => text)).toEqual(["ours"]);
      expect((await memory.get(OTHER, "Ada")).observations.map(({ text }) => text)).toEqual(["theirs"]);
    }));
}

function rememberingContract4(within: Within): void {
  test("entities are listed by name, page by page, each once", () =>
    within(async ({ memory }) => {
      const all = Array.from({ length: 25 }, (_, index) => `e${String(index).padStart(2, "0")}`);
      await memory.changes.remember(
        TEAM,
        all.toReversed().map((name) => ({ name, type: "x" })),
        BY,
      );
      await memory.changes.remember(OTHER, [{ name: "e00-other" }], BY);
      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await memory.list({ scopes: [TEAM] }, { limit: 7, cursor });
        listed.push(...page.entries.map(({ name }) => name));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(listed).toEqual(all);
    }));

  // knowledge.memory-store.S1
  test("everything is there again in another process", () =>
    within(async ({ memory, opened, clock, embedder }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "Ada", type: "person", observations: said("drives a car") }, { name: "Bo" }],
        BY,
      );
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
      const before = await memory.get(TEAM, "Ada");
      const store = await opened.reopen();
      const again = new Memory({ store, embedder, clock, defaults: SEARCH_DEFAULTS });
      await again.open();
      expect(await again.get(TEAM, "Ada")).toEqual(before);
      await expect
        .poll(async () => names(await again.search({ scopes: [TEAM], text: "automobile" })), POLL)
        .toEqual(["Ada"]);
      await expect
        .poll(
          async () =>
            (await again.graph({ ...WALK, scopes: [TEAM], start: [before.id] })).entities.map(
              ({ entity }) => entity.name,
            ),
          POLL,
        )
        .toEqual(["Ada", "Bo"]);
    }));
}
