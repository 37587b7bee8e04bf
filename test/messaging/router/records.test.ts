import { describe, expect, test, vi } from "vitest";
import { listConversations } from "../../../src/api/operations/index.ts";
import { type MessageDraft, traceOf } from "../../../src/messaging/acl/index.ts";
import { CONVERSATION_TERMS } from "../../../src/messaging/protocols/index.ts";
import { type ConversationQuery, type Settlement } from "../../../src/messaging/router/index.ts";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";
import { note, openWorld, type TestAgent, TestDirectory, textOf, to, until } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.dead-letters", "message.loops", "protocol.deadline", "conversation.states");

const always = new AbortController().signal;
const olga = { workspace: "default", name: "outside-olga" };

const bury = async () => {
  const world = await openWorld();
  world.agent.answer = ({ recipient }) =>
    recipient === "bob" ? { type: "rejected", code: "MESSAGE_INVALID", reason: "no" } : { type: "done" };
  const message = note("hello");
  await world.router.submit(message);
  await until(() => world.disk.dead.size === 1);
  const [letter] = await world.router.records.deadLetters({ workspace: "default", limit: 10 });
  if (letter === undefined) throw new Error("there is no dead letter");
  return { ...world, message, letter };
};

/** What a process that ends now leaves on disk. */
const crashed = (disk: MemoryDisk): MemoryDisk => Object.assign(new MemoryDisk(), structuredClone(disk));

const ask = (text: string, rest: Partial<MessageDraft> = {}) =>
  note(text, { performative: "request", protocol: "fipa-request", conversationId: "c", ...rest });

/** What ann received of the server: code, recipient and the message it answers. */
const failures = ({ got }: TestAgent) =>
  got
    .filter(({ recipient }) => recipient === "ann")
    .map(({ message: { performative, error, inReplyTo, conversationId } }) => ({
      performative,
      code: error?.code,
      recipient: error?.details["recipient"],
      inReplyTo,
      conversationId,
    }));
const expired = { performative: "failure", code: "EXPIRED", conversationId: "c" };

describe("the outcome of a message", () => {
  test("is reported from its queue to its end", async () => {
    const { router } = await openWorld();
    const message = note("hello", to("outside-olga"));
    await router.submit(message);
    const state = async () => (await router.records.message("default", message.id))?.deliveries;
    expect(await state()).toEqual([{ recipient: "outside-olga", state: "queued" }]);
    const [got] = await router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 0 }, always);
    expect(await state()).toMatchObject([{ state: "leased", attempt: 1, sinceMs: 1_000_000 }]);
    await router.settle(olga, [{ seq: got?.seq ?? 0, outcome: "failed", reason: "later" }]);
    expect(await state()).toMatchObject([{ state: "retrying", attempts: 1, reason: "later", nextAtMs: 1_000_250 }]);
    expect(router.records.mailbox("default", "outside-olga")).toMatchObject({ messages: 1, retrying: 1, leased: 0 });
  });

  test("is found by sender, recipient and conversation, newest first", async () => {
    const { router, disk } = await openWorld();
    await router.submit(note("1", { conversationId: "c" }));
    await router.submit(note("2", { sender: "bob", ...to("cid"), conversationId: "c" }));
    await router.submit(note("3"));
    await until(() => disk.settled.size === 3);
    const seqs = async (query: object) =>
      (await router.records.messages({ workspace: "default", limit: 10, ...query })).map(({ seq }) => seq);
    expect(await seqs({})).toEqual([3, 2, 1]);
    expect(await seqs({ sender: "bob" })).toEqual([2]);
    expect(await seqs({ recipient: "bob" })).toEqual([3, 1]);
    expect(await seqs({ recipient: "nonexistent" })).toEqual([]);
    expect(await seqs({ conversation: "c" })).toEqual([2, 1]);
  });
});

