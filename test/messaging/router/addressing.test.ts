import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Address } from "../../../src/messaging/acl/index.ts";
import { fitsVersion } from "../../../src/messaging/router/addressing/versions.ts";
import { relatedCapabilities } from "../../../src/messaging/router/addressing/related.ts";
import { Database, SqliteSubscriptionStore } from "../../../src/storage/index.ts";
import { type Submitted, Subscriptions } from "../../../src/messaging/router/index.ts";
import { TopicTrie } from "../../../src/messaging/router/subscriptions/topic-trie.ts";
import { topicProblem } from "../../../src/kernel/triggers/topic.ts";
import { ManualClock, settled } from "../../helpers/manual-clock.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { note, openWorld, TestDirectory, to, until } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies(
  "message.capability-one",
  "message.strategies",
  "message.no-provider",
  "message.publish",
  "documents.registry",
);

const capability = (rest: Partial<Extract<Address, { type: "capability" }>> = {}) =>
  ({
    address: {
      type: "capability",
      capability: "summaries",
      version: undefined,
      fallbackVersions: [],
      strategy: undefined,
      ...rest,
    },
  }) as const;

const ask = { performative: "request" } as const;

async function worldWith(...providers: readonly (readonly [string, object?])[]) {
  const directory = new TestDirectory("ann", ...providers.map(([name]) => name));
  for (const [name, rest] of providers) directory.provide(name, "summaries", rest);
  return openWorld({ directory });
}

const recipientsOf = (answer: Submitted) => (answer.type === "accepted" ? answer.recipients : []);

