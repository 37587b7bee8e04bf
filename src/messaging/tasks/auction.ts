/**
 * Auctions with called prices, one function an event, as in `steps.ts`. English: the price rises from call to call, the first
 * bid at a price leads, and the last leader wins. Dutch: the price falls, and the first bid wins.
 *
 * tasks.auction.A1. Each bidder is written to separately: a bid that is on its way holds up no message to another
 *   bidder.
 * tasks.auction.A2. The losers hear the end after the award has arrived. An award that cannot be delivered passes to
 *   the next bidder.
 * tasks.auction.A3. A bid names a price: the called one, in an English auction also a higher one. Other proposals are
 *   rejected and count for nothing.
 */
import { type Json } from "../../kernel/json.ts";
import { type Message, SYSTEM_SENDER } from "../acl/index.ts";
import { bidIn, priceIn, resultOf, summaryOf } from "./bids.ts";
import { outboxMessageId } from "./outbox-message.ts";
import { changed, GRACE_MS, outgoing, summary, withState, withBidder } from "./parts.ts";
import { type Auction, type Bidder, isFinished, type Outgoing, type Task } from "./task.ts";

const isDutch = ({ protocol }: Task): boolean => protocol === "auction-dutch";
const kindOf = (task: Task): string => (isDutch(task) ? "dutch" : "english");
const callKey = (round: number, name: string): string => `cfp-${round}-${name}`;
/** The message that awards what is sold. */
export const awardKey = ({ round }: Task): string => `award-${round}`;

/** The auction opened, and its first price called. */
export function opened(task: Task, auction: Auction, nowMs: number): Task {
  const content = {
    auction: kindOf(task),
    task: summary(task),
    start: auction.start,
    step: auction.step,
    rules: isDutch(task)
      ? "prices fall from call to call; the first who takes one has it"
      : "prices rise from call to call; the last bidder wins when no bidder bids any more",
  };
  const open = there(task).map(({ name }) =>
    outgoing(task, { key: `open-${name}`, act: "inform", to: [name], content }),
  );
  return callNext({ ...task, outbox: [...task.outbox, ...open] }, auction, auction.start, nowMs);
}

const there = ({ bidders }: Task): readonly Bidder[] => bidders.filter(({ state }) => state !== "unreached");

/** The next price, for all but the leader; in an English auction not for those who have passed. */
function callNext(task: Task, auction: Auction, price: number, nowMs: number): Task {
  const isAsked = ({ name, state }: Bidder) => name !== auction.leader && (isDutch(task) || state !== "refused");
  const names = there(task)
    .filter(isAsked)
    .map(({ name }) => name);
  return callTo(task, auction, { price, names }, nowMs);
}

type Calling = { readonly price: number; readonly names: readonly string[] };

function callTo(task: Task, auction: Auction, { price, names }: Calling, nowMs: number): Task {
  if (names.length === 0) return ended(task, auction, nowMs);
  const round = task.round + 1;
  const dueAtMs = nowMs + task.bidsMs;
  const content: Json = {
    auction: kindOf(task),
    task: summary(task),
    price,
    round,
    answer: {
      propose: `to ${isDutch(task) ? "take it for" : "bid"} ${price}: { "price": ${price} }`,
      refuse: "to pass",
    },
  };
  const calls = names.map((name) =>
    outgoing(task, { key: callKey(round, name), act: "cfp", to: [name], content, replyByMs: dueAtMs }),
  );
  const asked = (each: Bidder): Bidder =>
    withState(each, "called", each.score !== undefined && each.score >= price ? { score: undefined } : {});
  return changed(task, nowMs, {
    state: "collecting",
    round,
    bidders: task.bidders.map((each): Bidder => (names.includes(each.name) ? asked(each) : each)),
    auction: { ...auction, calls: [...auction.calls, { price, atMs: nowMs, bids: 0, leader: undefined }] },
    dueAtMs: dueAtMs + GRACE_MS,
    outbox: [...task.outbox, ...calls],
  });
}

/** The auction after a message of its conversation came in. */
export function auctionAnswered(task: Task, auction: Auction, message: Message, nowMs: number): Task {
  const { performative, sender } = message;
  const name = sender === SYSTEM_SENDER ? message.error?.details["recipient"] : sender;
  const bidder = task.bidders.find((each) => each.name === name);
  if (bidder === undefined) return task;
  // The winner answers the award, so it has it.
  if (performative === "not-understood" && sender === name && isWinner(task, bidder) && !auction.deliver) return task;
  if (sender === SYSTEM_SENDER || performative === "not-understood")
    return unreached(task, auction, { ...bidder, note: message.error?.message ?? summaryOf(message) }, nowMs);
  if (performative === "propose") return bidden(task, auction, { bidder, message }, nowMs);
  if (performative === "inform")
    return isWinner(task, bidder) ? delivered(task, auction, { bidder, message }, nowMs) : task;
  return performative === "refuse" || performative === "failure"
    ? declined(task, auction, { ...bidder, note: summaryOf(message) }, nowMs)
    : task;
}

