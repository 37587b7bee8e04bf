import { expect, test } from "vitest";
import { AGAIN, BY, found, names, OTHER, PAGE, said, TEAM, type Within } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.forget");

/** What holds of forgetting, for every store. */
export function forgettingContract(within: Within): void {
  test("a forgotten entity is in no answer any more, and only counts remain", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a secret") }, { name: "Bo" }], BY);
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
      const { id } = await memory.get(TEAM, "Ada");
      expect(await memory.forget({ type: "entities", ids: [id] }, AGAIN)).toEqual({
        entities: 1,
        observations: 1,
        relations: 1,
      });
      expect(names(await found(memory, "secret Ada", { temporal: "all", similarityMin: 0 }))).not.toContain("Ada");
      expect(await memory.store.history(id)).toBeUndefined();
      const { entries } = await memory.log({ entity: id }, PAGE);
      expect(entries).toMatchObject([
        { action: "forget", details: { entities: 1, observations: 1, relations: 1 }, provenance: AGAIN },
      ]);
      expect(JSON.stringify(entries)).not.toContain("secret");
      expect(await memory.forget({ type: "entities", ids: [id] }, AGAIN)).toEqual({
        entities: 0,
        observations: 0,
        relations: 0,
      });
      const again = await memory.changes.remember(TEAM, [{ name: "Ada" }], BY);
      expect(again[0]).toMatchObject({ outcome: "created" });
    }));

  test("single observations and whole scopes are forgotten", () =>
    within(async ({ memory, embedder }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a secret", "plays chess") }], BY);
      await memory.changes.remember(OTHER, [{ name: "theirs" }], BY);
      const { id, observations } = await memory.get(TEAM, "Ada");
      const secret = observations.filter(({ text }) => text === "a secret").map((one) => one.id);
      expect(await memory.forget({ type: "observations", entity: id, ids: secret }, BY)).toEqual({
        entities: 0,
        observations: 1,
        relations: 0,
      });
      expect(JSON.stringify(await memory.store.history(id))).not.toContain("secret");
      expect(names(await found(memory, "chess"))).toEqual(["Ada"]);
      expect(embedder.texts).toBeGreaterThan(2);
      expect(await memory.forget({ type: "scope", scope: TEAM }, BY)).toMatchObject({ entities: 1 });
      expect((await memory.list({ scopes: [TEAM, OTHER] }, PAGE)).entries.map(({ name }) => name)).toEqual(["theirs"]);
    }));
}
