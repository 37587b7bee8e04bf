import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PERFORMATIVES, type Performative } from "../../src/messages/index.ts";
import {
  BREACH_RULES,
  type Breach,
  type Conversation,
  isOpen,
  PROTOCOLS,
  readConversation,
} from "../../src/protocols/index.ts";
import { isDone, nexts, ORACLE, Part, TARGET } from "./oracle.ts";
import { Talk } from "./talk.ts";

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

const named = ({ rule, error }: Breach, act: string) => {
  expect(BREACH_RULES).toHaveProperty(rule);
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

/** What every protocol has, now and then. */
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
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 40 }), fc.boolean(), (attempts, isPair) => {
      const talk = new Talk(name);
      const world = new World(name);
      for (const each of attempts) {
        compare(talk, world, isPair ? { ...each, to: ["p1"] } : each);
        for (const { state } of talk.conversation?.participants ?? []) reached.add(state);
      }
    }),
    // Who may pass comes to the end of an auction less often.
    { numRuns: name.includes("english") ? 1_500 : 400 },
  );
  const states = PROTOCOLS.find((protocol) => protocol.name === name)?.states.keys() ?? [];
  // Rare by chance; conversations.test.ts has them.
  const elsewhere = new Set(["unreached", "closed", "overdue", "delivered"]);
  expect(
    [...states].filter((state) => !reached.has(state) && !elsewhere.has(state)),
    "no state was left out",
  ).toEqual([]);
});
