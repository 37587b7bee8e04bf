import { type Deviation } from "./deviations.ts";

/**
 * An independent model of the interaction protocols, written from FIPA's documents (SC00026 to SC00030, XC00031, XC00032, SC00033 to
 * SC00036) and not from the tables: for each protocol a regular expression over what is said between the initiator and one
 * participant, in the order of FIPA's diagrams. What may come next is found by derivatives of the expression. `i:` is the
 * initiator, `p:` the participant, `t:` an agent that a recruiter found, `T` a deadline that passes, `R` a rival's proposal that is
 * accepted, `z:` others who have to end it. Where Caxton differs from FIPA, the expression says so with a key of `DEVIATIONS`:
 * `beyond` is allowed by Caxton alone, `withheld` by FIPA alone.
 */
type Talk =
  | { readonly type: "never" }
  | { readonly type: "end" }
  | { readonly type: "say"; readonly token: string }
  | { readonly type: "then"; readonly first: Talk; readonly second: Talk }
  | { readonly type: "or"; readonly one: Talk; readonly other: Talk }
  | { readonly type: "again"; readonly what: Talk }
  | { readonly type: "later"; readonly what: () => Talk }
  | { readonly type: "beyond"; readonly deviation: Deviation; readonly what: Talk }
  | { readonly type: "withheld"; readonly deviation: Deviation; readonly token: string };

/** Whether Caxton allows a token, and why FIPA does not say the same, if it does not. */
export type Verdict = { readonly isAllowed: boolean; readonly deviation?: Deviation | undefined };

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
const beyond = (deviation: Deviation, what: Talk | string): Talk => {
  const talk = typeof what === "string" ? say(what) : what;
  return talk.type === "never" || talk.type === "end" ? talk : { type: "beyond", deviation, what: talk };
};
const withheld = (deviation: Deviation, ...tokens: readonly string[]): Talk =>
  tokens.map((token): Talk => ({ type: "withheld", deviation, token })).reduce(or, NEVER);
const maybe = (what: Talk | string): Talk => any(END, what);

const mayEnd = (talk: Talk): boolean => {
  switch (talk.type) {
    case "never":
    case "say":
    case "withheld":
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
    case "beyond":
      return mayEnd(talk.what);
  }
};

/** What is left of the talk after a token. */
export function after(talk: Talk, token: string): Talk {
  switch (talk.type) {
    case "never":
    case "end":
    case "withheld":
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
    case "beyond":
      return beyond(talk.deviation, after(talk.what, token));
  }
}

type Verdicts = ReadonlyMap<string, Verdict>;

/** What FIPA and Caxton say of the tokens that may come next; the others are allowed by neither. */
function verdicts(talk: Talk): Verdicts {
  switch (talk.type) {
    case "never":
    case "end":
      return new Map();
    case "say":
      return new Map([[talk.token, { isAllowed: true }]]);
    case "withheld":
      return new Map([[talk.token, { isAllowed: false, deviation: talk.deviation }]]);
    case "beyond": {
      const { deviation } = talk;
      return new Map([...verdicts(talk.what)].map(([token, verdict]) => [token, { deviation, ...verdict }]));
    }
    case "then":
      return mayEnd(talk.first) ? either(verdicts(talk.first), verdicts(talk.second)) : verdicts(talk.first);
    case "or":
      return either(verdicts(talk.one), verdicts(talk.other));
    case "again":
      return verdicts(talk.what);
    case "later":
      return verdicts(talk.what());
  }
}

/** Of two ways the one that needs no deviation, or else the one that is allowed. */
function either(one: Verdicts, other: Verdicts): Verdicts {
  const all = new Map(one);
  for (const [token, verdict] of other) {
    const before = all.get(token);
    const isBetter = verdict.deviation === undefined || before?.isAllowed !== true;
    if (before === undefined || (before.deviation !== undefined && isBetter)) all.set(token, verdict);
  }
  return all;
}

/** The tokens that may come next. */
export const nexts = (talk: Talk): Set<string> =>
  new Set([...verdicts(talk)].flatMap(([token, { isAllowed }]) => (isAllowed ? [token] : [])));

