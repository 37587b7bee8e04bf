import { existsSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { wordKey } from "../../../src/messaging/router/index.ts";
import { batch, bodyOf, conversation, deadLetter, JournalRoom, messages } from "./batches.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.dead-letters", "storage.migrations");

const KIB = 1_024;
const WORKER = { number: 1, workspace: "default", name: "worker" };
const CLERK = { number: 2, workspace: "default", name: "clerk" };

// journal.message-journal.M1
test("a journal with nothing in it makes no file and starts no thread", async () => {
  await using room = new JournalRoom();
  const recovered = await room.journal.recover({ sinceMs: 0 });
  expect(recovered.lastSeq).toBe(0);
  expect(await room.journal.list({ workspace: "default", limit: 10 })).toEqual([]);
  expect(await room.journal.read([1])).toEqual([]);
  expect(await room.journal.figures()).toEqual({ messages: 0, dead: 0, bytes: 0 });
  await room.journal.retain(1);
  expect(existsSync(room.file)).toBe(false);
});

// ports.journal.J1
test("appended messages are read back unchanged, and unsettled ones are recovered in order", async () => {
  await using room = new JournalRoom();
  const { journal } = room;
  const first = {
    seq: 5,
    recipients: "1,2",
    priority: 3,
    expiresAtMs: 99,
    body: '{"é":"Ж \\u0000"}',
    conversation: "c",
  };
  await journal.append(batch({ parties: [WORKER, CLERK], messages: [first, { seq: 7 }, { seq: 8, recipients: "" }] }));
  await journal.append(batch({ messages: [{ seq: 9, recipients: 2 }], settled: [{ seq: 7, party: 1 }] }));

  expect(await journal.read([9, 5, 6])).toEqual([
    {
      seq: 5,
      id: "id-5",
      workspace: "default",
      conversation: "c",
      sender: "planner",
      performative: "request",
      recipients: [1, 2],
      priority: 3,
      expiresAtMs: 99,
      atMs: 1_005,
      body: bodyOf(first),
    },
    expect.objectContaining({ seq: 9, recipients: [2] }),
  ]);

  const recovered = await room.again();
  expect(recovered.lastSeq).toBe(9);
  expect(recovered.parties).toEqual([WORKER, CLERK]);
  expect([...recovered.pending.seqs]).toEqual([5, 5, 9]);
  expect([...recovered.pending.parties]).toEqual([1, 2, 2]);
  expect([...recovered.pending.priorities]).toEqual([3, 3, 1]);
  expect([...recovered.pending.expiresAtMs]).toEqual([99, 99, 0]);
  expect([...recovered.pending.atMs]).toEqual([1_005, 1_005, 1_009]);
  expect(recovered.pending.conversationKeys[0]).toBe(wordKey("default", "c"));
  expect(recovered.recent.ids).toEqual(["id-5", "id-7", "id-8", "id-9"]);
});

// ports.journal.J3
test("deliveries of one message are settled one by one, across segments and restarts", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 1 });
  await room.journal.append(batch({ parties: [WORKER, CLERK], messages: [{ seq: 1, recipients: "1,2" }] }));
  await room.journal.append(batch({ messages: [{ seq: 2 }] }));
  await room.journal.append(batch({ messages: [{ seq: 3 }], settled: [{ seq: 1, party: 2 }] }));
  const once = await room.again();
  expect([...once.pending.seqs]).toEqual([1, 2, 3]);
  expect([...once.pending.parties]).toEqual([1, 1, 1]);
  await room.journal.append(
    batch({
      settled: [
        { seq: 3, party: 1 },
        { seq: 1, party: 1 },
      ],
    }),
  );
  expect([...(await room.again()).pending.seqs]).toEqual([2]);
});

test("attempts come back with the deliveries that are tried again, and go with those that are settled", async () => {
  await using room = new JournalRoom();
  const history = [{ attempt: 1, atMs: 4_000, reason: "no answer" }];
  const failed = { party: 1, attempts: 1, nextAtMs: 5_000, reason: "no answer", history };
  await room.journal.append(batch({ parties: [WORKER], messages: messages(1, 3) }));
  await room.journal.append(batch({ retries: [1, 2, 3].map((seq) => ({ ...failed, seq })) }));
  await room.journal.append(
    batch({ retries: [{ ...failed, seq: 2, attempts: 2 }], settled: [{ seq: 1, party: 1, attempt: 2 }] }),
  );
  const recovered = await room.again();
  expect([...recovered.pending.seqs]).toEqual([2, 3]);
  expect(recovered.retries).toEqual([
    { ...failed, seq: 2, attempts: 2 },
    { ...failed, seq: 3 },
  ]);
  expect(await room.journal.settlements([1, 2, 9])).toEqual([
    { seq: 1, party: 1, outcome: "done", attempt: 2, atMs: 1_000 },
  ]);
});

