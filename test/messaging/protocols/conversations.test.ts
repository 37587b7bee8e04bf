import { describe, expect, test } from "vitest";
import {
  advance,
  archived,
  branched,
  type Conversation,
  CONVERSATION_TERMS,
  expire,
  findProtocol,
  merged,
  readConversation,
  undelivered,
} from "../../../src/messaging/protocols/index.ts";
import { Talk } from "./talk.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies(
  "protocol.checked",
  "protocol.request",
  "protocol.contract-net",
  "protocol.iterated-contract-net",
  "protocol.auctions",
  "protocol.negotiation",
  "protocol.subscribe",
  "protocol.brokering",
  "protocol.cancel",
  "conversation.states",
  "conversation.branch",
);

const states = ({ participants }: Conversation) =>
  Object.fromEntries(participants.map(({ name, state }) => [name, state]));
const expectedOf = (breach: { expected: readonly { who: string; acts: readonly string[] }[] }) =>
  Object.fromEntries(breach.expected.map(({ who, acts }) => [who, acts]));

describe("a request", () => {
  test("is asked, agreed and done", () => {
    const talk = new Talk("fipa-request");
    expect(talk.say("alice request bob").status).toEqual({ state: "initiated" });
    expect(talk.say("bob agree alice").status).toEqual({ state: "in-progress" });
    const end = talk.say("bob inform alice");
    expect(end.status).toEqual({ state: "completed", outcome: "done", by: ["bob"] });
    expect([end.messageCount, end.version, end.dueAtMs]).toEqual([3, 3, undefined]);
  });

  test("may be answered without agreeing, where that is quick", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob");
    expect(talk.say("bob inform alice").status.state).toBe("completed");
  });

  // protocols.advance.P2
  test("names what was expected of whom when something else comes", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob");
    const breach = talk.breach("bob propose alice");
    expect(breach.rule).toBe("expected-act");
    expect(expectedOf(breach)).toEqual({ bob: ["refuse", "agree", "inform", "failure"], alice: ["cancel"] });
    expect(breach.error).toMatchObject({
      code: "PROTOCOL_BREACH",
      message: "bob may not send propose here: bob is asked (fipa-request, SC00026H, standard)",
      hint: "Expected: refuse or agree or inform or failure by bob; cancel by alice.",
      details: { rule: "expected-act", specification: "SC00026H, standard", state: "asked" },
    });
    expect(talk.say("bob agree alice").version, "a breach moves nothing").toBe(2);
  });

  test("begins with a request", () => {
    const talk = new Talk("fipa-request");
    const breach = talk.breach("bob inform alice", { inReplyTo: "r-1" });
    expect(breach.rule).toBe("opening-act");
    expect(breach.error.hint).toContain("conversation_id");
  });

  test("is answered once", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob");
    talk.say("bob agree alice");
    expect(talk.breach("bob agree alice").rule).toBe("one-answer");
    talk.say("bob inform alice");
    expect(talk.breach("bob inform alice").rule).toBe("one-answer");
    expect(talk.breach("alice request bob").rule).toBe("while-open");
  });

  test("is answered before its deadline, up to and with the last millisecond", () => {
    const late = new Talk("fipa-request");
    late.say("alice request bob", { replyByMs: late.nowMs + 100 });
    late.nowMs += 100;
    expect(late.breach("bob agree alice").rule).toBe("answer-in-time");
    const punctual = new Talk("fipa-request");
    punctual.say("alice request bob", { replyByMs: punctual.nowMs + 100 });
    punctual.nowMs += 98;
    expect(punctual.say("bob agree alice").dueAtMs, "an agreed request has no deadline any more").toBe(
      punctual.conversation?.endsAtMs,
    );
  });

  test("cannot ask for an answer in the past", () => {
    const talk = new Talk("fipa-request");
    expect(talk.breach("alice request bob", { replyByMs: 5 }).rule).toBe("deadline-ahead");
  });

  test("expires on its own, and says which part did", () => {
    const talk = new Talk("fipa-request");
    const before = talk.say("alice request bob", { replyByMs: talk.nowMs + 100 });
    expect(expire(before, before.startedAtMs + 99)).toEqual({ conversation: before, lapses: [] });
    const { conversation, lapses } = expire(before, before.startedAtMs + 100);
    expect(lapses).toMatchObject([{ participant: { name: "bob", state: "asked" }, to: "expired" }]);
    expect(lapses[0]?.unanswered).toEqual(before.participants[0]?.calls[0]);
    expect(conversation.status).toEqual({ state: "expired", why: "deadline" });
  });

  // protocols.advance.P3
  test("goes to several, each with a part of its own", () => {
    const talk = new Talk("FIPA-Request");
    talk.say("alice request bob,carol");
    talk.say("bob refuse alice");
    talk.say("carol inform alice");
    expect(talk.conversation?.status).toEqual({ state: "completed", outcome: "done", by: ["carol"] });
    expect(states(talk.known())).toEqual({ bob: "refused", carol: "done" });
  });
});

