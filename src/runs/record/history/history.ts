import * as z from "zod";
import { RunId } from "../../../kernel/ids.ts";
import { JsonObject } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { estimateTokens } from "../../../kernel/tokens.ts";
import type { TruncationPoints } from "../../context/index.ts";
import { type DialogueTurn, shownTurn, THREAD_START, type ThreadPosition, turnsSince } from "../dialogue.ts";
import { RunArtifact } from "../artifact-store.ts";
import { filesOf, RunFile, type TranscriptMessage, transcriptTurns } from "./transcript.ts";
import type { RunView } from "../fold/run-view.ts";

const Count = z.int().min(0);
const Position = z.object({ turns: Count, calls: Count });

const PastTurn = z.object({
  turn: Count,
  asked: z.object({ text: z.string(), tokens: Count, fileTokens: Count }).optional(),
  askedFiles: z.array(RunFile),
  model: z.string(),
  text: z.string(),
  calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
  results: z.array(
    z.object({
      call: Count,
      name: z.string(),
      text: z.string(),
      failed: z.boolean(),
      note: z.string(),
      tokens: Count,
      structured: JsonObject.optional(),
      images: z.array(RunArtifact),
    }),
  ),
  tokens: Count,
  reply: z.string(),
  providerMetadata: JsonObject.optional(),
});

/** An ended run as the later runs of its thread continue from it. It follows from the run's journal and never changes. */
export const PastRun = z.object({
  /** The run that it continues; null for none. */
  parent: RunId.nullable(),
  /** Turns and calls of its thread before it, and after it. */
  from: Position,
  to: Position,
  turns: z.array(PastTurn),
  /** What the last request of the thread left out, and the summary that stands for it; null for none. */
  points: z.object({ shortenedThrough: Count, coveredThrough: Count }),
  summary: z.object({ coversThrough: Count, text: z.string() }).nullable(),
  /** Files that its tools and those of later runs may read; of equal names, the newest. */
  files: z.array(RunFile),
});
export type PastRun = z.infer<typeof PastRun>;

/** What the model is shown of the earlier runs of a thread. */
export type History = {
  readonly position: ThreadPosition;
  /** Turns that no summary and no note covers, oldest first. */
  readonly turns: readonly DialogueTurn[];
  readonly points: TruncationPoints;
  readonly summary: { readonly coversThrough: number; readonly text: string } | undefined;
  readonly files: readonly RunFile[];
};

export const NO_HISTORY: History = {
  position: THREAD_START,
  turns: [],
  points: { shortenedThrough: 0, coveredThrough: 0 },
  summary: undefined,
  files: [],
};

/** Results of earlier runs that were too long to be shown, the newest first. */
export const keptResults = ({ turns }: History): readonly RunArtifact[] =>
  turns.flatMap(({ details }) => details.flatMap(({ kept }) => kept ?? [])).toReversed();

/** A dialogue that came with a request, as an earlier run after `before` would have left it. */
function pastOfTranscript(messages: readonly TranscriptMessage[], before: PastRun | undefined): PastRun {
  const from = before?.to ?? THREAD_START;
  const turns = transcriptTurns(messages, from);
  const calls = turns.reduce((sum, { results }) => sum + results.length, from.calls);
  return {
    parent: null,
    from,
    to: { turns: from.turns + turns.length, calls },
    turns,
    points: before?.points ?? NO_HISTORY.points,
    summary: before?.summary ?? null,
    files: withFiles(before?.files ?? [], filesOf(messages)),
  };
}

/**
 * What an ended run leaves to the next, given the run before it, with the dialogue that came with its request. If that is not the one that it continued, its reports mean
 * the same turns only up to `sharedTurns`.
 */
export function pastRunOf(view: RunView, before: PastRun | undefined, sharedTurns = Infinity): PastRun {
  if (view.transcript === null) return ownPast(view, before, sharedTurns);
  const dialogue = pastOfTranscript(view.transcript, before);
  const past = ownPast(view, dialogue, sharedTurns);
  return { ...past, from: dialogue.from, turns: [...dialogue.turns, ...past.turns] };
}