// journal.writer.W1, ports.journal.J2
test("a batch that cannot be written is not there at all, and the next one is", async () => {
  await using room = new JournalRoom();
  await room.journal.append(batch({ parties: [WORKER], messages: messages(1, 2) }));
  // Its last row, that of its settlements, has a time that is no whole number.
  const failing = batch({
    atMs: 1.5,
    messages: [{ seq: 3 }],
    settled: [{ seq: 1, party: 1 }],
    dead: [deadLetter(1)],
    conversations: [conversation("c")],
  });
  await expect(room.journal.append(failing)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
  expect(await room.journal.deadLetters({ workspace: "default", limit: 9 })).toEqual([]);
  await room.journal.append(batch({ messages: [{ seq: 4 }], settled: [{ seq: 2, party: 1 }] }));
  expect(await room.journal.figures()).toMatchObject({ messages: 3, dead: 0 });
  const recovered = await room.again();
  expect([...recovered.pending.seqs]).toEqual([1, 4]);
  expect(recovered.conversations).toEqual([]);
});

test("dead letters are stored completely, listed newest first, and dropped", async () => {
  await using room = new JournalRoom({ deadLettersMax: 3 });
  const { journal } = room;
  await journal.append(
    batch({ dead: [deadLetter(1), deadLetter(2, { code: "EXPIRED" }), deadLetter(2, { party: 2 })] }),
  );
  const list = { workspace: "default", limit: 2 };
  const page = await journal.deadLetters(list);
  expect(page.map(({ seq, party }) => [seq, party])).toEqual([
    [2, 2],
    [2, 1],
  ]);
  expect(await journal.deadLetters({ ...list, before: { seq: 2, party: 1 } })).toEqual([deadLetter(1)]);
  expect(await journal.deadLetters({ ...list, code: "EXPIRED", party: 1 })).toHaveLength(1);
  expect(await journal.deadLetters({ ...list, workspace: "other" })).toEqual([]);
  await journal.append(batch({ buried: [{ seq: 2, party: 2 }] }));
  expect(await journal.deadLetter(2, 2)).toBeUndefined();
  expect(await journal.deadLetter(2, 1)).toMatchObject({ code: "EXPIRED" });

  // More than are kept: the oldest goes.
  await journal.append(batch({ dead: [deadLetter(3), deadLetter(4)] }));
  await journal.retain(0);
  expect(await journal.figures()).toMatchObject({ dead: 3 });
  expect(await journal.deadLetter(1, 1)).toBeUndefined();
});

test("a conversation is as its last message left it; those that are open come back", async () => {
  await using room = new JournalRoom();
  await room.journal.append(
    batch({
      conversations: [
        conversation("a", { updatedAtMs: 1 }),
        conversation("b", { updatedAtMs: 2, parent: "a", participants: ["clerk"] }),
        conversation("c", { updatedAtMs: 3, isArchived: true, isOpen: false }),
        conversation("d", { updatedAtMs: 4, workspace: "other" }),
      ],
    }),
  );
  const over = conversation("a", { updatedAtMs: 5, isOpen: false, state: "completed", messages: 2, fold: "[2]" });
  await room.journal.append(batch({ conversations: [over] }));
  const recovered = await room.again();
  expect(recovered.conversations.map(({ id }) => id)).toEqual(["b", "d"]);
  const { journal } = room;
  const ids = async (query: object) =>
    (await journal.conversations({ workspace: "default", limit: 9, ...query })).map(({ id }) => id);
  expect(await journal.conversation("default", "a")).toEqual(over);
  expect(await ids({})).toEqual(["a", "b"]);
  expect(await ids({ limit: 1 })).toEqual(["a"]);
  expect(await ids({ before: { updatedAtMs: 5, id: "a" } })).toEqual(["b"]);
  expect(await ids({ isArchived: true })).toEqual(["c"]);
  expect(await ids({ participant: "clerk" })).toEqual(["b"]);
  expect(await ids({ parent: "a" })).toEqual(["b"]);
  expect(await ids({ state: "completed", protocol: "fipa-request" })).toEqual(["a"]);
});

// ports.journal.J5
test("messages are found by every filter, in sealed segments as in the one that is written, page by page", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 64 * KIB });
  const { journal } = room;
  const all = messages(1, 3_000).map((message) => ({
    ...message,
    sender: message.seq % 100 === 0 ? "rare" : "planner",
    conversation: `talk-${message.seq % 50}`,
    performative: message.seq % 3 === 0 ? "inform" : "request",
    recipients: message.seq % 500 === 0 ? "1,2" : 1,
    workspace: message.seq === 1_234 ? "other" : "default",
    body: `${message.seq % 7}-trace`,
  }));
  for (let at = 0; at < all.length; at += 100) await journal.append(batch({ messages: all.slice(at, at + 100) }));
  const seqs = async (query: object) =>
    (await journal.list({ workspace: "default", limit: 4, ...query })).map(({ seq }) => seq);
  const look = async () => {
    expect(await seqs({})).toEqual([3_000, 2_999, 2_998, 2_997]);
    expect(await seqs({ sender: "rare" })).toEqual([3_000, 2_900, 2_800, 2_700]);
    expect(await seqs({ sender: "nonexistent" })).toEqual([]);
    expect(await seqs({ recipient: 2, beforeSeq: 2_500 })).toEqual([2_000, 1_500, 1_000, 500]);
    expect(await seqs({ conversation: "talk-7", beforeSeq: 160 })).toEqual([157, 107, 57, 7]);
    const some = new Set(["talk-7", "talk-9", "talk-none"]);
    expect(await seqs({ conversations: some, beforeSeq: 160 })).toEqual([159, 157, 109, 107]);
    expect(await seqs({ conversations: some, beforeSeq: 60 })).toEqual([59, 57, 9, 7]);
    expect(await seqs({ conversation: "talk-7", performative: "inform" })).toEqual([2_907, 2_757, 2_607, 2_457]);
    expect(await seqs({ conversation: "talk-34", workspace: "other" })).toEqual([1_234]);
    expect(await seqs({ sinceMs: 1_010, untilMs: 1_012 })).toEqual([12, 11, 10]);
    expect(await seqs({ trace: "3-trace", beforeSeq: 11 })).toEqual([10, 3]);
    expect(await journal.find("default", "id-17")).toMatchObject({ seq: 17 });
    expect(await journal.find("other", "id-17")).toBeUndefined();
    expect(await journal.find("default", "id-2999")).toMatchObject({ seq: 2_999 });
  };
  await look();
  // By then the background work is done.
  await journal.retain(0);
  await look();
  using db = new DatabaseSync(room.file, { readOnly: true });
  const segments = db.prepare("SELECT n, is_sealed, is_filed FROM segment").all();
  expect(segments.length).toBeGreaterThan(5);
  expect(segments.slice(0, -1).every((row) => row["is_sealed"] === 1 && row["is_filed"] === 1)).toBe(true);
  await room.again();
});