describe("who may speak", () => {
  test("outsiders may not, and the initiator adds no participant later", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob");
    expect(talk.breach("mallory inform alice").rule).toBe("participants-only");
    expect(talk.breach("alice request carol").rule).toBe("no-newcomers");
  });

  test("answers go to the initiator, or to whom its reply_to names", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob", { replyTo: "office" });
    expect(talk.breach("bob inform carol").rule).toBe("initiator-only");
    expect(talk.say("bob inform office").status.state).toBe("completed");
  });

  test("an answer to a message of another conversation is refused", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob", { replyWith: "r-1" });
    expect(talk.breach("bob agree alice", { inReplyTo: "r-9" }).rule).toBe("own-conversation");
    talk.say("bob agree alice", { inReplyTo: "r-1" });
  });

  test("a conversation keeps its protocol", () => {
    const talk = new Talk("fipa-request");
    talk.say("alice request bob");
    expect(talk.breach("bob refuse alice", { protocol: "fipa-query" }).rule).toBe("one-protocol");
    talk.say("bob refuse alice", { protocol: "RequestReply" });
  });

  test("there are at most so many participants", () => {
    const talk = new Talk("fipa-contract-net", { participantsMax: 2 });
    expect(talk.breach("alice cfp b,c,d").rule).toBe("participants-max");
    talk.say("alice cfp b,c");
    expect(talk.breach("alice cfp d").rule).toBe("participants-max");
  });

  test("an unknown protocol of FIPA is refused; a custom one is accepted", () => {
    expect(new Talk("fipa-requst").breach("alice request bob").rule).toBe("unknown-protocol");
    expect(new Talk("our-own").say("alice request bob").protocol).toBe("our-own");
  });
});

describe("a contract net", () => {
  test("stays open until the winner has informed", () => {
    const talk = new Talk("contract-net");
    talk.say("alice cfp b,c,d", { replyByMs: talk.nowMs + 1000 });
    talk.say("b propose alice");
    talk.say("c propose alice");
    talk.say("d refuse alice");
    talk.say("alice reject-proposal c");
    expect(talk.say("alice accept-proposal b").status.state).toBe("in-progress");
    expect(talk.say("b inform alice").status).toEqual({ state: "completed", outcome: "done", by: ["b"] });
    expect(talk.breach("c inform alice").rule).toBe("after-rejection");
  });

  test("takes no proposal after its deadline", () => {
    const talk = new Talk("contract-net");
    talk.say("alice cfp b,c", { replyByMs: talk.nowMs + 1000 });
    talk.say("b propose alice");
    talk.nowMs += 2000;
    const breach = talk.breach("c propose alice");
    expect(breach.rule).toBe("answer-in-time");
    expect(breach.error.message).toContain("proposals are closed");
    talk.say("alice accept-proposal b");
    expect(states(talk.known())).toEqual({ b: "accepted", c: "silent" });
  });

  test("awards the next best when the winner fails", () => {
    const talk = new Talk("contract-net");
    talk.say("alice cfp b,c");
    talk.say("b propose alice");
    talk.say("c propose alice");
    talk.say("alice accept-proposal b");
    expect(talk.say("b failure alice").status.state).toBe("in-progress");
    talk.say("alice accept-proposal c");
    expect(talk.say("c inform alice").status).toEqual({ state: "completed", outcome: "done", by: ["c"] });
  });

  test("holds proposals as long as their bidders said", () => {
    const talk = new Talk("contract-net");
    talk.say("alice cfp b");
    talk.say("b propose alice", { replyByMs: talk.nowMs + 50 });
    talk.nowMs += 100;
    const breach = talk.breach("alice accept-proposal b");
    expect([breach.rule, breach.error.message]).toEqual([
      "while-open",
      "alice may not send accept-proposal here: the part of b is over: lapsed (fipa-contract-net, SC00029H, standard)",
    ]);
  });

  test("in rounds, answers the latest call and ends after so many", () => {
    const talk = new Talk("fipa-iterated-contract-net", { roundsMax: 1 });
    talk.say("alice cfp b", { replyWith: "one" });
    talk.say("b propose alice", { inReplyTo: "one" });
    talk.say("alice cfp b", { replyWith: "two" });
    expect(talk.breach("b propose alice", { inReplyTo: "one" }).rule).toBe("latest-call");
    talk.say("b propose alice", { inReplyTo: "two" });
    expect(talk.breach("alice cfp b").rule).toBe("rounds-max");
    expect(new Talk("contract-net").say("alice cfp b").participants[0]?.round).toBe(0);
  });
});

