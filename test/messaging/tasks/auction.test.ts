import { describe, expect, test } from "vitest";
import { isFinished, type Task, type TaskRequest, TASKS_PARTICIPANT } from "../../../src/messaging/tasks/index.ts";
import { settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk } from "../../helpers/memory-message-journal.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { until } from "../router/world.ts";
import { Market, type Reaction, toSender } from "./market.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("protocol.auctions", "task.crash");

const priceIn = ({ content }: Parameters<Reaction>[0]): number => {
  const value = content.type === "json" ? content.value : undefined;
  return typeof value === "object" && value !== null && "price" in value ? Number(value["price"]) : Number.NaN;
};
/** Bids up to a price, and passes above it; in a Dutch auction waits until it has fallen so far. */
const upTo =
  (most: number, deed?: ReturnType<Reaction>): Reaction =>
  (message) => {
    if (message.performative === "request") return deed;
    if (message.performative !== "cfp") return undefined;
    const price = priceIn(message);
    return price <= most ? ["propose", { price }] : ["refuse", "too much"];
  };
const cheap: Reaction = ({ performative }) => (performative === "cfp" ? ["propose", { price: 1 }] : undefined);
const other: Reaction = ({ performative }) => (performative === "cfp" ? ["propose", { cost: 4 }] : undefined);
const high: Reaction = ({ performative }) => (performative === "cfp" ? ["propose", { price: 100 }] : undefined);
const silent: Reaction = () => undefined;

const slow: Reaction = (message) =>
  message.performative === "cfp" ? ["propose", { price: priceIn(message) }, { delayMs: 1_000 }] : undefined;

const late: Reaction = ({ performative }) =>
  performative === "cfp" ? ["propose", { price: 100 }, { delayMs: 4_900 }] : undefined;

const english = (start: number, step: number, more: Partial<TaskRequest["auction"]> = {}): Partial<TaskRequest> => ({
  protocol: "auction-english",
  auction: { start, step, ...more },
});
const dutch = (start: number, step: number, reserve: number): Partial<TaskRequest> => ({
  protocol: "auction-dutch",
  auction: { start, step, reserve },
});

const calls = ({ auction }: Task) => auction?.calls.map(({ price, bids, leader }) => [price, bids, leader]);
const states = ({ bidders }: Task) => Object.fromEntries(bidders.map(({ name, state }) => [name, state]));
const parts = async (market: Market, { id }: Task) => {
  const conversation = await market.router.records.conversation("default", id);
  return Object.fromEntries(conversation?.participants.map(({ name, state }) => [name, state]) ?? []);
};

async function sold(bidders: Readonly<Record<string, Reaction>>, request: Partial<TaskRequest>, waits = 0) {
  using directory = tempDirectory();
  await using market = await Market.open(directory.path, bidders);
  const begun = await market.run({ bidsMs: 5_000, ...request });
  for (let turn = 0; turn < waits; turn += 1) {
    for (let step = 0; step < 40; step += 1) await settled();
    await market.clock.advance(6_000);
  }
  const task = await market.when(begun, (now) => isFinished(now) && now.outbox.length === 0);
  await settled();
  const said = await market.router.records.messages({ workspace: "default", sender: "ann", limit: 1_000 });
  const breaches = said.filter(({ deliveries }) => deliveries.length === 0).map(({ message }) => message.performative);
  return { task, market, heard: market.story, parts: await parts(market, task), breaches };
}