test("a trace is looked for from the message on that it began with", async () => {
  const { router, clock } = await openWorld();
  const say = async (text: string, rest: Partial<MessageDraft> = {}) => {
    const message = note(text, { atMs: clock.nowMs(), ...rest });
    await router.submit(message);
    await clock.advance(2 * 3_600_000);
    return message;
  };
  const first = await say("first");
  const { traceId } = traceOf(first);
  await say("because of it", { trace: traceOf(first) });
  const outside = { ...traceOf(first), traceId: "0af7651916cd43dd8448eb211c80319c" };
  await say("another's", { trace: outside });
  const texts = async (trace: string) =>
    (await router.records.messages({ workspace: "default", trace, limit: 9 })).map(({ message }) => textOf(message));
  expect(await texts(traceId)).toEqual(["because of it", "first"]);
  expect(await texts(outside.traceId)).toEqual(["another's"]);
});

describe("a dead letter", () => {
  test("is sent again with its id, and is no dead letter any more", async () => {
    const { router, agent, disk, message, letter } = await bury();
    agent.answer = () => ({ type: "done" });
    const before = agent.got.length;
    expect(await router.records.retryDead(letter)).toMatchObject({
      type: "accepted",
      id: message.id,
      duplicate: false,
    });
    await until(() => agent.got.length > before);
    expect(agent.got.at(-1)).toMatchObject({ attempt: 1, message: { id: message.id } });
    expect(disk.dead.size).toBe(0);
    expect(await router.records.deadLetter(letter)).toBeUndefined();
  });

  test("belongs to its workspace", async () => {
    const { router, letter } = await bury();
    expect(await router.records.deadLetter(letter)).toEqual(letter);
    expect(await router.records.deadLetter({ ...letter, workspace: "other" })).toBeUndefined();
  });

  test("is dropped", async () => {
    const { router, disk, letter } = await bury();
    await router.records.dropDead(letter);
    expect(disk.dead.size).toBe(0);
  });
});

describe("a paused mailbox", () => {
  test("keeps what arrives until it resumes", async () => {
    const { router, agent } = await openWorld();
    await router.submit(note("before"));
    router.pause("default", "bob", true);
    await router.submit(note("meanwhile"));
    expect(agent.texts).toEqual(["before"]);
    router.pause("default", "bob", false);
    await until(() => agent.texts.length === 2);
  });
});

describe("a watcher", () => {
  test("sees messages of a conversation as they go, and no others", async () => {
    const { router, disk } = await openWorld();
    const seen: string[] = [];
    using _ = router.watch({ workspace: "default", conversation: "c" }, (events) => {
      seen.push(...events.map(({ type }) => type));
    });
    await router.submit(note("1", { conversationId: "c" }));
    await router.submit(note("2", { conversationId: "d" }));
    await until(() => disk.settled.size === 2 && seen.length === 4);
    expect(seen).toEqual(["conversation", "message", "delivery", "settlement"]);
  });

  test("a slow watcher misses some, and receives how many", async () => {
    const { router } = await openWorld({ options: { mailboxMessagesMax: 5_000 } });
    let [got, missed] = [0, 0];
    using _ = router.watch({ workspace: "default", types: ["message"] }, (events) => {
      for (const event of events) {
        if (event.type === "gap") missed += event.count;
        else got += 1;
      }
    });
    await Promise.all(Array.from({ length: 3_000 }, () => router.submit(note("x", to("outside-olga")))));
    await until(() => got + missed === 3_000);
    expect(missed).toBeGreaterThan(0);
  });
});