describe("a protocol's name", () => {
  test.each([
    ["fipa-request", ["Request", "RequestReply", "FIPA_REQUEST", "fipaRequest", "request-reply"]],
    ["iterated-fipa-request", ["Iterated-Fipa-Request", "fipa-iterated-request"]],
    ["fipa-query", ["Query", "FIPA-Query"]],
    ["fipa-request-when", ["Request-When", "requestWhen", "FIPA Request When"]],
    [
      "fipa-contract-net",
      [
        "ContractNet",
        "contract_net",
        "Contract-Net",
        "fipa.contract.net",
        "contract_net_protocol",
        "FIPA-Contract-Net-Protocol",
        "sealed-auction",
      ],
    ],
    ["fipa-iterated-contract-net", ["IteratedContractNet", "iterated-contract-net"]],
    ["fipa-auction-english", ["Auction", "English-Auction", "fipa-english-auction", "auction-english", "english"]],
    ["fipa-auction-dutch", ["Dutch Auction", "fipa-dutch-auction", "auctionDutch", "dutch"]],
    ["fipa-propose", ["Propose", "Negotiation"]],
    ["fipa-subscribe", ["Subscribe", "subscription", "FipaSubscribe"]],
    ["fipa-brokering", ["Brokering"]],
    ["fipa-recruiting", ["Recruiting"]],
  ])("%s is found by every usual spelling", (name, spellings) => {
    for (const spelling of [name, name.toUpperCase(), ...spellings])
      expect(findProtocol(spelling), spelling).toMatchObject({ type: "known", protocol: { name } });
  });

  test("that is misspelled is refused with the one that was meant; one of its own is not checked", () => {
    for (const [typed, meant] of [
      ["Subscribbe", "fipa-subscribe"],
      ["contractnett", "fipa-contract-net"],
      ["fipa-reqest", "fipa-request"],
    ] as const) {
      const breach = new Talk(typed).breach("alice request bob");
      expect([breach.rule, breach.error.hint], typed).toEqual(["unknown-protocol", expect.stringContaining(meant)]);
    }
    for (const none of ["fipa-dance", "fipa", " fipaDance", " ", ""])
      expect(new Talk(none).breach("alice request bob").rule, none).toBe("unknown-protocol");
    for (const own of ["order-v2", "audit", "fipa-inform", "q", "handshake", "交渉"])
      expect(findProtocol(own), own).toEqual({ type: "own", name: own });
  });
});

/** An English auction in which `b` leads, and is called again. */
const ledByB = () => {
  const talk = new Talk("fipa-auction-english");
  talk.say("alice inform b,c");
  talk.say("alice cfp b,c");
  talk.say("b propose alice");
  talk.say("alice accept-proposal b");
  talk.say("alice cfp b,c", { replyByMs: talk.nowMs + 100 });
  return talk;
};