test("a trace is found by its digits and by the id of the message that it began with", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 64 * KIB });
  const id = "0199f0a0-1234-7000-8000-00000000abcd";
  const trace = id.replaceAll("-", "");
  const special = new Map([
    [70, { id }],
    [300, { body: `{"trace_id":"${trace}"}` }],
    [999, { body: `{"content":"about ${id}"}` }],
  ]);
  await room.journal.append(
    batch({ messages: messages(1, 1_000).map((each) => ({ ...each, ...special.get(each.seq) })) }),
  );
  const found = async () => (await room.journal.list({ workspace: "default", trace, limit: 9 })).map(({ seq }) => seq);
  expect(await found()).toEqual([300, 70]);
  await room.journal.retain(0);
  expect(await found()).toEqual([300, 70]);
});

test("of an id that was sent twice the newest is found", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 1 });
  await room.journal.append(batch({ messages: [{ seq: 1, id: "x" }, { seq: 2 }, { seq: 3, id: "x" }] }));
  await room.journal.append(batch({ messages: [{ seq: 4 }] }));
  await room.journal.retain(0);
  expect(await room.journal.find("default", "x")).toMatchObject({ seq: 3 });
});

// ports.journal.J4
test("retention drops what is old and settled, and never what is pending; seqs continue", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 1 });
  const { journal } = room;
  for (let seq = 1; seq <= 4; seq += 1) {
    await journal.append(batch({ messages: [{ seq, atMs: seq * 1_000 }], atMs: seq * 1_000 }));
  }
  await journal.append(
    batch({
      settled: [1, 3, 4].map((seq) => ({ seq, party: 1 })),
      conversations: [conversation("old", { isOpen: false, updatedAtMs: 1 }), conversation("open", { updatedAtMs: 1 })],
      dead: [deadLetter(3, { atMs: 3_000 }), deadLetter(4, { atMs: 9_000 })],
    }),
  );
  await journal.retain(3_500);
  expect((await journal.list({ workspace: "default", limit: 9 })).map(({ seq }) => seq)).toEqual([4, 2]);
  expect(await journal.figures()).toMatchObject({ messages: 2, dead: 1 });
  expect((await journal.conversations({ workspace: "default", limit: 9 })).map(({ id }) => id)).toEqual(["open"]);
  await journal.append(batch({ settled: [{ seq: 2, party: 1 }] }));
  await journal.retain(10_000);
  expect(await journal.figures()).toMatchObject({ messages: 0 });
  const recovered = await room.again();
  expect(recovered.lastSeq).toBe(4);
  expect(recovered.pending.seqs).toHaveLength(0);
});

