import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PERFORMATIVES, type Performative } from "../../../src/messaging/acl/index.ts";
import {
  VIOLATION_RULES,
  type ProtocolViolation,
  type Conversation,
  expire,
  isOpen,
  PROTOCOLS,
  readConversation,
} from "../../../src/messaging/protocols/index.ts";
import { DEVIATIONS } from "./deviations.ts";
import { isDone, nexts, ORACLE, Part, TARGET } from "./oracle.ts";
import { Talk } from "./talk.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("protocol.checked", "protocol.all");

const NAMES = ["p1", "p2", "p3"];

/** One attempt: who does what to whom, after how long, asking for an answer by when. Numbers choose among what there is. */
type Attempt = {
  readonly isLegal: boolean;
  readonly choice: number;
  readonly who: number;
  readonly act: Performative;
  readonly to: readonly string[];
  readonly waitMs: number;
  readonly replyByMs: number | undefined;
};
const attempt: fc.Arbitrary<Attempt> = fc.record({
  isLegal: fc.integer({ min: 0, max: 9 }).map((n) => n < 9),
  choice: fc.nat(1000),
  who: fc.integer({ min: 0, max: 3 }),
  act: fc.constantFrom(...PERFORMATIVES),
  to: fc.subarray(NAMES, { minLength: 1 }),
  waitMs: fc.constantFrom(0, 1, 40, 400),
  replyByMs: fc.option(fc.constantFrom(20, 100, 1000), { nil: undefined }),
});

/** The oracle's world: a part for each participant once it was addressed. */
class World {
  readonly parts = new Map<string, Part>();
  readonly protocol: string;
  readonly canGrow: boolean;

  constructor(protocol: string) {
    this.protocol = protocol;
    this.canGrow = /contract-net|auction/u.test(protocol);
  }

  at(nowMs: number): void {
    for (const part of this.parts.values()) part.at(nowMs);
  }

  /** The part of who speaks: known, or found by a recruiter that has agreed to look. */
  of(name: string, act: string): Part | undefined {
    const known = this.parts.get(name);
    if (known !== undefined || this.protocol !== "fipa-recruiting") return known;
    const isSought = [...this.parts.values()].some((part) => part.role === "p" && part.isSeeking);
    if (!isSought || !nexts(TARGET).has(`t:${act}`)) return undefined;
    return new Part(TARGET, "t");
  }