describe("auctions", () => {
  test("an English one rises until no participant bids", () => {
    const talk = new Talk("Auction");
    talk.say("alice inform b,c");
    talk.say("alice cfp b,c", { replyByMs: talk.nowMs + 100 });
    talk.say("b propose alice");
    talk.say("c propose alice");
    talk.say("alice accept-proposal b");
    talk.say("alice reject-proposal c");
    talk.say("alice cfp b,c", { replyByMs: talk.nowMs + 100 });
    talk.say("c propose alice");
    talk.say("alice accept-proposal c");
    talk.nowMs += 200;
    expect(talk.breach("b propose alice").rule).toBe("answer-in-time");
    expect(talk.say("alice inform b,c").status).toEqual({ state: "completed", outcome: "done", by: ["c"] });
    expect(talk.say("alice request c").status.state, "the winner may be asked to deliver").toBe("in-progress");
    expect(talk.say("c inform alice").status).toEqual({ state: "completed", outcome: "done", by: ["c"] });
  });

  test("in an English one the leader that is called again still leads, until the bid of another is taken", () => {
    const kept = ledByB();
    expect(states(kept.known())).toEqual({ b: "recalled", c: "called" });
    kept.say("c refuse alice");
    expect(states(kept.say("alice inform b,c"))).toEqual({ b: "won", c: "over" });
    const asked = ledByB();
    asked.nowMs += 200;
    expect(states(asked.say("alice request b"))).toEqual({ b: "ordered", c: "passed" });
    const outbid = ledByB();
    outbid.say("b propose alice");
    outbid.say("c propose alice");
    expect(states(outbid.say("alice accept-proposal c"))).toEqual({ b: "bidding", c: "leading" });
    outbid.say("alice reject-proposal b");
    expect(outbid.say("alice inform b,c").status).toEqual({ state: "completed", outcome: "done", by: ["c"] });
    const former = ledByB();
    former.say("c propose alice");
    former.say("alice accept-proposal c");
    expect(former.breach("alice request b").rule).toBe("expected-act");
    expect(states(former.say("alice inform b,c"))).toEqual({ b: "over", c: "won" });
  });

  test("an award that cannot be delivered does not count", () => {
    const english = new Talk("fipa-auction-english");
    english.say("alice inform b,c");
    english.say("alice cfp b,c");
    english.say("b propose alice");
    english.say("alice accept-proposal b");
    english.say("alice inform b");
    english.conversation = undelivered(english.known(), "b", "inform");
    expect(states(english.known())).toEqual({ b: "unreached", c: "called" });
    const dutch = new Talk("fipa-auction-dutch");
    dutch.say("alice inform b");
    dutch.say("alice cfp b");
    dutch.say("b propose alice");
    expect(dutch.say("alice accept-proposal b").status.state).toBe("completed");
    expect(undelivered(dutch.known(), "b", "accept-proposal").status.state).toBe("failed");
  });

  test("a Dutch one falls until a participant bids", () => {
    const talk = new Talk("fipa-auction-dutch");
    talk.say("alice inform b,c");
    talk.say("alice cfp b,c");
    talk.say("alice cfp b,c");
    talk.say("b propose alice");
    talk.say("c propose alice");
    talk.say("alice accept-proposal b");
    talk.say("alice reject-proposal c");
    const over = { state: "completed", outcome: "done", by: ["b"] };
    expect(talk.say("alice inform c").status).toEqual(over);
    // What was on its way when the end was said is answered as before it.
    talk.say("c refuse alice");
    talk.say("c propose alice");
    expect(talk.say("alice reject-proposal c").status).toEqual(over);
    expect(states(talk.known())).toEqual({ b: "won", c: "over" });
  });

  test("a contract that was not done in time is no success, whatever the others' outcome", () => {
    const talk = new Talk("fipa-contract-net");
    talk.say("alice cfp b,c");
    talk.say("b propose alice");
    talk.say("c propose alice");
    talk.say("alice reject-proposal c");
    talk.say("alice accept-proposal b", { replyByMs: 5_000 });
    expect(expire(talk.known(), 5_001).conversation.status).toEqual({ state: "expired", why: "deadline" });
  });
});