// journal.carrying.L1, journal.carrying.L2
test("the WAL stays short however much is written, and rows checkpointed meanwhile are there", async () => {
  await using room = new JournalRoom({ logPagesMax: 10 });
  const { journal } = room;
  for (let seq = 1; seq <= 400; seq += 1)
    await journal.append(batch({ messages: [{ seq, body: "x".repeat(8 * KIB) }] }));
  // What is being checkpointed, and what is written meanwhile: each four times the limit, and what comes until it is looked at again.
  expect(statSync(`${room.file}-wal`).size).toBeLessThan(2 * 100 * 4 * KIB);
  const recovered = await room.again();
  expect(recovered.pending.seqs).toHaveLength(400);
});

test("when the journal takes more than it may, what is settled goes early, the oldest first", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 16 * KIB, bytesMax: 64 * KIB });
  const { journal } = room;
  for (let seq = 1; seq <= 400; seq += 10) {
    await journal.append(batch({ messages: messages(seq, seq + 9, { body: "x".repeat(800) }) }));
    // Of the first only one is left.
    await journal.append(
      batch({ settled: messages(Math.max(seq, 2), seq + 9).map((one) => ({ seq: one.seq, party: 1 })) }),
    );
  }
  await journal.retain(0);
  const kept = (await journal.list({ workspace: "default", limit: 500 })).map(({ seq }) => seq);
  expect(kept.at(-1)).toBe(1);
  expect(kept.length).toBeLessThan(100);
  expect(kept[0]).toBe(400);
});

test("a clock that is set back or far forward loses nothing and keeps the order", async () => {
  await using room = new JournalRoom({ segmentBytesMax: 1 });
  const times = [5_000, 100, 9_000_000_000_000, 6_000];
  for (const [index, atMs] of times.entries()) {
    await room.journal.append(batch({ atMs, messages: [{ seq: index + 1, atMs }] }));
  }
  expect((await room.journal.list({ workspace: "default", sinceMs: 5_500, limit: 9 })).map(({ seq }) => seq)).toEqual([
    4, 3,
  ]);
  await room.journal.append(batch({ settled: times.map((_atMs, index) => ({ seq: index + 1, party: 1 })) }));
  await room.journal.retain(5_500);
  expect((await room.journal.list({ workspace: "default", limit: 9 })).map(({ seq }) => seq)).toEqual([4, 3]);
  const recovered = await room.again(5_500);
  expect(recovered.recent.ids).toEqual(["id-3", "id-4"]);
  expect(recovered.lastSeq).toBe(4);
});

test("a file of another program is refused and not changed", async () => {
  await using room = new JournalRoom();
  using db = new DatabaseSync(room.file);
  db.exec("CREATE TABLE other (x)");
  db.close();
  await expect(room.journal.recover({ sinceMs: 0 })).rejects.toMatchObject({ code: "MESSAGE_FILE_FOREIGN" });
});

test.each([
  [99, "DATABASE_TOO_NEW"],
  [2, "DATABASE_TOO_OLD"],
])("a journal of schema %i is refused with %s", async (found, code) => {
  await using room = new JournalRoom();
  await room.journal.append(batch({ messages: [{ seq: 1 }] }));
  await room.journal.close();
  using db = new DatabaseSync(room.file);
  db.exec(`PRAGMA user_version=${found}`);
  db.close();
  await expect(room.again()).rejects.toMatchObject({ code, details: { found } });
});

test("a file that is no database, and one that is torn, are called damaged", async () => {
  await using room = new JournalRoom();
  writeFileSync(room.file, "this is no database at all, but it is long enough to be looked at as one".repeat(20));
  await expect(room.journal.recover({ sinceMs: 0 })).rejects.toMatchObject({ code: "MESSAGE_FILE_DAMAGED" });
});

test("a journal that was prepared takes the first message, or is closed without one", async () => {
  await using room = new JournalRoom();
  room.journal.prepare();
  await room.journal.append(batch({ messages: messages(1, 1) }));
  expect(await room.journal.read([1])).toHaveLength(1);
  await using other = new JournalRoom();
  other.journal.prepare();
});

test("a closed journal says so", async () => {
  await using room = new JournalRoom();
  const { journal } = room;
  await journal.append(batch({ messages: [{ seq: 1 }] }));
  await journal.close();
  await expect(journal.append(batch({ messages: [{ seq: 2 }] }))).rejects.toMatchObject({
    code: "MESSAGE_JOURNAL_CLOSED",
  });
});