  /** Whether the initiator may say it to all of those. */
  allowsInitiator(act: string, to: readonly string[], isAlive: boolean): boolean {
    if (act === "cancel" && this.parts.size > 0) {
      const known = to.map((name) => this.parts.get(name));
      return known.every((part) => part !== undefined) && known.some((part) => part?.allows("i:cancel"));
    }
    return to.every((name) => {
      const part = this.parts.get(name);
      if (part !== undefined) return part.allows(`i:${act}`);
      return (this.parts.size === 0 || (this.canGrow && isAlive)) && nexts(this.#fresh()).has(`i:${act}`);
    });
  }

  sayInitiator(act: string, to: readonly string[], replyByMs: number | undefined): void {
    for (const name of to) {
      const part = this.parts.get(name) ?? new Part(this.#fresh());
      if (act === "cancel" && !part.allows("i:cancel")) continue;
      part.says(`i:${act}`, replyByMs);
      this.parts.set(name, part);
    }
    if (act !== "accept-proposal") return;
    for (const [name, part] of this.parts) if (!to.includes(name)) part.isOutbid();
  }

  #fresh() {
    const talk = ORACLE[this.protocol];
    if (talk === undefined) throw new Error(this.protocol);
    return talk;
  }
}

const wellFormed = (conversation: Conversation) => {
  const again = readConversation(JSON.parse(JSON.stringify(conversation)));
  expect(again, "folds to the same after a restart").toEqual(conversation);
  expect(conversation.dueAtMs === undefined).toBe(!isOpen(conversation));
  return again;
};

const named = ({ rule, error }: ProtocolViolation, act: string) => {
  expect(VIOLATION_RULES).toHaveProperty(rule);
  expect(error.details).toMatchObject({ rule, act, conversation: "c1" });
};

/** The attempt, or a legal one of the oracle's choice. */
function chosen(
  world: World,
  { isLegal, choice, who, act, to }: Attempt,
): { who: number; act: string; to: readonly string[] } {
  if (!isLegal) return { who: world.parts.size === 0 ? 0 : who, act, to };
  if (world.parts.size === 0) {
    const [opening = "i:request"] = [...nexts(ORACLE[world.protocol] ?? TARGET)].slice(choice % 2);
    return { who: 0, act: opening.slice(2), to: world.protocol === "fipa-recruiting" ? ["p1"] : to };
  }
  const options = [...world.parts].flatMap(([name, part]) =>
    [...nexts(part.talk), ...beside(part, choice)]
      .filter((token) => token !== "T" && token !== "R" && !token.startsWith("z:"))
      .map((token) => ({ name, token })),
  );
  const option = options[choice % Math.max(options.length, 1)];
  if (option === undefined) return { who, act, to };
  const sender = option.token.startsWith("i:") ? 0 : NAMES.indexOf(option.name) + 1;
  return { who: sender, act: option.token.slice(2), to: [option.name] };
}

/** What every protocol has at times. */
function beside({ isCancelling, role }: Part, choice: number): readonly string[] {
  if (isCancelling) return [`${role}:inform`, `${role}:failure`];
  if (choice % 5 === 0) return ["i:cancel"];
  return choice % 17 === 0 ? [`${role}:not-understood`] : [];
}

/** Makes the attempt on both sides, and compares. */
function compare(talk: Talk, world: World, attempted: Attempt): void {
  const { who, act, to } = chosen(world, attempted);
  talk.nowMs += attempted.waitMs;
  const nowMs = talk.nowMs + 1;
  const replyByMs = attempted.replyByMs === undefined ? undefined : nowMs + attempted.replyByMs;
  world.at(nowMs);
  const isAlive =
    [...world.parts.values()].some((part) => !part.isClosed && !isDone(part.talk)) || world.parts.size === 0;
  const name = NAMES[who - 1];
  const isInitiator = name === undefined;
  const part = name === undefined ? undefined : world.of(name, act);
  const role = part?.role ?? "p";
  const isLegal = isInitiator
    ? world.allowsInitiator(act, to, talk.conversation === undefined || isAlive) &&
      !(world.parts.size === 0 && act === "not-understood")
    : part?.allows(`${role}:${act}`) === true;
  const line = isInitiator ? `a ${act} ${to.join(",")}` : `${name} ${act} a`;
  const outcome = talk.try(line, { replyByMs });
  const story = `${world.protocol}: ${line}: ${outcome.type === "breach" ? outcome.error.message : "moved"}`;
  expect(outcome.type, story).toBe(isLegal ? "moved" : "breach");
  if (outcome.type === "breach") {
    named(outcome, act);
    return;
  }
  talk.conversation = wellFormed(outcome.conversation);
  if (isInitiator) world.sayInitiator(act, to, replyByMs);
  else if (name !== undefined && part !== undefined) {
    part.says(`${role}:${act}`, replyByMs);
    world.parts.set(name, part);
  }
}

test.each(PROTOCOLS.map(({ name }) => name))("%s: what is said freely is judged as its diagram says", (name) => {
  let judged = 0;
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 40 }), fc.boolean(), (attempts, isPair) => {
      const talk = new Talk(name);
      const world = new World(name);
      for (const each of attempts) compare(talk, world, isPair ? { ...each, to: ["p1"] } : each);
      judged += attempts.length;
    }),
    { numRuns: 400 },
  );
  expect(judged).toBeGreaterThan(1_000);
});

/** A conversation of `a` with `p1`, or with one that the recruiter `p1` found, and how the model sees that part. */
type Place = {
  readonly conversation: Conversation | undefined;
  readonly part: Part;
  readonly nowMs: number;
  readonly path: string;
};

const SENDERS = { i: "a", p: "p1", t: "p2" } as const;

/** What is said: an act of one role to the other; with a deadline, where the other side has to answer. */
const lineOf = (role: keyof typeof SENDERS, act: string, part: Part) =>
  `${SENDERS[role]} ${act} ${role === "i" ? SENDERS[part.role] : "a"}`;

/** Every token of every role in every state that the protocol reaches, as the table and as the model judge it. */
class Walk {
  readonly disagreements: string[] = [];
  readonly used = new Set<string>();
  readonly states = new Set<string>();
  readonly #protocol: string;
  readonly #seen = new Set<string>();
  readonly #queue: Place[];

  constructor(protocol: string) {
    this.#protocol = protocol;
    const part = new Part(ORACLE[protocol] ?? TARGET);
    this.#queue = [{ conversation: undefined, part, nowMs: 1_000_000, path: "" }];
  }

