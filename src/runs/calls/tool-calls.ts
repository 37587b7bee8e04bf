import { mint, ToolCallId } from "../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import {
  type CallContext,
  type Tool,
  type ToolCatalogue,
  type ToolResult,
  failedCall,
  modelToolName,
} from "../../tools/catalogue/index.ts";
import type {
  ApprovalAsk,
  History,
  RunArtifact,
  RunEvent,
  RunFailure,
  RunFiles,
  RunRecord,
  RunView,
  ToolStep,
} from "../record/index.ts";
import { artifactLine } from "../record/index.ts";
import type { ModelToolCall } from "../../models/port/index.ts";
import type { Meter, Patience } from "../spending/index.ts";
import type { CallHooks } from "./call-hooks.ts";
import { type HandOff, handOffOf, type HandOffOutcome } from "./handoffs.ts";
import { waitOf } from "./replies.ts";
import { callOwnTool, isOwnTool, READ_RESULT } from "./run-tools.ts";

/** Characters of a too long result that the model gets. */
const PREVIEW_CHARS = 8_000;

type ToolStart = Extract<RunEvent, { type: "tool-start" }>;
type ToolEnd = Extract<RunEvent, { type: "tool-end" }>;

/** A call the model asked for, checked as far as it can be without running it. */
export type PreparedCall =
  | {
      readonly type: "runnable";
      readonly start: ToolStart;
      readonly tool: Tool;
      /** Arguments of the call: those in `start`, unless a person changed them. */
      readonly arguments: JsonObject;
      /** Text that the model gets before the result. */
      readonly note?: string | undefined;
    }
  /** The call waits for approval. */
  | { readonly type: "asking"; readonly start: ToolStart; readonly ask: ApprovalAsk }
  | { readonly type: "refused"; readonly start: ToolStart; readonly result: ToolResult };

/**
 * Finds the tool, among those offered to the model or else all the agent has, and parses the arguments. A call that
 * cannot run becomes a failed result that says how to correct it.
 */
export function prepareCall(
  step: number,
  call: ModelToolCall,
  offered: readonly Tool[],
  tools: readonly Tool[],
): PreparedCall {
  const tool = [...offered, ...tools].find((candidate) => modelToolName(candidate) === call.name);
  const parsed = parseJson(call.arguments.trim() === "" ? "{}" : call.arguments);
  const value: Json = parsed.type === "parsed" ? parsed.value : call.arguments;
  const start: ToolStart = {
    type: "tool-start",
    step,
    callId: mint(ToolCallId),
    modelCallId: call.id,
    name: call.name,
    server: tool?.server ?? "",
    tool: tool?.name ?? "",
    // A call that is refused below runs nothing, so making it again is harmless whatever the tool says.
    repeatable: tool === undefined || !isJsonObject(value) || tool.effects.readOnly || tool.effects.idempotent,
    content: { arguments: value },
  };
  if (!tool) {
    const known = offered.map(modelToolName).join(", ") || "none";
    const message = `there is no tool "${call.name}" for this agent. Tools you can call: ${known}.`;
    return { type: "refused", start, result: failedCall("unknown-tool", message) };
  }
  if (parsed.type === "malformed") {
    const message = `the arguments are not JSON (${parsed.reason}). Send one complete JSON object.`;
    return { type: "refused", start, result: failedCall("invalid-arguments", message) };
  }
  if (!isJsonObject(value)) {
    return { type: "refused", start, result: failedCall("invalid-arguments", "the arguments must be a JSON object.") };
  }
  return { type: "runnable", start, tool, arguments: value };
}

/** The calls, those past the first `concurrency` marked as not begun. A call that a crash finds there had no effect. */
export const queuedPast = (calls: readonly PreparedCall[], concurrency: number): readonly PreparedCall[] =>
  calls.map((call, index) => (index < concurrency ? call : { ...call, start: { ...call.start, queued: true } }));

type CallDeps = {
  readonly tools: ToolCatalogue;
  readonly artifacts: RunFiles;
  readonly recorder: RunRecord;
  readonly context: CallContext;
  /** What the run's own tools read: the earlier turns, and every tool the agent may call. */
  readonly own: { readonly history: History | undefined; readonly tools: readonly Tool[] };
  readonly attend: CallHooks;
  readonly meter: Meter;
  /** Ends the run with a call, for another agent to continue. */
  readonly handOff: (end: ToolEnd, handOff: HandOff) => Promise<HandOffOutcome>;
};

type EndDeps = Pick<CallDeps, "artifacts" | "recorder">;

