import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimateTokens } from "../../kernel/tokens.ts";
import { type LayoutInput, layOut, type ShownTurn, type Turn } from "./index.ts";

// verifies("run.context-budget")

const text = (words: number, word = "measure"): string =>
  Array.from({ length: words }, (_, at) => `${word} ${at}`).join(" ");

const turn = (number: number, results: readonly string[], firstCall: number): Turn => ({
  turn: number,
  text: "",
  calls: results.map((_, at) => ({ id: `call_${number}_${at}`, name: "look", arguments: "{}" })),
  results: results.map((result, at) => ({
    call: firstCall + at,
    name: "look",
    text: result,
    failed: false,
    note: "",
    tokens: estimateTokens(result),
  })),
  tokens: 20,
});

function turnsOf(results: readonly (readonly string[])[]): readonly Turn[] {
  let call = 1;
  return results.map((each, at) => {
    const made = turn(at + 1, each, call);
    call += each.length;
    return made;
  });
}

const input = (turns: readonly Turn[], over: Partial<LayoutInput> = {}): LayoutInput => ({
  window: 8_000,
  windowFrom: "model",
  reserve: 1_000,
  correction: 1,
  fixed: { system: 50, tools: 100, task: 50, recalled: 0 },
  turns,
  before: { shortenedThrough: 0, coveredThrough: 0 },
  summary: undefined,
  strategy: "summarize",
  keepTurns: 4,
  summaryTokensMax: 500,
  readOn: (call) => `read ${call}`,
  ...over,
});

const tokensOf = (shown: readonly ShownTurn[]): number =>
  shown.reduce((sum, each) => sum + each.turn.tokens + each.results.reduce((all, { tokens }) => all + tokens, 0), 0);

test("what fits is shown whole", () => {
  const laid = layOut(input(turnsOf([["a"], ["b"]])));
  expect(laid).toMatchObject({ type: "fits", toSummarize: [], report: { degraded: false, coveredThrough: 0 } });
});

test("long results of older turns are shortened first, and say how to read on", () => {
  const laid = layOut(
    input(turnsOf([[text(1_500)], [text(1_500, "other")], ["c"], ["d"], ["e"], ["f"]]), { keepTurns: 2 }),
  );
  expect(laid).toMatchObject({ type: "fits", report: { degraded: true, coveredThrough: 0 }, toSummarize: [] });
  if (laid.type !== "fits") return;
  expect(laid.shown[0]?.results[0]).toMatchObject({ how: "shortened" });
  expect(laid.shown[0]?.results[0]?.text).toMatch(/^measure 0 .*characters left out here; read 1 shows them.* 1499$/s);
  expect(laid.shown.at(-1)?.results[0]).toMatchObject({ how: "whole", text: "f" });
});

test("an older result that a later call has too is only referred to", () => {
  const same = text(1_200);
  const laid = layOut(input(turnsOf([[same], [text(1_200, "other")], [same], ["d"], ["e"]]), { keepTurns: 3 }));
  if (laid.type !== "fits") throw new Error("it does not fit");
  expect(laid.shown[0]?.results[0]).toMatchObject({ how: "duplicate" });
  expect(laid.shown[0]?.results[0]?.text).toContain("call 3");
  expect(laid.report.parts.map(({ action }) => action)).toContain("deduplicated");
});

test("past that the oldest turns are to be summarized, or left out where the strategy is sliding", () => {
  const turns = turnsOf(Array.from({ length: 60 }, (_, at) => [text(180, `word${at}`)]));
  const summed = layOut(input(turns));
  if (summed.type !== "fits") throw new Error("it does not fit");
  expect(summed.report.coveredThrough).toBeGreaterThan(0);
  expect(summed.toSummarize.map((each) => each.turn)).toEqual(
    Array.from({ length: summed.report.coveredThrough }, (_, at) => at + 1),
  );
  const sliding = layOut(input(turns, { strategy: "sliding" }));
  expect(sliding).toMatchObject({ type: "fits", toSummarize: [] });
});

test("a summary that is there is not made again", () => {
  const turns = turnsOf(Array.from({ length: 60 }, (_, at) => [text(180, `word${at}`)]));
  const first = layOut(input(turns));
  if (first.type !== "fits") throw new Error("it does not fit");
  const { coveredThrough, shortenedThrough } = first.report;
  const again = layOut(
    input(turns.slice(coveredThrough), {
      before: { coveredThrough, shortenedThrough },
      summary: { coversThrough: coveredThrough, tokens: 200 },
    }),
  );
  expect(again).toMatchObject({ type: "fits", toSummarize: [], report: { coveredThrough, shortenedThrough } });
});

test("what cannot be left out and does not fit is named, and nothing is laid out", () => {
  const laid = layOut(input([], { fixed: { system: 9_000, tools: 10, task: 10, recalled: 0 } }));
  expect(laid).toMatchObject({
    type: "too-long",
    room: 7_000,
    takes: [{ what: "system prompt", tokens: 9_000 }, {}, {}],
  });
  const full = layOut(input(turnsOf([[text(2_000)], [text(2_000)]]), { strategy: "full" }));
  expect(full).toMatchObject({ type: "too-long", takes: [{}, {}, {}, { what: "turns 1–2" }] });
});

test("a report is as small for a thousand turns as for ten", () => {
  const laid = layOut(
    input(turnsOf(Array.from({ length: 1_000 }, (_, at) => [text(20, `w${at}`)])), { window: 200_000 }),
  );
  if (laid.type !== "fits") throw new Error("it does not fit");
  expect(JSON.stringify(laid.report).length).toBeLessThan(1_000);
});

