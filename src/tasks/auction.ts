/**
 * Auctions, one function an event, as in `steps.ts`. English: the price rises from call to call, the first bid at a price is
 * taken for the time being, and when nobody bids the last one has it. Dutch: the price falls, and the first bid has it.
 *
 * Each bidder is written to apart: what one of them says meanwhile keeps no message from the others.
 */
import { type Json, type JsonObject } from "../kernel/json.ts";
import { type Message, SYSTEM_SENDER } from "../messages/index.ts";
import { bidIn, resultIn, wordsIn } from "./bids.ts";
import { letterId } from "./letter.ts";
import { changed, GRACE_MS, outgoing, summary, turned, withBidder } from "./parts.ts";
import { type Auction, type Bidder, isFinished, type Outgoing, type Task } from "./task.ts";

const isDutch = ({ protocol }: Task): boolean => protocol === "auction-dutch";
const callKey = (round: number, name: string): string => `cfp-${round}-${name}`;

/** The auction opened, and its first price called. */
export function opened(task: Task, auction: Auction, nowMs: number): Task {
  const content = {
    auction: isDutch(task) ? "dutch" : "english",
    task: summary(task),
    start: auction.start,
    step: auction.step,
    rules: isDutch(task)
      ? "prices fall from call to call; the first who takes one has it"
      : "prices rise from call to call; whoever bid last has it when nobody bids any more",
  };
  const open = there(task).map(({ name }) =>
    outgoing(task, { key: `open-${name}`, act: "inform", to: [name], content }),
  );
  return callAt({ ...task, outbox: [...task.outbox, ...open] }, auction, auction.start, nowMs);
}

const there = ({ bidders }: Task): readonly Bidder[] => bidders.filter(({ state }) => state !== "unreached");

/** The next price, for all but who has it as things stand; in an English auction who has passed is out. */
function callAt(task: Task, auction: Auction, price: number, nowMs: number): Task {
  const isAsked = ({ name, state }: Bidder) => name !== auction.leader && (isDutch(task) || state !== "refused");
  const names = there(task)
    .filter(isAsked)
    .map(({ name }) => name);
  if (names.length === 0) return ended(task, auction, nowMs);
  const round = task.round + 1;
  const dueAtMs = nowMs + task.bidsMs;
  const content: Json = {
    auction: isDutch(task) ? "dutch" : "english",
    task: summary(task),
    price,
    round,
    answer: {
      propose: `when you ${isDutch(task) ? "take it for" : "bid"} ${price}: { "price": ${price} }`,
      refuse: "when you do not",
    },
  };
  const calls = names.map((name) =>
    outgoing(task, { key: callKey(round, name), act: "cfp", to: [name], content, replyByMs: dueAtMs }),
  );
  return changed(task, nowMs, {
    state: "collecting",
    round,
    bidders: task.bidders.map((each): Bidder => (names.includes(each.name) ? turned(each, "called") : each)),
    auction: { ...auction, calls: [...auction.calls, { price, atMs: nowMs, bids: 0, leader: undefined }] },
    dueAtMs: dueAtMs + GRACE_MS,
    outbox: [...task.outbox, ...calls],
  });
}

/** The auction after a message of its conversation came in. */
export function auctionAnswered(task: Task, auction: Auction, message: Message, nowMs: number): Task {
  if (message.sender === SYSTEM_SENDER) {
    const name = message.error?.details["recipient"];
    const bidder = task.bidders.find((each) => each.name === name);
    if (bidder === undefined) return task;
    return lost(task, auction, { ...bidder, note: message.error?.message ?? wordsIn(message) }, nowMs);
  }
  const bidder = task.bidders.find(({ name }) => name === message.sender);
  if (bidder === undefined) return task;
  if (message.performative === "propose") return bidden(task, auction, { bidder, message }, nowMs);
  if (message.performative === "inform") {
    if (bidder.state !== "accepted" || task.state !== "working") return task;
    const done = withBidder(task, turned(bidder, "done", { endedAtMs: nowMs, result: resultIn(message) }));
    return changed(done, nowMs, { state: "done", dueAtMs: undefined });
  }
  return DECLINING.has(message.performative)
    ? lost(task, auction, { ...bidder, note: wordsIn(message) }, nowMs, "refused")
    : task;
}

const DECLINING: ReadonlySet<string> = new Set(["refuse", "failure", "not-understood"]);

type Bidding = { readonly bidder: Bidder; readonly message: Message };