describe("a message to a capability", () => {
  test("goes to one if it asks, and to all if it informs or calls for proposals", async () => {
    const { router } = await worldWith(["bob"], ["cid"], ["dan"]);
    expect(recipientsOf(await router.submit(note("?", { ...capability(), ...ask })))).toHaveLength(1);
    for (const performative of ["inform", "cfp"] as const) {
      const answer = await router.submit(note("!", { ...capability(), performative }));
      expect(recipientsOf(answer)).toEqual(["bob", "cid", "dan"]);
    }
  });

  test("goes by best match to the highest priority, and to others as that one fills up", async () => {
    const { router } = await worldWith(["outside-a", { priority: 100 }], ["outside-b", { priority: 50 }]);
    const got: string[] = [];
    for (let index = 0; index < 40; index += 1)
      got.push(...recipientsOf(await router.submit(note("?", { ...capability(), ...ask }))));
    expect(got[0]).toBe("outside-a");
    expect(got).toContain("outside-b");
    expect(got.filter((name) => name === "outside-a").length).toBeGreaterThan(20);
  });

  test("goes round, among equals also by best match", async () => {
    for (const strategy of ["round_robin", "best_match", "least_loaded"] as const) {
      const { router } = await worldWith(["bob"], ["cid"], ["dan"]);
      const got: string[] = [];
      for (let index = 0; index < 6; index += 1)
        got.push(...recipientsOf(await router.submit(note("?", { ...capability({ strategy }), ...ask }))));
      expect([...got].toSorted(), strategy).toEqual(["bob", "bob", "cid", "cid", "dan", "dan"]);
    }
  });

  test("by weight goes to each in proportion to its priority", async () => {
    const directory = new TestDirectory("ann", "bob", "cid");
    directory.provide("bob", "summaries", { priority: 300 });
    directory.provide("cid", "summaries", { priority: 100 });
    let draw = 0;
    const { router } = await openWorld({ directory, chance: () => (draw = (draw + 0.25) % 1) });
    const got = [];
    for (let index = 0; index < 8; index += 1) {
      got.push(...recipientsOf(await router.submit(note("?", { ...capability({ strategy: "weighted" }), ...ask }))));
      await settled();
    }
    expect(got.filter((name) => name === "bob")).toHaveLength(6);
  });

  test("by speed goes to the quicker one, once both were tried", async () => {
    const { router, agent, clock } = await worldWith(["bob"], ["cid"]);
    agent.answer = async ({ recipient }) => {
      if (recipient === "bob") await clock.sleep(100);
      return { type: "done" };
    };
    const ask1 = () => router.submit(note("?", { ...capability({ strategy: "fastest" }), ...ask }));
    for (let index = 0; index < 4; index += 1) {
      await ask1();
      await clock.advance(200);
    }
    const later = [];
    for (let index = 0; index < 5; index += 1) {
      later.push(...recipientsOf(await ask1()));
      await clock.advance(200);
    }
    expect(later).toEqual(["cid", "cid", "cid", "cid", "cid"]);
  });

  // addressing.A1, addressing.A3
  test("leaves out the sender, and who is not fit to work", async () => {
    const { router } = await worldWith(
      ["ann2"],
      ["bob", { status: "draining" }],
      ["cid", { status: "unhealthy" }],
      ["dan", { status: "inactive" }],
      ["eve"],
    );
    for (let index = 0; index < 5; index += 1) {
      const answer = await router.submit(note("?", { ...capability(), ...ask, sender: "ann2" }));
      expect(recipientsOf(answer)).toEqual(["eve"]);
    }
  });

  test("skips a provider that fails repeatedly, until its circuit is half-open", async () => {
    const { router, agent, clock } = await worldWith(["bob"], ["cid"]);
    agent.answer = ({ recipient }) => (recipient === "bob" ? { type: "failed", reason: "down" } : { type: "done" });
    const inTurn = capability({ strategy: "round_robin" });
    for (let index = 0; index < 12; index += 1) await router.submit(note("?", { ...inTurn, ...ask }));
    await until(() => router.records.mailbox("default", "bob").breaker === "open");
    const got = [];
    for (let index = 0; index < 4; index += 1)
      got.push(...recipientsOf(await router.submit(note("?", { ...capability(), ...ask }))));
    expect(got).toEqual(["cid", "cid", "cid", "cid"]);
    await clock.advance(60_000);
    expect(router.records.mailbox("default", "bob").breaker).not.toBe("closed");
  });

  // addressing.A2
  test("asks for a version, then for the fallbacks in order", async () => {
    const { router } = await worldWith(["bob", { version: "1.0.0" }], ["cid", { version: "2.1.0" }]);
    const go = async (version: string, ...fallbackVersions: string[]) =>
      router.submit(note("?", { ...capability({ version, fallbackVersions }), ...ask }));
    expect(recipientsOf(await go("1.0.0"))).toEqual(["bob"]);
    expect(recipientsOf(await go("^2.0.0"))).toEqual(["cid"]);
    expect(recipientsOf(await go("3.0.0", "2.9.9", "1.0.0"))).toEqual(["bob"]);
    expect(await go("3.0.0")).toMatchObject({
      type: "answered",
      error: { code: "NO_CAPABILITY_PROVIDERS", details: { versions: ["1.0.0", "2.1.0"] } },
    });
  });

  test("without a provider is answered with related ones and how many provide them", async () => {
    const { router, agent, directory } = await worldWith(["bob"], ["cid"]);
    directory.provide("bob", "text-summaries");
    const answer = await router.submit(note("?", { ...capability({ capability: "text-sumaries" }), ...ask }));
    expect(answer).toMatchObject({
      type: "answered",
      answer: "failure",
      error: {
        code: "NO_CAPABILITY_PROVIDERS",
        hint: "Related: text-summaries (1).",
        details: { related: [{ capability: "text-summaries", providers: 1 }] },
      },
    });
    await until(() => agent.got.length === 1);
    expect(agent.got[0]?.message.error?.code).toBe("NO_CAPABILITY_PROVIDERS");
  });
});

const publishedAs = (name: string) => ({ address: { type: "topic", topic: name } }) as const;