describe("conversations", () => {
  // router.conversations.C1, router.intake.I3
  test("that are checked are on disk with each message, and what they do not allow is answered", async () => {
    const { router, disk, agent } = await openWorld();
    expect(await router.submit(ask("please"))).toMatchObject({ type: "accepted" });
    expect([...disk.conversations.values()]).toMatchObject([{ id: "c", protocol: "fipa-request", messages: 1 }]);
    const breach = await router.submit(ask("I propose", { sender: "bob", ...to("ann"), performative: "propose" }));
    expect(breach).toMatchObject({ type: "answered", answer: "not-understood", error: { code: "PROTOCOL_BREACH" } });
    await until(() => agent.got.length === 2);
    expect(agent.got[1]).toMatchObject({ recipient: "bob", message: { performative: "not-understood" } });
    expect(await router.submit(ask("done", { sender: "bob", ...to("ann"), performative: "inform" }))).toMatchObject({
      type: "accepted",
    });
    expect(await router.records.conversation("default", "c")).toMatchObject({ status: { state: "completed" } });
  });

  // router.conversations.C6
  test("whose initiator named another agent for answers send them there, also those addressed to the initiator", async () => {
    const { router, disk } = await openWorld();
    const done = (id: string) =>
      ask("done", { conversationId: id, sender: "bob", ...to("ann"), performative: "inform" });
    await router.submit(ask("please", { replyTo: "outside-olga" }));
    await router.submit(ask("please", { conversationId: "d", replyTo: "nonexistent" }));
    const after = (await openWorld({ disk })).router;
    expect(await after.resolveRecipients(done("c"))).toMatchObject({ names: ["outside-olga"] });
    const answer = done("c");
    expect(await after.submit(answer)).toMatchObject({ type: "accepted", recipients: ["outside-olga"] });
    expect(await after.submit(answer)).toMatchObject({ duplicate: true, recipients: ["outside-olga"] });
    expect(await after.records.message("default", answer.id)).toMatchObject({
      message: { address: { names: ["ann"] } },
      deliveries: [{ recipient: "outside-olga" }],
    });
    expect(await after.submit(done("d")), "an absent participant cannot be notified").toMatchObject({
      recipients: ["ann"],
    });
    const free = { protocol: undefined, conversationId: "e" };
    await after.submit(ask("please", { ...free, replyTo: "outside-olga" }));
    expect(await after.submit({ ...done("e"), protocol: undefined })).toMatchObject({ recipients: ["ann"] });
  });

  // router.conversations.C4
  test("that a wrong or undeliverable message would have begun can still be started, and its sender is notified", async () => {
    const { router, agent } = await openWorld();
    const breach = await router.submit(ask("five euros", { performative: "propose" }));
    expect(breach).toMatchObject({ type: "answered", answer: "not-understood", error: { code: "PROTOCOL_BREACH" } });
    expect(await router.submit(ask("please", to("nonexistent")))).toMatchObject({
      type: "answered",
      answer: "failure",
    });
    await until(() => agent.got.length === 2);
    expect(agent.got.map(({ recipient, message }) => [recipient, message.performative])).toEqual([
      ["ann", "not-understood"],
      ["ann", "failure"],
    ]);
    expect(await router.submit(ask("please"))).toMatchObject({ type: "accepted" });
    expect(await router.records.conversation("default", "c")).toMatchObject({ initiator: "ann" });
  });

  test("resume after a crash where they were", async () => {
    const { router, disk } = await openWorld();
    await router.submit(ask("please"));
    const after = await openWorld({ disk });
    const refused = { sender: "bob", ...to("ann"), performative: "refuse" } as const;
    expect(await after.router.submit(ask("no", refused))).toMatchObject({ type: "accepted" });
    expect(await after.router.submit(ask("no", refused))).toMatchObject({ type: "answered" });
  });

  // router.conversations.C5
  test("expire when a deadline passes, and their initiator is notified once", async () => {
    const { router, clock, agent } = await openWorld();
    const asked = ask("please", { replyByMs: clock.nowMs() + 5_000 });
    await router.submit(asked);
    await clock.advance(5_000);
    expect(failures(agent)).toEqual([]);
    await clock.advance(200);
    await until(() => failures(agent).length > 0);
    expect(failures(agent)).toEqual([{ ...expired, recipient: "bob", inReplyTo: asked.id }]);
    expect(await router.records.conversation("default", "c")).toMatchObject({ status: { state: "expired" } });
    const late = ask("done", { sender: "bob", ...to("ann"), performative: "inform", atMs: clock.nowMs() });
    expect(await router.submit(late)).toMatchObject({ type: "answered", answer: "not-understood" });
    await clock.advance(60_000);
    expect(failures(agent)).toHaveLength(1);
  });

  // protocols.advance.P4, router.conversations.C5
  test("expire before an answer that is later than the deadline, and their initiator is notified once", async () => {
    const { router, clock, agent } = await openWorld();
    const replyByMs = clock.nowMs() + 5_000;
    await router.submit(ask("please", { replyByMs, replyWith: "r1" }));
    const late = ask("done", { sender: "bob", ...to("ann"), performative: "inform", atMs: replyByMs + 1 });
    expect(await router.submit(late)).toMatchObject({ type: "answered", answer: "not-understood" });
    await clock.advance(60_000);
    expect(failures(agent)).toEqual([{ ...expired, recipient: "bob", inReplyTo: "r1" }]);
  });

  // router.conversations.C5
  test("notify their initiator of each participant that made no proposal in time, and of no other", async () => {
    const { router, clock, agent } = await openWorld({ directory: new TestDirectory("ann", "bob", "cid", "dan") });
    const replyByMs = clock.nowMs() + 5_000;
    const net = { protocol: "fipa-contract-net", atMs: clock.nowMs() };
    await router.submit(ask("who?", { ...net, ...to("bob", "cid", "dan"), performative: "cfp", replyByMs }));
    await router.submit(ask("I", { ...net, sender: "cid", ...to("ann"), performative: "propose" }));
    await clock.advance(60_000);
    const got = failures(agent).filter(({ performative }) => performative === "failure");
    expect(got.map(({ recipient, code }) => [recipient, code])).toEqual([
      ["bob", "EXPIRED"],
      ["dan", "EXPIRED"],
    ]);
  });

  test("end for a participant that was deleted, and their initiators are notified, also after a restart", async () => {
    const { router, agent, disk } = await openWorld();
    await router.submit(ask("please", { ...to("outside-olga"), replyWith: "r1" }));
    await router.submit(ask("and you", { conversationId: "o" }));
    await router.removed("default", "outside-olga");
    await until(() => failures(agent).length === 1);
    const gone = { performative: "failure", code: "AGENT_NOT_FOUND", recipient: "outside-olga", conversationId: "c" };
    expect(failures(agent)).toEqual([{ ...gone, inReplyTo: "r1" }]);
    const states = async (records: typeof router.records) =>
      Promise.all(["c", "o"].map(async (id) => (await records.conversation("default", id))?.status.state));
    expect(await states(router.records)).toEqual(["failed", "initiated"]);
    await until(() => [...disk.conversations.values()].some(({ state }) => state === "failed"));
    const later = await openWorld({ disk: crashed(disk) });
    await later.router.removed("default", "bob");
    expect(await states(later.router.records)).toEqual(["failed", "failed"]);
  });

  // writing.writer.W3, router.conversations.C3
  test("end with the dead letter or deletion and its notice in one transaction, also if the first write is lost", async () => {
    let [isFull, lost] = [false, 0];
    const disk = new MemoryDisk();
    const journal = new MemoryMessageJournal(disk, async () => {
      if (!isFull) return;
      lost += 1;
      throw new Error("disk full");
    });
    const { router, agent } = await openWorld({ disk, journal });
    const effect = Promise.withResolvers<Settlement>();
    agent.answer = ({ recipient }) => (recipient === "bob" ? effect.promise : { type: "done" });
    await router.submit(ask("please"));
    await router.submit(ask("and you", { ...to("outside-olga"), conversationId: "o" }));
    isFull = true;
    effect.resolve({ type: "rejected", code: "MESSAGE_INVALID", reason: "no" });
    await router.removed("default", "outside-olga");
    await until(() => lost > 0);
    isFull = false;
    const states = () => ["c", "o"].map((id) => disk.conversations.get(`default/${id}`)?.state);
    const notices = () => [...disk.messages.values()].filter(({ performative }) => performative === "failure");
    expect([disk.dead.size, notices().length, states()]).toEqual([0, 0, ["initiated", "initiated"]]);
    await router.submit(note("next", to("cid")));
    expect([disk.dead.size, notices().length, states()]).toEqual([1, 2, ["failed", "failed"]]);
    expect(lost).toBe(1);
  });

  // router.conversations.C3
  test("that are ended, archived or merged say so only when it is stored, and a lost row is written later", async () => {
    let isFull = false;
    const disk = new MemoryDisk();
    const journal = new MemoryMessageJournal(disk, async () => {
      if (isFull) throw new Error("disk full");
    });
    const { router } = await openWorld({ disk, journal });
    for (const id of ["f", "f", "g", "g", "h", "h"])
      await router.submit(note(id, { ...to("cid"), conversationId: id }));
    const stateOf = (id: string) => disk.conversations.get(`default/${id}`)?.state;
    await router.endConversation("default", "g");
    isFull = true;
    await expect(router.endConversation("default", "f")).rejects.toThrow("disk full");
    await expect(router.archiveConversation("default", "g")).rejects.toThrow("disk full");
    await expect(router.mergeConversation("default", "h", "f")).rejects.toThrow("disk full");
    expect(stateOf("f")).not.toBe("cancelled");
    isFull = false;
    await router.records.conversations({ workspace: "default", limit: 10 });
    expect(stateOf("f")).toBe("cancelled");
  });

  // router.intake.I6
  test("that are over are not begun again after a restart, whatever the sender and the number of messages that name them", async () => {
    const { router, disk } = await openWorld();
    const asked = ask("please", { ...to("outside-olga"), replyWith: "r1" });
    await router.submit(asked);
    const reply = { performative: "inform", sender: "outside-olga", inReplyTo: asked.id } as const;
    await router.submit(note("done", { ...reply, ...to("ann"), conversationId: "c", protocol: "fipa-request" }));
    await until(() => [...disk.conversations.values()].some(({ state }) => state === "completed"));
    const { router: later } = await openWorld({ disk: crashed(disk) });
    const again = [ask("again"), ask("and again", { ...to("outside-olga") }), note("hello", { conversationId: "c" })];
    const outcomes = await Promise.all(again.map((message) => later.submit(message)));
    expect(outcomes.map((outcome) => (outcome.type === "accepted" ? "accepted" : outcome.error.code))).toEqual([
      "PROTOCOL_BREACH",
      "PROTOCOL_BREACH",
      "PROTOCOL_BREACH",
    ]);
    expect((await later.records.conversation("default", "c"))?.status.state).toBe("completed");
    expect((await later.submit(ask("new", { conversationId: "new" }))).type).toBe("accepted");
  });

  // router.deliveries.R5
  test.each(["fipa-request", undefined])(
    "whose reply_by passes are not delivered later, and their sender is notified once, also after a crash (%s)",
    async (protocol) => {
      const { router, clock, disk } = await openWorld({ isAttached: false });
      const asked = ask("please", { protocol, replyByMs: clock.nowMs() + 5_000 });
      const olgas = ask("and you", {
        protocol,
        conversationId: "o",
        ...to("outside-olga"),
        replyByMs: asked.replyByMs,
      });
      await router.submit(asked);
      await router.submit(olgas);
      const other = note("no answer is wanted", { conversationId: "i", replyByMs: asked.replyByMs });
      await router.submit(other);
      // The process ends; the next one begins after the deadline, and so does one after it.
      const later = new ManualClock(asked.replyByMs ?? 0);
      await later.advance(1_000);
      const after = await openWorld({ clock: later, disk: crashed(disk) });
      const owner = { workspace: "default", name: "outside-olga" };
      const fetch = { max: 10, leaseMs: 1_000, waitMs: 0 };
      expect(await after.router.lease(owner, fetch, new AbortController().signal)).toEqual([]);
      await later.advance(1_000);
      const both = [
        { ...expired, recipient: "bob", inReplyTo: asked.id },
        { ...expired, recipient: "outside-olga", inReplyTo: olgas.id, conversationId: "o" },
      ];
      expect(new Set(failures(after.agent))).toEqual(new Set(both));
      expect(after.agent.texts.filter((text) => text === "please" || text === "no answer is wanted")).toEqual([
        "no answer is wanted",
      ]);
      expect([...after.disk.settled.values()].map(({ outcome }) => outcome)).toEqual(
        expect.arrayContaining(["expired", "expired"]),
      );
      await until(() => after.disk.settled.size === 5);
      const third = await openWorld({ clock: later, disk: crashed(after.disk) });
      await later.advance(60_000);
      expect(failures(third.agent)).toEqual([]);
    },
  );

  test("whose recipient could not be reached fail", async () => {
    const { router, agent, disk } = await openWorld();
    agent.answer = ({ recipient }) =>
      recipient === "bob" ? { type: "rejected", code: "X", reason: "no" } : { type: "done" };
    await router.submit(ask("please"));
    await until(() => disk.dead.size === 1);
    await until(() => disk.settled.size === 2);
    expect(await router.records.conversation("default", "c")).toMatchObject({ status: { state: "failed" } });
  });

  // router.conversations.C2
  test("without a protocol have a row from their second message on", async () => {
    const { router, disk } = await openWorld();
    await router.submit(note("1", { conversationId: "free" }));
    expect(disk.conversations.size).toBe(0);
    await router.submit(note("2", { conversationId: "free", sender: "bob", ...to("ann") }));
    expect([...disk.conversations.values()]).toMatchObject([{ id: "free", messages: 2 }]);
    expect(await router.archiveConversation("default", "free")).toMatchObject({ id: "free" });
    expect(await router.records.conversations({ workspace: "default", limit: 10 })).toEqual([]);
  });

  // router.conversations.C2
  test("of one message have no row, are listed all the same, and are known again after a restart", async () => {
    const { router, disk, clock } = await openWorld();
    for (const id of ["one", "two", "three"]) {
      await router.submit(note(id, { conversationId: id, atMs: clock.nowMs(), ...to(id === "two" ? "cid" : "bob") }));
      await clock.advance(10);
    }
    await router.submit(note("no one is there", { conversationId: "none", ...to("zoe") }));
    const list = async (from: typeof router, query: Partial<ConversationQuery> = {}) =>
      (await from.records.conversations({ workspace: "default", limit: 10, ...query })).map(({ id }) => id);
    expect(disk.conversations.size).toBe(0);
    expect(await list(router)).toEqual(["three", "two", "one"]);
    expect(await list(router, { limit: 2 })).toEqual(["three", "two"]);
    const { lastActivityMs: updatedAtMs = 0 } = (await router.records.conversation("default", "two")) ?? {};
    expect(await list(router, { before: { updatedAtMs, id: "two" } })).toEqual(["one"]);
    expect(await list(router, { participant: "cid" })).toEqual(["two"]);
    expect(await list(router, { participant: "ann", state: "initiated" })).toHaveLength(3);
    expect(await list(router, { state: "completed" })).toEqual([]);
    await router.close(0);

    const after = await openWorld({ disk, clock });
    for (let turn = 0; (await list(after.router)).length < 3 && turn < 1_000; turn += 1) await settled();
    expect(await list(after.router)).toEqual(["three", "two", "one"]);
    const answer = { sender: "cid", conversationId: "two", ...to("ann"), inReplyTo: "x", atMs: clock.nowMs() };
    await after.router.submit(note("answer", answer));
    expect([...disk.conversations.values()]).toMatchObject([{ id: "two", initiator: "ann", messages: 2 }]);
    expect(await list(after.router)).toHaveLength(3);
    await clock.advance(CONVERSATION_TERMS.idleMs);
    expect(await list(after.router, { state: "expired" })).toEqual(["three", "one"]);
  });

  test("of one message that was forgotten are their participants' again, after an outsider started them again", async () => {
    const { router, disk, clock } = await openWorld();
    await router.submit(note("ask", { conversationId: "old", atMs: clock.nowMs(), ...to("bob") }));
    await router.close(0);
    const journal = new MemoryMessageJournal(disk);
    const list = journal.list.bind(journal);
    // After this start nothing is known of what was said longest ago.
    journal.list = async (query) => (query.conversations === undefined ? [] : list(query));
    const after = await openWorld({ disk, clock, journal });
    const say = async (sender: string, receiver: string, rest: object = {}) => {
      await clock.advance(10);
      const draft = { sender, conversationId: "old", atMs: clock.nowMs(), ...to(receiver), ...rest };
      return (await after.router.submit(note(sender, draft))).type;
    };
    expect(await say("cid", "ann")).toBe("accepted");
    expect(await say("bob", "ann", { inReplyTo: "x" })).toBe("answered");
    await until(() => disk.conversations.size === 1);
    expect(await say("bob", "ann", { inReplyTo: "x" })).toBe("accepted");
    expect(await say("cid", "ann")).toBe("answered");
  });

  // router.conversations.C2
  test("of one message that was forgotten continue with an answer in them, as they started", async () => {
    const { router, disk, clock } = await openWorld();
    await router.submit(note("ask", { conversationId: "old", atMs: clock.nowMs(), ...to("bob") }));
    await router.close(0);
    await clock.advance(10);
    // After this start nothing is known of what was said longest ago.
    const journal = new MemoryMessageJournal(disk);
    const list = journal.list.bind(journal);
    let looks = 0;
    journal.list = async (query) => {
      if (query.conversations === undefined) return [];
      looks += 1;
      return list(query);
    };
    const after = await openWorld({ disk, clock, journal });
    const say = async (sender: string, receiver: string, rest: object = {}) => {
      await clock.advance(10);
      return after.router.submit(
        note(sender, { sender, conversationId: "old", atMs: clock.nowMs(), ...to(receiver), ...rest }),
      );
    };
    await say("bob", "ann", { inReplyTo: "x" });
    await until(() => disk.conversations.size === 1);
    await say("ann", "cid");
    await after.router.records.conversations({ workspace: "default", limit: 10 });
    expect([...disk.conversations.values()]).toMatchObject([
      { id: "old", initiator: "ann", participants: ["bob", "cid"], messages: 3, startedAtMs: 1_000_000 },
    ]);
    expect(await after.router.submit(note("new", { conversationId: "new", inReplyTo: "y" }))).toMatchObject({
      type: "accepted",
    });
    for (let turn = 0; turn < 20; turn += 1) await settled();
    const before = looks;
    for (let index = 0; index < 500; index += 1)
      void after.router.submit(note("", { conversationId: `invented-${index}`, inReplyTo: "z" }));
    await until(() => looks > before);
    await clock.advance(1);
    for (let turn = 0; turn < 20; turn += 1) await settled();
    // Many at once are looked for together.
    expect(looks - before).toBeLessThan(3);
    await after.router.close(0);
  });

  test.each([false, true])(
    "are known again though a message of another cannot be read (after an answer: %s)",
    async (isAnswered) => {
      const { router, disk, clock } = await openWorld();
      for (const conversationId of ["damaged", "old"])
        await router.submit(note("ask", { conversationId, atMs: clock.nowMs(), ...to("bob") }));
      await router.close(0);
      await clock.advance(10);
      const journal = new MemoryMessageJournal(disk);
      const list = journal.list.bind(journal);
      journal.list = async (query) => {
        if (isAnswered && query.conversations === undefined) return [];
        const stored = await list(query);
        return stored.map((one) => (one.conversation === "damaged" ? { ...one, body: "{" } : one));
      };
      const after = await openWorld({ disk, clock, journal });
      if (isAnswered)
        for (const conversationId of ["damaged", "old"])
          void after.router.submit(
            note("yes", { sender: "bob", conversationId, atMs: clock.nowMs(), inReplyTo: "x", ...to("ann") }),
          );
      await vi.waitFor(async () => {
        const { items } = await listConversations(
          { messaging: { router: after.router }, server: { clock } },
          "default",
          { archived: false, order: "changed", limit: 10 },
        );
        expect(items.find(({ id }) => id === "old")).toMatchObject({ initiator: "ann", messages: isAnswered ? 2 : 1 });
      });
      await after.router.close(0);
    },
  );

  test.each([false, true])(
    "of one message that memory holds no more are listed after all others, page by page (restarted: %s)",
    async (isRestarted) => {
      const first = await openWorld({ freshMax: 3 });
      const { disk, clock } = first;
      const say = async (conversationId: string, ...names: readonly string[]) => {
        await first.router.submit(note("hello", { conversationId, atMs: clock.nowMs(), ...to(...names) }));
        await clock.advance(10);
      };
      const names = Array.from({ length: 20 }, (_, index) => `c${String(index).padStart(2, "0")}`);
      for (const name of names) await say(name, name.endsWith("7") ? "cid" : "bob");
      // It has a row; it was started again without a row, and has the state of its new start.
      await say("c19", "bob");
      await say("c03", "bob");
      let { router } = first;
      if (isRestarted) {
        await router.close(0);
        ({ router } = await openWorld({ disk, clock, freshMax: 3 }));
        await until(() => router.records.mayHaveEvicted({ workspace: "default", limit: 1 }));
      }
      const all = async (query: {
        order: "changed" | "stuck";
        limit: number;
        participant?: string;
        state?: "completed";
      }) => {
        const ids: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await listConversations({ messaging: { router }, server: { clock } }, "default", {
            archived: false,
            cursor,
            ...query,
          });
          ids.push(...page.items.map(({ id }) => id));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        return ids;
      };
      const expected = ["c03", "c19", ...names.toReversed().filter((name) => name !== "c19" && name !== "c03")];
      for (const limit of [1, 2, 7, 50]) {
        expect(await all({ order: "changed", limit })).toEqual(expected);
        expect(new Set(await all({ order: "stuck", limit }))).toEqual(new Set(names));
      }
      expect(await all({ order: "changed", limit: 1, participant: "cid" })).toEqual(["c17", "c07"]);
      expect(await all({ order: "changed", limit: 3, state: "completed" })).toEqual([]);
      await router.close(0);
    },
  );

  // router.conversations.C2
  test("without a protocol are written with all messages after a delay, on a read, and at the end", async () => {
    const { router, disk, clock } = await openWorld();
    const say = (receiver: string) => router.submit(note("hello", { conversationId: "free", ...to(receiver) }));
    const row = () => disk.conversations.get("default/free");
    await say("bob");
    await say("bob");
    await say("cid");
    expect(row()).toMatchObject({ messages: 2, participants: ["bob"] });
    const found = await router.records.conversations({ workspace: "default", participant: "cid", limit: 10 });
    expect(found).toMatchObject([{ id: "free", messageCount: 3 }]);
    await say("bob");
    expect(row()).toMatchObject({ messages: 3, participants: ["bob", "cid"] });
    await clock.advance(11_000);
    await until(() => row()?.messages === 4);
    await say("bob");
    await router.close(0);
    expect(row()).toMatchObject({ messages: 5 });
  });

  // router.loops.L1
  test("in which each message leads to another are stopped at the limit of hops", async () => {
    const { router, disk } = await openWorld();
    const say = (hops: number) => router.submit(note(`hop ${hops}`, { ...to("bob"), hops }));
    expect(await say(16)).toMatchObject({ type: "accepted" });
    const refused = await say(17);
    expect(refused).toMatchObject({ type: "refused", error: { code: "HOP_LIMIT", details: { hops: 17, max: 16 } } });
    expect(disk.messages.size).toBe(1);
  });

  // router.loops.L2
  test("in which two answer each other with the same words come to an end", async () => {
    const { router } = await openWorld();
    const say = (sender: string, receiver: string, text: string) =>
      router.submit(note(text, { sender, ...to(receiver), conversationId: "loop", inReplyTo: "x" }));
    const answers: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      answers.push((await say("ann", "bob", "after you")).type, (await say("bob", "ann", "no, after you")).type);
    }
    expect(answers.indexOf("refused")).toBeGreaterThan(3);
    expect(await say("ann", "bob", "then I go")).toMatchObject({ type: "accepted" });
  });
});

test("expired records are dropped, and pending ones are not", async () => {
  const { router, clock, disk } = await openWorld({ options: { retentionMs: 1_000 } });
  await router.submit(note("settled"));
  await router.submit(note("waits", to("outside-olga")));
  await until(() => disk.settled.size === 1);
  await clock.advance(30_000);
  expect([...disk.messages.keys()]).toEqual([2]);
});
