import { expect, test } from "vitest";
import { isFinished } from "../../../src/messaging/tasks/index.ts";
import { settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk } from "../../helpers/memory-message-journal.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { bids, Market } from "./market.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("task.crash");

const BIDDERS = { bob: bids(1, ["failure", "ill"]), cid: bids(2), dan: bids(3) };

/** The server ends before or after the router took the nth message of the task; nothing after that is done. */
async function crashAt(count: number, isBefore: boolean) {
  using directory = tempDirectory();
  const disk = new MemoryDisk();
  let sends = 0;
  const never = new Promise<never>(() => {});
  const first = await Market.open(directory.path, BIDDERS, {
    disk,
    wrap: (post) => ({
      submit: async (message) => {
        sends += 1;
        if (isBefore && sends >= count) return never;
        const outcome = await post.submit(message);
        return sends >= count ? never : outcome;
      },
    }),
  });
  const begun = await first.run({});
  for (let turn = 0; turn < 60; turn += 1) await settled();
  await first[Symbol.asyncDispose]();
  const before = first.story;
  await using second = await Market.open(directory.path, BIDDERS, { disk, clock: first.clock });
  await second.clock.advance(60_000);
  const task = await second.when(begun, (now) => isFinished(now) && now.outbox.length === 0);
  return { task, story: [...before, ...second.story], sends };
}

// tasks.K1, tasks.K3
test("a task ends as it would have, and nothing is said twice, wherever the server was killed", async () => {
  const whole = await crashAt(Infinity, false);
  expect(whole.task.state).toBe("done");
  const expected = whole.story.toSorted();
  expect(expected).toEqual(
    [
      "accept-proposal bob",
      "accept-proposal cid",
      "cfp bob,cid,dan",
      "cfp bob,cid,dan",
      "cfp bob,cid,dan",
      "reject-proposal dan",
    ].toSorted(),
  );
  for (let count = 1; count <= whole.sends; count += 1) {
    for (const isBefore of [true, false]) {
      const { task, story } = await crashAt(count, isBefore);
      const where = `${isBefore ? "before" : "after"} message ${count}`;
      expect([where, task.state, task.assignedTo, story.toSorted()]).toEqual([where, "done", "cid", expected]);
    }
  }
});

test("a deadline that passed while the server was away is looked at again, after the answers that came before it", async () => {
  using directory = tempDirectory();
  const disk = new MemoryDisk();
  const silent = { bob: bids(1), cid: () => undefined };
  const first = await Market.open(directory.path, silent, { disk });
  const begun = await first.run({ bidsMs: 5_000 });
  for (let turn = 0; turn < 30; turn += 1) await settled();
  await first[Symbol.asyncDispose]();
  await first.clock.advance(3_600_000);
  await using second = await Market.open(directory.path, silent, { disk, clock: first.clock });
  await second.clock.advance(5_000);
  const task = await second.when(begun, isFinished);
  expect([task.state, task.assignedTo]).toEqual(["done", "bob"]);
});