const dialogues = fc.array(
  fc.array(
    fc.nat({ max: 900 }).map((words) => text(words)),
    { minLength: 0, maxLength: 4 },
  ),
  {
    maxLength: 40,
  },
);
const settings = fc.record({
  window: fc.integer({ min: 1_200, max: 40_000 }),
  strategy: fc.constantFrom("summarize" as const, "sliding" as const, "full" as const),
  keepTurns: fc.integer({ min: 1, max: 8 }),
  correction: fc.double({ min: 1, max: 2, noNaN: true }),
});

// context.layout.L1, context.layout.L2
test("whatever is laid out fits, with every call beside its result", () => {
  fc.assert(
    fc.property(dialogues, settings, (given, set) => {
      const asked = input(turnsOf(given), { ...set, reserve: Math.floor(set.window / 4) });
      const laid = layOut(asked);
      expect(layOut(asked)).toEqual(laid);
      if (laid.type !== "fits") return;
      const { report, shown } = laid;
      const room = (set.window - asked.reserve) / set.correction;
      expect(report.estimate).toBeLessThanOrEqual(room);
      expect(report.estimate).toBeGreaterThanOrEqual(200 + tokensOf(shown));
      for (const each of shown) expect(each.results).toHaveLength(each.turn.calls.length);
      const last = asked.turns.at(-1);
      expect(shown.at(-1)?.turn).toBe(last);
      expect(shown.map((each) => each.turn.turn)).toEqual(
        asked.turns.map((each) => each.turn).filter((each) => each > report.coveredThrough),
      );
      const covered = asked.turns.filter((each) => each.turn <= report.coveredThrough);
      expect(laid.toSummarize).toEqual(set.strategy === "summarize" ? covered : []);
    }),
  );
});

// context.layout.L3
test("a larger window never shortens or covers more", () => {
  fc.assert(
    fc.property(dialogues, settings, fc.integer({ min: 0, max: 40_000 }), (given, set, more) => {
      const asked = input(turnsOf(given), { ...set, reserve: 300 });
      const small = layOut(asked);
      const large = layOut({ ...asked, window: set.window + more });
      if (small.type !== "fits") return;
      assert(large.type === "fits", "a larger window takes what a smaller one takes");
      expect(large.report.coveredThrough).toBeLessThanOrEqual(small.report.coveredThrough);
      expect(large.report.shortenedThrough).toBeLessThanOrEqual(small.report.shortenedThrough);
    }),
  );
});

// context.layout.L3
test("the marks never go back as a dialogue grows", () => {
  fc.assert(
    fc.property(dialogues, settings, (given, set) => {
      const turns = turnsOf(given);
      let before = { shortenedThrough: 0, coveredThrough: 0 };
      for (let length = 1; length <= turns.length; length += 1) {
        const visible = turns.slice(before.coveredThrough, length);
        const laid = layOut(input(visible, { ...set, reserve: 300, before }));
        if (laid.type !== "fits") return;
        const { shortenedThrough, coveredThrough } = laid.report;
        expect(shortenedThrough).toBeGreaterThanOrEqual(before.shortenedThrough);
        expect(coveredThrough).toBeGreaterThanOrEqual(before.coveredThrough);
        before = { shortenedThrough, coveredThrough };
      }
    }),
  );
});

test("what was recalled is a part of its own, and is left out before nothing fits", () => {
  const fixed = { system: 50, tools: 100, task: 50, recalled: 900 };
  const part = (over: Partial<LayoutInput>) => {
    const laid = layOut(input(turnsOf([["a"]]), { fixed, ...over }));
    if (laid.type === "too-long") return laid.takes.map(({ what }) => what);
    const { report } = laid;
    const reported = report.parts.reduce((sum, { tokens }) => sum + tokens, 0);
    expect(report.estimate).toBeGreaterThanOrEqual(reported);
    return [laid.holdsRecalled, report.degraded, report.parts.find(({ what }) => what === "recalled memory")];
  };
  expect(part({})).toEqual([
    true,
    false,
    { what: "recalled memory", tokens: 900, action: "included", why: "about the task" },
  ]);
  const small = { window: 1_000, reserve: 200 };
  expect(part(small)).toEqual([
    false,
    true,
    { what: "recalled memory", tokens: 40, action: "dropped", why: "did not fit" },
  ]);
  // Nothing is touched where the definition says so.
  expect(part({ ...small, strategy: "full" })).toContain("recalled memory");
  expect(part({ fixed: { ...fixed, recalled: 0 } })).toEqual([true, false, undefined]);
});

test("a limit of the dialogue is kept as far as its newest turn and summary allow, and never makes a request fail", () => {
  const { system, tools, task } = input([]).fixed;
  const sizes = fc.array(fc.array(fc.nat(900), { maxLength: 3 }), { minLength: 1, maxLength: 8 });
  const asked = fc.nat(6_000);
  fc.assert(
    fc.property(sizes, asked, fc.integer({ min: 200, max: 3_000 }), (words, askedTokens, dialogueTokensMax) => {
      const made = turnsOf(words.map((each) => each.map((count) => text(count))));
      const turns = made.map((each, at) =>
        at < made.length - 1 ? each : { ...each, asked: { text: "ask", tokens: askedTokens, fileTokens: 0 } },
      );
      const unbounded = layOut(input(turns));
      const bounded = layOut(input(turns, { dialogueTokensMax }));
      expect(bounded.type).toBe(unbounded.type);
      if (bounded.type !== "fits") return;
      const dialogue = bounded.report.estimate - system - tools - task;
      const isNewestAlone = bounded.shown.length === 1;
      expect(dialogue <= dialogueTokensMax + 20 || isNewestAlone).toBe(true);
      expect(bounded.report.estimate).toBeLessThanOrEqual(7_000);
    }),
  );
});