const result = any("p:inform", "p:failure");
const late = (...answers: readonly string[]): Talk => seq("T", withheld("late-answer", ...answers));
const asked = any("p:refuse", late("p:refuse", "p:agree", "p:inform", "p:failure"), result, seq("p:agree", result));
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
const bidding = (...awards: readonly string[]): Talk =>
  any(
    "p:refuse",
    late("p:refuse", "p:propose"),
    seq(
      "p:propose",
      any(
        seq("T", withheld("lapsed-proposal", ...awards)),
        "i:reject-proposal",
        seq("i:accept-proposal", any(late("p:inform", "p:failure"), result)),
      ),
    ),
  );
const AWARDS = ["i:accept-proposal", "i:reject-proposal"];
const order = seq("i:request", asked);
const noBid = seq("T", maybe(withheld("late-answer", "p:propose")));
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
  seq(any(noBid, beyond("no-bid", "p:refuse")), outside),
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
const won = any(beyond("order-at-once", order), seq("i:inform", maybe(order)));
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
  seq(any(noBid, beyond("no-bid", "p:refuse")), leading),
  seq("p:propose", any(seq("R", judged), seq(any("i:accept-proposal", "i:reject-proposal"), leading))),
);
const dutchRound = seq("i:cfp", maybe(any(noBid, beyond("no-bid", "p:refuse"), seq("p:propose", "i:reject-proposal"))));
// A bid or a refusal on its way when the auctioneer says the end.
const crossed = later(() => crossing);
const tooLate = seq("p:propose", maybe(seq("i:reject-proposal", crossed)));
const crossing: Talk = maybe(beyond("crossing-bid", any(seq("p:refuse", crossed), tooLate)));
const negotiation: Talk = seq(
  "i:propose",
  any(
    "p:accept-proposal",
    "p:reject-proposal",
    late("p:accept-proposal", "p:reject-proposal"),
    beyond(
      "counter-proposal",
      seq(
        "p:propose",
        any(
          "i:accept-proposal",
          "i:reject-proposal",
          "T",
          later(() => negotiation),
        ),
      ),
    ),
  ),
);
// What a broker passes on: of each of those whom it asked an agreement or a proposal, and how it came out.
const relayed = (who: string): Talk => withheld("relayed-reply", `${who}:accept-proposal`, `${who}:reject-proposal`);
const passed: Talk = any(
  relayed("p"),
  seq(
    any("p:agree", "p:propose"),
    later(() => passed),
  ),
  seq(any("p:refuse", "p:failure"), maybe(later(() => passed))),
  seq(
    "p:inform",
    later(() => answered),
  ),
);
const answered: Talk = any(
  END,
  relayed("p"),
  seq(
    any("p:agree", "p:propose", "p:refuse", "p:failure", "p:inform"),
    later(() => answered),
  ),
);

export const ORACLE: Readonly<Record<string, Talk>> = {
  "fipa-request": seq("i:request", asked),
  "iterated-fipa-request": beyond("iterated-request", requests),
  "fipa-query": seq(any("i:query-if", "i:query-ref"), asked),
  "fipa-request-when": seq(
    "i:request-when",
    any("p:refuse", late("p:refuse", "p:agree"), seq("p:agree", any("p:refuse", result))),
  ),
  "fipa-contract-net": seq("i:cfp", bidding(...AWARDS)),
  "fipa-iterated-contract-net": seq(again(seq("i:cfp", "p:propose")), "i:cfp", bidding("i:cfp", ...AWARDS)),
  "fipa-auction-english": seq("i:inform", outside),
  "fipa-auction-dutch": seq(
    "i:inform",
    again(dutchRound),
    any(seq("i:inform", crossing), seq("i:cfp", "p:propose", "i:accept-proposal")),
  ),
  "fipa-propose": negotiation,
  "fipa-subscribe": seq(
    any("i:subscribe", beyond("request-whenever", "i:request-whenever")),
    any(
      "p:refuse",
      late("p:refuse", "p:agree", "p:inform", "p:failure"),
      "p:failure",
      seq(any("p:agree", "p:inform"), again(say("p:inform")), "p:failure"),
    ),
  ),
  "fipa-brokering": seq(
    "i:proxy",
    any("p:refuse", late("p:refuse", "p:agree"), seq("p:agree", any("p:failure", seq("p:inform", passed)))),
  ),
  "fipa-recruiting": seq(
    "i:proxy",
    any("p:refuse", late("p:refuse", "p:agree"), seq("p:agree", any("p:failure", seq("p:inform", "z:others")))),
  ),
};