const isWinner = ({ state }: Task, bidder: Bidder): boolean => state === "working" && bidder.state === "accepted";

type Said = { readonly bidder: Bidder; readonly message: Message };

function bidden(task: Task, auction: Auction, { bidder, message }: Said, nowMs: number): Task {
  const proposal = message.replyWith ?? message.id;
  // The same bid, a second time.
  if (bidder.proposal === proposal) return task;
  const at = { ...bidder, bid: bidIn(message), proposal };
  const call = auction.calls.at(-1);
  const isOfThisCall =
    message.inReplyTo === undefined || message.inReplyTo === outboxMessageId(task, callKey(task.round, bidder.name));
  if (isFinished(task) || call === undefined || !isOfThisCall) return refused(task, at, TOO_LATE, nowMs);
  const price = priceIn(at.bid);
  const isBid = price !== undefined && (isDutch(task) ? price === call.price : price >= call.price);
  if (!isBid) return onwards(refused(task, at, noBid(task, call.price), nowMs), nowMs);
  const counted = { ...task, auction: withCall(auction, { ...call, bids: call.bids + 1 }) };
  if (call.price < auction.reserve) return onwards(refused(counted, at, "the reserve is not met yet", nowMs), nowMs);
  const valid = { ...at, score: call.price };
  if (task.state !== "collecting" || call.leader !== undefined)
    return onwards(refused(counted, valid, TOO_LATE, nowMs), nowMs);
  return onwards(led(counted, { ...call, bids: call.bids + 1, leader: bidder.name }, valid, nowMs), nowMs);
}

const TOO_LATE = "it came too late at this price";
const noBid = (task: Task, price: number): string =>
  `this is no bid: a bid is { "price": ${price} }${isDutch(task) ? "" : " or more"}`;

type Call = Auction["calls"][number];

const withCall = (auction: Auction, call: Call): Auction => ({
  ...auction,
  calls: [...auction.calls.slice(0, -1), call],
});

/** The bidder leads. In a Dutch auction it has won, which the award says; in an English one it hears that it leads. */
function led(task: Task & { readonly auction: Auction }, call: Call, bidder: Bidder, nowMs: number): Task {
  const { auction } = task;
  const content = { accepted: { price: call.price }, task: summary(task), final: false };
  const to = [bidder.name];
  const accept = outgoing(task, {
    key: `accept-${task.round}`,
    act: "accept-proposal",
    to,
    content,
    inReplyTo: bidder.proposal,
  });
  const before = task.bidders.find(({ name }) => name === auction.leader);
  const outbid = before === undefined ? task : withBidder(task, withState(before, "rejected"));
  return changed(withBidder(outbid, withState(bidder, "proposed")), nowMs, {
    auction: { ...withCall(auction, call), leader: bidder.name, price: call.price },
    outbox: isDutch(task) ? task.outbox : [...task.outbox, accept],
  });
}

