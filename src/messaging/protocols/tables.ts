import { type DraftStep, type Protocol, protocol } from "./protocol.ts";

// `[by, act, from, to, what it means]`. Not in the tables, because every protocol has them: `cancel` by the initiator, its
// answers, and `not-understood` by either side.

const request = protocol({
  name: "fipa-request",
  title: "Request",
  specification: "SC00026H, standard",
  purpose: "One asks another to do something.",
  aliases: ["request-reply", "request-response"],
  open: { asked: "participant", agreed: "patient" },
  ends: { done: "done", refused: "refused", failed: "failed", expired: "expired" },
  steps: [
    ["initiator", "request", "start", "asked", "asks"],
    ["participant", "refuse", "asked", "refused", "will not do it"],
    ["participant", "agree", "asked", "agreed", "will do it"],
    ["participant", "inform", "asked", "done", "did it; agreeing is left out where that is quick"],
    ["participant", "failure", "asked", "failed", "tried and could not"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "inform", "agreed", "done", "did it, perhaps with the result"],
    ["participant", "failure", "agreed", "failed", "tried and could not"],
  ],
});

/** JADE's: requests one after another, until the initiator cancels. */
const iteratedRequest = protocol({
  name: "iterated-fipa-request",
  title: "Iterated request",
  specification: "JADE, not FIPA",
  purpose: "One asks another to do one thing after another, and cancels when there is nothing more to do.",
  aliases: ["iterated-request"],
  open: { asked: "participant", agreed: "patient", answered: "initiator" },
  ends: { refused: "refused", failed: "failed", expired: "expired" },
  steps: [
    ["initiator", "request", "start", "asked", "asks"],
    ["participant", "refuse", "asked", "refused", "will not do it"],
    ["participant", "agree", "asked", "agreed", "will do it"],
    ["participant", "inform", "asked", "answered", "did it; agreeing is left out where that is quick"],
    ["participant", "failure", "asked", "failed", "tried and could not"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "inform", "agreed", "answered", "did it, perhaps with the result"],
    ["participant", "failure", "agreed", "failed", "tried and could not"],
    ["initiator", "request", "answered", "asked", "asks for the next", "round"],
    ["deadline", undefined, "answered", "expired", "no further request in time"],
  ],
});

const query = protocol({
  name: "fipa-query",
  title: "Query",
  specification: "SC00027H, standard",
  purpose: "One asks another whether something holds (query-if) or what something is (query-ref).",
  open: { asked: "participant", agreed: "patient" },
  ends: { answered: "done", refused: "refused", failed: "failed", expired: "expired" },
  steps: [
    ["initiator", "query-if", "start", "asked", "asks whether"],
    ["initiator", "query-ref", "start", "asked", "asks what"],
    ["participant", "refuse", "asked", "refused", "will not answer"],
    ["participant", "agree", "asked", "agreed", "will answer"],
    ["participant", "inform", "asked", "answered", "answers; agreeing is left out where that is quick"],
    ["participant", "failure", "asked", "failed", "could not find out"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "inform", "agreed", "answered", "answers"],
    ["participant", "failure", "agreed", "failed", "could not find out"],
  ],
});

const requestWhen = protocol({
  name: "fipa-request-when",
  title: "Request when",
  specification: "SC00028H, standard",
  purpose: "One asks another to do something once a condition holds.",
  open: { asked: "participant", agreed: "patient" },
  ends: { done: "done", refused: "refused", failed: "failed", expired: "expired" },
  steps: [
    ["initiator", "request-when", "start", "asked", "asks, and says when"],
    ["participant", "refuse", "asked", "refused", "will not do it"],
    ["participant", "agree", "asked", "agreed", "will do it once the condition holds"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "refuse", "agreed", "refused", "can do it no more; the condition did not hold yet"],
    ["participant", "inform", "agreed", "done", "the condition held and it is done"],
    ["participant", "failure", "agreed", "failed", "could not, or the condition can hold no more"],
  ],
});