describe("an English auction", () => {
  test("rises until one bidder is left, which wins; participants that pass are not asked again", async () => {
    const { task, heard, parts: ends } = await sold({ bob: upTo(20), cid: upTo(15), dan: upTo(5) }, english(10, 5));
    expect(calls(task)).toEqual([
      [10, 2, "bob"],
      [15, 1, "cid"],
      [20, 1, "bob"],
      [25, 0, undefined],
    ]);
    expect(task).toMatchObject({ state: "done", assignedTo: "bob", auction: { leader: "bob", price: 20 } });
    expect(task.bidders.find(({ name }) => name === "bob")).toMatchObject({ state: "done", result: { price: 20 } });
    expect(heard.filter((line) => line === "cfp dan")).toHaveLength(1);
    expect(ends).toEqual({ bob: "won", cid: "over", dan: "over" });
  });

  test("has one winner, also if the winner does not understand the award", async () => {
    const bids = upTo(20);
    const puzzled: Reaction = (message) => {
      const { performative, content } = message;
      const isEnd = content.type === "json" && JSON.stringify(content.value).includes('"ended":true');
      return performative === "inform" && isEnd ? ["not-understood", "what?"] : bids(message);
    };
    const { task, parts: ends } = await sold({ bob: puzzled, cid: upTo(15) }, english(10, 5), 2);
    expect(task).toMatchObject({ state: "done", assignedTo: "bob", awards: 1 });
    expect(ends).toEqual({ bob: "won", cid: "over" });
  });

  test("below the reserve no bid wins, and without a higher bid nothing is sold", async () => {
    const reached = await sold({ bob: upTo(30), cid: upTo(10) }, english(10, 10, { reserve: 20 }));
    expect(calls(reached.task)).toEqual([
      [10, 2, undefined],
      [20, 1, "bob"],
    ]);
    expect(reached.task).toMatchObject({ state: "done", assignedTo: "bob" });
    const missed = await sold({ bob: upTo(10) }, english(10, 10, { reserve: 20 }));
    expect(missed.task).toMatchObject({
      state: "failed",
      failure: { code: "NO_PROPOSALS", message: "none of the 1 bidders asked bid at least 20" },
    });
    expect(missed.parts).toEqual({ bob: "over" });
  });

  test("who says nothing has passed when the time of a call is over", async () => {
    const { task, parts: ends } = await sold({ bob: upTo(15), cid: silent }, english(10, 5), 3);
    expect(task).toMatchObject({ state: "done", assignedTo: "bob", auction: { price: 10 } });
    expect(states(task)).toEqual({ bob: "done", cid: "silent" });
    expect(ends).toEqual({ bob: "won", cid: "over" });
  });

  test("takes no answer to an earlier call for a bid at the next price, however high it is", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: upTo(10), cid: late });
    const begun = await market.run({ ...english(10, 5), bidsMs: 5_000 });
    await market.when(begun, ({ auction, outbox }) => auction?.leader === "bob" && outbox.length === 0);
    // The bid is there in time, and is handled after the next call has begun.
    market.router.pause("default", TASKS_PARTICIPANT, true);
    await market.clock.advance(4_950);
    await settled();
    await market.clock.advance(400);
    await market.when(begun, ({ round }) => round === 2);
    market.router.pause("default", TASKS_PARTICIPANT, false);
    await until(() => market.story.includes("reject-proposal cid"));
    expect(market.now(begun)).toMatchObject({ auction: { leader: "bob", price: 10 } });
  });

  test("with deliver the winner is asked to do the work, and its result is the task's", async () => {
    const { task, parts: ends } = await sold(
      { bob: upTo(20, ["inform", { rows: 7 }]), cid: upTo(10) },
      english(10, 5, { deliver: true }),
    );
    expect(task).toMatchObject({ state: "done", assignedTo: "bob" });
    expect(task.bidders.find(({ name }) => name === "bob")).toMatchObject({ state: "done", result: { rows: 7 } });
    expect(ends).toEqual({ bob: "delivered", cid: "over" });
    const failed = await sold({ bob: upTo(20, ["failure", "ill"]) }, english(10, 5, { deliver: true }));
    expect(failed.task).toMatchObject({
      state: "failed",
      failure: { code: "TASK_NOT_DONE", message: "the winner did not deliver (bob: ill)" },
    });
  });

  test("a proposal without a price is no bid, and keeps no auction open", async () => {
    const { task } = await sold({ bob: upTo(10), cid: other }, english(10, 5));
    expect(task).toMatchObject({ state: "done", assignedTo: "bob", auction: { price: 10 } });
    expect(notes(task)[1]).toEqual(["cid", "rejected", 'this is no bid: a bid is { "price": 15 } or more']);
    const none = await sold({ cid: other }, english(49, 5));
    expect(none.task).toMatchObject({ state: "failed", failure: { code: "NO_PROPOSALS" } });
    expect(calls(none.task)).toEqual([[49, 0, undefined]]);
  });

  // tasks.auction.A3
  test("a bid below the called price does not count", async () => {
    const { task } = await sold({ bob: upTo(10), cid: cheap }, english(10, 5), 2);
    expect(task).toMatchObject({ state: "done", assignedTo: "bob" });
  });
});