const refused = (task: Task, bidder: Bidder, why: string, nowMs: number): Task => {
  const isOpen = bidder.state === "called" || bidder.state === "silent";
  return changed(withBidder(task, isOpen ? withState(bidder, "rejected", { note: why }) : bidder), nowMs, {
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
};

/** A bidder passes, or the winner does not deliver. */
function declined(task: Task, auction: Auction, bidder: Bidder, nowMs: number): Task {
  if (isWinner(task, bidder)) {
    const failed = withBidder(task, withState(bidder, "failed", { endedAtMs: nowMs, note: bidder.note }));
    return undone(failed, auction, `${bidder.name}: ${bidder.note ?? "failed"}`, nowMs);
  }
  if (task.state !== "collecting" || bidder.state !== "called") return task;
  return onwards(changed(withBidder(task, withState(bidder, "refused", { note: bidder.note })), nowMs, {}), nowMs);
}

const GONE: ReadonlySet<Bidder["state"]> = new Set(["unreached", "done", "failed", "overdue"]);

/** A bidder whom a message did not reach, or who did not understand it, takes no further part. */
function unreached(task: Task, auction: Auction, bidder: Bidder, nowMs: number): Task {
  if (GONE.has(bidder.state)) return task;
  const without = changed(withBidder(task, withState(bidder, "unreached", { note: bidder.note })), nowMs, {});
  if (isFinished(task)) return without;
  if (auction.leader !== bidder.name) return onwards(without, nowMs);
  const free = { ...auction, leader: undefined, price: undefined, isAwarding: false };
  if (task.state === "collecting") return onwards({ ...without, auction: free }, nowMs);
  if (!auction.isAwarding) return undone(without, auction, `${bidder.name}: ${bidder.note ?? "unreached"}`, nowMs);
  const again = { ...without, auction: free, state: "collecting", assignedTo: undefined } as const;
  return isDutch(task) && callable(again) === undefined ? next(again, free, nowMs) : ended(again, free, nowMs);
}

/** The call is over once all have answered; a Dutch auction ends with the first bid. */
function onwards(task: Task, nowMs: number): Task {
  const { auction } = task;
  if (auction === undefined || task.state !== "collecting") return task;
  if (isDutch(task) && auction.leader !== undefined) return ended(task, auction, nowMs);
  return task.bidders.some(({ state }) => state === "called") ? task : next(task, auction, nowMs);
}

/** The next call, or the end. */
function next(task: Task, auction: Auction, nowMs: number): Task {
  const call = auction.calls.at(-1);
  if (call === undefined || task.round >= auction.callsMax) return ended(task, auction, nowMs);
  if (isDutch(task)) {
    const price = rounded(call.price - auction.step);
    return price < auction.reserve ? ended(task, auction, nowMs) : callNext(task, auction, price, nowMs);
  }
  if (call.bids === 0) return ended(task, auction, nowMs);
  return callNext(task, auction, rounded(call.price + auction.step), nowMs);
}

/** A price of at most 12 digits: 0.1 + 0.2 is 0.3. */
export const rounded = (price: number): number => Number(price.toPrecision(12));

/** The best price that others have bid besides a winner who could not be reached: they are asked whether they still bid it. */
function callable(task: Task): Calling | undefined {
  const scored = there(task).filter(({ score }) => score !== undefined);
  const price = Math.max(...scored.map(({ score }) => score ?? 0));
  const names = scored.filter(({ score }) => score === price).map(({ name }) => name);
  return names.length === 0 ? undefined : { price, names };
}

function ended(task: Task, auction: Auction, nowMs: number): Task {
  const { leader, price } = auction;
  const winner = there(task).find(({ name }) => name === leader);
  if (winner !== undefined && price !== undefined) return sold(task, auction, { winner, price }, nowMs);
  const again = callable(task);
  return again === undefined ? unsold(task, auction, nowMs) : callTo(task, auction, again, nowMs);
}

/** The award goes out. */
function sold(task: Task, auction: Auction, { winner, price }: { winner: Bidder; price: number }, nowMs: number): Task {
  const replyByMs = nowMs + task.workMs;
  const shared = { key: awardKey(task), to: [winner.name] };
  const award = (): Outgoing => {
    if (isDutch(task)) {
      const content = { accepted: { price }, task: summary(task), final: true };
      return outgoing(task, { ...shared, act: "accept-proposal", content, inReplyTo: winner.proposal });
    }
    if (!auction.deliver) return outgoing(task, { ...shared, act: "inform", content: endOf(auction) });
    const content = { won: { price }, task: summary(task) };
    return outgoing(task, { ...shared, act: "request", content, replyByMs });
  };
  return changed(withBidder(task, withState(winner, "accepted", { rank: 1, awardedAtMs: nowMs })), nowMs, {
    state: "working",
    auction: { ...auction, isAwarding: true },
    assignedTo: winner.name,
    awards: task.awards + 1,
    dueAtMs: replyByMs + GRACE_MS,
    outbox: [...task.outbox, award()],
  });
}

function endOf({ leader, price }: Auction): Json {
  return {
    ended: true,
    sold: leader !== undefined,
    ...(leader !== undefined && { winner: leader, price: price ?? 0 }),
  };
}

const wasAsked = ({ state, note }: Bidder): boolean => state !== "unreached" || note !== undefined;

/** The other bidders are notified of the end, also those that missed a message, where the conversation still allows it; not those that were never asked. */
function informed(task: Task, auction: Auction): Task {
  const others = task.bidders.filter((each) => each.name !== auction.leader && wasAsked(each));
  const ends = others.map(({ name }) =>
    outgoing(task, { key: `end-${name}`, act: "inform", to: [name], content: endOf(auction) }),
  );
  const bidders = task.bidders.map((each): Bidder => (each.state === "called" ? withState(each, "silent") : each));
  return { ...task, bidders, auction: { ...auction, isAwarding: false }, outbox: [...task.outbox, ...ends] };
}

/** The award has arrived, or waits in the winner's mailbox: it stands. */
export function arrived(task: Task, key: string, nowMs: number): Task {
  const { auction } = task;
  if (auction === undefined || !auction.isAwarding || awardKey(task) !== key) return task;
  const winner = task.bidders.find((each) => isWinner(task, each));
  const over = informed(task, auction);
  if (winner === undefined || auction.deliver) return changed(over, nowMs, {});
  const done = withState(winner, "done", { endedAtMs: nowMs, result: { price: auction.price ?? 0 } });
  return changed(withBidder(over, done), nowMs, { state: "done", dueAtMs: undefined });
}

function delivered(task: Task, auction: Auction, { bidder, message }: Said, nowMs: number): Task {
  if (!auction.deliver) return task;
  const over = auction.isAwarding ? informed(task, auction) : task;
  const done = withState(bidder, "done", { endedAtMs: nowMs, result: resultOf(message) });
  return changed(withBidder(over, done), nowMs, { state: "done", dueAtMs: undefined });
}

function unsold(task: Task, auction: Auction, nowMs: number): Task {
  const lost = task.bidders.filter(({ state, awardedAtMs }) => state === "unreached" && awardedAtMs !== undefined);
  const names = lost.map(({ name }) => name).join(", ");
  const floor = `${isDutch(task) ? "down to" : "at least"} ${auction.reserve}`;
  const reason = `none of the ${task.bidders.length} bidders asked bid ${floor}`;
  const failure =
    lost.length === 0
      ? ({ code: "NO_PROPOSALS", message: reason } as const)
      : ({
          code: "TASK_NOT_DONE",
          message: `the award could not be delivered to ${names}, and no other bidder bid`,
        } as const);
  return changed(informed(task, auction), nowMs, { state: "failed", dueAtMs: undefined, failure });
}

const undone = (task: Task, auction: Auction, why: string, nowMs: number): Task =>
  changed(auction.isAwarding ? informed(task, auction) : task, nowMs, {
    state: "failed",
    dueAtMs: undefined,
    assignedTo: undefined,
    failure: { code: "TASK_NOT_DONE", message: `the winner did not deliver (${why})` },
  });

/** The auction after its time has come: no bidder bids at this price any more, or the winner is late. */
export function auctionDue(task: Task, auction: Auction, nowMs: number): Task {
  if (task.state === "collecting") {
    const bidders = task.bidders.map((each): Bidder => (each.state === "called" ? withState(each, "silent") : each));
    return next({ ...task, bidders }, auction, nowMs);
  }
  const winner = task.bidders.find((each) => isWinner(task, each));
  if (winner === undefined) return task;
  const isSent = task.outbox.every(({ key }) => key !== awardKey(task));
  if (!isSent) return changed(task, nowMs, { dueAtMs: nowMs + GRACE_MS });
  if (!auction.deliver) return arrived(task, awardKey(task), nowMs);
  const note = `not done within ${Math.round(task.workMs / 1000)} s`;
  return undone(withBidder(task, withState(winner, "overdue", { note, endedAtMs: nowMs })), auction, note, nowMs);
}

/** The auction cancelled; every bidder is notified. */
export function auctionCancelled(task: Task, nowMs: number): Task {
  const replyByMs = nowMs + task.bidsMs;
  const content = "the auction was cancelled";
  const cancels = there(task).map(({ name }) =>
    outgoing(task, { key: `cancel-${name}`, act: "cancel", to: [name], content, replyByMs }),
  );
  const bidders = task.bidders.map((each): Bidder =>
    each.state === "unreached" ? each : withState(each, "cancelled", { endedAtMs: nowMs }),
  );
  return changed({ ...task, bidders }, nowMs, {
    state: "cancelled",
    dueAtMs: undefined,
    assignedTo: undefined,
    outbox: task.state === "created" ? task.outbox : [...task.outbox, ...cancels],
  });
}

type Undelivered = Pick<Outgoing, "to"> & { readonly reason: string };

/** The auction after one of its messages was refused for good. */
export function undelivered(task: Task, auction: Auction, { to, reason }: Undelivered, nowMs: number): Task {
  const bidder = task.bidders.find(({ name }) => name === to[0]);
  return bidder === undefined ? task : unreached(task, auction, { ...bidder, note: reason }, nowMs);
}