  run(): this {
    for (let place = this.#queue.shift(); place !== undefined; place = this.#queue.shift()) this.#visit(place);
    return this;
  }

  #visit(place: Place): void {
    const { conversation, part } = place;
    const participant = conversation?.participants.find(({ name }) => name === SENDERS[part.role]);
    const key = [participant?.state, participant?.before, participant?.deadlineMs !== undefined, part.key].join("|");
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (participant !== undefined) this.states.add(participant.state);
    for (const act of PERFORMATIVES) {
      for (const role of conversation === undefined ? (["i"] as const) : (["i", part.role] as const))
        this.#probe(place, role, act);
      if (conversation !== undefined) this.#probeStranger(place, act);
    }
    if (part.deadlineMs !== undefined) this.#lapse(place);
    if (nexts(part.talk).has("R") && !part.isCancelling && !part.isClosed) this.#outbid(place);
  }

  #talkAt({ conversation, nowMs }: Place): Talk {
    const talk = new Talk(this.#protocol);
    talk.conversation = conversation;
    talk.nowMs = nowMs;
    return talk;
  }

  #probe(place: Place, role: "i" | "p" | "t", act: Performative): void {
    const part = place.part.copy();
    const token = `${role}:${act}`;
    // Before anything was said there is nothing to misunderstand or to cancel.
    const isNothing = place.conversation === undefined && (act === "not-understood" || act === "cancel");
    const { isAllowed, deviation } = isNothing ? { isAllowed: false } : part.verdict(token);
    if (deviation !== undefined) this.used.add(deviation);
    for (const replyByMs of [undefined, place.nowMs + 100]) {
      const talk = this.#talkAt(place);
      const outcome = talk.try(lineOf(role, act, part), { replyByMs });
      const isTaken = outcome.type === "moved";
      if (isTaken !== isAllowed) this.disagreements.push(`${place.path} ${token}: ${isTaken ? "taken" : "refused"}`);
      if (outcome.type === "breach" || !isAllowed) continue;
      const next = part.copy();
      next.says(token, replyByMs);
      const { conversation } = outcome;
      this.#queue.push({ conversation, part: next, nowMs: talk.nowMs, path: `${place.path} ${token}` });
    }
  }

  /** Who takes no part may say nothing; in recruiting it may be one of those who were found. */
  #probeStranger(place: Place, act: Performative): void {
    if (place.part.role === "t") return;
    const isFound = this.#protocol === "fipa-recruiting" && place.part.isSeeking && nexts(TARGET).has(`t:${act}`);
    const isKnown = place.conversation?.participants.some(({ name }) => name === "p2") === true;
    if (isKnown) return;
    const outcome = this.#talkAt(place).try(`p2 ${act} a`);
    if ((outcome.type === "moved") !== isFound) this.disagreements.push(`${place.path} stranger ${act}`);
    if (outcome.type === "breach" || !isFound) return;
    const part = new Part(TARGET, "t");
    part.says(`t:${act}`, undefined);
    this.#queue.push({ ...place, conversation: outcome.conversation, part, path: `${place.path} t:${act}` });
  }

  #lapse(place: Place): void {
    const part = place.part.copy();
    const nowMs = place.nowMs + 1_000;
    part.at(nowMs);
    const conversation = place.conversation && expire(place.conversation, nowMs).conversation;
    this.#queue.push({ conversation, part, nowMs, path: `${place.path} T` });
  }

  /** `p2` bids more. */
  #outbid(place: Place): void {
    const talk = this.#talkAt(place);
    const isIn = place.conversation?.participants.some(({ name }) => name === "p2") === true;
    if (!isIn) talk.say("a inform p2");
    for (const line of ["a cfp p2", "p2 propose a", "a accept-proposal p2"]) talk.say(line);
    const part = place.part.copy();
    part.isOutbid();
    this.#queue.push({ conversation: talk.conversation, part, nowMs: talk.nowMs, path: `${place.path} R` });
  }
}

describe("every act by every role in every state", () => {
  const used = new Set<string>();

  test.each(PROTOCOLS.map(({ name }) => name))("%s: is taken or refused as FIPA says, or as a deviation", (name) => {
    const walk = new Walk(name).run();
    expect(walk.disagreements).toEqual([]);
    for (const deviation of walk.used) used.add(deviation);
    const states = PROTOCOLS.find((protocol) => protocol.name === name)?.states.keys() ?? [];
    // The server, not a message, leads to these two.
    const reached = walk.states.union(new Set(["unreached", "closed"]));
    expect(
      [...states].filter((state) => !reached.has(state)),
      "no state was left out",
    ).toEqual([]);
  });

  test("every deviation in the list still is one", () => {
    expect([...used].toSorted()).toEqual(Object.keys(DEVIATIONS).toSorted());
  });
});
