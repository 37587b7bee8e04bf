import { expect, test } from "vitest";
import { type StoreStats } from "../../../../src/memory/knowledge/index.ts";
import { CachedStats } from "../../../../src/memory/knowledge/cached-stats.ts";
import { ManualClock, settled } from "../../../helpers/manual-clock.ts";

const holding = (entities: number): StoreStats => ({
  scopes: [{ scope: "global", entities, observations: 0, relations: 0 }],
  bytes: undefined,
  passagesByModel: {},
  passagesWithoutVector: 0,
  indexed: 1,
});

test("who asks for what memory holds waits only so long, and gets what was known last", async () => {
  const clock = new ManualClock();
  const answers: PromiseWithResolvers<StoreStats>[] = [];
  const stats = new CachedStats(() => {
    const answer = Promise.withResolvers<StoreStats>();
    answers.push(answer);
    return answer.promise;
  }, clock);

  const first = stats.now(250);
  await clock.advance(250);
  expect(await first, "nothing is known yet").toBeUndefined();
  answers[0]?.resolve(holding(1));
  await settled();
  expect(await stats.now(250), "it is not counted again at once").toMatchObject({ stats: holding(1) });
  expect(answers).toHaveLength(1);

  await clock.advance(4_999);
  expect(await stats.now(250)).toMatchObject({ ageMs: 4_999 });
  await clock.advance(1);
  const slow = stats.now(250);
  await clock.advance(250);
  expect(await slow).toMatchObject({ stats: holding(1), ageMs: 5_250 });
  expect(answers, "one count at a time").toHaveLength(2);

  answers[1]?.reject(new Error("the place is gone"));
  await settled();
  expect(await stats.now(250), "old counts would suggest that memory works").toBeUndefined();
});