const NET_OPEN = { called: "participant", proposed: "initiator", accepted: "participant" } as const;
const NET_ENDS = {
  done: "done",
  refused: "refused",
  rejected: "rejected",
  failed: "failed",
  silent: "expired",
  lapsed: "expired",
  overdue: "expired",
} as const;
const NET_STEPS = [
  ["initiator", "cfp", "start", "called", "calls for proposals"],
  ["participant", "refuse", "called", "refused", "makes no proposal"],
  ["participant", "propose", "called", "proposed", "proposes"],
  ["deadline", undefined, "called", "silent", "proposals are closed"],
  ["initiator", "reject-proposal", "proposed", "rejected", "takes another one, or none"],
  ["initiator", "accept-proposal", "proposed", "accepted", "awards the task"],
  ["deadline", undefined, "proposed", "lapsed", "the proposal held only until then"],
  ["participant", "inform", "accepted", "done", "did it, perhaps with the result"],
  ["participant", "failure", "accepted", "failed", "tried and could not"],
  ["deadline", undefined, "accepted", "overdue", "not done in time"],
] as const;

const contractNet = protocol({
  name: "fipa-contract-net",
  title: "Contract net",
  specification: "SC00029H, standard",
  purpose: "One calls many for proposals, awards the task to the best and hears how it came out.",
  aliases: ["contract-net", "sealed-auction"],
  canGrow: true,
  open: NET_OPEN,
  ends: NET_ENDS,
  steps: [...NET_STEPS],
});

const iteratedContractNet = protocol({
  name: "fipa-iterated-contract-net",
  title: "Iterated contract net",
  specification: "SC00030H, standard",
  purpose: "A contract net in rounds: proposals may be answered with a revised call.",
  aliases: ["iterated-contract-net"],
  canGrow: true,
  open: NET_OPEN,
  ends: NET_ENDS,
  steps: [...NET_STEPS, ["initiator", "cfp", "proposed", "called", "calls again on revised terms", "round"]],
});

const englishAuction = protocol({
  name: "fipa-auction-english",
  title: "English auction",
  specification: "XC00031F, experimental",
  purpose: "A price rises from call to call; the last bidder gets it.",
  aliases: ["auction", "english-auction", "english"],
  canGrow: true,
  open: {
    joined: "none",
    called: "participant",
    passed: "none",
    bidding: "initiator",
    leading: "none",
    recalled: "participant",
    raising: "initiator",
    outbid: "none",
    ordered: "participant",
    agreed: "patient",
  },
  ends: { won: "done", delivered: "done", over: "rejected", failed: "failed", overdue: "expired" },
  steps: [
    ["initiator", "inform", "start", "joined", "opens the auction"],
    ["initiator", "cfp", "joined", "called", "calls a price", "round"],
    ["initiator", "cfp", "called", "called", "calls a higher price", "round"],
    ["initiator", "cfp", "passed", "called", "calls a higher price", "round"],
    ["initiator", "cfp", "leading", "recalled", "calls a higher price; the last bid taken still leads", "round"],
    ["initiator", "cfp", "recalled", "recalled", "calls a higher price", "round"],
    ["initiator", "cfp", "outbid", "called", "calls a higher price", "round"],
    ["participant", "propose", "called", "bidding", "bids that price"],
    ["participant", "refuse", "called", "passed", "does not bid at that price", "extension"],
    ["deadline", undefined, "called", "passed", "no bid at that price"],
    ["initiator", "accept-proposal", "bidding", "leading", "was the first at that price"],
    ["initiator", "reject-proposal", "bidding", "outbid", "was too late at that price"],
    ["participant", "propose", "recalled", "raising", "bids that price, over its own"],
    ["participant", "refuse", "recalled", "leading", "does not bid at that price, and still leads", "extension"],
    ["deadline", undefined, "recalled", "leading", "no bid at that price; still leads"],
    ["initiator", "accept-proposal", "raising", "leading", "was the first at that price"],
    ["initiator", "reject-proposal", "raising", "leading", "was not taken at that price, and still leads"],
    ["rival", "accept-proposal", "leading", "outbid", "the bid of another is taken"],
    ["rival", "accept-proposal", "recalled", "called", "the bid of another is taken"],
    ["rival", "accept-proposal", "raising", "bidding", "the bid of another is taken"],
    ["initiator", "inform", "leading", "won", "ends the auction: the last bidder has it"],
    ["initiator", "inform", "recalled", "won", "ends the auction: the last bidder has it"],
    ["initiator", "inform", "joined", "over", "ends the auction"],
    ["initiator", "inform", "called", "over", "ends the auction"],
    ["initiator", "inform", "passed", "over", "ends the auction"],
    ["initiator", "inform", "outbid", "over", "ends the auction"],
    ["initiator", "request", "leading", "ordered", "asks the winner to deliver", "extension"],
    ["initiator", "request", "recalled", "ordered", "asks the winner to deliver", "extension"],
    ["initiator", "request", "won", "ordered", "asks the winner to deliver"],
    ["participant", "agree", "ordered", "agreed", "will deliver"],
    ["participant", "inform", "ordered", "delivered", "delivered"],
    ["participant", "refuse", "ordered", "failed", "will not deliver after all"],
    ["participant", "failure", "ordered", "failed", "could not deliver"],
    ["participant", "inform", "agreed", "delivered", "delivered"],
    ["participant", "failure", "agreed", "failed", "could not deliver"],
    ["deadline", undefined, "ordered", "overdue", "not delivered in time"],
  ],
});

