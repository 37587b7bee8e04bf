import { describe, expect, test } from "vitest";
import { isFinished, type Task } from "../../../src/messaging/tasks/index.ts";
import { settled } from "../../helpers/manual-clock.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { bids, Market, type Reaction, toSender } from "./market.ts";
import { composeReply } from "../../../src/messaging/acl/index.ts";
import { until } from "../router/world.ts";
import { MemoryDisk } from "../../helpers/memory-message-journal.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("protocol.contract-net", "protocol.iterated-contract-net", "task.contract-net", "task.history");

const states = ({ bidders }: Task) => Object.fromEntries(bidders.map(({ name, state }) => [name, state]));
const conversation = ({ disk }: Market, { id }: Task, suffix = "") => {
  const row = [...disk.conversations.values()].find((each) => each.id === `${id}${suffix}`);
  return row?.state;
};

const later: Reaction = ({ performative }) =>
  performative === "cfp" ? ["propose", { cost: 2 }, { delayMs: 1_000 }] : ["inform", "done"];

describe("a task", () => {
  test("goes to the best bid, and is done when the winner says so", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, {
      bob: bids(9),
      cid: bids(3, ["inform", { rows: 7 }]),
      dan: bids(5),
    });
    const task = await market.when(await market.run({}), isFinished);
    expect(task).toMatchObject({ state: "done", assignedTo: "cid", awards: 1 });
    expect(task.bidders.find(({ name }) => name === "cid")).toMatchObject({ rank: 1, result: { rows: 7 } });
    expect(states(task)).toEqual({ bob: "rejected", cid: "done", dan: "rejected" });
    await market.when(task, ({ outbox }) => outbox.length === 0);
    await settled();
    expect(conversation(market, task), "its conversation is over too").toBe("completed");
    expect(market.tasks.history("default")).toMatchObject([
      { provider: "cid", capability: "analysis", tasks: 1, done: 1, cost: 3 },
    ]);
  });

  test("goes to the next best when the winner fails, and those beyond hear at once that they are out", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, {
      a1: bids(1, ["failure", "no disk"]),
      b2: bids(2, ["failure", "no data"]),
      c3: bids(3),
      d4: bids(4),
    });
    const task = await market.when(await market.run({ reawardsMax: 2 }), isFinished);
    expect(task).toMatchObject({ state: "done", assignedTo: "c3", awards: 3 });
    expect(states(task)).toEqual({ a1: "failed", b2: "failed", c3: "done", d4: "rejected" });
    expect(task.bidders[0]?.note).toBe("no disk");
  });

  test("fails if all awarded agents failed, however many awards are allowed", async () => {
    using directory = tempDirectory();
    const lazy = bids(1, ["failure", "no"]);
    await using market = await Market.open(directory.path, { bob: lazy, cid: lazy, dan: lazy });
    const task = await market.when(await market.run({ reawardsMax: 1 }), isFinished);
    expect(task.failure).toEqual({ code: "TASK_NOT_DONE", message: "all awarded agents failed (bob: no; cid: no)" });
    expect(states(task)).toEqual({ bob: "failed", cid: "failed", dan: "rejected" });
  });

  test("calls the others again when one of those who proposed can be called no more", async () => {
    using directory = tempDirectory();
    const brief: Reaction = () => ["propose", { cost: 1 }, { replyByMs: market.clock.nowMs() + 100 }];
    await using market = await Market.open(directory.path, { bob: brief, cid: later, dan: later });
    const begun = await market.run({ rounds: 2, bidsMs: 5_000 });
    for (let second = 0; second < 3; second += 1) {
      for (let turn = 0; turn < 20; turn += 1) await settled();
      await market.clock.advance(1_100);
    }
    const task = await market.when(begun, isFinished);
    expect([task.state, states(task)]).toEqual(["done", { bob: "unreached", cid: "done", dan: "rejected" }]);
    expect(market.story.filter((line) => line === "cfp cid")).toHaveLength(1);
  });

  test("goes to the next best when a bidder with the best proposal was deleted", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1), cid: later });
    const begun = await market.run({ bidsMs: 5_000 });
    await market.when(begun, ({ bidders }) => bidders[0]?.state === "proposed");
    await market.remove("bob");
    await market.when(begun, ({ bidders }) => bidders[0]?.state === "unreached");
    await market.clock.advance(1_100);
    const task = await market.when(begun, isFinished);
    expect([task.state, task.awards, states(task)]).toEqual(["done", 1, { bob: "unreached", cid: "done" }]);
  });

  test("goes to the next best when the winner is late", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1, "silence"), cid: bids(2) });
    const begun = await market.run({ workMs: 10_000 });
    await market.when(begun, ({ state }) => state === "working");
    await market.clock.advance(11_000);
    const task = await market.when(begun, isFinished);
    expect([task.state, states(task)]).toEqual(["done", { bob: "overdue", cid: "done" }]);
    expect(market.tasks.history("default").map(({ provider, done }) => [provider, done])).toEqual([
      ["bob", 0],
      ["cid", 1],
    ]);
  });

  test("goes to the next best when the winner cannot be reached", async () => {
    using directory = tempDirectory();
    const proposes = bids(1, "silence");
    await using market = await Market.open(directory.path, {
      bob: (message) => (message.performative === "accept-proposal" ? "breaks" : proposes(message)),
      cid: bids(2),
      dan: () => "breaks",
    });
    const task = await market.when(await market.run({ owner: "user" }), isFinished);
    expect([task.state, states(task)]).toEqual(["done", { bob: "failed", cid: "done", dan: "unreached" }]);
    expect(task.bidders[0]?.note).toBe("bob did not take it: it broke");
  });

  test("waits for proposals until the deadline and no longer", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, {
      bob: bids(1),
      cid: () => undefined,
      dan: () => ["refuse", "busy"],
    });
    const begun = await market.run({ bidsMs: 5_000 });
    await market.when(begun, ({ bidders }) => bidders.filter(({ state }) => state === "called").length === 1);
    expect(market.now(begun).state).toBe("collecting");
    await market.clock.advance(6_000);
    const task = await market.when(begun, isFinished);
    expect([task.state, states(task)]).toEqual(["done", { bob: "done", cid: "silent", dan: "refused" }]);
  });

  test("fails without a proposal or a participant", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: () => ["refuse", "busy"] });
    const refused = await market.when(await market.run({}), isFinished);
    expect(refused.failure?.code).toBe("NO_PROPOSALS");
    const alone = await market.run({ capabilities: ["alchemy"] });
    expect(alone.failure).toEqual({ code: "NO_CANDIDATES", message: "no agent provides alchemy" });
    const unknown = await market.run({ participants: ["zed"] });
    expect(unknown.failure?.message).toBe("none of zed can receive messages");
  });

  test("is compared by an expression, or goes to who is first", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1), cid: bids(8) });
    const dearest = await market.run({ evaluation: { type: "expression", expression: "bid.cost", order: "max" } });
    expect((await market.when(dearest, isFinished)).assignedTo).toBe("cid");
    const first = await market.run({ evaluation: { type: "first_bid" } });
    expect((await market.when(first, isFinished)).awards).toBe(1);
  });

  test("is compared by an agent, whose answer is checked and who is asked once more", async () => {
    using directory = tempDirectory();
    const answers = ["I like eve", '```json\n{"ranking": ["cid", "bob"]}\n```'];
    await using market = await Market.open(directory.path, {
      bob: bids(1),
      cid: bids(8),
      judge: ({ performative }) =>
        performative === "query-ref" ? ["inform", answers.shift() ?? ""] : ["refuse", "I judge"],
    });
    const begun = await market.run({ evaluation: { type: "agent", agent: "judge" }, participants: ["bob", "cid"] });
    const task = await market.when(begun, isFinished);
    expect([task.assignedTo, task.judged]).toEqual(["cid", 2]);
    const question = market.heard.findLast(({ performative }) => performative === "query-ref");
    expect(JSON.stringify(question?.content)).toContain("I like eve made no proposal; these did: bob, cid");
  });

  test("is asked for in rounds, and bidders see what was bid", async () => {
    using directory = tempDirectory();
    let price = 10;
    await using market = await Market.open(directory.path, {
      bob: ({ performative }) => {
        if (performative === "cfp") return ["propose", { cost: (price -= 1) }];
        return performative === "accept-proposal" ? ["inform", "done"] : undefined;
      },
      cid: bids(8.5),
    });
    const task = await market.when(await market.run({ rounds: 3 }), isFinished);
    expect([task.state, task.assignedTo, task.round]).toEqual(["done", "bob", 3]);
    expect(task.bidders.find(({ name }) => name === "bob")?.bid).toEqual({ cost: 7 });
    expect(market.story.filter((line) => line.startsWith("cfp"))).toHaveLength(6);
  });

  test.each([{}, { rounds: 2 }, { protocol: "request" as const }])(
    "hears bidders who answer its owner instead of whom its messages name: %j",
    async (request) => {
      using directory = tempDirectory();
      await using market = await Market.open(directory.path, { bob: toSender(bids(9)), cid: toSender(bids(3)) });
      const task = await market.when(await market.run(request), isFinished);
      expect(task).toMatchObject({ state: "done", awards: 1 });
      expect(states(task)).toMatchObject({ [task.assignedTo ?? ""]: "done" });
      const [last] = await market.router.records.messages({ workspace: "default", limit: 1, sender: task.assignedTo });
      expect(last).toMatchObject({
        message: { address: { names: ["ann"] } },
        deliveries: [{ recipient: "caxton.tasks" }],
      });
    },
  );

  test("may go without proposals: to one after the other", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1, ["failure", "ill"]), cid: bids(1) });
    const task = await market.when(await market.run({ protocol: "request" }), isFinished);
    expect([task.state, task.assignedTo, market.story]).toEqual(["done", "cid", ["request bob", "request cid"]]);
    await settled();
    expect([conversation(market, task), conversation(market, task, "-2")]).toEqual(["failed", "completed"]);
  });

  test("notifies every agent with an open obligation when it is cancelled", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1, "silence"), cid: bids(2) });
    const begun = await market.run({});
    await market.when(begun, ({ state }) => state === "working");
    const task = await market.tasks.cancel("default", begun.id);
    expect([task.state, states(task)]).toEqual(["cancelled", { bob: "cancelled", cid: "cancelled" }]);
    await market.when(task, ({ outbox }) => outbox.length === 0);
    await market.when(task, () => market.story.some((line) => line.startsWith("cancel")));
    await expect(market.tasks.distribute("default", begun.id)).rejects.toMatchObject({ code: "TASK_STATE" });
  });

  test("is not distributed twice, and not to its owner", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1) });
    const task = await market.run({ owner: "bob" });
    expect(task.failure?.code).toBe("NO_CANDIDATES");
    await expect(market.tasks.distribute("default", task.id)).rejects.toMatchObject({ code: "TASK_STATE" });
  });

  test("prefers who did well before, and asks only those who did well enough", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: bids(1, ["failure", "no"]), cid: bids(1.1) });
    for (let round = 0; round < 3; round += 1) await market.when(await market.run({}), isFinished);
    const last = await market.when(await market.run({}), isFinished);
    expect([last.awards, last.assignedTo], "cid is a little dearer and gets it at once").toEqual([1, "cid"]);
    const picky = await market.run({ minPerformanceScore: 0.5 });
    expect(picky.bidders.map(({ name }) => name)).toEqual(["cid"]);
  });
});