const matches = (text: string, topic: string): boolean => {
  const words = text
    .split(".")
    .map((each) => (each === "#" ? "(?:\\.[abc])*" : each === "*" ? "\\.[abc]" : `\\.${each}`));
  return new RegExp(`^${words.join("")}$`, "u").test(`.${topic}`);
};

const noteTo = (receiver: string, conversationId: string) => note(receiver, { ...to(receiver), conversationId });

describe("while agents are being deployed", () => {
  // router.intake.I5
  test("a message to an unknown recipient waits for it, and later ones of its conversation wait behind it", async () => {
    const directory = new TestDirectory("ann", "bob");
    const { router, agent, disk } = await openWorld({ directory, isDeploying: true });
    const outcomes = Promise.all([
      router.submit(noteTo("zoe", "c")),
      router.submit(noteTo("bob", "c")),
      router.submit(noteTo("nonexistent", "d")),
    ]);
    expect(await router.submit(noteTo("bob", "e"))).toMatchObject({ type: "accepted" });
    expect(disk.messages.size).toBe(1);
    directory.add("zoe");
    await until(() => agent.got.length === 3);
    expect(agent.got.map(({ recipient, message }) => [recipient, message.conversationId])).toEqual([
      ["bob", "e"],
      ["zoe", "c"],
      ["bob", "c"],
    ]);
    router.deployed();
    expect(await outcomes).toMatchObject([
      { type: "accepted", recipients: ["zoe"] },
      { type: "accepted" },
      { type: "answered", error: { code: "AGENT_NOT_FOUND" } },
    ]);
    expect(await router.submit(noteTo("nonexistent", "f"))).toMatchObject({ error: { code: "AGENT_NOT_FOUND" } });
  });

  // router.intake.I5
  test("as many wait as one mailbox holds; they are refused if the server stops", async () => {
    const { router } = await openWorld({ isDeploying: true, options: { mailboxMessagesMax: 1 } });
    const waiting = router.submit(noteTo("zoe", "c"));
    const full = await router.submit(noteTo("zoe", "d"));
    expect(full).toMatchObject({ type: "refused", error: { code: "ROUTER_FULL" }, retryAfterMs: 1_000 });
    await router.close(0);
    expect(await waiting).toMatchObject({ type: "refused", error: { code: "ROUTER_STOPPING" } });
  });
});

describe("what is published", () => {
  test("goes to those who want it, by topic, act, sender and expression, but not to the sender", async () => {
    using temp = tempDirectory();
    using database = Database.open({ directory: temp.path, synchronous: "normal" });
    const clock = new ManualClock();
    const subscriptions = new Subscriptions(new SqliteSubscriptionStore(database), clock);
    const want = (subscriber: string, pattern: string, rest: object = {}) =>
      subscriptions.subscribe({ workspace: "default", subscriber, topic: pattern, ...rest });
    await want("ann", "orders.*");
    await want("bob", "orders.#");
    await want("cid", "orders.*", { sender: "eve" });
    await want("dan", "orders.*", { performative: "inform", where: "message.content.total > 100" });
    const { router } = await openWorld({ directory: new TestDirectory("ann", "bob", "cid", "dan"), subscriptions });
    const publish = async (name: string, total: number, rest: object = {}) =>
      recipientsOf(
        await router.submit(note("", { ...publishedAs(name), content: { type: "json", value: { total } }, ...rest })),
      ).toSorted();
    expect(await publish("orders.new", 200)).toEqual(["bob", "dan"]);
    expect(await publish("orders.new", 50, { sender: "eve" })).toEqual(["ann", "bob", "cid"]);
    expect(await publish("orders.new.big", 200)).toEqual(["bob"]);
    expect(await router.submit(note("!", publishedAs("news")))).toMatchObject({ error: { code: "NO_SUBSCRIBERS" } });
    const again = new Subscriptions(new SqliteSubscriptionStore(database), clock);
    expect(new Set(again.list("default"))).toEqual(new Set(subscriptions.list("default")));
    const [first] = again.list("default", "bob");
    await again.unsubscribe("default", first?.id ?? "");
    expect([...again.subscribers(note("", publishedAs("orders.new.big")), "orders.new.big")]).toEqual([]);
    await expect(again.subscribe({ workspace: "default", subscriber: "bob", topic: "a..b" })).rejects.toMatchObject({
      code: "TOPIC_INVALID",
    });
  });

  test("does not stop at one whose mailbox is full: that one's copy is a dead letter", async () => {
    const directory = new TestDirectory("ann", "bob", "outside-olga");
    const { router, disk } = await openWorld({ directory, options: { mailboxMessagesMax: 1 } });
    const all = { address: { type: "broadcast" } } as const;
    expect(recipientsOf(await router.submit(note("1", all)))).toEqual(["bob", "outside-olga"]);
    await until(() => disk.settled.size === 1);
    expect(recipientsOf(await router.submit(note("2", all)))).toEqual(["bob"]);
    expect([...disk.dead.values()]).toMatchObject([{ recipient: "outside-olga", code: "MAILBOX_FULL", seq: 2 }]);
  });

  test("to too many recipients is refused", async () => {
    const directory = new TestDirectory("ann", "bob", "cid", "dan");
    const { router } = await openWorld({ directory, options: { recipientsMax: 2 } });
    expect(await router.submit(note("!", { address: { type: "broadcast" } }))).toMatchObject({
      type: "refused",
      error: { code: "TOO_MANY_RECIPIENTS" },
    });
  });
});