const dutchAuction = protocol({
  name: "fipa-auction-dutch",
  title: "Dutch auction",
  specification: "XC00032F, experimental",
  purpose: "A price falls from call to call; the first bidder gets it.",
  aliases: ["dutch-auction", "dutch"],
  canGrow: true,
  open: { joined: "none", called: "participant", passed: "none", bidding: "initiator", late: "none" },
  ends: { won: "done", over: "rejected", tardy: "rejected" },
  steps: [
    ["initiator", "inform", "start", "joined", "opens the auction"],
    ["initiator", "cfp", "joined", "called", "calls a price", "round"],
    ["initiator", "cfp", "called", "called", "calls a lower price", "round"],
    ["initiator", "cfp", "passed", "called", "calls a lower price", "round"],
    ["initiator", "cfp", "late", "called", "calls a price for what is left", "round"],
    ["participant", "propose", "called", "bidding", "takes that price"],
    ["participant", "refuse", "called", "passed", "does not take that price", "extension"],
    ["deadline", undefined, "called", "passed", "no bid at that price"],
    ["initiator", "accept-proposal", "bidding", "won", "was the first"],
    ["initiator", "reject-proposal", "bidding", "late", "was too late"],
    ["initiator", "inform", "joined", "over", "ends the auction: sold, or at the reserve price"],
    ["initiator", "inform", "called", "over", "ends the auction: sold, or at the reserve price"],
    ["initiator", "inform", "passed", "over", "ends the auction: sold, or at the reserve price"],
    ["initiator", "inform", "late", "over", "ends the auction: sold, or at the reserve price"],
    ["participant", "propose", "over", "tardy", "bids before it hears of the end", "extension"],
    ["participant", "refuse", "over", "over", "passes before it hears of the end", "extension"],
    ["initiator", "reject-proposal", "tardy", "over", "was too late", "extension"],
  ],
});

const propose = protocol({
  name: "fipa-propose",
  title: "Propose, with counter-proposals",
  specification: "SC00036H, standard",
  purpose: "One proposes something to another; counter-proposals make it a negotiation.",
  aliases: ["negotiation", "negotiate"],
  open: { proposed: "participant", countered: "initiator" },
  ends: { accepted: "done", rejected: "rejected", expired: "expired" },
  steps: [
    ["initiator", "propose", "start", "proposed", "proposes"],
    ["participant", "accept-proposal", "proposed", "accepted", "takes it"],
    ["participant", "reject-proposal", "proposed", "rejected", "does not take it"],
    ["participant", "propose", "proposed", "countered", "proposes something else", "extension"],
    ["deadline", undefined, "proposed", "expired", "no answer in time"],
    ["initiator", "accept-proposal", "countered", "accepted", "takes the counter-proposal", "extension"],
    ["initiator", "reject-proposal", "countered", "rejected", "does not take it", "extension"],
    ["initiator", "propose", "countered", "proposed", "proposes again", "round", "extension"],
    ["deadline", undefined, "countered", "expired", "no answer in time", "extension"],
  ],
});