/** A bidder that never takes the messages of these acts. */
const losing =
  (reaction: Reaction, isLost: (message: Parameters<Reaction>[0]) => boolean): Reaction =>
  (message) =>
    isLost(message) ? "breaks" : reaction(message);
const isEnd = ({ performative, content }: Parameters<Reaction>[0]) =>
  performative === "inform" && content.type === "json" && JSON.stringify(content.value).includes('"ended"');
const notes = ({ bidders }: Task) => bidders.map(({ name, state, note }) => [name, state, note]);

describe("the winner that cannot be reached", () => {
  // tasks.auction.A2
  test("loses an English auction to the previous bidder, at the price bid then, and the task says so", async () => {
    const bidders = { bob: losing(upTo(20), isEnd), cid: upTo(15) };
    const { task, parts: ends, heard } = await sold(bidders, english(10, 5));
    expect(task).toMatchObject({ state: "done", assignedTo: "cid", awards: 2, auction: { leader: "cid", price: 15 } });
    expect(notes(task)[0]).toEqual(["bob", "unreached", "bob did not take it: it broke"]);
    expect(ends).toEqual({ bob: "unreached", cid: "won" });
    expect(heard.filter((line) => line === "inform cid")).toHaveLength(2);
  });

  test("does not count: a leader whose acceptance is refused does not lead, and one that does not deliver is notified", async () => {
    const lost = losing(upTo(50), ({ performative }) => performative === "accept-proposal");
    const leading = await sold({ bob: lost, cid: upTo(10) }, english(10, 5));
    expect(leading.task).toMatchObject({ state: "done", assignedTo: "cid", awards: 1, auction: { price: 10 } });
    const ordered = losing(upTo(50), ({ performative }) => performative === "request");
    const order = await sold({ bob: ordered, cid: upTo(10, ["inform", "rows"]) }, english(10, 5, { deliver: true }));
    expect(order.task).toMatchObject({ state: "done", assignedTo: "cid", awards: 2 });
    expect(order.parts).toEqual({ bob: "unreached", cid: "delivered" });
  });

  test("loses a Dutch auction to the late bidder at that price, else the price falls on", async () => {
    const lost = losing(upTo(80), ({ performative }) => performative === "accept-proposal");
    const again = await sold({ bob: lost, cid: upTo(80) }, dutch(100, 10, 50));
    expect(calls(again.task)?.map(([price]) => price)).toEqual([100, 90, 80, 80]);
    expect(again.task).toMatchObject({ state: "done", assignedTo: "cid", awards: 2, auction: { price: 80 } });
    const lower = await sold({ bob: lost, cid: upTo(60) }, dutch(100, 10, 50));
    expect(lower.task).toMatchObject({ state: "done", assignedTo: "cid", auction: { price: 60 } });
    const none = await sold({ bob: lost, cid: upTo(10) }, dutch(100, 10, 50));
    expect(none.task).toMatchObject({
      state: "failed",
      failure: { code: "TASK_NOT_DONE", message: "the award could not be delivered to bob, and no other bidder bid" },
    });
  });
});

