import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cutInto, takeWithinBudget, type Measure, pageWithin } from "./token-budget.ts";

type Thing = { readonly id: number; readonly parts: readonly number[] };

/** One token for each thing and the given number for each part. */
const MEASURE: Measure<Thing> = {
  tokensOf: ({ parts }) => parts.reduce((sum, part) => sum + part, 1),
  cutTo: ({ id }) => ({ id, parts: [] }),
};
const things = fc
  .array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 30 })
  .map((all) => all.map((parts, id): Thing => ({ id, parts })));
const tokens = fc.integer({ min: 1, max: 120 });
const cost = (all: readonly Thing[]) => all.reduce((sum, one) => sum + MEASURE.tokensOf(one), 0);

test("pages within a token limit have each thing once, in order, as many as fit and at least one", async () => {
  await fc.assert(
    fc.asyncProperty(things, tokens, fc.integer({ min: 1, max: 10 }), async (all, tokensMax, limit) => {
      const shown: Thing[] = [];
      let from: number | undefined = 0;
      while (from !== undefined) {
        const start: number = from;
        const read = async (count: number) => {
          const end = start + count;
          return { entries: all.slice(start, end), next: end < all.length ? String(end) : undefined };
        };
        const { entries, next } = await pageWithin(read, { limit, tokensMax }, MEASURE);
        expect(entries.length).toBeLessThanOrEqual(limit);
        expect(cost(entries)).toBeLessThanOrEqual(tokensMax);
        expect(entries.length === 0).toBe(all.length === 0);
        const another = all.slice(start, start + entries.length + 1);
        const isFull = entries.length === limit || another.length === entries.length;
        expect(isFull || cost(another) > tokensMax, "another would not have fitted").toBe(true);
        shown.push(...entries);
        from = next === undefined ? undefined : Number(next);
      }
      expect(shown.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    }),
  );
});

test("only a thing that alone exceeds the limit is cut", () => {
  fc.assert(
    fc.property(things, tokens, (all, tokensMax) => {
      const { fitting, tokens: used } = takeWithinBudget(tokensMax, all, MEASURE);
      expect(used).toBe(cost(fitting));
      expect(fitting.slice(1)).toEqual(all.slice(1, fitting.length));
      expect(fitting.slice(0, 1)).toEqual(all.slice(0, 1).map((one) => cutInto(tokensMax, one, MEASURE)));
      expect(takeWithinBudget(undefined, all, MEASURE).fitting).toEqual(all);
    }),
  );
});
