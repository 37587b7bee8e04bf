/**
 * A second, naive reading of the protocols, to hold the tables against: for each protocol a regular expression over what is
 * said between the initiator and one participant, in the order of FIPA's diagrams. What may come next is found by
 * derivatives of the expression. `i:` is the initiator, `p:` the participant, `t:` somebody a recruiter found, `T` a
 * deadline that passes, `R` a rival's proposal that is accepted, `z:` others who have to end it.
 */
type Talk =
  | { readonly type: "never" }
  | { readonly type: "end" }
  | { readonly type: "say"; readonly token: string }
  | { readonly type: "then"; readonly first: Talk; readonly second: Talk }
  | { readonly type: "or"; readonly one: Talk; readonly other: Talk }
  | { readonly type: "again"; readonly what: Talk }
  | { readonly type: "later"; readonly what: () => Talk };

const NEVER: Talk = { type: "never" };
const END: Talk = { type: "end" };
const say = (token: string): Talk => ({ type: "say", token });
const then = (first: Talk, second: Talk): Talk => {
  if (first.type === "never" || second.type === "never") return NEVER;
  if (first.type === "end") return second;
  return second.type === "end" ? first : { type: "then", first, second };
};
const or = (one: Talk, other: Talk): Talk => {
  if (one.type === "never") return other;
  return other.type === "never" ? one : { type: "or", one, other };
};
const seq = (...parts: (Talk | string)[]): Talk =>
  parts.map((part) => (typeof part === "string" ? say(part) : part)).reduceRight((rest, part) => then(part, rest), END);
const any = (...parts: (Talk | string)[]): Talk =>
  parts.map((part) => (typeof part === "string" ? say(part) : part)).reduce(or, NEVER);
const again = (what: Talk): Talk => ({ type: "again", what });
const later = (what: () => Talk): Talk => ({ type: "later", what });
const maybe = (what: Talk | string): Talk => any(END, what);

const mayEnd = (talk: Talk): boolean => {
  switch (talk.type) {
    case "never":
    case "say":
      return false;
    case "end":
    case "again":
      return true;
    case "then":
      return mayEnd(talk.first) && mayEnd(talk.second);
    case "or":
      return mayEnd(talk.one) || mayEnd(talk.other);
    case "later":
      return mayEnd(talk.what());
  }
};

/** What is left of the talk after a token. */
export function after(talk: Talk, token: string): Talk {
  switch (talk.type) {
    case "never":
    case "end":
      return NEVER;
    case "say":
      return talk.token === token ? END : NEVER;
    case "then": {
      const within = then(after(talk.first, token), talk.second);
      return mayEnd(talk.first) ? or(within, after(talk.second, token)) : within;
    }
    case "or":
      return or(after(talk.one, token), after(talk.other, token));
    case "again":
      return then(after(talk.what, token), talk);
    case "later":
      return after(talk.what(), token);
  }
}

/** The tokens that may come next. */
export function nexts(talk: Talk): Set<string> {
  switch (talk.type) {
    case "never":
    case "end":
      return new Set();
    case "say":
      return new Set([talk.token]);
    case "then":
      return mayEnd(talk.first) ? nexts(talk.first).union(nexts(talk.second)) : nexts(talk.first);
    case "or":
      return nexts(talk.one).union(nexts(talk.other));
    case "again":
      return nexts(talk.what);
    case "later":
      return nexts(talk.what());
  }
}

const result = any("p:inform", "p:failure");
const bidding = any(
  "p:refuse",
  "T",
  seq("p:propose", any("T", "i:reject-proposal", seq("i:accept-proposal", any("T", result)))),
);
const revised = seq("i:cfp", "p:propose");
const order = seq("i:request", again(say("p:agree")), any("p:inform", "p:refuse", "p:failure", "T"));
// An English auction, by how the bidder stands: without the lead, called, its bid looked at; and the same three with the lead.
const outside: Talk = any(
  "i:inform",
  seq(
    "i:cfp",
    later(() => called),
  ),
);
const called: Talk = any(
  outside,
  seq(any("T", "p:refuse"), outside),
  seq(
    "p:propose",
    later(() => judged),
  ),
);
const judged: Talk = any(
  seq("i:reject-proposal", outside),
  seq(
    "i:accept-proposal",
    later(() => leading),
  ),
);
const won = any(order, seq("i:inform", maybe(order)));
const leading: Talk = any(
  seq("R", outside),
  won,
  seq(
    "i:cfp",
    later(() => recalled),
  ),
);
const recalled: Talk = any(
  seq("R", called),
  won,
  seq(
    "i:cfp",
    later(() => recalled),
  ),
  seq(any("T", "p:refuse"), leading),
  seq("p:propose", any(seq("R", judged), seq(any("i:accept-proposal", "i:reject-proposal"), leading))),
);
const dutchRound = seq("i:cfp", maybe(any("T", "p:refuse", seq("p:propose", "i:reject-proposal"))));
const offer = seq("i:propose", "p:propose");
const nextRequest = seq(
  "p:inform",
  any(
    "T",
    later(() => requests),
  ),
);
const requests: Talk = seq(
  "i:request",
  any("p:refuse", "T", "p:failure", nextRequest, seq("p:agree", any("p:failure", nextRequest))),
);
const passedOn = any("p:agree", "p:propose");