test("a negotiation goes back and forth", () => {
  const talk = new Talk("Negotiation");
  talk.say("alice propose bob");
  talk.say("bob propose alice");
  talk.say("alice propose bob");
  talk.say("bob propose alice");
  expect(talk.say("alice accept-proposal bob").status).toMatchObject({ state: "completed", outcome: "done" });
});

test("a subscription is patient, and ends when it is cancelled", () => {
  const talk = new Talk("fipa-subscribe");
  talk.say("alice subscribe bob", { replyWith: "s" });
  talk.say("bob agree alice", { inReplyTo: "s" });
  talk.nowMs += 2 * 24 * 3_600_000;
  talk.say("bob inform alice", { inReplyTo: "s" });
  talk.say("alice cancel bob", { replyWith: "x" });
  expect(talk.say("bob inform alice", { inReplyTo: "s" }).status.state, "one more that was on its way").toBe(
    "in-progress",
  );
  expect(talk.breach("alice subscribe bob").rule).toBe("after-cancel");
  expect(talk.say("bob inform alice", { inReplyTo: "x" }).status).toEqual({ state: "cancelled" });
  expect(talk.breach("bob inform alice").rule).toBe("after-cancel");
});

test("a cancel that fails leaves things as they were", () => {
  const talk = new Talk("fipa-request");
  talk.say("alice request bob");
  talk.say("bob agree alice");
  talk.say("alice cancel bob");
  expect(states(talk.say("bob failure alice"))).toEqual({ bob: "agreed" });
  expect(talk.say("bob inform alice").status).toMatchObject({ state: "completed", outcome: "done" });
  expect(talk.breach("alice cancel bob").rule).toBe("while-open");
});

test("recruited ones answer directly, and only once the recruiter has passed it on", () => {
  const talk = new Talk("fipa-recruiting");
  talk.say("alice proxy agency");
  expect(talk.breach("bob inform alice").rule).toBe("participants-only");
  talk.say("agency agree alice");
  expect(talk.say("agency inform alice").status.state).toBe("in-progress");
  talk.say("bob agree alice");
  expect(talk.say("bob inform alice").status).toEqual({ state: "completed", outcome: "done", by: ["bob"] });
});

test("a broker passes answers on", () => {
  const talk = new Talk("fipa-brokering");
  talk.say("alice proxy broker");
  talk.say("broker agree alice");
  talk.say("broker inform alice");
  talk.say("broker agree alice");
  expect(talk.say("broker inform alice").status).toMatchObject({ state: "completed", outcome: "done" });
  expect(talk.say("broker inform alice").status).toMatchObject({ state: "completed", outcome: "done" });
});

test("either side may say that it did not understand, also when all is over", () => {
  const talk = new Talk("fipa-query");
  talk.say("alice query-if bob");
  expect(talk.say("bob not-understood alice").status).toEqual({
    state: "failed",
    error: "bob misunderstood",
    by: ["bob"],
  });
  expect(talk.say("alice not-understood bob").messageCount).toBe(3);
});

test("what the server says moves nothing; what it could not deliver ends that part", () => {
  const talk = new Talk("fipa-request");
  const before = talk.say("alice request bob");
  expect(talk.say("caxton failure alice")).toMatchObject({ participants: before.participants, messageCount: 2 });
  expect(undelivered(before, "bob", "request").status).toEqual({
    state: "failed",
    error: "bob unreached",
    by: ["bob"],
  });
  expect(undelivered(before, "nonexistent", "request")).toBe(before);
});

