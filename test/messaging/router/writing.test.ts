import { expect, test } from "vitest";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";
import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { Writer } from "../../../src/messaging/router/writing/index.ts";

function openWriter() {
  const clock = new ManualClock();
  const disk = new MemoryDisk();
  const options = { batchMessagesMax: 100, settlementWaitMs: 5 };
  const writer = new Writer({ journal: new MemoryMessageJournal(disk), clock, alarm: new TimerQueue(clock), options });
  const settle = (seq: number) => writer.batch().settlement({ seq, party: 1, outcome: "done", attempt: 1 });
  return { clock, disk, writer, settle };
}

// writing.writer.W4
test("settlements alone wait, and are written together", async () => {
  const { clock, disk, settle } = openWriter();
  settle(1);
  await clock.advance(4);
  settle(2);
  await settled();
  expect([disk.settled.size, disk.commits]).toEqual([0, 0]);
  await clock.advance(1);
  await settled();
  expect([disk.settled.size, disk.commits]).toEqual([2, 1]);
  settle(3);
  await clock.advance(5);
  await settled();
  expect([disk.settled.size, disk.commits]).toEqual([3, 2]);
});

// writing.writer.W4
test("settlements go with whatever else is written", async () => {
  const { disk, writer, settle } = openWriter();
  settle(1);
  await settled();
  writer.batch().parties.push({ number: 1, workspace: "default", name: "ann" });
  await settled();
  expect([disk.settled.size, disk.commits]).toEqual([1, 1]);
});

// writing.writer.W4
test("a caller can wait until settlements are on disk", async () => {
  const { disk, writer, settle } = openWriter();
  settle(1);
  await settled();
  expect(writer.isIdle).toBe(false);
  await writer.settled();
  expect(disk.settled.size).toBe(1);
  expect(writer.isIdle).toBe(true);
});