describe("a winner that is deleted before it has taken the award", () => {
  test.each<[string, Partial<TaskRequest>, string[]]>([
    ["an English auction", english(10, 5), ["inform"]],
    ["a Dutch auction", dutch(20, 5, 10), ["accept-proposal"]],
    ["an English auction with deliver", english(10, 5, { deliver: true }), []],
  ])("loses %s to the next bidder, and the award is a dead letter", async (_what, request, letters) => {
    const [price, next] = [20, 15];
    using directory = tempDirectory();
    const bidding = upTo(price, ["inform", "done"]);
    // Nothing is delivered to bob after its last bid.
    const bob: Reaction = (message) => {
      if (message.performative === "cfp" && priceIn(message) === price) market.router.pause("default", "bob", true);
      return bidding(message);
    };
    await using market = await Market.open(directory.path, { bob, cid: upTo(next, ["inform", "done"]) });
    const begun = await market.run(request);
    await market.when(begun, ({ assignedTo, outbox }) => assignedTo === "bob" && outbox.length === 0);
    await market.remove("bob");
    const task = await market.when(begun, (now) => isFinished(now) && now.outbox.length === 0);
    expect(task).toMatchObject({ state: "done", assignedTo: "cid", awards: 2, auction: { price: next } });
    expect(states(task)).toMatchObject({ bob: "unreached" });
    expect(await parts(market, task)).toMatchObject({ bob: "unreached" });
    // With deliver the part is open, and ends; else the award is retracted.
    const dead = await market.router.records.messages({ workspace: "default", recipient: "bob", limit: 100 });
    const lost = dead.filter(({ deliveries }) => deliveries.some(({ state }) => state === "dead"));
    expect(lost.map(({ message }) => message.performative)).toEqual(letters);
  });

  test("keeps it if it has taken it", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: upTo(20), cid: upTo(15) });
    const begun = await market.run(english(10, 5));
    const task = await market.when(begun, (now) => isFinished(now) && now.outbox.length === 0);
    await market.remove("bob");
    await market.clock.advance(5_000);
    expect(market.now(task)).toMatchObject({ state: "done", assignedTo: "bob", awards: 1 });
    expect(await parts(market, task)).toMatchObject({ bob: "won", cid: "over" });
  });
});

const sealed = (auction: TaskRequest["auction"]): Partial<TaskRequest> => ({ protocol: "auction-sealed", auction });
const once =
  (price: number): Reaction =>
  ({ performative }) =>
    performative === "cfp"
      ? ["propose", { price }]
      : performative === "accept-proposal"
        ? ["inform", "paid"]
        : undefined;

describe("sealed bids", () => {
  test("are made once; the highest has it for its price, or for the next best", async () => {
    const bidders = { bob: once(20), cid: once(30), dan: once(25) };
    const first = await sold(bidders, sealed({ reserve: 10 }));
    expect(first.task).toMatchObject({ state: "done", assignedTo: "cid", auction: { price: 30, leader: "cid" } });
    const second = await sold(bidders, sealed({ reserve: 10, secondPrice: true }));
    expect(second.task).toMatchObject({ state: "done", assignedTo: "cid", auction: { price: 25 } });
    expect(second.parts).toEqual({ bob: "rejected", cid: "done", dan: "rejected" });
    const alone = await sold({ bob: once(20) }, sealed({ reserve: 10, secondPrice: true }));
    expect(alone.task.auction?.price).toBe(10);
  });

  test("below the reserve or without a price do not count", async () => {
    const { task } = await sold({ bob: once(5), cid: () => ["propose", { cost: 90 }] }, sealed({ reserve: 10 }));
    expect(task).toMatchObject({ state: "failed", failure: { code: "NO_PROPOSALS" } });
    expect(states(task)).toEqual({ bob: "rejected", cid: "rejected" });
  });
});

