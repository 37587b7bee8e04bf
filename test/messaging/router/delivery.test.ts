import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileInFlightLog } from "../../../src/messaging/journal/index.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";
import { settled } from "../../helpers/manual-clock.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { note, openWorld, TestDirectory, textOf, to, until } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies(
  "message.durable",
  "message.deduplicated",
  "message.ack-after",
  "message.retry",
  "message.priority",
  "message.full-mailbox",
  "message.breaker",
  "message.offline",
  "message.crash-suspects",
  "message.mailbox-api",
);

const always = new AbortController().signal;
const olga = { workspace: "default", name: "outside-olga" };
const toOlga = to("outside-olga");

describe("a message to an agent", () => {
  // router.intake.I1
  test("is on disk before a recipient has it, and before its sender has the receipt", async () => {
    const gate = Promise.withResolvers<void>();
    const disk = new MemoryDisk();
    const journal = new MemoryMessageJournal(disk, () => gate.promise);
    const { router, agent } = await openWorld({ disk, journal });
    let answer = "";
    router.post(note("hello"), ({ type }) => (answer = type));
    await settled();
    await settled();
    expect([answer, agent.got.length, disk.messages.size]).toEqual(["", 0, 0]);
    gate.resolve();
    await until(() => answer !== "");
    expect([answer, agent.texts, disk.messages.size]).toEqual(["accepted", ["hello"], 1]);
  });

  // router.deliveries.R2
  test("is settled on disk after the agent has done it", async () => {
    const { router, agent, disk } = await openWorld();
    const effect = Promise.withResolvers<void>();
    agent.answer = async () => {
      await effect.promise;
      return { type: "done" };
    };
    await router.submit(note("hello"));
    await until(() => agent.got.length === 1);
    expect(disk.settled.size).toBe(0);
    effect.resolve();
    await until(() => disk.settled.size === 1);
    expect([...disk.settled.values()][0]).toMatchObject({ outcome: "done", attempt: 1 });
  });

  // writing.writer.W1
  test("many come in order, in few transactions", async () => {
    const { router, agent, disk } = await openWorld();
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => router.submit(note(text))));
    await until(() => disk.settled.size === 500);
    expect(agent.texts).toEqual(texts);
    expect(disk.commits).toBeLessThan(100);
  });

  // router.intake.I2
  test("sent twice is done once, and the second answer says so", async () => {
    const { router, agent } = await openWorld();
    const message = note("once");
    const [first, second] = await Promise.all([router.submit(message), router.submit(message)]);
    const third = await router.submit(message);
    expect(first).toMatchObject({ type: "accepted", duplicate: false, recipients: ["bob"] });
    expect(second).toMatchObject({ type: "accepted", duplicate: true, recipients: ["bob"] });
    expect(third).toMatchObject({ type: "accepted", duplicate: true });
    expect(agent.texts).toEqual(["once"]);
  });

  test("is known as a duplicate after a restart too", async () => {
    const disk = new MemoryDisk();
    const message = note("once");
    const before = await openWorld({ disk });
    await before.router.submit(message);
    await before.router.close(0);
    const after = await openWorld({ disk });
    expect(await after.router.submit(message)).toMatchObject({ duplicate: true, recipients: ["bob"] });
    expect(after.agent.got).toEqual([]);
  });

  // router.intake.I3
  test("to an unknown name is stored, and the sender gets a failure with similar names", async () => {
    const { router, agent, disk } = await openWorld();
    const answer = await router.submit(note("hello", to("bop")));
    expect(answer).toMatchObject({ type: "answered", answer: "failure", error: { code: "AGENT_NOT_FOUND" } });
    expect(answer).toMatchObject({ error: { hint: "Did you mean bob?" } });
    await until(() => agent.got.length === 1);
    expect(agent.got[0]).toMatchObject({
      recipient: "ann",
      message: { performative: "failure", sender: "caxton", error: { code: "AGENT_NOT_FOUND" } },
    });
    expect(disk.messages.size).toBe(2);
  });

  // router.intake.I4
  test("to oneself is refused, and nothing is stored", async () => {
    const { router, disk } = await openWorld();
    const answer = await router.submit(note("hello", to("ann")));
    expect(answer).toMatchObject({ type: "refused", error: { code: "SENDER_IS_RECEIVER" } });
    expect(disk.messages.size).toBe(0);
  });

  test("larger than allowed is refused; a megabyte goes through", async () => {
    const { router, agent } = await openWorld();
    const large = await router.submit(note("x".repeat(1024 * 1024)));
    expect(large).toMatchObject({ type: "refused", error: { code: "MESSAGE_TOO_LARGE" } });
    await router.submit(note("y".repeat(1024 * 1024 - 1_000)));
    await until(() => agent.got.length === 1);
    expect(agent.texts[0]?.length).toBe(1024 * 1024 - 1_000);
  });

  test("to a person is stored and done", async () => {
    const { router, disk, agent } = await openWorld();
    expect(await router.submit(note("hello", to("user")))).toMatchObject({ type: "accepted", recipients: ["user"] });
    expect([...disk.settled.values()]).toMatchObject([{ outcome: "done" }]);
    expect(agent.got).toEqual([]);
  });
});

