/** Where Caxton differs from FIPA's interaction protocols, and why. The model in `oracle.ts` marks each place with a key. */
export const DEVIATIONS = {
  "late-answer":
    "FIPA's reply-by is the time by which an answer is wanted, and contract nets reject late proposals. Caxton's is binding: a late " +
    "answer is answered with not-understood, so that both sides know that the part is over.",
  "lapsed-proposal":
    "A proposal with a reply-by is binding until then only; its proposer may have given the means to others since.",
  "no-bid": "In auctions FIPA's bidders are silent when they do not bid. A refusal spares the auctioneer the wait.",
  "crossing-bid":
    "A bid that crosses the end of a Dutch auction is rejected, as one that comes before the end. FIPA's diagram ends there.",
  "counter-proposal":
    "FIPA's propose ends with the first answer. The Caxton documents' negotiation continues with counter-proposals.",
  "request-whenever": "The act opens a subscription to actions; FIPA has the act and no protocol for it.",
  "iterated-request": "JADE's own protocol, which FIPA does not have.",
  "order-at-once":
    "The request to deliver may itself inform the leader that the auction is over; FIPA's diagram has an inform before.",
  "relayed-reply":
    "A broker's or recruiter's embedded act may have any answer. Caxton knows the answers of requests, queries and calls for proposals, " +
    "and not those to an embedded propose.",
  "cancel-again": "Sending cancel twice is harmless, and a sender that is not sure need not look first.",
  "cancel-after-result": "What has come out cannot be cancelled, even if more may be said about it.",
  noted: "A not-understood after the end is stored and changes nothing.",
  "nothing-said": "The initiator may end a part with not-understood before the participant has said anything.",
} as const;
export type Deviation = keyof typeof DEVIATIONS;