function bidden(task: Task, auction: Auction, { bidder, message }: Bidding, nowMs: number): Task {
  const proposal = message.replyWith ?? message.id;
  // The same bid, a second time.
  if (bidder.proposal === proposal) return task;
  const bid = bidIn(message);
  const call = auction.calls.at(-1);
  const at = { ...bidder, bid, proposal };
  const isOfThisCall =
    message.inReplyTo === undefined || message.inReplyTo === letterId(task, callKey(task.round, bidder.name));
  if (task.state !== "collecting" || call === undefined || !isOfThisCall) return refused(task, at, TOO_LATE, nowMs);
  const after = withCall(auction, { ...call, bids: call.bids + 1 });
  const counted = { ...task, auction: after };
  if (isShort(bid, call.price)) return onwards(refused(counted, at, `the price is ${call.price}`, nowMs), nowMs);
  if (call.leader !== undefined) return onwards(refused(counted, at, TOO_LATE, nowMs), nowMs);
  if (!isDutch(task) && call.price < auction.reserve)
    return onwards(refused(counted, at, "the reserve is not met yet", nowMs), nowMs);
  const accept = outgoing(task, {
    key: `accept-${task.round}`,
    act: "accept-proposal",
    to: [bidder.name],
    content: { accepted: { price: call.price }, task: summary(task), final: isDutch(task) },
    inReplyTo: proposal,
  });
  const before = task.bidders.find(({ name }) => name === auction.leader);
  const outbid = before === undefined ? counted : withBidder(counted, turned(before, "rejected"));
  const led = changed(withBidder(outbid, turned(at, "proposed", { score: call.price })), nowMs, {
    auction: {
      ...withCall(after, { ...call, bids: call.bids + 1, leader: bidder.name }),
      leader: bidder.name,
      price: call.price,
    },
    outbox: [...task.outbox, accept],
  });
  return onwards(led, nowMs);
}

const TOO_LATE = "it came too late at this price";

/** Somebody names a price that is less than what was called. */
const isShort = ({ price }: JsonObject, called: number): boolean => typeof price === "number" && price < called;

const withCall = (auction: Auction, call: Auction["calls"][number]): Auction => ({
  ...auction,
  calls: [...auction.calls.slice(0, -1), call],
});

const refused = (task: Task, bidder: Bidder, why: string, nowMs: number): Task =>
  changed(withBidder(task, bidder.state === "called" ? turned(bidder, "rejected", { note: why }) : bidder), nowMs, {
    outbox: [
      ...task.outbox,
      outgoing(task, {
        key: `reject-${bidder.name}-${bidder.proposal ?? ""}`,
        act: "reject-proposal",
        to: [bidder.name],
        content: why,
        inReplyTo: bidder.proposal,
      }),
    ],
  });

/** Somebody who does not bid, cannot be reached, or fails to deliver. */
function lost(
  task: Task,
  auction: Auction,
  ...[bidder, nowMs, state = "unreached"]: [Bidder, number, ("unreached" | "refused")?]
): Task {
  if (bidder.state === "accepted" && task.state === "working") {
    const failed = withBidder(task, turned(bidder, "failed", { endedAtMs: nowMs, note: bidder.note }));
    return undone(failed, `${bidder.name}: ${bidder.note ?? "failed"}`, nowMs);
  }
  if (task.state !== "collecting" || bidder.state !== "called") return task;
  return onwards(changed(withBidder(task, turned(bidder, state, { note: bidder.note })), nowMs, { auction }), nowMs);
}

/** The call is over once all have answered; a Dutch auction ends with the first bid. */
function onwards(task: Task, nowMs: number): Task {
  const { auction } = task;
  if (auction === undefined) return task;
  if (isDutch(task) && auction.leader !== undefined) return ended(task, auction, nowMs);
  return task.bidders.some(({ state }) => state === "called") ? task : next(task, auction, nowMs);
}

/** The next call, or the end. */
function next(task: Task, auction: Auction, nowMs: number): Task {
  const call = auction.calls.at(-1);
  const isLast = task.round >= auction.callsMax;
  if (call === undefined || isLast) return ended(task, auction, nowMs);
  if (isDutch(task)) {
    const price = rounded(auction.start - auction.step * task.round);
    return price < auction.reserve ? ended(task, auction, nowMs) : callAt(task, auction, price, nowMs);
  }
  if (call.bids === 0) return ended(task, auction, nowMs);
  return callAt(task, auction, rounded(auction.start + auction.step * task.round), nowMs);
}

/** 0.1 + 0.2 is no price. */
const rounded = (price: number): number => Number(price.toPrecision(12));

