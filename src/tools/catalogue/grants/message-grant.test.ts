import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type MessageGrant,
  messageGrantAllows,
  messageGrantCovers,
  messageGrantWords,
  type MessageTarget,
  placesOf,
  targetIn,
  targetWords,
} from "./message-grant.ts";

const grant = (some: Partial<MessageGrant>): MessageGrant => ({
  performatives: ["inform"],
  receivers: [],
  capabilities: [],
  topics: [],
  broadcast: false,
  perMinute: 60,
  ...some,
});
const to = (...names: readonly string[]): MessageTarget => ({ type: "receivers", names });
const topic = (name: string): MessageTarget => ({ type: "topic", topic: name });

test("an act that is not named is not allowed, and * is any act", () => {
  const some = { receivers: ["ops"] };
  expect(messageGrantAllows(grant(some), "request", to("ops"))).toBe(false);
  expect(messageGrantAllows(grant({ ...some, performatives: ["*"] }), "request", to("ops"))).toBe(true);
});

test("a receiver's name is compared without regard to case, * is any part of it, and each of several must be allowed", () => {
  const ops = grant({ receivers: ["ops-*", "audit"] });
  expect(messageGrantAllows(ops, "inform", to("Ops-1"))).toBe(true);
  expect(messageGrantAllows(ops, "inform", to("ops-1", "audit"))).toBe(true);
  expect(messageGrantAllows(ops, "inform", to("ops-1", "boss"))).toBe(false);
  expect(messageGrantAllows(ops, "inform", to("devops-1"))).toBe(false);
  expect(messageGrantAllows(ops, "inform", to())).toBe(false);
});

test("a topic's * is one word and # any number, as in subscriptions", () => {
  const prices = grant({ topics: ["prices.*.eu", "news.#"] });
  const allowed = ["prices.tea.eu", "news", "news.today.late"].map((name) =>
    messageGrantAllows(prices, "inform", topic(name)),
  );
  expect(allowed).toEqual([true, true, true]);
  const denied = ["prices.eu", "prices.tea.green.eu", "prices.tea.us", "newsroom"].map((name) =>
    messageGrantAllows(prices, "inform", topic(name)),
  );
  expect(denied).toEqual([false, false, false, false]);
});

test("capabilities, topics, names and broadcasts are granted separately", () => {
  const everyName = grant({ receivers: ["*"] });
  const targets: readonly MessageTarget[] = [
    { type: "capability", capability: "translate" },
    topic("news"),
    { type: "broadcast" },
  ];
  for (const target of targets) expect(messageGrantAllows(everyName, "inform", target)).toBe(false);
  const all = grant({ capabilities: ["trans*"], topics: ["#"], broadcast: true });
  for (const target of targets) expect(messageGrantAllows(all, "inform", target)).toBe(true);
});

const patterns = fc.array(fc.constantFrom("a", "ab", "a*", "*b", "*", "a*b*"), { maxLength: 3 });
const topics = fc.array(fc.constantFrom("a", "a.b", "a.*", "a.#", "#", "*.b", "#.b"), { maxLength: 3 });
const anyGrant = fc.record({
  performatives: fc.constantFrom(["inform"], ["*"], ["inform", "request"]),
  receivers: patterns,
  capabilities: patterns,
  topics,
  broadcast: fc.boolean(),
  perMinute: fc.constantFrom(1, 60),
});
const anyTarget: fc.Arbitrary<MessageTarget> = fc.oneof(
  fc.constantFrom("", "a", "b", "ab", "acb", "abb", "ba").map((name) => to(name)),
  fc.constantFrom("a", "ab", "aab").map((capability) => ({ type: "capability" as const, capability })),
  fc.constantFrom("a", "b", "a.b", "a.c.b", "c.b", "a.b.c").map(topic),
  fc.constant({ type: "broadcast" as const }),
);

test("whatever a narrow grant allows is allowed by one that covers it", () => {
  fc.assert(
    fc.property(
      anyGrant,
      anyGrant,
      anyTarget,
      fc.constantFrom("inform", "request", "cfp"),
      (wide, narrow, target, act) => {
        fc.pre(messageGrantCovers(wide, narrow, act) && messageGrantAllows(narrow, act, target));
        expect(messageGrantAllows(wide, act, target)).toBe(true);
      },
    ),
  );
});

test("a grant covers itself, and each of its places", () => {
  fc.assert(
    fc.property(anyGrant, (each) => {
      for (const act of each.performatives) {
        expect(placesOf(each).every((place) => messageGrantCovers(each, place, act))).toBe(true);
      }
    }),
  );
});

test("whom a message is for is read back from its words", () => {
  fc.assert(
    fc.property(anyTarget, (target) => {
      expect(targetIn(targetWords(target))).toEqual(target);
    }),
  );
});

test("a grant reads as a sentence", () => {
  const wide = grant({ performatives: ["inform", "request"], receivers: ["ops-*"], topics: ["news.#"], perMinute: 5 });
  expect(messageGrantWords(wide)).toBe("send inform or request to ops-*, topic:news.# (at most 5 a minute)");
});
