/**
 * What happens to a task, one function an event. Pure: a task and an event give the next task, which names the messages
 * that are to go out (`outbox`). The very same task is returned when the event changes nothing, so that a message that
 * comes twice is harmless.
 */
import { type Json } from "../../kernel/json.ts";
import { type Message, SYSTEM_SENDER } from "../acl/index.ts";
import { auctionAnswered, auctionCancelled, auctionDue, opened, undelivered } from "./auction.ts";
import { bidIn, priceIn, resultOf, summaryOf } from "./bids.ts";
import { type Candidate, changed, GRACE_MS, newBidder, outgoing, summary, withState, withBidder } from "./parts.ts";
import {
  type Auction,
  type Bidder,
  calledAuction,
  isFinished,
  type Outgoing,
  type Task,
  type TASK_FAILURES,
} from "./task.ts";

const JUDGE_ATTEMPTS = 2;
const JUDGE_WAIT_MS = 60_000;
const NOT_SELECTED = "Proposal not selected";

/** The task with those asked who are there. */
export function start(task: Task, candidates: readonly Candidate[], nowMs: number): Task {
  if (task.state !== "created") return task;
  const there = candidates.filter(({ isThere }) => isThere);
  const bidders = candidates.map(({ name, isThere }) => newBidder(name, isThere ? "called" : "unreached"));
  if (there.length === 0) return failed({ ...task, bidders }, "NO_CANDIDATES", noCandidates(task), nowMs);
  const auction = calledAuction(task);
  if (auction !== undefined) return opened({ ...task, bidders }, auction, nowMs);
  if (task.protocol === "request") return requested({ ...task, bidders }, nowMs);
  return called({ ...task, bidders, round: 1 }, nowMs);
}

const noCandidates = ({ capabilities, participants }: Task) =>
  participants.length > 0
    ? `none of ${participants.join(", ")} can receive messages`
    : `no agent provides ${capabilities.join(" and ")}`;

/** A call for proposals to all bidders that are `called`; a further one to each separately, since some may have left. */
function called(task: Task, nowMs: number): Task {
  const dueAtMs = nowMs + task.bidsMs;
  const names = task.bidders.filter(({ state }) => state === "called").map(({ name }) => name);
  const calls = (task.round === 1 ? [names] : names.map((name) => [name])).map((to) => {
    const key = task.round === 1 ? "cfp-1" : `cfp-${task.round}-${to.join()}`;
    return outgoing(task, { key, act: "cfp", to, content: call(task), replyByMs: dueAtMs });
  });
  return changed(task, nowMs, {
    state: "collecting",
    dueAtMs: dueAtMs + GRACE_MS,
    outbox: [...task.outbox, ...calls],
  });
}

function call(task: Task): Json {
  const { capabilities, round, rounds, auction } = task;
  if (auction !== undefined) return sealedCall(task, auction);
  const best = task.bidders.filter(({ bid }) => bid !== undefined).map(({ bid }) => bid ?? {});
  return {
    task: summary(task),
    ...(capabilities.length > 0 && { capabilities }),
    ...(rounds > 1 && { round, rounds, ...(round > 1 && { bids_so_far: best }) }),
    answer: {
      propose: "a JSON object, as in { cost, seconds, confidence }; whatever else the task asks for",
      refuse: "when you cannot or will not do it, and why",
      afterwards: "if your proposal is accepted: do it, and inform with the result, or failure",
    },
  };
}

const sealedCall = (task: Task, { reserve, secondPrice }: Auction): Json => ({
  auction: "sealed",
  task: summary(task),
  reserve,
  rules: `the highest bid wins and pays ${secondPrice ? "the second highest price" : "its price"}; no bidder sees the bid of another`,
  answer: {
    propose: `to bid: { "price": ${reserve} } or more`,
    refuse: "to pass",
    afterwards: "if you win: do it, and inform with the result, or failure",
  },
});