describe("what an agent does not manage", () => {
  // router.deliveries.R3
  test("comes again after pauses that double, and is a dead letter after five attempts", async () => {
    const { router, agent, disk, clock } = await openWorld({ options: { breaker: { failures: 0, pauseMs: 0 } } });
    agent.answer = ({ recipient }) =>
      recipient === "bob" ? { type: "failed", reason: "no coffee" } : { type: "done" };
    const beganAtMs = clock.nowMs();
    await router.submit(note("work"));
    const toBob = () => agent.got.filter(({ recipient }) => recipient === "bob");
    for (const [made, pauseMs] of [250, 500, 1_000, 2_000].entries()) {
      await until(() => toBob().length === made + 1);
      await clock.advance(pauseMs - 10);
      expect(toBob().length).toBe(made + 1);
      await clock.advance(11);
    }
    await until(() => disk.dead.size === 1);
    expect(toBob().map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect([...disk.dead.values()]).toMatchObject([{ recipient: "bob", code: "DELIVERY_FAILED", attempts: 5 }]);
    const history = [...disk.dead.values()].flatMap((letter) => letter.history);
    expect(history.map(({ attempt, reason }) => `${attempt} ${reason}`)).toEqual([
      "1 no coffee",
      "2 no coffee",
      "3 no coffee",
      "4 no coffee",
      "5 no coffee",
    ]);
    expect(history.map(({ atMs }) => atMs - beganAtMs)).toEqual([0, 250, 750, 1_750, 3_750]);
    expect(disk.retries.size).toBe(0);
    await until(() => agent.got.some(({ recipient }) => recipient === "ann"));
    const failure = agent.got.find(({ recipient }) => recipient === "ann");
    expect(failure?.message).toMatchObject({ performative: "failure", error: { code: "DELIVERY_FAILED" } });
  });

  test("an exception counts as a failure, and a rejection is a dead letter at once", async () => {
    const { router, agent, disk } = await openWorld();
    agent.answer = ({ message, recipient }) => {
      if (recipient === "ann") return { type: "done" };
      if (textOf(message) === "throw") throw new Error("broken");
      return { type: "rejected", code: "MESSAGE_INVALID", reason: "not for me" };
    };
    await router.submit(note("throw"));
    await router.submit(note("reject"));
    await until(() => disk.dead.size === 1 && disk.retries.size === 1);
    expect([...disk.retries.values()]).toMatchObject([{ attempts: 1, reason: "broken" }]);
    const history = [{ attempt: 1, reason: "not for me" }];
    expect([...disk.dead.values()]).toMatchObject([{ code: "MESSAGE_INVALID", attempts: 1, history }]);
  });

  test("keeps each attempt and why it failed through a restart, a very long reason only in part", async () => {
    const options = { attemptsMax: 2, breaker: { failures: 0, pauseMs: 0 } };
    const first = await openWorld({ options });
    first.agent.answer = () => ({ type: "failed", reason: "x".repeat(10_000) });
    await first.router.submit(note("work"));
    await until(() => first.disk.retries.size === 1);
    await first.router.close(0);
    const { clock, disk } = first;
    const { agent } = await openWorld({ options, clock, disk });
    agent.answer = ({ recipient }) =>
      recipient === "bob" ? { type: "failed", reason: "the gate is closed" } : { type: "done" };
    await clock.advance(1_000);
    await until(() => disk.dead.size === 1);
    const [letter] = disk.dead.values();
    expect(letter?.history.map(({ attempt, reason }) => [attempt, reason.length])).toEqual([
      [1, 500],
      [2, 18],
    ]);
    expect(letter?.reason).toContain("the gate is closed");
  });

  // router.deliveries.R1, mailboxes.leases.L2
  test("in longer than its lease comes again, its signal aborted, and what it says later counts for nothing", async () => {
    const { router, agent, disk, clock } = await openWorld();
    const slow = Promise.withResolvers<{ readonly type: "done" }>();
    const signals: AbortSignal[] = [];
    agent.answer = ({ attempt }, signal) => {
      signals.push(signal);
      return attempt === 1 ? slow.promise : { type: "done" };
    };
    await router.submit(note("work"));
    await until(() => agent.got.length === 1);
    await clock.advance(31_000);
    expect(signals[0]?.aborted).toBe(true);
    await clock.advance(1_000);
    await until(() => disk.settled.size === 1);
    slow.resolve({ type: "done" });
    await settled();
    expect(agent.got.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect([...disk.settled.values()]).toMatchObject([{ outcome: "done", attempt: 2 }]);
  });

  // router.deliveries.R4, mailboxes.recipient.B1, mailboxes.recipient.B2
  test("opens its breaker: nothing is delivered for a while, then one on trial", async () => {
    const { router, agent, clock } = await openWorld({ options: { attemptsMax: 100, retryDelayMs: 1 } });
    agent.answer = ({ recipient }) => (recipient === "bob" ? { type: "failed", reason: "down" } : { type: "done" });
    for (let index = 0; index < 20; index += 1) await router.submit(note(`${index}`));
    await clock.advance(20);
    const toBob = () => agent.got.filter(({ recipient }) => recipient === "bob").length;
    const tried = toBob();
    await clock.advance(29_000);
    expect(toBob()).toBe(tried);
    await clock.advance(2_000);
    expect(toBob()).toBe(tried + 1);
    agent.answer = () => ({ type: "done" });
    await clock.advance(31_000);
    await until(() => toBob() >= 20 + tried);
  });
});

describe("order", () => {
  // mailboxes.mailbox.M2
  test("within a conversation is kept through retries, while others continue", async () => {
    const { router, agent, clock, disk } = await openWorld();
    const failed = new Set<string>();
    agent.answer = ({ message }) => {
      if (textOf(message) !== "a1" || failed.has("a1")) return { type: "done" };
      failed.add("a1");
      return { type: "failed", reason: "once" };
    };
    for (const text of ["a1", "b1", "a2", "b2"]) {
      await router.submit(note(text, { conversationId: text.slice(0, 1) }));
      await settled();
    }
    await until(() => agent.texts.includes("b2"));
    expect(agent.texts).toEqual(["a1", "b1", "b2"]);
    await clock.advance(1_000);
    await until(() => disk.settled.size === 4);
    expect(agent.texts).toEqual(["a1", "b1", "b2", "a1", "a2"]);
  });

  // mailboxes.mailbox.M1
  test("is by priority, yet the lowest is not starved", async () => {
    const { router, clock } = await openWorld();
    await router.submit(note("low", { ...toOlga, priority: "low" }));
    for (let index = 0; index < 40; index += 1) await router.submit(note("high", { ...toOlga, priority: "high" }));
    const taken = [];
    for (let index = 0; index < 20; index += 1) {
      const got = await router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 0 }, always);
      taken.push(...got.map(({ message }) => textOf(message)));
    }
    expect(taken.indexOf("low")).toBe(15);
    expect(clock.sleeping).toBeGreaterThan(0);
  });

  // mailboxes.mailbox.M2
  test("a more urgent message does not overtake its own conversation", async () => {
    const { router } = await openWorld();
    await router.submit(note("first", { ...toOlga, priority: "low", conversationId: "c" }));
    await router.submit(note("other", { ...toOlga, priority: "normal" }));
    await router.submit(note("second", { ...toOlga, priority: "critical", conversationId: "c" }));
    const got = await router.lease(olga, { max: 9, leaseMs: 1_000, waitMs: 0 }, always);
    expect(got.map(({ message }) => textOf(message))).toEqual(["other", "first", "second"]);
  });
});

