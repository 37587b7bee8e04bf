import { type Asked, coverText, type ShownTurn, type Turn, type TurnResult } from "../context/index.ts";
import { repairRequest } from "./answer-check.ts";
import { isJsonObject, type JsonObject } from "../../kernel/json.ts";
import { estimateTokens, PDF, IMAGE_TOKENS } from "../../kernel/tokens.ts";
import {
  IMAGE_TYPES,
  type ModelImage,
  type ModelLimits,
  type ModelMessage,
  type ModelToolCall,
  type ModelToolResult,
  withCallIds,
} from "../../models/port/index.ts";
import { mergedMessages } from "./valid-dialogue.ts";
import type { PastRun } from "./history/history.ts";
import type { RunArtifact } from "./artifact-store.ts";
import type { RunFile } from "./history/transcript.ts";
import type { ModelStep, RunInput, RunView, ToolStep } from "./fold/run-view.ts";

/** What a result has beside its text. */
export type ResultDetail = {
  readonly structured: JsonObject | undefined;
  readonly images: readonly ModelImage[];
  /** The whole result, if it was too long to be shown. */
  readonly kept: RunArtifact | undefined;
};

/** A finished turn of a run or of an earlier run of its thread. */
export type DialogueTurn = Turn & {
  readonly model: string;
  /** One per result, in their order. */
  readonly details: readonly ResultDetail[];
  /** Files that `asked` was sent with. */
  readonly askedFiles: readonly RunFile[];
  /** Opaque provider metadata to send back with this turn. */
  readonly providerMetadata: JsonObject | undefined;
  /** Message to the model after its output was rejected. */
  readonly reply: string;
};

/** A turn of the run itself, with the steps it is made of, in the order of `results`. */
export type OwnTurn = DialogueTurn & { readonly steps: readonly ToolStep[] };

/** Turns and calls of the earlier runs of a thread; those of a run are numbered after them. */
export type ThreadPosition = { readonly turns: number; readonly calls: number };
export const THREAD_START: ThreadPosition = { turns: 0, calls: 0 };

type Done = Extract<ModelStep["end"], { state: "done" }>;

/**
 * The finished turns of a run after one, oldest first; those in which the model said and asked nothing are left out.
 * Turns and calls are numbered from `position` on.
 */
export function turnsSince(
  view: RunView,
  afterTurn: number,
  noteOf: (steps: readonly ToolStep[], turn: number) => string,
  position: ThreadPosition = THREAD_START,
): readonly OwnTurn[] {
  const calls = new Map<number, { readonly step: ToolStep; readonly call: number }[]>();
  const turns: { readonly model: ModelStep; readonly end: Done }[] = [];
  let call = position.calls;
  // An input before an empty turn, which is left out, is part of the next one.
  let through = turnBefore(view, afterTurn - position.turns);
  for (const step of view.steps) {
    if (step.kind === "tool") call += 1;
    if (step.turn + position.turns <= afterTurn) continue;
    if (step.kind === "model") {
      if (step.end.state === "done" && !isEmpty(step.end)) turns.push({ model: step, end: step.end });
    } else if (step.end.state === "done" || step.end.state === "failed") {
      const others = calls.get(step.turn);
      if (others) others.push({ step, call });
      else calls.set(step.turn, [{ step, call }]);
    }
  }
  return turns.map(({ model, end }) => {
    const inputs = inputsIn(view, through, model.turn);
    through = model.turn;
    const turn = model.turn + position.turns;
    return turnOf(model, end, { turn, inputs, numbered: calls.get(model.turn) ?? [], noteOf });
  });
}

/** Returns the last turn up to one that is not left out; 0 without one. */
const turnBefore = ({ steps }: RunView, turn: number): number =>
  steps.findLast(
    (step) => step.kind === "model" && step.turn <= turn && step.end.state === "done" && !isEmpty(step.end),
  )?.turn ?? 0;

/** What the user said to the run while it was in progress, after one turn and up to another. */
const inputsIn = ({ inputs }: RunView, after: number, through: number): readonly RunInput[] =>
  inputs.filter(({ turn }) => turn > after && turn <= through);

/** What the user said to the run that the turn to take reads first. */
export function pendingInputs(view: RunView): readonly RunInput[] {
  if (view.inputs.length === 0) return [];
  const last = view.steps.findLast((step) => step.kind === "model");
  const next = last === undefined ? 1 : last.end.state === "done" ? last.turn + 1 : last.turn;
  return inputsIn(view, turnBefore(view, next - 1), next);
}

