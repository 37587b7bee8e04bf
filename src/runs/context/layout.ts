import type { ContextPart, ContextReport, WindowOrigin } from "./report.ts";
import type { Strategy } from "../../agents/definitions/index.ts";
import { shortResult, SHORT_TOKENS, wholeResult } from "./shorten.ts";
import { FRAME_TOKENS, type ShownTurn, type Turn } from "./turn.ts";

/** Last turns that were shortened and covered; 0: none. */
export type TruncationPoints = { readonly shortenedThrough: number; readonly coveredThrough: number };

export type LayoutInput = {
  /** Tokens of request and answer together. */
  readonly window: number;
  readonly windowFrom: WindowOrigin;
  readonly reserve: number;
  /** At least 1: by how much more than estimated the provider counts. */
  readonly correction: number;
  /** Parts of every request; `recalled` memory is dropped before the request fails to fit. */
  readonly fixed: Fixed;
  /** All finished turns after `before.coveredThrough`, oldest first. */
  readonly turns: readonly Turn[];
  readonly before: TruncationPoints;
  /** The summary there is, and how many tokens it takes. */
  readonly summary: { readonly coversThrough: number; readonly tokens: number } | undefined;
  readonly strategy: Strategy;
  readonly keepTurns: number;
  readonly summaryTokensMax: number;
  /**
   * To how many tokens the dialogue is brought, if that is less than the room for it; undefined for a run without a thread.
   * The newest turn and the summary may take more: the room alone decides whether a request fits.
   */
  readonly dialogueTokensMax?: number | undefined;
  readonly readOn: (call: number) => string;
};

type Fixed = { readonly system: number; readonly tools: number; readonly task: number; readonly recalled: number };

export type Layout =
  | {
      readonly type: "fits";
      readonly shown: readonly ShownTurn[];
      readonly report: ContextReport;
      /** Whether what was recalled is in it; false is that a note stands for it. */
      readonly holdsRecalled: boolean;
      /** Turns after the summary there is, that a new one has to cover before this layout holds. */
      readonly toSummarize: readonly Turn[];
    }
  | { readonly type: "too-long"; readonly room: number; readonly takes: readonly ContextPart[] };

/** Once it has to be made smaller, the dialogue is made to take this part of its room: the next turns then fit as they come, and begin alike, which providers' caches reward. */
const LOW_WATER = 0.7;
/** Estimated tokens of the notice in place of omitted turns or recalled memory. */
const NOTICE_TOKENS = 40;
/** To what the newest results are cut when there is room for nothing else. */
const TIGHT = [SHORT_TOKENS, 150, 80, 40] as const;

/**
 * Chooses what of a dialogue goes into a request. What does not fit is made smaller in this order: results of older
 * turns are shortened, or referred to where a later call has the same; then the oldest turns are covered, by a summary
 * or a note; then the newest turns too are shortened, but the last one is never covered; then what was recalled is left out.
 * context.layout.L1. What it lays out never takes more than the room: window less reserve, corrected.
 * context.layout.L2. System prompt, tools and task are always whole; a call and its result are in a request together
 *   or not at all.
 * context.layout.L3. The marks never go back, and a larger window never moves them further.
 */
export function layOut(input: LayoutInput): Layout {
  const whole = layWith(input, true);
  const { fixed, strategy } = input;
  if (whole.type === "fits" || fixed.recalled <= NOTICE_TOKENS || strategy === "full") return whole;
  return layWith({ ...input, fixed: { ...fixed, recalled: NOTICE_TOKENS } }, false);
}

function layWith(input: LayoutInput, holdsRecalled: boolean): Layout {
  const room = Math.floor((input.window - input.reserve) / input.correction);
  const { system, tools, task, recalled } = input.fixed;
  const rest = room - system - tools - task - recalled - 2 * FRAME_TOKENS;
  const sizes = sizesOf(input);
  const goal = Math.min(rest, input.dialogueTokensMax ?? rest);
  const marks = chooseTruncation(input, sizes, { goal, room: rest });
  if (marks.type === "too-long") return { type: "too-long", room, takes: tokenCostOf(input, { sizes, holdsRecalled }) };
  const shown = show(input, sizes, marks);
  const { coveredThrough } = marks;
  const known = input.summary?.coversThrough ?? 0;
  const toSummarize =
    input.strategy === "summarize" && coveredThrough > known
      ? input.turns.filter(({ turn }) => turn > known && turn <= coveredThrough)
      : [];
  const report = reportOf(input, marks, { shown, holdsRecalled });
  return { type: "fits", shown, report, holdsRecalled, toSummarize };
}

type Sizes = {
  readonly latest: ReadonlyMap<string, number>;
  readonly whole: readonly number[];
  readonly short: readonly number[];
};