describe("a Dutch auction", () => {
  test("ends when several bid at the same time: the first has it, the others are rejected and hear the end", async () => {
    const {
      task,
      heard,
      parts: ends,
      breaches,
    } = await sold({ bob: upTo(80), cid: upTo(80), dan: upTo(80) }, dutch(80, 10, 50));
    expect(task).toMatchObject({ state: "done", auction: { price: 80 } });
    expect(Object.values(ends).toSorted()).toEqual(["over", "over", "won"]);
    expect(heard.filter((line) => line.startsWith("reject-proposal"))).toHaveLength(2);
    expect(breaches).toEqual([]);
  });

  test("rejects a bid that comes after the end, instead of not understanding it", async () => {
    using directory = tempDirectory();
    await using market = await Market.open(directory.path, { bob: upTo(80), cid: slow });
    const task = await market.when(await market.run(dutch(80, 10, 50)), isFinished);
    await market.when(task, ({ outbox }) => outbox.length === 0);
    await market.clock.advance(1_500);
    await until(() => market.story.includes("reject-proposal cid"));
    const said = await market.router.records.messages({ workspace: "default", conversation: task.id, limit: 100 });
    expect(said.filter(({ message }) => message.performative === "not-understood")).toEqual([]);
    expect(await parts(market, task)).toEqual({ bob: "won", cid: "over" });
  });

  // tasks.auction.A3
  test("sells at the called price alone", async () => {
    const { task } = await sold({ bob: high, cid: upTo(70) }, dutch(80, 10, 50), 2);
    expect(task).toMatchObject({ assignedTo: "cid", auction: { price: 70 } });
  });

  test("falls until a participant accepts a price; later acceptances are too late", async () => {
    const { task, parts: ends } = await sold({ bob: upTo(70), cid: upTo(80), dan: upTo(80) }, dutch(100, 10, 50));
    expect(calls(task)?.map(([price]) => price)).toEqual([100, 90, 80]);
    expect(task).toMatchObject({ state: "done", assignedTo: "cid", auction: { price: 80 } });
    expect(ends).toMatchObject({ cid: "won", bob: "over" });
  });

  test("ends unsold at its reserve", async () => {
    const { task, parts: ends } = await sold({ bob: upTo(10), cid: upTo(20) }, dutch(100, 25, 50));
    expect(calls(task)?.map(([price]) => price)).toEqual([100, 75, 50]);
    expect(task).toMatchObject({ state: "failed", failure: { code: "NO_PROPOSALS" } });
    expect(ends).toEqual({ bob: "over", cid: "over" });
  });
});

test.each<[Partial<TaskRequest>, number]>([
  [english(10, 5), 20],
  [english(10, 5, { deliver: true }), 20],
  [dutch(30, 5, 10), 25],
])("an auction hears bidders who answer its owner instead of whom it names: %j", async (request, price) => {
  const bidders = { bob: toSender(upTo(25, ["inform", "done"])), cid: toSender(upTo(15)) };
  const { task } = await sold(bidders, request);
  expect(task).toMatchObject({ state: "done", assignedTo: "bob", auction: { price } });
});

test("a bidder's note says why it stands as it does, and nothing of the calls before", async () => {
  const low: Reaction = (message) => (priceIn(message) === 10 ? ["propose", { price: 1 }] : upTo(20)(message));
  const { task } = await sold({ bob: low, cid: upTo(15) }, english(10, 5));
  expect(task.bidders.map(({ name, state, note }) => [name, state, note])).toEqual([
    ["bob", "done", undefined],
    ["cid", "refused", "too much"],
  ]);
});