const subscribe = protocol({
  name: "fipa-subscribe",
  title: "Subscribe",
  specification: "SC00035H, standard",
  purpose: "The participant informs the initiator of each change of an object, until the initiator cancels.",
  aliases: ["subscription"],
  open: { asked: "participant", subscribed: "patient" },
  ends: { refused: "refused", failed: "failed", expired: "expired" },
  steps: [
    ["initiator", "subscribe", "start", "asked", "subscribes"],
    ["initiator", "request-whenever", "start", "asked", "asks for it each time the condition holds", "extension"],
    ["participant", "refuse", "asked", "refused", "takes no subscription"],
    ["participant", "agree", "asked", "subscribed", "will send changes"],
    ["participant", "inform", "asked", "subscribed", "sends a change; agree is left out"],
    ["participant", "failure", "asked", "failed", "cannot send changes"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "inform", "subscribed", "subscribed", "sends a change"],
    ["participant", "failure", "subscribed", "failed", "cannot send changes any more"],
  ],
});

// Of those whom a broker asked, each has answers of its own: after one came out, others are still to come.
const brokered = (state: string): readonly DraftStep[] => {
  const isAnswered = state === "answered";
  return [
    ["participant", "agree", state, isAnswered ? state : "passed", "passes on: the target agrees"],
    ["participant", "propose", state, isAnswered ? state : "passed", "passes on: the target proposes"],
    ["participant", "refuse", state, isAnswered ? state : "declined", "passes on: the target refuses"],
    ["participant", "failure", state, isAnswered ? state : "unserved", "passes on: the target failed"],
    ["participant", "inform", state, "answered", isAnswered ? "passes on a further result" : "passes on the result"],
  ];
};

const brokering = protocol({
  name: "fipa-brokering",
  title: "Brokering",
  specification: "SC00033H, standard",
  purpose: "A broker finds who can do it, asks them, and passes their answers on.",
  open: { asked: "participant", agreed: "patient", passed: "patient" },
  ends: {
    answered: "done",
    refused: "refused",
    declined: "refused",
    unserved: "failed",
    failed: "failed",
    expired: "expired",
  },
  steps: [
    ["initiator", "proxy", "start", "asked", "asks the broker to pass something on, and to whom"],
    ["participant", "refuse", "asked", "refused", "will not broker"],
    ["participant", "agree", "asked", "agreed", "will broker"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "failure", "agreed", "failed", "found no agent, or could not forward it"],
    ["participant", "inform", "agreed", "passed", "has passed it on"],
    ...["passed", "declined", "unserved", "answered"].flatMap(brokered),
  ],
});

const recruiting = protocol({
  name: "fipa-recruiting",
  title: "Recruiting",
  specification: "SC00034H, standard",
  purpose: "A recruiter finds who can do it and asks them; they answer directly.",
  open: { asked: "participant", agreed: "patient", recruited: "passive", working: "patient", offered: "patient" },
  ends: { done: "done", refused: "refused", failed: "failed", expired: "expired" },
  steps: [
    ["initiator", "proxy", "start", "asked", "asks the recruiter to pass something on, and to whom"],
    ["participant", "refuse", "asked", "refused", "will not recruit"],
    ["participant", "agree", "asked", "agreed", "will recruit"],
    ["deadline", undefined, "asked", "expired", "no answer in time"],
    ["participant", "failure", "agreed", "failed", "found no agent, or could not forward it"],
    ["participant", "inform", "agreed", "recruited", "has passed it on"],
    ["target", "agree", "start", "working", "will do it"],
    ["target", "refuse", "start", "refused", "will not do it"],
    ["target", "propose", "start", "offered", "proposes"],
    ["target", "inform", "start", "done", "did it, perhaps with the result"],
    ["target", "failure", "start", "failed", "tried and could not"],
    ["target", "inform", "working", "done", "did it, perhaps with the result"],
    ["target", "failure", "working", "failed", "tried and could not"],
    ["initiator", "accept-proposal", "offered", "working", "takes the proposal"],
    ["initiator", "reject-proposal", "offered", "refused", "does not take it"],
  ],
});

/** Every protocol that is checked, in the order of listings. */
export const PROTOCOLS: readonly Protocol[] = [
  request,
  iteratedRequest,
  query,
  requestWhen,
  contractNet,
  iteratedContractNet,
  englishAuction,
  dutchAuction,
  propose,
  subscribe,
  brokering,
  recruiting,
];