describe("a free conversation", () => {
  test("takes any act of a participant, who brings others in", () => {
    const talk = new Talk(undefined, { participantsMax: 3 });
    talk.say("alice inform bob");
    expect(talk.breach("carol propose alice").rule).toBe("participants-only");
    expect(talk.say("caxton not-understood carol").participants.map(({ name }) => name)).toEqual(["bob"]);
    talk.say("Bob propose carol");
    const { participants } = talk.say("carol inform dave,erin");
    expect(participants.map(({ name }) => name)).toEqual(["bob", "carol", "dave"]);
    talk.say("erin inform alice");
    const { conversation } = talk;
    expect(talk.say("bob inform alice").participants, "no new participant makes no new list").toBe(
      conversation?.participants,
    );
  });

  test("is no place for a protocol to begin in", () => {
    const talk = new Talk(undefined);
    talk.say("alice inform bob");
    const breach = talk.breach("alice request bob", { protocol: "fipa-request" });
    expect([breach.rule, breach.error.hint]).toEqual([
      "one-protocol",
      expect.stringContaining('"parent_conversation": "c1"'),
    ]);
  });

  test("expires after a day of silence, and comes back with the next message", () => {
    const talk = new Talk(undefined);
    const begun = talk.say("alice inform bob");
    const { conversation } = expire(begun, begun.startedAtMs + 24 * 3_600_000);
    expect(conversation.status).toEqual({ state: "expired", why: "idle" });
    talk.conversation = conversation;
    talk.nowMs += 30 * 24 * 3_600_000;
    expect(talk.say("bob inform alice")).toMatchObject({ status: { state: "in-progress" }, archivedAtMs: undefined });
  });
});

test("times differ by capability", () => {
  const talk = new Talk("fipa-request");
  const urgent = {
    type: "capability",
    capability: "urgent-support",
    version: undefined,
    fallbackVersions: [],
    strategy: undefined,
  } as const;
  const conversation = talk.say("alice request bob", { address: urgent });
  const hour = 3_600_000;
  expect(conversation.dueAtMs).toBe(conversation.startedAtMs + 2 * hour);
  const { conversation: after } = expire(conversation, conversation.startedAtMs + 2 * hour);
  expect([after.status, states(after)]).toEqual([{ state: "expired", why: "idle" }, { bob: "closed" }]);
  talk.conversation = after;
  expect(talk.breach("bob inform alice").rule).toBe("conversation-alive");
});

describe("families of conversations", () => {
  test("branches are named on both sides", () => {
    const parent = new Talk(undefined).say("alice inform bob");
    const talk = new Talk("fipa-request");
    expect(talk.say("alice request bob", { conversationId: "c2", parentConversation: "c1" }).parent).toBe("c1");
    expect(branched(branched(parent, "c2"), "c2").branches).toEqual(["c2"]);
  });

  test("a conversation that was merged continues in the other", () => {
    const talk = new Talk(undefined);
    const merge = merged(talk.say("alice inform bob"), "c9");
    if (merge.type !== "merged") throw new Error(merge.type);
    talk.conversation = merge.conversation;
    const breach = talk.breach("bob inform alice");
    expect([breach.rule, breach.error.hint]).toEqual(["conversation-here", 'Send it with "conversation_id": "c9".']);
    expect(merged(merge.conversation, "c8")).toEqual({ type: "already-merged", into: "c9" });
  });

  test("a conversation with open obligations is neither merged nor archived", () => {
    const talk = new Talk("fipa-request");
    const open = talk.say("alice request bob");
    expect(merged(open, "c9")).toEqual({ type: "in-progress", participants: ["bob"] });
    expect(archived(open, 5)).toBeUndefined();
    expect(archived(talk.say("bob refuse alice"), 5)?.archivedAtMs).toBe(5);
  });
});

// protocols.advance.P1
test("the same message to the same conversation has the same outcome, which changes neither", () => {
  const talk = new Talk("fipa-request");
  talk.say("alice request bob", { replyByMs: talk.nowMs + 100 });
  const before = structuredClone(talk.conversation);
  for (const line of ["bob agree alice", "bob propose alice"]) {
    const { message, to } = talk.message(line);
    const [once, twice] = [1, 2].map(() => advance(talk.conversation, message, to, CONVERSATION_TERMS));
    expect(twice).toEqual(once);
    expect(talk.conversation).toEqual(before);
  }
});

test("a conversation is the same after it was stored", () => {
  const talk = new Talk("contract-net");
  talk.say("alice cfp b,c", { replyByMs: talk.nowMs + 100, replyWith: "x" });
  const stored = readConversation(JSON.parse(JSON.stringify(talk.conversation)));
  expect(stored).toEqual(talk.conversation);
});