describe("an external client", () => {
  test("takes messages, settles them, and they are gone", async () => {
    const { router, disk } = await openWorld();
    await router.submit(note("one", toOlga));
    await router.submit(note("two", toOlga));
    const got = await router.lease(olga, { max: 10, leaseMs: 1_000, waitMs: 0 }, always);
    expect(got).toMatchObject([{ attempt: 1, recipient: "outside-olga" }, { attempt: 1 }]);
    const late = await router.settle(olga, [
      { seq: got[0]?.seq ?? 0, outcome: "done" },
      { seq: 99, outcome: "done" },
    ]);
    expect(late).toEqual([99]);
    expect(disk.settled.size).toBe(1);
    expect(await router.lease(olga, { max: 10, leaseMs: 1_000, waitMs: 0 }, always)).toEqual([]);
  });

  test("waits for the first message, and gets it when it comes", async () => {
    const { router } = await openWorld();
    const waiting = router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 60_000 }, always);
    await settled();
    await router.submit(note("at last", toOlga));
    expect((await waiting).map(({ message }) => textOf(message))).toEqual(["at last"]);
  });

  test("who has gone while waiting has taken nothing", async () => {
    const { router } = await openWorld();
    const gone = new AbortController();
    const waiting = router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 60_000 }, gone.signal);
    await settled();
    gone.abort();
    expect(await waiting).toEqual([]);
    await router.submit(note("still here", toOlga));
    expect(await router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 0 }, always)).toMatchObject([{ attempt: 1 }]);
  });

  test("has its settlement on disk without waiting for what comes after it", async () => {
    const doors: (() => void)[] = [];
    const disk = new MemoryDisk();
    const journal = new MemoryMessageJournal(disk, () => new Promise((resolve) => void doors.push(resolve)));
    const { router } = await openWorld({ disk, journal, isAttached: false });
    const open = async () => {
      await until(() => doors.length > 0);
      doors.shift()?.();
    };
    const sent = router.submit(note("one", toOlga));
    await open();
    await sent;
    const [taken] = await router.lease(olga, { max: 1, leaseMs: 60_000, waitMs: 0 }, always);
    void router.submit(note("in flight"));
    await until(() => doors.length === 1);
    let isSettled = false;
    void router.settle(olga, [{ seq: taken?.seq ?? 0, outcome: "done" }]).then(() => (isSettled = true));
    // One write was running, the next has the settlement; the writer does not rest in between.
    for (let writes = 0; writes < 2; writes += 1) {
      await open();
      void router.submit(note(`later ${writes}`));
    }
    await until(() => isSettled);
    expect(disk.settled.size).toBe(1);
  });

  test("gives back what it cannot do now, as if never taken", async () => {
    const { router } = await openWorld();
    for (const text of ["one", "two", "three"]) await router.submit(note(text, toOlga));
    const got = await router.lease(olga, { max: 10, leaseMs: 1_000, waitMs: 0 }, always);
    await router.settle(
      olga,
      got.map(({ seq }) => ({ seq, outcome: "returned" })),
    );
    const again = await router.lease(olga, { max: 10, leaseMs: 1_000, waitMs: 0 }, always);
    expect(again.map(({ message, attempt }) => [textOf(message), attempt])).toEqual([
      ["one", 1],
      ["two", 1],
      ["three", 1],
    ]);
  });

  // mailboxes.leases.L1
  test("loses its lease in time, and another client may take it", async () => {
    const { router, clock } = await openWorld();
    await router.submit(note("one", toOlga));
    const [first] = await router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 0 }, always);
    await clock.advance(3_000);
    const second = await router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 0 }, always);
    expect(second).toMatchObject([{ attempt: 2 }]);
    expect(first?.attempt).toBe(1);
  });

  test("who is not known has no mailbox, and an agent's messages are not to be had", async () => {
    const { router } = await openWorld();
    const fetch = { max: 1, leaseMs: 1_000, waitMs: 0 };
    await expect(router.lease({ ...olga, name: "nonexistent" }, fetch, always)).rejects.toMatchObject({
      code: "MAILBOX_NOT_FOUND",
    });
    await expect(router.lease({ ...olga, name: "bob" }, fetch, always)).rejects.toMatchObject({
      code: "PARTICIPANT_SERVED",
    });
  });
});