test("a cancelled auction notifies all participants", async () => {
  using directory = tempDirectory();
  await using market = await Market.open(directory.path, { bob: upTo(10), cid: silent });
  const begun = await market.run(english(10, 5));
  await market.when(begun, ({ auction, outbox }) => auction?.leader === "bob" && outbox.length === 0);
  await market.tasks.cancel("default", begun.id);
  const task = await market.when(begun, ({ outbox }) => outbox.length === 0);
  expect(states(task)).toEqual({ bob: "cancelled", cid: "cancelled" });
  expect(market.story.filter((line) => line.startsWith("cancel")).toSorted()).toEqual(["cancel bob", "cancel cid"]);
});

test.each<[Partial<TaskRequest>, RegExp]>([
  [{ protocol: "auction-english" }, /needs prices/],
  [{ auction: { start: 1, step: 1 } }, /has no prices/],
  [english(1, 0), /leads nowhere/],
  [dutch(10, 1, 20), /never comes to 20/],
  [{ protocol: "auction-dutch", auction: { start: 10, step: 1, deliver: true } }, /asked for nothing more/],
  [dutch(1_000, 1, 0), /takes 1001 calls/],
  [english(5, 1e-300), /leads nowhere/],
  [english(0, 1e-13, { reserve: 1e-12 + 1 }), /leads nowhere/],
  [sealed({ deliver: false }), /always asked to deliver/],
  [{ protocol: "englisch-auction" }, /no protocol of tasks is called englisch-auction/],
  [{ protocol: "fipa-query" }, /no protocol of tasks is called fipa-query/],
])("an auction that is not possible is refused: %j", async (request, why) => {
  using directory = tempDirectory();
  await using market = await Market.open(directory.path, { bob: silent });
  await expect(market.run(request)).rejects.toThrow(why);
});

test.each([
  ["english-auction", "auction-english"],
  ["English", "auction-english"],
  ["FIPA-Auction-Dutch", "auction-dutch"],
  ["sealed-auction", "auction-sealed"],
  ["fipa-contract-net-protocol", "contract-net"],
  ["FIPA_Request", "request"],
])("a task may spell its protocol %s", async (spelling, protocol) => {
  using directory = tempDirectory();
  await using market = await Market.open(directory.path, { bob: silent });
  const auction = ["auction-english", "auction-dutch"].includes(protocol) ? { start: 10, step: 5 } : undefined;
  expect(await market.run({ protocol: spelling, auction })).toMatchObject({ protocol });
});

/** The server ends before or after the router took the nth message of the auction; nothing after that is done. */
async function crashAt(count: number, isBefore: boolean) {
  using directory = tempDirectory();
  const disk = new MemoryDisk();
  const bidders = { bob: upTo(20), cid: upTo(15) };
  let sends = 0;
  const never = new Promise<never>(() => {});
  const first = await Market.open(directory.path, bidders, {
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
  const begun = await first.run(english(10, 5));
  for (let turn = 0; turn < 60; turn += 1) await settled();
  await first[Symbol.asyncDispose]();
  const before = first.story;
  await using second = await Market.open(directory.path, bidders, { disk, clock: first.clock });
  for (let turn = 0; turn < 200; turn += 1) await settled();
  await second.clock.advance(60_000);
  const task = await second.when(begun, (now) => isFinished(now) && now.outbox.length === 0);
  return { task, story: [...before, ...second.story], sends };
}

test("an auction ends as it would have, with one winner, and no call is made twice, wherever the server was killed", async () => {
  const whole = await crashAt(Infinity, false);
  expect(whole.task).toMatchObject({ state: "done", assignedTo: "bob", auction: { price: 20 } });
  for (let count = 1; count <= whole.sends; count += 1) {
    for (const isBefore of [true, false]) {
      const { task, story } = await crashAt(count, isBefore);
      const where = `${isBefore ? "before" : "after"} message ${count}`;
      expect([where, task.state, task.assignedTo, task.auction?.price]).toEqual([where, "done", "bob", 20]);
      expect([where, story.toSorted()]).toEqual([where, whole.story.toSorted()]);
    }
  }
});