describe("topics", () => {
  const word = fc.constantFrom("a", "b", "c");
  const pattern = fc
    .array(fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: fc.constant("*") }, fc.constant("#")), {
      minLength: 1,
      maxLength: 5,
    })
    .map((words) => words.join("."))
    .filter((text) => topicProblem(text) === undefined);
  test("are found exactly where their patterns fit, also after some went", () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 12 }),
        fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(".")),
        fc.nat(12),
        (patterns, topic, gone) => {
          const trie = new TopicTrie<number>();
          patterns.forEach((each, index) => trie.add(each, index));
          patterns.slice(0, gone).forEach((each, index) => trie.delete(each, index));
          const expected = patterns.flatMap((each, index) => (index >= gone && matches(each, topic) ? [index] : []));
          expect([...trie.find(topic)].toSorted((one, other) => one - other)).toEqual(expected);
        },
      ),
    );
  });

  test("that are invalid are named with the reason", () => {
    expect(topicProblem("orders.*.created")).toBeUndefined();
    expect(topicProblem("orders..created")).toBe("a word is missing between dots");
    expect(topicProblem("orders.cre*")).toBe("* and # stand for whole words");
    expect(topicProblem("#.a.#.b.#")).toBe("# stands in it at most twice");
  });
});

test("versions are met exactly, by beginning, or by range", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["1.2.0", "1.2.0", true],
    ["1.2.1", "1.2.0", false],
    ["1.2.1", "1.2", true],
    ["1.2.1", "1", true],
    ["2.0.0", "1", false],
    ["1.9.0", "^1.2.0", true],
    ["1.1.0", "^1.2.0", false],
    ["2.0.0", "^1.2.0", false],
    ["1.2.9", "~1.2.3", true],
    ["1.3.0", "~1.2.3", false],
    ["3.0.0", ">=1.2.0", true],
  ];
  for (const [version, asked, fits] of cases)
    expect([version, asked, fitsVersion(version, asked)]).toEqual([version, asked, fits]);
});

test("related capabilities are those written nearly so, then those that share words", () => {
  const known = ["data-analysis", "text-analysis", "translation", "data-entry"];
  expect(relatedCapabilities("data-analisys", known)).toEqual(["data-analysis", "data-entry"]);
  expect(relatedCapabilities("poetry", known)).toEqual([]);
});
