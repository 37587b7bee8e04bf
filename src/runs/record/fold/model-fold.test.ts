import { expect, test } from "vitest";
import { changedTurn, newTurn } from "./model-fold.ts";

test("a turn that is started again keeps its first start time and the time of its resumption", () => {
  const begin = { type: "model-start", step: 1, model: "mock", attempt: 1 } as const;
  const first = newTurn(1, begin, 1_000);
  expect([first.startedAtMs, first.resumedAtMs]).toEqual([1_000, 1_000]);
  const again = changedTurn(first, { ...begin, attempt: 2 }, 61_000);
  expect([again.startedAtMs, again.resumedAtMs]).toEqual([1_000, 61_000]);
});