export const ORACLE: Readonly<Record<string, Talk>> = {
  "fipa-request": seq("i:request", any("p:refuse", "T", result, seq("p:agree", result))),
  "iterated-fipa-request": requests,
  "fipa-query": seq(any("i:query-if", "i:query-ref"), any("p:refuse", "T", result, seq("p:agree", result))),
  "fipa-request-when": seq("i:request-when", any("p:refuse", "T", seq("p:agree", result))),
  "fipa-contract-net": seq("i:cfp", bidding),
  "fipa-iterated-contract-net": seq(again(revised), "i:cfp", bidding),
  "fipa-auction-english": seq("i:inform", outside),
  "fipa-auction-dutch": seq(
    "i:inform",
    again(dutchRound),
    any("i:inform", seq("i:cfp", "p:propose", "i:accept-proposal")),
  ),
  "fipa-propose": seq(
    again(offer),
    any(
      seq("i:propose", any("p:accept-proposal", "p:reject-proposal", "T")),
      seq(offer, any("i:accept-proposal", "i:reject-proposal", "T")),
    ),
  ),
  "fipa-subscribe": seq(
    any("i:subscribe", "i:request-whenever"),
    any("p:refuse", "T", "p:failure", seq(any("p:agree", "p:inform"), again(say("p:inform")), "p:failure")),
  ),
  "fipa-brokering": seq(
    "i:proxy",
    any(
      "p:refuse",
      "T",
      seq(
        "p:agree",
        any(
          "p:failure",
          seq("p:inform", again(passedOn), any("p:refuse", "p:failure", seq("p:inform", again(say("p:inform"))))),
        ),
      ),
    ),
  ),
  "fipa-recruiting": seq(
    "i:proxy",
    any("p:refuse", "T", seq("p:agree", any("p:failure", seq("p:inform", "z:others")))),
  ),
};

/** What one that a recruiter found may say. */
export const TARGET: Talk = any(
  "t:refuse",
  "t:inform",
  "t:failure",
  seq("t:agree", any("t:inform", "t:failure")),
  seq("t:propose", any("i:reject-proposal", seq("i:accept-proposal", any("t:inform", "t:failure")))),
);

/** Whether nothing at all can come next. */
export const isOver = (talk: Talk): boolean => nexts(talk).size === 0;

/** Whether it is at an end, though more may be said. */
export const isDone = (talk: Talk): boolean => isOver(talk) || mayEnd(talk);

/** One participant's part as the oracle sees it. */
export class Part {
  talk: Talk;
  deadlineMs: number | undefined;
  isCancelling = false;
  isClosed = false;

  readonly role: "p" | "t";
  #last = "";

  constructor(talk: Talk, role: "p" | "t" = "p") {
    this.talk = talk;
    this.role = role;
  }

  /** Applies a deadline that passed. */
  at(nowMs: number): void {
    if (this.deadlineMs === undefined || this.deadlineMs >= nowMs) return;
    this.deadlineMs = undefined;
    if (this.isCancelling) this.isClosed = true;
    else this.talk = after(this.talk, "T");
  }

  /** A recruiter that has agreed, or has passed it on. */
  get isSeeking(): boolean {
    return !this.isClosed && !this.isCancelling && (this.#last === "p:agree" || this.#last === "p:inform");
  }

  allows(token: string): boolean {
    const act = token.slice(2);
    const isInitiator = token.startsWith("i:");
    if (act === "not-understood") return true;
    if (this.isClosed) return false;
    // A talk that may go on after its end has nothing to cancel.
    if (isInitiator && act === "cancel") return !isDone(this.talk);
    if (this.isCancelling) {
      if (isInitiator) return false;
      return act === "inform" || act === "failure" || nexts(this.talk).has(token);
    }
    return nexts(this.talk).has(token);
  }

  /** A rival's proposal was accepted. */
  isOutbid(): void {
    if (this.isClosed || this.isCancelling || !nexts(this.talk).has("R")) return;
    this.talk = after(this.talk, "R");
    if (!nexts(this.talk).has("T")) this.deadlineMs = undefined;
  }

  says(token: string, replyByMs: number | undefined): void {
    const act = token.slice(2);
    const isInitiator = token.startsWith("i:");
    if (act === "not-understood") {
      if (!isDone(this.talk)) this.#close();
    } else if (isInitiator && act === "cancel") {
      if (!this.isCancelling) this.deadlineMs = replyByMs;
      this.isCancelling = true;
    } else if (this.isCancelling && act === "inform") this.#close();
    else if (this.isCancelling && act === "failure") {
      this.isCancelling = false;
      this.deadlineMs = undefined;
    } else {
      this.talk = after(this.talk, token);
      this.#last = token;
      if (this.isCancelling) return void (isDone(this.talk) && this.#close());
      // Who agrees to deliver still has until the time that was given.
      if (token === "p:agree" && nexts(this.talk).has("T")) return;
      this.deadlineMs = nexts(this.talk).has("T") ? replyByMs : undefined;
    }
  }

  #close(): void {
    this.isClosed = true;
    this.deadlineMs = undefined;
  }
}