/** Without proposals: the next one that was not asked yet, in a conversation of its own. */
function requested(task: Task, nowMs: number): Task {
  const next = task.bidders.find(({ state }) => state === "called");
  if (next === undefined || task.awards > task.reawardsMax) return exhausted(task, nowMs);
  const { id, name, description, data } = task;
  const awards = task.awards + 1;
  const replyByMs = nowMs + task.workMs;
  const request: Outgoing = {
    ...outgoing(task, {
      key: `request-${awards}`,
      act: "request",
      to: [next.name],
      content: { task: { id, name, description, ...(data !== undefined && { data }) } },
      replyByMs,
    }),
    conversation: attemptOf(task, awards),
  };
  return changed(withBidder(task, withState(next, "accepted", { rank: awards, awardedAtMs: nowMs })), nowMs, {
    state: "working",
    awards,
    assignedTo: next.name,
    dueAtMs: replyByMs + GRACE_MS,
    outbox: [...task.outbox, request],
  });
}

/** The task after a message of its conversations came in. */
export function answered(task: Task, message: Message, nowMs: number): Task {
  const auction = calledAuction(task);
  if (auction !== undefined) return auctionAnswered(task, auction, message, nowMs);
  if (message.sender === SYSTEM_SENDER) return onServerNotice(task, message, nowMs);
  if (task.state === "evaluating" && message.conversationId.startsWith(`${task.id}-judge`)) return task;
  const bidder = task.bidders.find(({ name }) => name === message.sender);
  if (bidder === undefined) return task;
  const { performative } = message;
  if (performative === "propose") return proposed(task, bidder, message, nowMs);
  if (performative === "inform") return bidder.state === "accepted" ? finished(task, bidder, message, nowMs) : task;
  return DECLINING.has(performative) ? declined(task, bidder, summaryOf(message), nowMs) : task;
}

const DECLINING: ReadonlySet<string> = new Set(["refuse", "failure", "not-understood"]);

function proposed(task: Task, bidder: Bidder, message: Message, nowMs: number): Task {
  const proposal = message.replyWith ?? message.id;
  // The other is the same proposal, a second time: of the round before.
  if ((bidder.state !== "called" && bidder.state !== "silent") || bidder.proposal === proposal) return task;
  const bid = bidIn(message);
  const next: Bidder = withState(bidder, "proposed", { bid, proposal, holdsUntilMs: message.replyByMs });
  const isNoBid = task.auction !== undefined && (priceIn(bid) ?? -Infinity) < task.auction.reserve;
  const why = isNoBid ? `this is no bid: a bid is { "price": ${task.auction?.reserve} } or more` : NOT_SELECTED;
  // The other is one that was on its way when all was over; its sender is notified.
  const taken =
    isNoBid || isFinished(task)
      ? changed(withBidder(task, withState(next, "rejected", { note: isNoBid ? why : undefined })), nowMs, {
          outbox: [...task.outbox, rejection(task, next, why)],
        })
      : changed(withBidder(task, next), nowMs, {});
  if (task.state !== "collecting") return taken;
  const isEnough = !isNoBid && task.evaluation.type === "first_bid" && task.round === task.rounds;
  return isEnough || !taken.bidders.some(({ state }) => state === "called") ? closed(taken, nowMs) : taken;
}

function finished(task: Task, bidder: Bidder, message: Message, nowMs: number): Task {
  const done = withBidder(task, withState(bidder, "done", { endedAtMs: nowMs, result: resultOf(message) }));
  return dismissed(changed(done, nowMs, { state: "done", assignedTo: bidder.name, dueAtMs: undefined }), nowMs);
}

function declined(task: Task, bidder: Bidder, note: string, nowMs: number): Task {
  if (bidder.state === "accepted") {
    const lost = withBidder(task, withState(bidder, "failed", { note, endedAtMs: nowMs }));
    return isFinished(task) ? changed(lost, nowMs, {}) : awardedNext(lost, nowMs);
  }
  if (bidder.state !== "called" && bidder.state !== "proposed" && bidder.state !== "silent") return task;
  const out = changed(withBidder(task, withState(bidder, "refused", { note })), nowMs, {});
  if (task.state !== "collecting") return out;
  return out.bidders.some(({ state }) => state === "called") ? out : closed(out, nowMs);
}

