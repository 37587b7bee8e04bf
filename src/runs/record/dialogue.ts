import { coverText, type ShownTurn, type Turn, type TurnResult } from "../context/index.ts";
import { repairRequest } from "./answer-check.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { estimateTokens, PDF, IMAGE_TOKENS } from "../../kernel/tokens.ts";
import {
  IMAGE_TYPES,
  type ModelImage,
  type ModelLimits,
  type ModelMessage,
  type ModelToolCall,
  type ModelToolResult,
} from "../../models/port/index.ts";
import type { RunArtifact, RunFile } from "./run-event.ts";
import type { ModelStep, RunView, ToolStep } from "./fold/run-view.ts";

/** A finished turn with the steps it is made of, in the order of `results`. */
export type DialogueTurn = Turn & {
  readonly steps: readonly ToolStep[];
  /** Opaque provider metadata to send back with this turn. */
  readonly providerMetadata: Done["providerMetadata"];
  /** Message to the model after its output was rejected. */
  readonly reply: string;
};

type Done = Extract<ModelStep["end"], { state: "done" }>;

/** The finished turns after one, oldest first; those in which the model said and asked nothing are left out. */
export function turnsSince(
  view: RunView,
  afterTurn: number,
  noteOf: (steps: readonly ToolStep[], turn: number) => string,
): readonly DialogueTurn[] {
  const calls = new Map<number, { readonly step: ToolStep; readonly call: number }[]>();
  const turns: { readonly model: ModelStep; readonly end: Done }[] = [];
  let call = 0;
  for (const step of view.steps) {
    if (step.kind === "tool") call += 1;
    if (step.turn <= afterTurn) continue;
    if (step.kind === "model") {
      if (step.end.state === "done" && !isEmpty(step.end)) turns.push({ model: step, end: step.end });
    } else if (step.end.state === "done" || step.end.state === "failed") {
      const others = calls.get(step.turn);
      if (others) others.push({ step, call });
      else calls.set(step.turn, [{ step, call }]);
    }
  }
  return turns.map(({ model, end }) => turnOf(model, end, { numbered: calls.get(model.turn) ?? [], noteOf }));
}

/** Whether a model answered with nothing at all. */
export const isEmpty = ({ text, toolCalls }: Done): boolean => text.trim() === "" && toolCalls.length === 0;

function turnOf(
  model: ModelStep,
  end: Done,
  {
    numbered,
    noteOf,
  }: {
    readonly numbered: readonly { readonly step: ToolStep; readonly call: number }[];
    readonly noteOf: (steps: readonly ToolStep[], turn: number) => string;
  },
): DialogueTurn {
  const left = [...numbered];
  const pairs = end.toolCalls.flatMap((call) => {
    const at = left.findIndex(({ step }) => step.modelCallId === call.id);
    const [result] = at < 0 ? [] : left.splice(at, 1);
    // Providers refuse a call without its result.
    return result === undefined ? [] : [{ call, result }];
  });
  const reply = model.outputProblems.length === 0 ? "" : repairRequest(model.outputProblems);
  const steps = pairs.map(({ result }) => result.step);
  const note = noteOf(steps, model.turn);
  return {
    turn: model.turn,
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
    providerMetadata: end.providerMetadata,
    reply,
  };
}

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

type Shown = {
  readonly shown: readonly ShownTurn[];
  readonly turns: readonly DialogueTurn[];
  /** Files that go with the task. */
  readonly files: readonly ModelImage[];
};

/** The messages of a request: the task, with what stands for turns that are not shown, and the turns that are. */
export function messagesOf(
  view: RunView,
  { shown, turns, files }: Shown,
  cover: SummaryRange | undefined,
): readonly ModelMessage[] {
  const byTurn = new Map(turns.map((turn) => [turn.turn, turn]));
  const covered = cover === undefined ? "" : `\n\n${coverText(cover.through, cover.summary)}`;
  const nudge = lastTurnIsEmpty(view) ? EMPTY_NUDGE : "";
  const first = shown.length === 0 && nudge !== "" ? `\n\n${nudge}` : "";
  const messages: ModelMessage[] = [
    { role: "user", text: view.prompt + covered + first, images: files },
    ...shown.flatMap((turn) => turnMessages(turn, byTurn.get(turn.turn.turn))),
  ];
  return shown.length > 0 && nudge !== "" ? [...messages, { role: "user", text: nudge }] : messages;
}

const EMPTY_NUDGE = "Your last answer was empty. Answer the request now, or call a tool.";

/** Whether the last finished turn was empty. */
export function lastTurnIsEmpty(view: RunView): boolean {
  const last = view.steps.findLast((step) => step.kind === "model" && step.end.state === "done");
  return last?.kind === "model" && last.end.state === "done" && isEmpty(last.end);
}

function turnMessages({ turn, results }: ShownTurn, whole: DialogueTurn | undefined): readonly ModelMessage[] {
  const steps = whole?.steps ?? [];
  const said: ModelMessage = {
    role: "assistant",
    text: turn.text,
    toolCalls: turn.calls,
    providerMetadata: whole?.providerMetadata,
  };
  if (results.length === 0) {
    const reply: ModelMessage = { role: "user", text: whole?.reply ?? "" };
    return turn.text.trim() === "" ? [] : [said, ...(reply.text === "" ? [] : [reply])];
  }
  const shown = results.map((result, index): ModelToolResult => {
    const end = steps[index]?.end;
    const isWhole = result.how === "whole";
    return {
      id: turn.calls[index]?.id ?? "",
      name: turn.calls[index]?.name ?? "",
      text: result.text,
      structured: isWhole && end && "structured" in end && isJsonObject(end.structured) ? end.structured : undefined,
      failed: end?.state === "failed",
      images: isWhole && end && "artifacts" in end ? artifactImages(end.artifacts) : [],
    };
  });
  return [said, { role: "tool", results: shown }];
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