function ended(task: Task, auction: Auction, nowMs: number): Task {
  const { leader, price } = auction;
  const content = {
    ended: true,
    sold: leader !== undefined,
    ...(leader !== undefined && { winner: leader, price: price ?? 0 }),
  };
  const isOrder = leader !== undefined && auction.deliver;
  const stale = staleLeader(auction);
  const told = there(task)
    .filter(({ name }) => name !== leader || (!isOrder && !isDutch(task)))
    .map(({ name }) =>
      name === stale
        ? outgoing(task, { key: `end-${name}`, act: "cancel", to: [name], content })
        : outgoing(task, { key: `end-${name}`, act: "inform", to: [name], content }),
    );
  const bidders = task.bidders.map((each): Bidder => {
    if (each.name === leader) return each;
    return each.state === "called" || each.state === "proposed" ? turned(each, "silent") : each;
  });
  const over = { ...task, bidders, outbox: [...task.outbox, ...told] };
  const winner = bidders.find(({ name }) => name === leader);
  if (winner === undefined || price === undefined) {
    const why = `nobody of ${bidders.length} asked bid ${isDutch(task) ? "down to" : "at least"} ${auction.reserve}`;
    return changed(over, nowMs, {
      state: "failed",
      dueAtMs: undefined,
      failure: { code: "NO_PROPOSALS", message: why },
    });
  }
  const won = { ...winner, rank: 1, awardedAtMs: nowMs };
  if (isOrder) return ordered(over, won, price, nowMs);
  const done = withBidder(over, { ...won, state: "done", endedAtMs: nowMs, result: { price } });
  return changed(done, nowMs, { state: "done", assignedTo: won.name, awards: 1, dueAtMs: undefined });
}

/** Who led before the last call, when the auction ends with a bid: it was not called again, and cannot be told as others are. */
function staleLeader({ calls }: Auction): string | undefined {
  const last = calls.at(-1);
  const before = calls.at(-2)?.leader;
  return last?.leader === undefined || before === last.leader ? undefined : before;
}

function ordered(task: Task, winner: Bidder, price: number, nowMs: number): Task {
  const replyByMs = nowMs + task.workMs;
  const request: Outgoing = outgoing(task, {
    key: "order",
    act: "request",
    to: [winner.name],
    content: { won: { price }, task: summary(task) },
    replyByMs,
  });
  return changed(withBidder(task, turned(winner, "accepted")), nowMs, {
    state: "working",
    assignedTo: winner.name,
    awards: 1,
    dueAtMs: replyByMs + GRACE_MS,
    outbox: [...task.outbox, request],
  });
}

const undone = (task: Task, why: string, nowMs: number): Task =>
  changed(task, nowMs, {
    state: "failed",
    dueAtMs: undefined,
    assignedTo: undefined,
    failure: { code: "TASK_NOT_DONE", message: `the winner did not deliver (${why})` },
  });

/** The auction after its time has come: nobody bids at this price any more, or the winner is late. */
export function auctionDue(task: Task, auction: Auction, nowMs: number): Task {
  if (task.state === "collecting") {
    const bidders = task.bidders.map((each): Bidder => (each.state === "called" ? turned(each, "silent") : each));
    return next({ ...task, bidders }, auction, nowMs);
  }
  const winner = task.bidders.find(({ state }) => state === "accepted");
  if (task.state !== "working" || winner === undefined) return task;
  const note = `not done within ${Math.round(task.workMs / 1000)} s`;
  return undone(withBidder(task, turned(winner, "overdue", { note, endedAtMs: nowMs })), note, nowMs);
}

/** The auction called off; everybody is told. */
export function auctionCancelled(task: Task, nowMs: number): Task {
  const cancels = there(task).map(({ name }) =>
    outgoing(task, { key: `cancel-${name}`, act: "cancel", to: [name], content: "the auction was called off" }),
  );
  const bidders = task.bidders.map((each): Bidder =>
    each.state === "unreached" ? each : turned(each, "cancelled", { endedAtMs: nowMs }),
  );
  return changed({ ...task, bidders }, nowMs, {
    state: "cancelled",
    dueAtMs: undefined,
    assignedTo: undefined,
    outbox: task.state === "created" ? task.outbox : [...task.outbox, ...cancels],
  });
}

type Undelivered = { readonly act: Outgoing["act"]; readonly to: readonly string[]; readonly reason: string };

/** The auction after one of its messages was refused for good. */
export function undelivered(task: Task, auction: Auction, { act, to, reason }: Undelivered, nowMs: number): Task {
  const bidder = task.bidders.find(({ name }) => name === to[0]);
  if (bidder === undefined || isFinished(task)) return task;
  const silent = { ...bidder, note: reason };
  if (act === "accept-proposal" && auction.leader === bidder.name) {
    const free = { ...auction, leader: undefined, price: undefined };
    return changed(withBidder(task, turned(bidder, "unreached", { note: reason })), nowMs, { auction: free });
  }
  return act === "cfp" || act === "request" ? lost(task, auction, silent, nowMs) : task;
}