describe("bounds", () => {
  // router.intake.I4, mailboxes.mailbox.M3
  test("a full mailbox refuses, and says when to retry; nothing is stored of what was refused", async () => {
    const { router, disk } = await openWorld({ options: { mailboxMessagesMax: 2 } });
    await router.submit(note("1", toOlga));
    await router.submit(note("2", toOlga));
    const third = note("3", toOlga);
    expect(await router.submit(third)).toMatchObject({
      type: "refused",
      error: { code: "MAILBOX_FULL" },
      retryAfterMs: 1_000,
    });
    // Also not in bob's, who would have had room.
    expect(await router.submit(note("4", to("bob", "outside-olga")))).toMatchObject({ type: "refused" });
    expect(disk.messages.size).toBe(2);
    const got = await router.lease(olga, { max: 1, leaseMs: 1_000, waitMs: 0 }, always);
    await router.settle(
      olga,
      got.map(({ seq }) => ({ seq, outcome: "done" })),
    );
    expect(await router.submit(third)).toMatchObject({ type: "accepted", duplicate: false });
  });

  // mailboxes.recipients.P2
  test("all mailboxes together are bounded too", async () => {
    const { router } = await openWorld({ options: { totalBytesMax: 2_000 } });
    const answers = [];
    for (let index = 0; index < 20; index += 1) answers.push((await router.submit(note("x".repeat(300), toOlga))).type);
    expect(answers.slice(0, 2)).toEqual(["accepted", "accepted"]);
    expect(answers.at(-1)).toBe("refused");
  });

  test("what does not fit into memory is read from disk when its turn comes", async () => {
    const { router, agent, disk } = await openWorld({ options: { hotBytesMax: 0 } });
    const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => router.submit(note(text))));
    await until(() => disk.settled.size === 200);
    expect(agent.texts).toEqual(texts);
  });

  test("messages that expired take no room and are not delivered; their senders are notified", async () => {
    const { router, clock, disk, agent } = await openWorld({ options: { mailboxMessagesMax: 1 } });
    const expiresAtMs = clock.nowMs() + 1_000;
    await router.submit(note("ask", { ...toOlga, performative: "request", expiresAtMs }));
    await clock.advance(2_000);
    expect(await router.submit(note("next", toOlga))).toMatchObject({ type: "accepted" });
    expect([...disk.settled.values()]).toMatchObject([{ outcome: "expired" }]);
    await until(() => agent.got.length === 1);
    expect(agent.got[0]?.message).toMatchObject({ performative: "failure", error: { code: "EXPIRED" } });
    expect(await router.submit(note("late", { expiresAtMs }))).toMatchObject({ error: { code: "EXPIRED" } });
  });
});