function sizesOf({ turns, readOn }: LayoutInput): Sizes {
  const latest = new Map(turns.flatMap(({ results }) => results.map(({ text, call }) => [text, call] as const)));
  const short = (turn: Turn) =>
    tokensOf({
      turn,
      results: turn.results.map((result) => shortResult(result, { tokensMax: SHORT_TOKENS, latest, readOn })),
      holdsFiles: false,
    });
  const whole = turns.map((turn) => tokensOf({ turn, results: turn.results.map(wholeResult), holdsFiles: true }));
  // A turn that is not longer than its short form would be cannot become longer by it.
  return { latest, whole, short: turns.map((turn, index) => Math.min(short(turn), whole[index] ?? 0)) };
}

const tokensOf = ({ turn, results, holdsFiles }: ShownTurn): number =>
  turn.tokens +
  FRAME_TOKENS +
  askedTokens(turn, holdsFiles) +
  results.reduce((sum, { tokens }) => sum + tokens + FRAME_TOKENS, 0);

const askedTokens = ({ asked }: Turn, holdsFiles: boolean): number =>
  asked === undefined ? 0 : asked.tokens + FRAME_TOKENS + (holdsFiles ? asked.fileTokens : 0);

type Chosen = TruncationPoints & {
  readonly type: "fits";
  /** Maximum tokens of each result of the last turn, if they do not fit. */
  readonly tight: number | undefined;
};

function chooseTruncation(
  input: LayoutInput,
  { whole, short, latest }: Sizes,
  { goal, room }: { readonly goal: number; readonly room: number },
): Chosen | { type: "too-long" } {
  const { turns, before, strategy, keepTurns } = input;
  let { shortenedThrough, coveredThrough } = before;
  const last = turns.at(-1)?.turn ?? 0;
  const size = (index: number) => ((turns[index]?.turn ?? 0) <= shortenedThrough ? short[index] : whole[index]) ?? 0;
  let total = coverTokens(input, coveredThrough);
  for (let index = 0; index < turns.length; index += 1) total += size(index);
  const chosen = (tight?: number): Chosen => ({ type: "fits", shortenedThrough, coveredThrough, tight });
  if (total <= goal) return chosen();
  if (strategy === "full") return { type: "too-long" };
  const shorten = (low: number, through: number) => {
    for (const [index, { turn }] of turns.entries()) {
      if (turn <= shortenedThrough || turn <= coveredThrough) continue;
      if (total <= low || turn > through) return;
      total += (short[index] ?? 0) - (whole[index] ?? 0);
      shortenedThrough = turn;
    }
  };
  const cover = (low: number, through: number) => {
    for (const [index, { turn }] of turns.entries()) {
      if (turn <= coveredThrough) continue;
      if (total <= low || turn > through) return;
      total -= size(index) + coverTokens(input, coveredThrough);
      coveredThrough = turn;
      shortenedThrough = Math.max(shortenedThrough, turn);
      total += coverTokens(input, coveredThrough);
    }
  };
  const low = Math.floor(goal * LOW_WATER);
  const older = last - keepTurns;
  shorten(low, older);
  cover(low, older);
  if (total <= goal) return chosen();
  shorten(low, last - 1);
  cover(low, last - 1);
  if (total <= goal) return chosen();
  const lastTurn = turns.at(-1);
  if (lastTurn === undefined) return { type: "too-long" };
  for (const free of goal < room ? [goal, room] : [room]) {
    if (total <= free) return chosen();
    const rest = free - (total - size(turns.length - 1));
    for (const tokensMax of TIGHT) {
      const results = lastTurn.results.map((result) =>
        shortResult(result, { tokensMax, latest, readOn: input.readOn }),
      );
      if (tokensOf({ turn: lastTurn, results, holdsFiles: false }) <= rest) return chosen(tokensMax);
    }
  }
  return { type: "too-long" };
}

function coverTokens({ strategy, summary, summaryTokensMax }: LayoutInput, coveredThrough: number): number {
  if (coveredThrough === 0) return 0;
  if (strategy !== "summarize") return NOTICE_TOKENS;
  return (
    NOTICE_TOKENS +
    (summary !== undefined && summary.coversThrough >= coveredThrough ? summary.tokens : summaryTokensMax)
  );
}

function show(input: LayoutInput, { latest, whole, short }: Sizes, marks: Chosen): readonly ShownTurn[] {
  const { turns, readOn } = input;
  return turns.flatMap((turn, index) => {
    if (turn.turn <= marks.coveredThrough) return [];
    const isLast = index === turns.length - 1;
    const tokensMax = isLast && marks.tight !== undefined ? marks.tight : SHORT_TOKENS;
    const isOlder = turn.turn <= marks.shortenedThrough && (short[index] ?? 0) < (whole[index] ?? 0);
    const results =
      isOlder || (isLast && marks.tight !== undefined)
        ? turn.results.map((result) => shortResult(result, { tokensMax, latest, readOn }))
        : turn.results.map(wholeResult);
    return [{ turn, results, holdsFiles: !isOlder && !(isLast && marks.tight !== undefined) }];
  });
}