/** Whether the user said something to the run that no turn up to this one has read. */
export const hasUnreadInput = ({ inputs }: RunView, turn: number): boolean => inputs.some((input) => input.turn > turn);

/** Inputs as one message; undefined for none. */
function askedBy(inputs: readonly RunInput[]): Asked | undefined {
  if (inputs.length === 0) return undefined;
  const text = inputs.map((input) => input.text).join("\n\n");
  return { text, tokens: estimateTokens(text), fileTokens: 0 };
}

/** A turn of an earlier run, as it is stored with that run. */
export const shownTurn = (stored: PastRun["turns"][number]): DialogueTurn => ({
  ...stored,
  asked: stored.asked,
  providerMetadata: stored.providerMetadata,
  details: stored.results.map(({ structured, images }) => ({
    structured,
    images: artifactImages(images),
    kept: keptIn(images),
  })),
});

/** Whether a model answered with nothing at all. */
export const isEmpty = ({ text, toolCalls }: Done): boolean => text.trim() === "" && toolCalls.length === 0;

function turnOf(
  model: ModelStep,
  end: Done,
  {
    turn,
    inputs,
    numbered,
    noteOf,
  }: {
    readonly turn: number;
    readonly inputs: readonly RunInput[];
    readonly numbered: readonly { readonly step: ToolStep; readonly call: number }[];
    readonly noteOf: (steps: readonly ToolStep[], turn: number) => string;
  },
): OwnTurn {
  const left = [...numbered];
  const pairs = end.toolCalls.flatMap((call) => {
    const at = left.findIndex(({ step }) => step.modelCallId === call.id);
    const [result] = at < 0 ? [] : left.splice(at, 1);
    // Providers refuse a call without its result.
    return result === undefined ? [] : [{ call, result }];
  });
  const reply = model.outputProblems.length === 0 ? "" : repairRequest(model.outputProblems);
  const steps = pairs.map(({ result }) => result.step);
  const note = noteOf(steps, turn);
  return {
    turn,
    asked: askedBy(inputs),
    askedFiles: [],
    model: model.model,
    text: end.text,
    calls: pairs.map(({ call }) => call),
    results: pairs.map(({ result }, index) =>
      resultOf(result.step, result.call, index === pairs.length - 1 ? note : ""),
    ),
    tokens: known(
      model,
      () =>
        estimateTokens(end.text + reply) +
        callsTokens(end.toolCalls) +
        (end.providerMetadata === undefined ? 0 : estimateTokens(JSON.stringify(end.providerMetadata))),
    ),
    steps,
    details: steps.map(detailOf),
    providerMetadata: end.providerMetadata,
    reply,
  };
}

const detailOf = ({ end }: ToolStep): ResultDetail => ({
  structured: "structured" in end && isJsonObject(end.structured) ? end.structured : undefined,
  images: "artifacts" in end ? artifactImages(end.artifacts) : [],
  kept: "artifacts" in end ? keptIn(end.artifacts) : undefined,
});

const keptIn = (artifacts: readonly RunArtifact[]): RunArtifact | undefined =>
  artifacts.find(({ kept }) => kept === true);

const callsTokens = (calls: readonly ModelToolCall[]): number =>
  calls.reduce((sum, { name, arguments: given }) => sum + estimateTokens(name) + estimateTokens(given) + 8, 0);

function resultOf(step: ToolStep, call: number, note: string): TurnResult {
  const { end } = step;
  const text = "text" in end ? end.text : "";
  const images = "artifacts" in end ? artifactImages(end.artifacts).length : 0;
  const tokens = known(step, () => estimateTokens(text) + images * IMAGE_TOKENS);
  const noteTokens = note === "" ? 0 : estimateTokens(note) + 1;
  const failed = end.state === "failed";
  return { call, name: step.name, text, failed, note, tokens: tokens + noteTokens };
}

/** Steps that are over do not change, so each is counted once. */
const counted = new WeakMap<ModelStep | ToolStep, number>();

function known(step: ModelStep | ToolStep, count: () => number): number {
  const before = counted.get(step);
  if (before !== undefined) return before;
  const tokens = count();
  counted.set(step, tokens);
  return tokens;
}

export type SummaryRange = { readonly through: number; readonly summary: string | undefined };

export type DialogueParts = {
  readonly shown: readonly ShownTurn[];
  readonly turns: readonly DialogueTurn[];
  /** Turns of earlier runs of the thread; those up to here come before the run's own request. */
  readonly before: number;
  readonly model: { readonly id: string; readonly limits: ModelLimits | undefined };
};

/** The messages of a request, and the place of the run's own request among them. */
export type Messages = { readonly messages: readonly ModelMessage[]; readonly requestAt: number };