/** Events of calls, written before the first one begins. */
export const startsOf = (calls: readonly PreparedCall[]): readonly RunEvent[] =>
  calls.flatMap((call) => (call.type === "asking" ? [call.start, call.ask] : [call.start]));

/**
 * Runs prepared calls, at most `concurrency` at a time, each result journaled as it comes. A queued call's begin is on disk
 * before it begins, written together with the result that made room for it, or once the call has its fuel. Stops
 * beginning new ones once aborted, or when a budget has no room for the next; the refusal is what comes back.
 */
export async function runCalls(
  deps: CallDeps,
  calls: readonly PreparedCall[],
  concurrency: number,
  signal: AbortSignal,
): Promise<RunFailure | undefined> {
  const waiting = [...calls];
  let refusal: RunFailure | undefined;
  const worker = async (): Promise<void> => {
    let over = NOT_STARTED;
    try {
      for (;;) {
        const call = signal.aborted ? undefined : waiting.shift();
        let fuel = call && (await fuelFor(deps, call, signal, "at once"));
        const begins = call && fuel?.type === "granted" ? startEventOf(call) : [];
        await deps.recorder.append(...over.events, ...begins);
        over.release();
        if (!call) return;
        if (fuel?.type === "refused") {
          deps.recorder.enqueue(resourceHold(call));
          fuel = await fuelFor(deps, call, signal, "waiting");
          if (fuel.type === "granted") await deps.recorder.append(...startEventOf(call));
        }
        if (fuel?.type === "refused") {
          refusal ??= fuel.failure;
          waiting.length = 0;
        }
        if (fuel?.type !== "granted") return;
        over = signal.aborted ? { events: [], release: fuel.release } : await runCall(deps, call, signal, fuel.release);
      }
    } catch (error) {
      waiting.length = 0;
      throw error;
    }
  };
  // All are waited for, also when one cannot be written: nothing of this attempt may still run when the next one begins.
  const ends = await Promise.allSettled(Array.from({ length: Math.min(concurrency, waiting.length) }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return refusal;
}

const startEventOf = ({ start: { step, callId, queued } }: PreparedCall): readonly RunEvent[] =>
  queued === true ? [{ type: "tool-begin", step, callId }] : [];

/** Events of a queued call that waits for a budget. */
export const resourceHold = ({ start: { step, callId } }: PreparedCall): RunEvent => ({
  type: "tool-hold",
  step,
  callId,
  why: "budget",
});

type CompletedCall = {
  /** Events of the call's end; none if it was interrupted. */
  readonly events: readonly ToolEnd[];
  /** Gives back what was reserved for it, once its end is on disk. */
  readonly release: () => void;
};
const NOT_STARTED: CompletedCall = { events: [], release: () => undefined };

/** A permit for a call's fuel. Calls that are refused, and tools of the server itself, run no guest. */
const fuelFor = (
  { meter, tools }: CallDeps,
  call: PreparedCall,
  signal: AbortSignal,
  how: Patience,
): ReturnType<Meter["forFuel"]> =>
  meter.forFuel(
    () =>
      tools.servers().find(({ name }) => call.type === "runnable" && name === call.tool.server)?.limits.fuelPerCall ??
      0,
    signal,
    how,
  );

async function runCall(
  deps: CallDeps,
  call: PreparedCall,
  signal: AbortSignal,
  release: () => void,
): Promise<CompletedCall> {
  if (call.type === "asking") return { events: [], release };
  if (call.type === "refused") return { events: [await endOf(deps, call.start, call.result)], release };
  const returned = await callTool(deps, call, signal);
  const view = deps.recorder.view();
  const wait = waitOf(view, call.start.callId);
  if (wait === "waiting" || (wait === undefined && !hasBegun(view, call.start))) return { events: [], release };
  const result = wait ?? returned;
  // An interrupted call has no result to store: after a restart it is repeated, or a person decides.
  if (signal.aborted && result.type === "failed" && result.reason === "cancelled") return { events: [], release };
  const end = remarked(withDelegated(await endOf(deps, call.start, result), view), call.note);
  const handOff = handOffOf(call.tool, end, view);
  return { events: handOff ? await handedOff(deps, end, handOff) : [end], release };
}

/** False for a call that waited for a sign-in or for an answer to its server, which came before the call said that it waits. */
const hasBegun = ({ steps }: RunView, { callId }: ToolStart): boolean =>
  steps.some((step) => step.kind === "tool" && step.callId === callId && step.begun);

/** Events of the end of a call that hands off; none if the run has ended with it, or is stopped. */
async function handedOff(deps: CallDeps, end: ToolEnd, handOff: HandOff): Promise<readonly ToolEnd[]> {
  const outcome = await deps.handOff(end, handOff);
  if (outcome.type !== "refused") return [];
  return [{ ...end, outcome: "tool-error", content: { text: outcome.message, structured: null } }];
}

const remarked = (end: ToolEnd, remark: string | undefined): ToolEnd =>
  remark === undefined ? end : { ...end, content: { ...end.content, text: `${remark}\n${end.content.text}` } };

function callTool(
  { tools, own, artifacts, recorder, attend, ...deps }: CallDeps,
  { start, tool, arguments: given }: Extract<PreparedCall, { type: "runnable" }>,
  signal: AbortSignal,
): Promise<ToolResult> {
  if (isOwnTool(tool)) {
    return callOwnTool({
      tool,
      arguments: given,
      view: recorder.view(),
      ...own,
      artifacts,
    });
  }
  const { step, callId } = start;
  const context: CallContext = { ...deps.context, ...attend({ step, callId }) };
  return tools.call(
    tool,
    { id: start.callId, server: tool.server, tool: tool.name, arguments: given, context },
    signal,
  );
}

/** The end of a call with the files of the agent that it delegated to. */
function withDelegated(end: ToolEnd, { replies }: RunView): ToolEnd {
  const made = replies.findLast(({ callId }) => callId === end.callId)?.artifacts ?? [];
  return made.length === 0 ? end : { ...end, artifacts: [...end.artifacts, ...made] };
}

/** The ends of calls whose replies have come. */
export async function repliedEnds(deps: EndDeps, steps: readonly ToolStep[]): Promise<readonly ToolEnd[]> {
  const ends: ToolEnd[] = [];
  for (const step of steps) {
    const result = waitOf(deps.recorder.view(), step.callId);
    if (typeof result === "object")
      ends.push(withDelegated(await endOf(deps, { ...step, step: step.turn }, result), deps.recorder.view()));
  }
  return ends;
}

async function endOf(
  deps: EndDeps,
  start: Pick<ToolStart, "step" | "callId" | "name">,
  result: ToolResult,
): Promise<ToolEnd> {
  const common = {
    type: "tool-end",
    step: start.step,
    callId: start.callId,
    fuel: Math.round(result.usage.fuel),
    memoryBytes: Math.round(result.usage.memoryBytes),
    durationMs: result.usage.durationMs,
  } as const;
  if (result.type === "failed") {
    return {
      ...common,
      outcome: result.reason,
      artifacts: [],
      content: { text: cut(result.message), structured: null },
    };
  }
  const artifacts: RunArtifact[] = [];
  const texts: string[] = [];
  for (const part of result.content) {
    if (part.type === "text") texts.push(part.text);
    else {
      const { id, name, mediaType, bytes } = await deps.artifacts.save(deps.recorder.runId, part);
      artifacts.push({ id, name, mediaType, bytes });
      texts.push(artifactLine({ name, mediaType, bytes }));
    }
  }
  const text = texts.join("\n") || JSON.stringify(result.structured ?? null);
  const structured = result.structured ?? null;
  if (text.length <= LIMITS.toolResultCharsMax) {
    return { ...common, outcome: "done", artifacts, content: { text, structured } };
  }
  const { preview, artifact } = await keep(deps, start, text);
  return {
    ...common,
    outcome: "done",
    artifacts: [...artifacts, artifact],
    content: { text: preview, structured: null },
  };
}

/** Keeps a result that is too long for a model as an artifact of the run; what the model gets is how it begins, and how to read on. */
async function keep(
  { artifacts, recorder }: EndDeps,
  { name }: Pick<ToolStart, "name">,
  text: string,
): Promise<{ readonly preview: string; readonly artifact: RunArtifact }> {
  const isJson = parseJson(text).type === "parsed";
  const file = {
    name: `${name}-result.${isJson ? "json" : "txt"}`,
    mediaType: isJson ? "application/json" : "text/plain",
  };
  const saved = await artifacts.save(recorder.runId, { ...file, text });
  const hint = `(cut here: the result has ${text.length} characters and is kept whole as "${saved.name}". Read on with ${modelToolName(READ_RESULT)}, or ask the tool for less at a time.)`;
  const { id, name: keptAs, mediaType, bytes } = saved;
  return {
    preview: `${text.slice(0, PREVIEW_CHARS)}\n${hint}`,
    artifact: { id, name: keptAs, mediaType, bytes, kept: true },
  };
}

function cut(text: string): string {
  const max = LIMITS.toolResultCharsMax;
  if (text.length <= max) return text;
  return `${text.slice(0, max)}\n(cut here: ${text.length - max} more characters; ask the tool for less at a time)`;
}