test("what expires while it waits for another attempt, or behind one, takes no room either, and its sender is notified", async () => {
  const { router, clock, disk, agent } = await openWorld();
  const expiresAtMs = clock.nowMs() + 40_000;
  const ask = (text: string, rest: object = {}) =>
    router.submit(note(text, { ...toOlga, performative: "request", conversationId: "c", expiresAtMs, ...rest }));
  await ask("fails");
  await ask("behind it");
  await ask("stays", { expiresAtMs: undefined });
  const fetchOne = () => router.lease(olga, { max: 1, leaseMs: 30_000, waitMs: 0 }, always);
  const [first] = await fetchOne();
  await router.settle(olga, [{ seq: first?.seq ?? 0, outcome: "failed" }]);
  // No client fetches any more: the sweep finds them.
  await clock.advance(70_000);
  await until(() => agent.got.length === 2);
  expect(agent.got.map(({ message }) => message.error?.code)).toEqual(["EXPIRED", "EXPIRED"]);
  expect([...disk.settled.values()].filter(({ outcome }) => outcome === "expired")).toHaveLength(2);
  expect(router.records.mailbox("default", "outside-olga")).toMatchObject({ messages: 1, retrying: 0 });
  expect((await fetchOne()).map(({ message }) => textOf(message))).toEqual(["stays"]);
});