const range = (first: number, last: number): string => (first === last ? `turn ${first}` : `turns ${first}–${last}`);

function reportOf(
  input: LayoutInput,
  marks: Chosen,
  { shown, holdsRecalled }: { readonly shown: readonly ShownTurn[]; readonly holdsRecalled: boolean },
): ContextReport {
  const { fixed, window, windowFrom, reserve, correction, strategy } = input;
  const { coveredThrough, shortenedThrough, tight } = marks;
  const parts: ContextPart[] = fixedParts(fixed, holdsRecalled);
  const covered = coverTokens(input, coveredThrough);
  if (coveredThrough > 0) {
    const action = strategy === "summarize" ? "summarized" : "dropped";
    const why = strategy === "summarize" ? "a summary stands for them" : "the strategy is sliding";
    parts.push({ what: range(1, coveredThrough), tokens: covered, action, why: `did not fit; ${why}` });
  }
  const firstWhole = shown.findLastIndex(isShort) + 1;
  const older = shown.slice(0, firstWhole);
  const newer = shown.slice(firstWhole);
  const duplicates = older.flatMap(({ results }) => results.filter(({ how }) => how === "duplicate"));
  const duplicateTokens = duplicates.reduce((sum, { tokens }) => sum + tokens, 0);
  if (older.length > 0) {
    const why = tight === undefined ? "older than the newest turns" : "nothing else was left to shorten";
    const what = range(older[0]?.turn.turn ?? 0, older.at(-1)?.turn.turn ?? 0);
    parts.push({ what, tokens: sum(older) - duplicateTokens, action: "shortened", why });
  }
  if (duplicates.length > 0) {
    const what = duplicates.length === 1 ? "1 result" : `${duplicates.length} results`;
    parts.push({ what, tokens: duplicateTokens, action: "deduplicated", why: "a later call has the same result" });
  }
  if (newer.length > 0) {
    const what = range(newer[0]?.turn.turn ?? 0, newer.at(-1)?.turn.turn ?? 0);
    parts.push({
      what,
      tokens: sum(newer),
      action: "included",
      why: coveredThrough + older.length > 0 ? "newest" : "fits",
    });
  }
  const estimate = parts.reduce((all, { tokens }) => all + tokens, 2 * FRAME_TOKENS);
  const degraded = coveredThrough > 0 || older.length > 0 || !holdsRecalled;
  return {
    window,
    windowFrom,
    reserve,
    estimate,
    correction,
    shortenedThrough,
    coveredThrough,
    degraded,
    parts,
    warnings: [],
  };
}

const isShort = ({ turn, results, holdsFiles }: ShownTurn): boolean =>
  results.some(({ how }) => how !== "whole") || (!holdsFiles && (turn.asked?.fileTokens ?? 0) > 0);
const sum = (turns: readonly ShownTurn[]): number => turns.reduce((all, turn) => all + tokensOf(turn), 0);

const fixedParts = ({ system, tools, task, recalled }: Fixed, holdsRecalled: boolean): ContextPart[] => [
  { what: "system prompt", tokens: system, action: "included", why: "always" },
  ...(tools > 0 ? [{ what: "tools", tokens: tools, action: "included" as const, why: "always" }] : []),
  { what: "task", tokens: task, action: "included", why: "always" },
  ...(recalled > 0
    ? [{ what: RECALLED, tokens: recalled, ...(holdsRecalled ? RECALLED_TOKENS_MIN : RECALLED_LEFT) }]
    : []),
];
const RECALLED = "recalled memory";
const RECALLED_TOKENS_MIN = { action: "included", why: "about the task" } as const;
const RECALLED_LEFT = { action: "dropped", why: "did not fit" } as const;

/** The largest parts, for the error if the request does not fit. */
function tokenCostOf(
  input: LayoutInput,
  { sizes: { whole }, holdsRecalled }: { readonly sizes: Sizes; readonly holdsRecalled: boolean },
): readonly ContextPart[] {
  const last = input.turns.at(-1);
  const all = whole.reduce((total, tokens) => total + tokens, 0);
  const newest = whole.at(-1) ?? 0;
  return [
    ...fixedParts(input.fixed, holdsRecalled),
    ...(last === undefined || input.strategy === "full"
      ? []
      : [{ what: `turn ${last.turn}, the newest`, tokens: newest, action: "included" as const, why: "always" }]),
    ...(input.strategy === "full" && last !== undefined
      ? [
          {
            what: range(input.turns[0]?.turn ?? 1, last.turn),
            tokens: all,
            action: "included" as const,
            why: "the strategy is full",
          },
        ]
      : []),
  ];
}
