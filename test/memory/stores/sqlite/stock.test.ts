import { expect, test } from "vitest";
import { type StoreFigures } from "../../../../src/memory/knowledge/index.ts";
import { StockTaking } from "../../../../src/memory/knowledge/stock.ts";
import { ManualClock, settled } from "../../../helpers/manual-clock.ts";

const holding = (entities: number): StoreFigures => ({
  scopes: [{ scope: "global", entities, observations: 0, relations: 0 }],
  bytes: undefined,
  passagesByModel: {},
  passagesWithoutVector: 0,
  indexed: 1,
});

test("who asks for what memory holds waits only so long, and gets what was known last", async () => {
  const clock = new ManualClock();
  const answers: PromiseWithResolvers<StoreFigures>[] = [];
  const stock = new StockTaking(() => {
    const answer = Promise.withResolvers<StoreFigures>();
    answers.push(answer);
    return answer.promise;
  }, clock);

  const first = stock.now(250);
  await clock.advance(250);
  expect(await first, "nothing is known yet").toBeUndefined();
  answers[0]?.resolve(holding(1));
  await settled();
  expect(await stock.now(250), "it is not counted again at once").toMatchObject({ figures: holding(1) });
  expect(answers).toHaveLength(1);

  await clock.advance(4_999);
  expect(await stock.now(250)).toMatchObject({ ageMs: 4_999 });
  await clock.advance(1);
  const slow = stock.now(250);
  await clock.advance(250);
  expect(await slow).toMatchObject({ figures: holding(1), ageMs: 5_250 });
  expect(answers, "one count at a time").toHaveLength(2);

  answers[1]?.reject(new Error("the place is gone"));
  await settled();
  expect(await stock.now(250), "old figures would say that all is well").toBeUndefined();
});
