import { expect, test } from "vitest";
import { powerCuts } from "./power-cut.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.power-cut");

// journal.writer.W2, ports.journal.J1
test("when the power is cut at any moment, nothing of class full is lost, and the journal opens", async () => {
  const { cuts, writes } = await powerCuts({ cuts: 40, messages: 1_500, seed: 1 });
  expect(cuts).toBe(40);
  expect(writes).toBeGreaterThan(1_000);
}, 180_000);

test("the same cuts find what is lost when nothing waits for the disk", async () => {
  await expect(powerCuts({ cuts: 10, messages: 300, seed: 1, synchronous: "normal" })).rejects.toThrow(
    /of class full is lost/,
  );
}, 120_000);