/** What the server says: a message could not be delivered, or not be taken. */
function onServerNotice(task: Task, message: Message, nowMs: number): Task {
  const name = message.error?.details["recipient"];
  const bidder = task.bidders.find((each) => each.name === name);
  const note = message.error?.message ?? summaryOf(message);
  if (bidder?.state === "rejected") return changed(withBidder(task, { ...bidder, note }), nowMs, {});
  if (bidder === undefined || !["called", "silent", "proposed", "accepted"].includes(bidder.state)) return task;
  return bidder.state === "accepted" ? declined(task, bidder, note, nowMs) : unreached(task, bidder, note, nowMs);
}

/** A bidder that cannot be reached. If it has proposed, and its part is open, the part ends. */
function unreached(task: Task, bidder: Bidder, note: string, nowMs: number): Task {
  const outbox = bidder.state === "proposed" ? [...task.outbox, rejection(task, bidder)] : task.outbox;
  const out = changed(withBidder(task, withState(bidder, "unreached", { note })), nowMs, { outbox });
  return task.state === "collecting" && !out.bidders.some(({ state }) => state === "called") ? closed(out, nowMs) : out;
}

/** Proposals are closed: another round begins, or they are compared, or the task fails without any. */
function closed(task: Task, nowMs: number): Task {
  const bidders = task.bidders.map((each): Bidder => (each.state === "called" ? withState(each, "silent") : each));
  const silent = { ...task, bidders };
  const count = bidders.filter(({ state }) => state === "proposed").length;
  if (count === 0) {
    return failed(silent, "NO_PROPOSALS", `none of the ${bidders.length} agents asked made a proposal`, nowMs);
  }
  if (task.round < task.rounds) {
    const again = bidders.map((each): Bidder => (each.state === "proposed" ? withState(each, "called") : each));
    return called({ ...task, bidders: again, round: task.round + 1 }, nowMs);
  }
  return changed(silent, nowMs, { state: "evaluating", dueAtMs: undefined });
}

/** Asks the evaluating agent, or repeats the question with the error in its last answer. */
export function judging(task: Task, agent: string, problem: string, nowMs: number): Task {
  const judged = task.judged + 1;
  if (judged > JUDGE_ATTEMPTS) return task;
  const bids = task.bidders
    .filter(({ state }) => state === "proposed")
    .map(({ name, bid }) => ({ bidder: name, bid: bid ?? {} }));
  const replyByMs = nowMs + JUDGE_WAIT_MS;
  const { name, description } = task;
  const query: Outgoing = {
    ...outgoing(task, {
      key: `judge-${judged}`,
      act: "query-ref",
      to: [agent],
      content: {
        question: "Which of these proposals is the best? Answer with a JSON object and nothing else.",
        answer: { ranking: "names of bidders, the best first" },
        task: { name, description },
        bids,
        ...(problem !== "" && { problem_with_your_last_answer: problem }),
      },
      replyByMs,
    }),
    conversation: `${task.id}-judge-${judged}`,
    protocol: "fipa-query",
  };
  return changed(task, nowMs, { judged, dueAtMs: replyByMs + GRACE_MS, outbox: [...task.outbox, query] });
}

/** A bidder's place. */
export type Ranked = { readonly name: string; readonly score: number | undefined };

/** The proposals compared, and the work given to the best; those that may still get it hear nothing yet. */
export function awarded(task: Task, ranking: readonly Ranked[], nowMs: number): Task {
  if (task.state !== "evaluating") return task;
  const bidders = task.bidders.map((bidder): Bidder => {
    const index = ranking.findIndex(({ name }) => name === bidder.name);
    return index === -1 ? bidder : { ...bidder, rank: index + 1, score: ranking[index]?.score };
  });
  const standing = { ...task, bidders };
  // Those beyond the last possible award need not wait.
  const out = waiting(standing).slice(1 + task.reawardsMax);
  const rejected = out.reduce<Task>((each, bidder) => withBidder(each, withState(bidder, "rejected")), standing);
  const outbox = [...task.outbox, ...out.map((bidder) => rejection(task, bidder))];
  return awardedNext({ ...rejected, outbox }, nowMs);
}

