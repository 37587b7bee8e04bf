import { expect, test } from "vitest";
import { Database, SqliteGrantLedger } from "../../src/backends/sqlite/index.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import type { GrantUse, UseFilter } from "../../src/tools/index.ts";
import { tempDirectory } from "../helpers/temp.ts";

const use = (changes: Partial<GrantUse> = {}): GrantUse => ({
  atMs: 1_000,
  server: "weather",
  agent: "tester",
  session: "session",
  kind: "file",
  operation: "read",
  target: "data/a.csv",
  outcome: "allowed",
  reason: "",
  bytes: 0,
  durationMs: 0,
  ...changes,
});
const all: UseFilter = {
  server: "weather",
  outcome: undefined,
  kind: undefined,
  sinceMs: undefined,
  beforeSeq: undefined,
  limit: 100,
};
const open = (clock: Clock = systemClock, options = { rowsMax: 100_000, ageMsMax: 1e14 }) => {
  const temp = tempDirectory();
  const database = Database.open({ directory: temp.path, synchronous: "normal" });
  const ledger = new SqliteGrantLedger(database, clock, options);
  return {
    ledger,
    [Symbol.asyncDispose]: async () => {
      await ledger[Symbol.asyncDispose]();
      database[Symbol.dispose]();
      temp[Symbol.dispose]();
    },
  };
};

test("uses come back as they were recorded, newest first, at once", async () => {
  await using room = open();
  const second = use({
    kind: "http",
    operation: "GET",
    outcome: "denied",
    reason: "denied",
    agent: undefined,
    bytes: 7,
    durationMs: 1.5,
  });
  room.ledger.record(use());
  room.ledger.record(second);
  room.ledger.record(use({ server: "other" }));
  expect(await room.ledger.uses(all)).toEqual([
    { ...second, seq: 2 },
    { ...use(), seq: 1 },
  ]);
});

test("uses are looked for by outcome, kind and time, a page at a time", async () => {
  await using room = open();
  for (let at = 0; at < 30; at += 1) {
    room.ledger.record(
      use({
        atMs: at,
        target: String(at),
        outcome: at % 3 === 0 ? "denied" : "allowed",
        kind: at % 2 === 0 ? "state" : "file",
      }),
    );
  }
  const targets = async (filter: Partial<UseFilter>) =>
    (await room.ledger.uses({ ...all, ...filter })).map(({ target }) => Number(target));
  expect(await targets({ outcome: "denied", kind: "state" })).toEqual([24, 18, 12, 6, 0]);
  expect(await targets({ sinceMs: 27 })).toEqual([29, 28, 27]);
  const [last] = (await room.ledger.uses({ ...all, limit: 10 })).slice(-1);
  expect(await targets({ limit: 2, beforeSeq: last?.seq })).toEqual([19, 18]);
});

test("only so many uses, and none older than so long, are kept", async () => {
  const now = { ms: 0 };
  const clock: Clock = { ...systemClock, nowMs: () => now.ms };
  await using room = open(clock, { rowsMax: 500, ageMsMax: 1_000 });
  for (let at = 0; at < 3_000; at += 1) {
    now.ms = at;
    room.ledger.record(use({ atMs: at }));
    if (at % 1_000 === 999) await room.ledger.uses({ ...all, limit: 1 });
  }
  expect(await room.ledger.uses({ ...all, limit: 10_000 })).toHaveLength(500);
  now.ms = 100_000;
  for (let count = 0; count < 1_000; count += 1)
    room.ledger.record(use({ atMs: count < 990 ? 5 : now.ms, server: "old" }));
  expect(await room.ledger.uses(all)).toEqual([]);
});