/** A life of the router: what is delivered stays in flight until `ends` has its text. */
const live = async (directory: string, disk: MemoryDisk) => {
  const hands = new FileInFlightLog(join(directory, "hand"));
  const life = await openWorld({
    disk,
    hands,
    directory: new TestDirectory("ann", "bob", "cid"),
    isAttached: false,
  });
  const ends = new Set<string>();
  const answer = (text: string) => (ends.has(text) || ends.has("all") ? { type: "done" as const } : undefined);
  life.agent.answer = async ({ message }, signal) => {
    let said = answer(textOf(message));
    for (; said === undefined && !signal.aborted; said = answer(textOf(message))) await settled();
    return said ?? { type: "done" };
  };
  life.router.attachDeployed(life.agent);
  return { ...life, ends };
};
/** Two lives that end with three deliveries in flight, then those of `use`. */
const afterCrash = async (use: (next: () => ReturnType<typeof live>) => Promise<void>) => {
  using directory = tempDirectory();
  const disk = new MemoryDisk();
  const lives: Awaited<ReturnType<typeof live>>[] = [];
  const next = async () => {
    lives.push(await live(directory.path, disk));
    return lives.at(-1) ?? expect.fail();
  };
  const first = await next();
  for (const [text, name] of [
    ["1", "bob"],
    ["2", "bob"],
    ["3", "cid"],
  ] as const)
    await first.router.submit(note(text, { conversationId: text, ...to(name) }));
  const second = await next();
  await until(() => first.agent.got.length === 3 && second.agent.got.length === 3);
  await use(next);
  for (const { ends } of lives) ends.add("all");
};