/** What one that a recruiter found may say. */
export const TARGET: Talk = any(
  relayed("t"),
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
  #hasSpoken = false;
  /** Whether a cancel was not answered in time. */
  #isLapsed = false;

  constructor(talk: Talk, role: "p" | "t" = "p") {
    this.talk = talk;
    this.role = role;
  }

  /** Applies a deadline that passed. */
  at(nowMs: number): void {
    if (this.deadlineMs === undefined || this.deadlineMs >= nowMs) return;
    this.deadlineMs = undefined;
    if (this.isCancelling) this.isClosed = this.#isLapsed = true;
    else this.talk = after(this.talk, "T");
  }

  /** A recruiter that has agreed, or has passed it on. */
  get isSeeking(): boolean {
    return !this.isClosed && !this.isCancelling && (this.#last === "p:agree" || this.#last === "p:inform");
  }

  /** What FIPA and Caxton say of the token now. */
  verdict(token: string): Verdict {
    const act = token.slice(2);
    const isInitiator = token.startsWith("i:");
    const isAllOver = this.isClosed || isOver(this.talk);
    if (act === "not-understood") {
      if (isAllOver) return { isAllowed: true, deviation: "noted" };
      return { isAllowed: true, deviation: isInitiator && !this.#hasSpoken ? "nothing-said" : undefined };
    }
    if (this.#isLapsed && !isInitiator && (act === "inform" || act === "failure"))
      return { isAllowed: false, deviation: "late-answer" };
    if (this.isClosed) return { isAllowed: false };
    if (isInitiator && act === "cancel") {
      if (this.isCancelling) return { isAllowed: true, deviation: "cancel-again" };
      if (isOver(this.talk)) return { isAllowed: false };
      return mayEnd(this.talk) ? { isAllowed: false, deviation: "cancel-after-result" } : { isAllowed: true };
    }
    if (this.isCancelling && isInitiator) return { isAllowed: false };
    if (this.isCancelling && (act === "inform" || act === "failure")) return { isAllowed: true };
    return verdicts(this.talk).get(token) ?? { isAllowed: false };
  }

  allows(token: string): boolean {
    return this.verdict(token).isAllowed;
  }

  /** A part of its own that stands as this one does. */
  copy(): Part {
    const part = new Part(this.talk, this.role);
    Object.assign(part, { deadlineMs: this.deadlineMs, isCancelling: this.isCancelling, isClosed: this.isClosed });
    part.#last = this.#last;
    part.#hasSpoken = this.#hasSpoken;
    part.#isLapsed = this.#isLapsed;
    return part;
  }

  /** Parts of the same key have the same verdicts. */
  get key(): string {
    const said = [...verdicts(this.talk)].map(([token, { isAllowed }]) => `${token}${isAllowed ? "" : "-"}`).toSorted();
    return [...said, mayEnd(this.talk), this.isCancelling, this.isClosed, this.#hasSpoken, this.#isLapsed].join(" ");
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
    this.#hasSpoken ||= !isInitiator;
    if (act === "not-understood") {
      if (this.isCancelling || !isDone(this.talk)) this.#close();
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
      if (this.isCancelling) return void (isOver(this.talk) && this.#close());
      this.deadlineMs = nexts(this.talk).has("T") ? replyByMs : undefined;
    }
  }

  #close(): void {
    this.isClosed = true;
    this.deadlineMs = undefined;
  }
}
