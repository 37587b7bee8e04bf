import { expect, test } from "vitest";
import { Database, SqliteGrantLedger } from "../../../src/storage/index.ts";
import { type Clock, systemClock } from "../../../src/kernel/clock.ts";
import type { GrantUse, UseFilter } from "../../../src/tools/catalogue/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.audit");

const use = (changes: Partial<GrantUse> = {}): GrantUse => ({
  atMs: 1_000,
  workspace: "default",
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
  workspace: "default",
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
    { ...second, seq: 2, count: 1 },
    { ...use(), seq: 1, count: 1 },
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

test("the ledger keeps a limited number of uses for a limited time", async () => {
  const now = { ms: 0 };
  const clock: Clock = { ...systemClock, nowMs: () => now.ms };
  await using room = open(clock, { rowsMax: 500, ageMsMax: 1_000 });
  for (let at = 0; at < 3_000; at += 1) {
    now.ms = at;
    room.ledger.record(use({ atMs: at, target: String(at) }));
    if (at % 1_000 === 999) await room.ledger.uses({ ...all, limit: 1 });
  }
  expect(await room.ledger.uses({ ...all, limit: 10_000 })).toHaveLength(500);
  now.ms = 100_000;
  for (let count = 0; count < 1_000; count += 1)
    room.ledger.record(use({ atMs: count < 990 ? 5 : now.ms, server: "old", target: String(count) }));
  expect(await room.ledger.uses(all)).toEqual([]);
});

test("repeats of one use in a moment are one, with their number, bytes and time in sum", async () => {
  await using room = open();
  for (let time = 0; time < 50_000; time += 1) room.ledger.record(use({ atMs: time, bytes: 2, durationMs: 0.5 }));
  room.ledger.record(use({ outcome: "denied", reason: "denied" }));
  expect(await room.ledger.uses(all)).toMatchObject([
    { outcome: "denied", count: 1 },
    { outcome: "allowed", atMs: 0, count: 50_000, bytes: 100_000, durationMs: 25_000 },
  ]);
});

test("a tool that asks for much pushes out neither another's refused attempts nor its own", async () => {
  await using room = open(systemClock, { rowsMax: 1_000, ageMsMax: 1e14 });
  const few = (server: string): void => {
    for (let at = 0; at < 20; at += 1)
      room.ledger.record(use({ server, outcome: "denied", target: `${server}/${at}` }));
  };
  few("quiet");
  few("loud");
  for (let at = 0; at < 12_000; at += 1) {
    room.ledger.record(use({ server: "loud", target: String(at) }));
    if (at % 1_500 === 0) await room.ledger.uses({ ...all, limit: 1 });
  }
  const kept = async (server: string, outcome: "allowed" | "denied") =>
    (await room.ledger.uses({ ...all, server, outcome, limit: 20_000 })).length;
  expect(await kept("quiet", "denied")).toBe(20);
  expect(await kept("loud", "denied")).toBe(20);
  expect(await kept("loud", "allowed")).toBeLessThan(2_600);
});

test("a flood between two writes leaves room for the uses of others", async () => {
  await using room = open();
  for (let at = 0; at < 30_000; at += 1) room.ledger.record(use({ server: "loud", target: String(at) }));
  room.ledger.record(use({ server: "quiet", outcome: "denied" }));
  expect(await room.ledger.uses({ ...all, server: "quiet" })).toHaveLength(1);
});