function ownPast(view: RunView, before: PastRun | undefined, sharedTurns: number): PastRun {
  const from = before?.to ?? THREAD_START;
  const summary = newestSummary(view.summaries.at(-1), before?.summary ?? undefined, sharedTurns);
  const inherited = {
    points: pointsOf(view, before, sharedTurns),
    summary: summary === undefined ? null : { coversThrough: summary.coversThrough, text: summary.text },
    files: withFiles(before?.files ?? [], view.files),
  };
  const parent = view.thread?.parent ?? null;
  const own = turnsSince(view, 0, () => "", from).map(pastTurn);
  const steps = view.steps.findLast(({ kind }) => kind === "model")?.turn ?? 0;
  const closed = withEnd(view, own, { before: from.turns, steps });
  const [first, ...rest] = closed;
  const turns = first === undefined ? [] : [withRequest(first, view), ...rest];
  const calls = view.steps.filter(({ kind }) => kind === "tool").length;
  const to = { turns: from.turns + steps + closed.length - own.length, calls: from.calls + calls };
  return { parent, from, to, turns, ...inherited };
}

type Summary = { readonly coversThrough: number; readonly text: string };

/** Returns the own one, unless a run with the whole history summarized less than the runs before it. */
function newestSummary(
  own: Summary | undefined,
  before: Summary | undefined,
  sharedTurns: number,
): Summary | undefined {
  const coversThrough = Math.min(own?.coversThrough ?? 0, sharedTurns);
  return own !== undefined && coversThrough >= (before?.coversThrough ?? 0) ? { ...own, coversThrough } : before;
}

/** Files of a branch, at most the newest; of equal names, the newest. */
export const withFiles = (earlier: readonly RunFile[], own: readonly RunFile[]): RunFile[] =>
  earlier.length === 0 && own.length === 0
    ? []
    : [...new Map([...earlier, ...own].map((file) => [file.name, file] as const)).values()].slice(
        -LIMITS.threadFilesMax,
      );

type StoredTurn = PastRun["turns"][number];

const pastTurn = (turn: ReturnType<typeof turnsSince>[number]): StoredTurn => {
  const { asked, askedFiles, model, text, calls, tokens, reply, providerMetadata } = turn;
  return {
    turn: turn.turn,
    ...(asked && { asked }),
    askedFiles: [...askedFiles],
    model,
    text,
    calls: [...calls],
    results: turn.results.map((result, index) => {
      const end = turn.steps[index]?.end;
      const structured = turn.details[index]?.structured;
      return {
        ...result,
        ...(structured && { structured }),
        images: end && "artifacts" in end ? [...end.artifacts] : [],
      };
    }),
    tokens,
    reply,
    ...(providerMetadata && { providerMetadata }),
  };
};

/** The turns with a line in place of the answer that a run did not give, or behind what was read of it, so that the next request follows an answer. */
function withEnd(
  view: RunView,
  own: readonly StoredTurn[],
  { before, steps }: { readonly before: number; readonly steps: number },
): readonly StoredTurn[] {
  const last = own.at(-1);
  const read = last === undefined ? 0 : last.turn - before;
  const said = view.inputs.filter((input) => input.turn > read).map(({ text }) => text);
  const isLastWord = last?.calls.length === 0 && last.reply === "" && said.length === 0;
  if (isLastWord && view.state === "completed") return own;
  const lastStep = view.steps.findLast((step) => step.kind === "model");
  const cut = lastStep?.kind === "model" ? lastStep.cutOff.trimEnd() : "";
  const mark = [cut, `[${stopText(view)}]`].filter((part) => part !== "").join("\n\n");
  if (last && isLastWord) {
    const text = last.text === "" ? mark : `${last.text}\n\n${mark}`;
    return [...own.slice(0, -1), { ...last, text, tokens: last.tokens + estimateTokens(mark) }];
  }
  const asked = said.join("\n\n");
  const empty = { askedFiles: [], model: "", calls: [], results: [], reply: "" };
  const request = asked === "" ? {} : { asked: { text: asked, tokens: estimateTokens(asked), fileTokens: 0 } };
  return [...own, { turn: before + steps + 1, ...request, ...empty, text: mark, tokens: estimateTokens(mark) }];
}

