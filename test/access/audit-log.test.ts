import { expect, test } from "vitest";
import { type AuditEvent, AuditLog, type AuditStore, SigningKey } from "../../src/access/audit/index.ts";
import { openStorage } from "../../src/storage/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";

const DAY_MS = 86_400_000;

const event = (address: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  principal: { id: "anonymous", kind: "anonymous", name: "", workspace: "default" },
  operation: { name: "access.authenticate", permission: null },
  target: {},
  outcome: "denied",
  code: "CREDENTIALS_INVALID",
  origin: { address, requestId: "1" },
  ...more,
});
const change = event("127.0.0.1", { outcome: "allowed", code: null });

/** A clock that can also jump, as if nothing had happened for days. */
class JumpingClock extends ManualClock {
  #jumpedMs = 0;
  override nowMs(): number {
    return super.nowMs() + this.#jumpedMs;
  }
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }
}

/** An audit log in a database of its own. */
function openLog(prepare: (store: AuditStore) => void = () => undefined) {
  const stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(tempDirectory());
  const clock = new JumpingClock(Date.parse("2026-01-01T00:00:00Z"));
  const grants = { rowsMax: 1_000, ageMsMax: DAY_MS };
  const storage = stack.use(
    openStorage({ directory, synchronous: "normal", uploads: { bytesMax: 1, waitingBytesMax: 1 }, grants }, clock),
  );
  prepare(storage.audit);
  const ports = { store: storage.audit, clock, key: SigningKey.open(directory) };
  const audit = stack.use(new AuditLog(ports, { isEnabled: true, retentionMs: 90 * DAY_MS }));
  return { audit, clock, storage, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const filter = {
  workspace: undefined,
  principal: undefined,
  operation: undefined,
  outcome: undefined,
  since: undefined,
  until: undefined,
};

// access.audit.L3
test("records are signed a minute after they were written", async () => {
  await using log = openLog();
  const { audit, clock, storage } = log;
  audit.record(change);
  await clock.advance(1_000);
  await expect.poll(() => storage.audit.head()).toMatchObject({ seq: 1 });
  expect(storage.audit.lastCheckpoint()).toBeUndefined();
  await clock.advance(60_000);
  await expect.poll(() => storage.audit.lastCheckpoint()).toEqual(storage.audit.head());
  expect(await audit.verify()).toMatchObject({ records: 1, checkpoints: 1, broken: undefined });
});

// access.audit.L4
test("retention deletes whole segments that are old, and what remains can be verified", async () => {
  await using log = openLog();
  const { audit, clock, storage } = log;
  for (let day = 0; day < 6; day += 1) {
    for (let count = 0; count < 3; count += 1) audit.record(change);
    await audit.checkpoint();
    clock.jump(DAY_MS);
  }
  clock.jump(87 * DAY_MS);
  audit.record(change);
  await audit.sweep();
  expect(await audit.verify()).toMatchObject({ first: 10, last: 19, records: 10, broken: undefined });
  storage.database.sql("DELETE FROM audit_records WHERE seq = 12").run();
  clock.jump(80 * DAY_MS);
  await audit.sweep();
  expect((await audit.list({ ...filter, before: 12, limit: 9 })).map(({ seq }) => seq)).toEqual([11, 10]);
  expect(await audit.verify()).toMatchObject({ broken: { seq: 12 } });
});

test("a log whose records have all been deleted continues its chain", async () => {
  await using log = openLog();
  const { audit, clock } = log;
  audit.record(change);
  await audit.checkpoint();
  clock.jump(91 * DAY_MS);
  await audit.sweep();
  expect(await audit.verify()).toMatchObject({ records: 0, checkpoints: 1, first: 0, broken: undefined });
  audit.record(change);
  expect(await audit.verify()).toMatchObject({ records: 1, first: 2, last: 2, broken: undefined });
});

test("denials of any number of addresses have a bounded number of records in a minute, and all are counted", async () => {
  await using log = openLog();
  const { audit } = log;
  for (let index = 0; index < 20_000; index += 1) audit.record(event(`10.0.${index >> 8}.${index & 255}`));
  const { records } = await audit.verify();
  expect(records).toBeLessThan(600);
  const all = await audit.list({ ...filter, before: undefined, limit: 1_000 });
  expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(20_000);
  expect(all.filter(({ address }) => address === "several")).toHaveLength(1);
});

test("denials of programs of one name in two workspaces are counted apart", async () => {
  await using log = openLog();
  const { audit } = log;
  for (const workspace of ["red", "blue"]) {
    const principal = { id: "participant_clerk", kind: "participant", name: "clerk", workspace };
    for (let index = 0; index < 15; index += 1) audit.record(event("127.0.0.1", { principal }));
  }
  await audit.checkpoint();
  for (const workspace of ["red", "blue"]) {
    const records = await audit.list({ ...filter, workspace, before: undefined, limit: 99 });
    expect(records.map(({ count }) => count).toSorted((one, other) => other - one)).toEqual([5, ...Array(10).fill(1)]);
  }
});

test("records that could not be written are written later, in order", async () => {
  let failures = 2;
  await using log = openLog((store) => {
    const append = store.append.bind(store);
    store.append = async (records) => {
      failures -= 1;
      if (failures >= 0) throw new Error("the disk is full");
      await append(records);
    };
  });
  const { audit, clock } = log;
  audit.record(change);
  await clock.advance(1_000);
  audit.record(event("127.0.0.1"));
  await clock.advance(20_000);
  const all = await audit.list({ ...filter, before: undefined, limit: 10 });
  expect(all.map(({ seq, outcome }) => `${seq} ${outcome}`)).toEqual(["2 denied", "1 allowed"]);
  expect(await audit.verify()).toMatchObject({ records: 2, broken: undefined });
});