describe("a crash", () => {
  test("brings back what was not settled, with its attempts, in order", async () => {
    const disk = new MemoryDisk();
    const before = await openWorld({ disk, directory: new TestDirectory("ann", "bob") });
    before.agent.answer = ({ message }) =>
      textOf(message) === "fails" ? { type: "failed", reason: "x" } : new Promise(() => {});
    await before.router.submit(note("fails", { conversationId: "c" }));
    await before.router.submit(note("hangs", { conversationId: "c" }));
    await until(() => disk.retries.size === 1);
    // No close: the process is gone, only the disk is left.
    const after = await openWorld({ disk, directory: new TestDirectory("ann", "bob") });
    await after.clock.advance(1_000);
    await until(() => after.agent.got.length === 2);
    expect(after.agent.got.map(({ message, attempt }) => [textOf(message), attempt])).toEqual([
      ["fails", 2],
      ["hangs", 1],
    ]);
  });

  describe("with several deliveries in flight", () => {
    // router.crashes.S2
    test("is followed by each of them alone, before anything else", async () => {
      await afterCrash(async (next) => {
        const { router, agent, ends } = await next();
        for (const text of ["1", "2", "3", "new"]) {
          if (text === "3") await router.submit(note("new", to("bob")));
          await until(() => agent.texts.includes(text));
          for (let turn = 0; turn < 20; turn += 1) await settled();
          expect(agent.texts.at(-1)).toBe(text);
          ends.add(text);
        }
      });
    });

    // router.crashes.S1
    test("lets others be delivered beside one that takes long, and a crash counts for none of them", async () => {
      await afterCrash(async (next) => {
        const slow = await next();
        await until(() => slow.agent.texts.length === 1);
        await slow.router.submit(note("new", to("cid")));
        slow.ends.add("2").add("3");
        await slow.clock.advance(5_001);
        await until(() => slow.agent.texts.length === 4);
        expect(slow.agent.texts).toEqual(["1", "2", "3", "new"]);
        const after = await next();
        await until(() => after.agent.texts[0] === "1");
        expect(after.agent.got[0]).toMatchObject({ attempt: 1 });
      });
    });

    // router.crashes.S3
    test("repeats one that was alone in a crash after others have been delivered for a while", async () => {
      await afterCrash(async (next) => {
        const alone = await next();
        await until(() => alone.agent.texts.length === 1);
        const { clock, router, agent, ends } = await next();
        ends.add("all");
        await router.submit(note("new", to("bob")));
        await until(() => agent.texts.length === 2);
        expect(new Set(agent.texts)).toEqual(new Set(["3", "new"]));
        await clock.advance(2_001);
        await until(() => agent.texts.length === 4);
        expect(agent.got.slice(2).map(({ message, attempt }) => [textOf(message), attempt])).toEqual([
          ["1", 2],
          ["2", 1],
        ]);
      });
    });
  });

  // writing.writer.W3, writing.writer.W2
  test("of the disk refuses what was in flight; later messages are accepted again", async () => {
    let isFull = false;
    const disk = new MemoryDisk();
    const journal = new MemoryMessageJournal(disk, async () => {
      if (isFull) throw new Error("disk full");
    });
    const { router, agent } = await openWorld({ disk, journal });
    isFull = true;
    const message = note("hello");
    expect(await router.submit(message)).toMatchObject({ type: "refused", error: { code: "MESSAGE_NOT_STORED" } });
    isFull = false;
    expect(await router.submit(message)).toMatchObject({ type: "accepted", duplicate: false });
    await until(() => agent.got.length === 1);
  });

  test("of the disk while settling loses no settlement", async () => {
    let isFull = false;
    const disk = new MemoryDisk();
    const journal = new MemoryMessageJournal(disk, async () => {
      if (isFull) throw new Error("disk full");
    });
    const { router, agent, clock } = await openWorld({ disk, journal });
    const effect = Promise.withResolvers<{ readonly type: "done" }>();
    agent.answer = () => effect.promise;
    await router.submit(note("hello"));
    isFull = true;
    effect.resolve({ type: "done" });
    await settled();
    await settled();
    await settled();
    isFull = false;
    await clock.advance(1_500);
    await until(() => disk.settled.size === 1);
    expect([...disk.settled.values()]).toMatchObject([{ outcome: "done" }]);
  });
});

describe("an agent that is not there at present", () => {
  test("keeps its mailbox, and gets what came when it is back", async () => {
    const { router, agent, directory } = await openWorld();
    await router.submit(note("first"));
    directory.remove("bob");
    await settled();
    await settled();
    expect(await router.submit(note("second"))).toMatchObject({ type: "accepted", recipients: ["bob"] });
    await settled();
    expect(agent.texts).toEqual(["first"]);
    directory.add("bob");
    await until(() => agent.texts.length === 2);
  });
});

describe("durability", () => {
  test("none is delivered without being on disk, in order with the others", async () => {
    const { router, agent, disk } = await openWorld();
    const sent = ["a", "b", "c"].map((text, index) =>
      router.submit(note(text, { durability: index === 1 ? "none" : "full" })),
    );
    expect((await Promise.all(sent)).map((answer) => answer.type)).toEqual(["accepted", "accepted", "accepted"]);
    await until(() => agent.got.length === 3);
    expect(agent.texts).toEqual(["a", "b", "c"]);
    expect(disk.messages.size).toBe(2);
    await until(() => disk.settled.size === 2);
  });
});

describe("closing", () => {
  test("lets handlers end, writes what they settled, and takes nothing more", async () => {
    const { router, agent, disk, clock } = await openWorld();
    const effect = Promise.withResolvers<{ readonly type: "done" }>();
    agent.answer = () => effect.promise;
    await router.submit(note("hello"));
    const closing = router.close(5_000);
    expect(await router.submit(note("late"))).toMatchObject({ type: "refused", error: { code: "ROUTER_STOPPING" } });
    effect.resolve({ type: "done" });
    await clock.advance(100);
    await closing;
    expect(disk.settled.size).toBe(1);
  });
});