function stopText({ state, failure, handedTo }: RunView): string {
  if (handedTo !== null) return `handed off to the agent ${handedTo.agent}: ${handedTo.reason}`;
  if (state === "cancelled") return "stopped: the user cancelled this answer";
  return failure === null ? "answered without text" : `stopped: ${failure.code}: ${failure.message}`;
}

function withRequest(first: StoredTurn, view: RunView): StoredTurn {
  const { prompt, recalled } = view;
  // What was recalled was for this request alone.
  const own = recalled === "" ? prompt : prompt.split(recalled).join("(left out)");
  const text = first.asked === undefined ? own : `${own}\n\n${first.asked.text}`;
  return { ...first, asked: { text, tokens: estimateTokens(text), fileTokens: 0 }, askedFiles: [...view.files] };
}

function pointsOf(view: RunView, before: PastRun | undefined, sharedTurns: number): TruncationPoints {
  const report = view.steps.findLast((step) => step.kind === "model" && step.context !== undefined);
  const last = report?.kind === "model" ? report.context : undefined;
  const start = before?.points ?? NO_HISTORY.points;
  const own = Math.max(last?.coveredThrough ?? 0, view.summaries.at(-1)?.coversThrough ?? 0);
  const coveredThrough = Math.max(Math.min(own, sharedTurns), start.coveredThrough);
  const shortened = Math.min(last?.shortenedThrough ?? 0, sharedTurns);
  return { coveredThrough, shortenedThrough: Math.max(shortened, start.shortenedThrough, coveredThrough) };
}

/**
 * The history of a run that continues another, with the dialogue that came with its request at the end. `past` returns an ended run; undefined
 * for one that was deleted, and then the history begins after it. Runs whose turns are all covered are not read. The whole history has no summary.
 */
export function historyOf(
  parent: RunId | null,
  past: (id: RunId) => PastRun | undefined,
  {
    runsMax = Infinity,
    isWhole = false,
    transcript = null,
  }: {
    readonly runsMax?: number | undefined;
    readonly isWhole?: boolean | undefined;
    readonly transcript?: readonly TranscriptMessage[] | null;
  } = {},
): History {
  const before = parent === null ? undefined : past(parent);
  const newest = transcript === null ? before : { ...pastOfTranscript(transcript, before), parent };
  if (newest === undefined) return NO_HISTORY;
  const { coveredThrough } = isWhole ? NO_HISTORY.points : newest.points;
  const runs = new Set<PastRun>();
  // A history that comes with a request may name a run as its own predecessor.
  for (let run: PastRun | undefined = newest; run !== undefined && !runs.has(run) && runs.size < runsMax;) {
    runs.add(run);
    run = run.from.turns <= coveredThrough || run.parent === null ? undefined : past(run.parent);
  }
  return historyFrom(newest, [...runs].toReversed(), isWhole);
}

/** The history after some runs, oldest first. */
function historyFrom(newest: PastRun, runs: readonly PastRun[], isWhole: boolean): History {
  const points = isWhole ? NO_HISTORY.points : newest.points;
  const { coveredThrough } = points;
  const stored = runs.flatMap(({ turns }) => turns.filter(({ turn }) => turn > coveredThrough));
  const turns = stored.map(shownTurn);
  return {
    position: newest.to,
    turns,
    points,
    summary: isWhole ? undefined : (newest.summary ?? undefined),
    files: newest.files,
  };
}