/** Bidders whose proposals stand, the best first. */
const waiting = ({ bidders }: Task): readonly Bidder[] =>
  bidders
    .filter(({ state }) => state === "proposed")
    .toSorted((one, other) => (one.rank ?? Infinity) - (other.rank ?? Infinity));

function awardedNext(task: Task, nowMs: number): Task {
  if (task.protocol === "request") return requested(task, nowMs);
  const next = waiting(task).find(({ holdsUntilMs }) => holdsUntilMs === undefined || holdsUntilMs > nowMs);
  if (next === undefined || task.awards > task.reawardsMax) return exhausted(task, nowMs);
  const awards = task.awards + 1;
  const auction = task.auction && { ...task.auction, leader: next.name, price: priceOf(task, task.auction, next) };
  const replyByMs = nowMs + task.workMs;
  const accept = outgoing(task, {
    key: `accept-${next.name}`,
    act: "accept-proposal",
    to: [next.name],
    // Whole once more: who is given it need not remember the call.
    content: {
      accepted: auction === undefined ? (next.bid ?? {}) : { price: auction.price ?? 0 },
      task: summary(task),
    },
    replyByMs,
    inReplyTo: next.proposal,
  });
  return changed(withBidder(task, withState(next, "accepted", { awardedAtMs: nowMs })), nowMs, {
    state: "working",
    awards,
    auction,
    assignedTo: next.name,
    dueAtMs: replyByMs + GRACE_MS,
    outbox: [...task.outbox, accept],
  });
}

/** What the winner of a sealed auction pays: its price, or the best one that ranks below it, else the reserve. */
function priceOf({ bidders }: Task, { secondPrice, reserve }: Auction, { bid, rank = 0 }: Bidder): number {
  if (!secondPrice) return priceIn(bid) ?? reserve;
  return Math.max(
    reserve,
    ...bidders.filter((each) => (each.rank ?? 0) > rank).map((each) => priceIn(each.bid) ?? reserve),
  );
}

function exhausted(task: Task, nowMs: number): Task {
  const said = task.bidders.filter(({ state }) => state === "failed" || state === "overdue");
  const words = said.map(({ name, state, note }) => `${name}: ${note ?? state}`).join("; ");
  return failed(task, "TASK_NOT_DONE", `all awarded agents failed (${words})`, nowMs);
}

type Failure = (typeof TASK_FAILURES)[number];

function failed(task: Task, code: Failure, message: string, nowMs: number): Task {
  const over = changed(task, nowMs, { state: "failed", dueAtMs: undefined, assignedTo: undefined });
  return dismissed({ ...over, failure: { code, message } }, nowMs);
}

/** Rejects the proposals that are still open. */
function dismissed(task: Task, nowMs: number): Task {
  const left = waiting(task);
  if (left.length === 0) return task;
  const informed = left.reduce<Task>((each, bidder) => withBidder(each, withState(bidder, "rejected")), task);
  return changed(informed, nowMs, { outbox: [...task.outbox, ...left.map((bidder) => rejection(task, bidder))] });
}

const rejection = (task: Task, { name, proposal }: Bidder, content = NOT_SELECTED): Outgoing =>
  outgoing(task, {
    key: `reject-${name}`,
    act: "reject-proposal",
    to: [name],
    content,
    inReplyTo: proposal,
  });

/** The task after its time has come: proposals are closed, the judge or the winner is late. */
export function due(task: Task, nowMs: number): Task {
  if (task.dueAtMs === undefined || task.dueAtMs > nowMs) return task;
  const auction = calledAuction(task);
  if (auction !== undefined) return auctionDue(task, auction, nowMs);
  switch (task.state) {
    case "collecting":
      return closed(task, nowMs);
    case "evaluating":
      return changed(task, nowMs, { dueAtMs: undefined });
    case "working": {
      const bidder = task.bidders.find(({ state }) => state === "accepted");
      if (bidder === undefined) return task;
      const note = `not done within ${Math.round(task.workMs / 1000)} s`;
      const late = withBidder(task, withState(bidder, "overdue", { note, endedAtMs: nowMs }));
      // A contract's deadline is the protocol's; a request that was agreed to is open until its result.
      return awardedNext(
        task.protocol === "request"
          ? { ...late, outbox: [...late.outbox, recall(task, bidder, nowMs + task.bidsMs)] }
          : late,
        nowMs,
      );
    }
    case "created":
    case "done":
    case "failed":
    case "cancelled":
      return task;
  }
}

