import { expect, test } from "vitest";
import { AGAIN, BY, found, names, PAGE, said, TEAM, type Within } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.versions");

/** What holds of history, for every store. */
export function historyContract(within: Within): void {
  historyContract1(within);
  historyContract2(within);
  historyContract3(within);
}

function historyContract1(within: Within): void {
  test("each change is in the log, newest first, with who made it", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a") }], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b") }], AGAIN);
      await memory.changes.withdraw(TEAM, "Ada", ["a"], BY);
      await memory.changes.revise(TEAM, "Ada", { type: "person" }, AGAIN);
      const { id } = await memory.get(TEAM, "Ada");
      const log = await memory.log({ entity: id }, PAGE);
      expect(log.entries.map(({ action, version }) => [action, version])).toEqual([
        ["revise", 4],
        ["withdraw", 3],
        ["observe", 2],
        ["create", 1],
      ]);
      expect(log.entries.map(({ provenance }) => provenance.agent)).toEqual(["reader", "scribe", "reader", "scribe"]);
      expect(log.entries[0]?.details).toEqual({ type: { before: "thing", after: "person" } });
      const all = await memory.log({ scopes: [TEAM] }, { limit: 3, cursor: undefined });
      const rest = await memory.log({ scopes: [TEAM] }, { limit: 3, cursor: all.next });
      expect([...all.entries, ...rest.entries].map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    }));

  test("the log is read page by page within so many tokens, nothing twice and nothing missed", () =>
    within(async ({ memory }) => {
      for (const name of ["Ada", "Bo", "Cy"]) await memory.changes.remember(TEAM, [{ name }], BY);
      for (const name of ["Ada", "Bo", "Cy"])
        await memory.changes.revise(TEAM, name, { metadata: { about: name.repeat(100) }, strength: 0.5 }, BY);
      const whole = (await memory.log({ scopes: [TEAM] }, PAGE)).entries;
      const read = (tokensMax: number, cursor?: string) =>
        memory.log({ scopes: [TEAM] }, { limit: 10, cursor, tokensMax });
      for (const tokensMax of [1, 60, 150]) {
        const pages = [await read(tokensMax)];
        for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next)
          pages.push(await read(tokensMax, next));
        expect(pages.flatMap(({ entries }) => entries.map(({ seq }) => seq))).toEqual(whole.map(({ seq }) => seq));
        expect(pages.length).toBeGreaterThan(1);
      }
      expect((await read(1)).entries).toMatchObject([{ action: "revise", details: {}, isCut: true }]);
      expect((await read(10_000)).entries).toEqual(whole);
    }));
}

function historyContract2(within: Within): void {
  test("an earlier version of an entity can be read and compared with the current one", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "Ada", type: "person", observations: said("a"), strength: 0.5 }],
        BY,
      );
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b"), strength: 0.75 }], BY);
      await memory.changes.withdraw(TEAM, "Ada", ["a"], BY);
      expect(await memory.at(TEAM, "Ada", 1)).toMatchObject({
        version: 1,
        strength: 0.5,
        observations: [{ text: "a" }],
      });
      const diff = await memory.diff(TEAM, "Ada", { from: 1, to: 3 });
      expect(diff).toMatchObject({
        added: [{ text: "b" }],
        withdrawn: [{ text: "a" }],
        fields: { strength: { before: 0.5, after: 0.75 } },
      });
      await expect(memory.at(TEAM, "Ada", 9)).rejects.toMatchObject({ code: "ENTITY_VERSION_NOT_FOUND" });
    }));

  test("blame names the change that brought what counts now", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a") }], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b") }], AGAIN);
      expect(
        (await memory.blame(TEAM, "Ada")).map(({ observation, change }) => [
          observation.text,
          change?.provenance.agent,
          change?.version,
        ]),
      ).toEqual([
        ["a", "scribe", 1],
        ["b", "reader", 2],
      ]);
    }));
}

function historyContract3(within: Within): void {
  test("reverting makes it what it was, as a new version", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "Ada", type: "person", observations: said("a", "b"), strength: 0.5 }],
        BY,
      );
      await memory.changes.withdraw(TEAM, "Ada", ["a"], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("c"), strength: 1 }], BY);
      const reverted = await memory.changes.revert(TEAM, "Ada", 1, BY);
      expect(reverted).toMatchObject({ version: 4, strength: 0.5 });
      const entity = await memory.get(TEAM, "Ada");
      expect(entity.observations.map(({ text }) => text).toSorted()).toEqual(["a", "b"]);
      expect(names(await found(memory, "c", { mode: "keyword" }))).toEqual([]);
    }));
}
