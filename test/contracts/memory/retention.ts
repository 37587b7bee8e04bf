import { expect, test } from "vitest";
import { MemoryRetention } from "../../../src/memory/transfer/index.ts";
import { BY, OTHER, PAGE, TEAM, type Within } from "./within.ts";

const RETENTION = { source: "tool", sourceId: "retention", agent: undefined };

/** What holds of what a policy takes out, for every store. */
export function retentionContract(within: Within): void {
  test("entities and relations of too little strength are archived, deleted as the dry run lists them, and recorded in the log", () =>
    within(async ({ memory, clock }) => {
      const written: string[] = [];
      const archive = { append: async (_pass: string, text: string) => (written.push(text), "file") };
      const policy = {
        ageMaxMs: undefined,
        confidenceMin: undefined,
        strengthMin: 0.5,
        relationStrengthMin: 0.3,
        perScopeMax: undefined,
        scopes: undefined,
        types: undefined,
        metadata: undefined,
        action: "archive",
        everyMs: 1,
      } as const;
      await using retention = new MemoryRetention({ memory, clock, archive }, policy);
      const inputs = [{ name: "Ada" }, { name: "Bo", strength: 0.5 }, { name: "Cy", strength: 0.4 }];
      for (const scope of [TEAM, OTHER]) await memory.changes.remember(scope, inputs, BY);
      const relations = [
        { from: "Ada", to: "Bo", type: "knows", strength: 0.2 },
        { from: "Ada", to: "Bo", type: "likes" },
        { from: "Bo", to: "Cy", type: "knows" },
      ];
      await memory.changes.relate(TEAM, relations, BY);
      const trial = await retention.prune(true);
      expect(trial.gone.toSorted((one, other) => other.scope.localeCompare(one.scope))).toEqual([
        { scope: TEAM, reason: "relation-strength", entities: 0, relations: 1, names: ["Ada knows Bo"] },
        { scope: TEAM, reason: "strength", entities: 1, relations: 0, names: ["Cy"] },
        { scope: OTHER, reason: "strength", entities: 1, relations: 0, names: ["Cy"] },
      ]);
      expect(written).toEqual([]);
      expect((await retention.prune(false)).gone).toEqual(trial.gone);
      const left = await memory.list({ scopes: [TEAM] }, PAGE);
      expect(left.entries.map(({ name }) => name)).toEqual(["Ada", "Bo"]);
      const related = await memory.store.relations({ scopes: [TEAM], entities: undefined }, PAGE);
      expect(related.entries.map(({ type }) => type)).toEqual(["likes"]);
      const { entries } = await memory.log({ scopes: [TEAM] }, { limit: 2, cursor: undefined });
      expect(entries.map(({ action, provenance }) => ({ action, provenance }))).toEqual([
        { action: "forget", provenance: RETENTION },
        { action: "unrelate", provenance: RETENTION },
      ]);
      const counts = written.join("").trim().split("\n").at(-1);
      expect(JSON.parse(counts ?? "")).toEqual({ type: "end", entities: 2, relations: 2 });
      expect((await retention.prune(false)).gone).toEqual([]);
    }));
}