describe("tasks of another workspace", () => {
  test("are executed there, and come back to it after a restart", async () => {
    using directory = tempDirectory();
    const disk = new MemoryDisk();
    const first = await Market.open(directory.path, { bob: bids(1) }, { disk });
    first.router.attach("north", "bob", { handle: () => new Promise(() => {}) });
    const created = await first.tasks.create({
      workspace: "north",
      owner: "ann",
      name: "count",
      participants: ["bob"],
    });
    const begun = await first.tasks.distribute("north", created.id);
    await until(() => first.tasks.get("north", begun.id).outbox.length === 0);
    expect(first.tasks.list({ workspace: "default", limit: 10 })).toEqual([]);
    await first[Symbol.asyncDispose]();
    await using second = await Market.open(directory.path, {}, { disk, clock: first.clock });
    second.router.attach("north", "bob", {
      handle: async ({ message }) => {
        const isCall = message.performative === "cfp";
        const answer = { performative: isCall ? "propose" : "inform", sender: "bob" } as const;
        const content = { type: "json", value: isCall ? { cost: 1 } : "counted" } as const;
        await second.router.submit(composeReply(message, { ...answer, content, atMs: second.clock.nowMs() }));
        return { type: "done" };
      },
    });
    await until(() => isFinished(second.tasks.get("north", begun.id)));
    expect(second.tasks.get("north", begun.id)).toMatchObject({ state: "done", assignedTo: "bob" });
  });
});

describe("bounds of tasks", () => {
  test("are the operator's: how many are open, who is asked, what holds for those that say nothing", async () => {
    using directory = tempDirectory();
    const bidders = { bob: bids(3), cid: bids(2), dan: bids(1) };
    const options = { openMax: 2, participantsMax: 2, bidsMs: 7_000, workMs: 9_000, reawards: 0, auctionCallsMax: 3 };
    await using market = await Market.open(directory.path, bidders, { options });
    const task = await market.when(await market.run({}), isFinished);
    expect(task).toMatchObject({ bidsMs: 7_000, workMs: 9_000, reawardsMax: 0 });
    expect(task.bidders).toHaveLength(2);
    const ask = { workspace: "default", owner: "ann", name: "n", capabilities: ["analysis"] };
    const prices = { start: 10, step: 1, reserve: 1 };
    await expect(market.tasks.create({ ...ask, protocol: "auction-dutch", auction: prices })).rejects.toThrow(
      "10 calls",
    );
    await market.tasks.create(ask);
    await market.tasks.create(ask);
    await expect(market.tasks.create(ask)).rejects.toThrow("there are 2 tasks that are not finished");
  });
});