/**
 * The messages of a request: the earlier runs of the thread, the run's own request, and its turns. A note or a summary
 * stands before what is shown for what is not.
 * record.dialogue.D1. Each call has its result and each result its call, ids of calls are unique, no two messages of
 *   one side follow each other, and the last message is the user's or a result.
 */
export function messagesOf(
  view: RunView,
  { shown, turns, before, model }: DialogueParts,
  cover: SummaryRange | undefined,
): Messages {
  const byTurn = new Map(turns.map((turn) => [turn.turn, turn]));
  const messagesFor = (some: readonly ShownTurn[]) =>
    some.flatMap((turn) => turnMessages(turn, byTurn.get(turn.turn.turn), model));
  const past = shown.filter(({ turn }) => turn.turn <= before);
  const own = shown.slice(past.length);
  const covered = cover === undefined ? "" : coverText(cover.through, cover.summary);
  const opening: readonly ModelMessage[] = past.length > 0 && covered !== "" ? [{ role: "user", text: covered }] : [];
  const request: ModelMessage = {
    role: "user",
    text: past.length > 0 || covered === "" ? view.prompt : `${view.prompt}\n\n${covered}`,
    images: sentFiles(view.files, model.limits),
  };
  // A dialogue that ends with results of calls is the request itself.
  const requests = view.prompt === "" && past.length > 0 ? [] : [request];
  const head = mergedMessages([...opening, ...messagesFor(past), ...requests]);
  const last = [...pendingInputs(view).map(({ text }) => text), ...(lastTurnIsEmpty(view) ? [EMPTY_NUDGE] : [])];
  const closing = last.map((text): ModelMessage => ({ role: "user", text }));
  const messages = mergedMessages([...head, ...messagesFor(own), ...closing]);
  // Some local servers count the calls of each answer from 0, or name none.
  return { messages: withCallIds(messages, (id) => id !== ""), requestAt: head.length - 1 };
}

const EMPTY_NUDGE = "Your last answer was empty. Answer the request now, or call a tool.";

/** Whether the last finished turn was empty. */
export function lastTurnIsEmpty(view: RunView): boolean {
  const last = view.steps.findLast((step) => step.kind === "model" && step.end.state === "done");
  return last?.kind === "model" && last.end.state === "done" && isEmpty(last.end);
}

function turnMessages(
  { turn, results, holdsFiles }: ShownTurn,
  whole: DialogueTurn | undefined,
  model: DialogueParts["model"],
): readonly ModelMessage[] {
  const { asked } = turn;
  const images = holdsFiles ? sentFiles(whole?.askedFiles ?? [], model.limits) : [];
  const request: readonly ModelMessage[] = asked === undefined ? [] : [{ role: "user", text: asked.text, images }];
  const said: ModelMessage = {
    role: "assistant",
    text: turn.text,
    toolCalls: turn.calls,
    // Providers refuse what another model signed.
    providerMetadata: whole?.model === model.id ? whole.providerMetadata : undefined,
  };
  if (results.length === 0) {
    const reply: ModelMessage = { role: "user", text: whole?.reply ?? "" };
    return turn.text.trim() === "" ? request : [...request, said, ...(reply.text === "" ? [] : [reply])];
  }
  const shown = results.map((result, index): ModelToolResult => {
    const detail = result.how === "whole" ? whole?.details[index] : undefined;
    return {
      id: turn.calls[index]?.id ?? "",
      name: turn.calls[index]?.name ?? "",
      text: result.text,
      structured: detail?.structured,
      failed: turn.results[index]?.failed === true,
      images: detail?.images ?? [],
    };
  });
  return [...request, said, { role: "tool", results: shown }];
}

/**
 * Files of the request that a model is sent as they are: images, and PDFs if it accepts them. The prompt names all
 * files.
 */
export const sentFiles = (files: readonly RunFile[], limits: ModelLimits | undefined): readonly ModelImage[] =>
  files
    .filter(
      ({ mediaType, bytes }) =>
        IMAGE_TYPES.includes(mediaType) || (mediaType === PDF && bytes <= (limits?.pdfBytesMax ?? -1)),
    )
    .map(({ name, mediaType, bytes, location }) => ({ name, mediaType, bytes, source: { type: "file", location } }));

const artifactImages = (artifacts: readonly RunArtifact[]): readonly ModelImage[] =>
  artifacts
    .filter(({ mediaType }) => IMAGE_TYPES.includes(mediaType))
    .map(({ id, name, mediaType, bytes }) => ({ name, mediaType, bytes, source: { type: "artifact", id } }));