const recall = (task: Task, { name }: Bidder, replyByMs: number): Outgoing => ({
  ...outgoing(task, { key: `cancel-${name}`, act: "cancel", to: [name], content: "the time is up", replyByMs }),
  conversation: attemptOf(task, task.awards),
});

/** Requests have a conversation each, since one has one participant. */
const attemptOf = ({ id, protocol }: Task, awards: number) =>
  protocol === "request" && awards > 1 ? `${id}-${awards}` : id;

const isOpen = ({ state }: Bidder) => state === "called" || state === "proposed" || state === "accepted";

/** Cancels the task; participants with open parts are notified. */
export function cancelled(task: Task, nowMs: number): Task {
  if (isFinished(task)) return task;
  if (calledAuction(task) !== undefined) return auctionCancelled(task, nowMs);
  const open = task.bidders.filter(isOpen);
  const bidders = task.bidders.map((each): Bidder =>
    isOpen(each) ? withState(each, "cancelled", { endedAtMs: nowMs }) : each,
  );
  const reached = task.protocol === "request" ? open.filter(({ state }) => state === "accepted") : open;
  const to = reached.map(({ name }) => name);
  const cancel: Outgoing = {
    ...outgoing(task, {
      key: "cancel",
      act: "cancel",
      to,
      content: "the task was cancelled",
      replyByMs: nowMs + task.bidsMs,
    }),
    conversation: attemptOf(task, task.awards),
  };
  return changed({ ...task, bidders }, nowMs, {
    state: "cancelled",
    dueAtMs: undefined,
    assignedTo: undefined,
    outbox: to.length === 0 ? task.outbox : [...task.outbox, cancel],
  });
}

/** The task with later deadlines for messages that could not be sent before theirs: no bidder could have answered in time. */
export function renewed(task: Task, nowMs: number): Task {
  const spans: { readonly [Act in Outgoing["act"]]?: number } = {
    cfp: task.bidsMs,
    cancel: task.bidsMs,
    "query-ref": JUDGE_WAIT_MS,
  };
  const isStale = ({ replyByMs }: Outgoing) => replyByMs !== undefined && replyByMs <= nowMs;
  const renew = (entry: Outgoing) => ({ ...entry, replyByMs: nowMs + (spans[entry.act] ?? task.workMs) });
  const outbox = task.outbox.map((entry) => (isStale(entry) ? renew(entry) : entry));
  const latestMs = Math.max(...outbox.map(({ replyByMs = 0 }) => replyByMs)) + GRACE_MS;
  const dueAtMs = task.dueAtMs === undefined ? undefined : Math.max(task.dueAtMs, latestMs);
  return task.outbox.some(isStale) ? changed(task, nowMs, { outbox, dueAtMs }) : task;
}

/** The task after one of its messages went out. */
export function sent(task: Task, key: string, nowMs: number): Task {
  const outbox = task.outbox.filter((each) => each.key !== key);
  return outbox.length === task.outbox.length ? task : changed(task, nowMs, { outbox });
}

/** The task after one of its messages was refused for good. */
export function onRejected(task: Task, { key, act, to }: Outgoing, reason: string, nowMs: number): Task {
  const rest = sent(task, key, nowMs);
  const auction = calledAuction(rest);
  if (auction !== undefined) return undelivered(rest, auction, { to, reason }, nowMs);
  const bidder = rest.bidders.find(({ name }) => name === to[0]);
  if (act === "cfp" && task.state === "collecting" && task.round === 1)
    return failed(rest, "TASK_NOT_ANNOUNCED", reason, nowMs);
  if (act === "cfp" && bidder?.state === "called") return unreached(rest, bidder, reason, nowMs);
  if (act === "query-ref" && task.state === "evaluating") return changed(rest, nowMs, { dueAtMs: nowMs });
  const isAward = act === "accept-proposal" || act === "request";
  return isAward && bidder?.state === "accepted" ? declined(rest, bidder, reason, nowMs) : rest;
}
