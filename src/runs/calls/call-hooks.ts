import type { ToolCallId } from "../../kernel/ids.ts";
import type { CallContext } from "../../tools/catalogue/index.ts";
import { type ExecutionPlan, type Recorder, type RunView, withFiles } from "../record/index.ts";
import type { RequestInput } from "./elicitations.ts";
import { answeredIn, waiterOf } from "./replies.ts";

/** On whose behalf the calls of a run are made. */
export const callContext = (
  { id, workspace, agent, caller, message, files, clientTools }: RunView,
  { restrictions, history }: Pick<ExecutionPlan, "restrictions" | "history">,
): CallContext => ({
  session: id,
  workspace,
  agent,
  onBehalfOf: caller ?? undefined,
  restrictions,
  conversation: message?.conversationId,
  files: withFiles(history?.files ?? [], files),
  clientTools,
});

/** Hooks of a running call: elicitation of a person, and notification of the run's watchers. */
export type CallHooks = (call: {
  readonly step: number;
  readonly callId: ToolCallId;
}) => Pick<CallContext, "ask" | "awaitReply" | "answered" | "onProgress" | "onLog">;

/** Asks people through `questions`, and notifies the run's watchers. */
export const callHooks =
  (recorder: Recorder, ask: RequestInput): CallHooks =>
  (call) => ({
    ask: (question, onEnd) => ask(call, question, onEnd),
    awaitReply: waiterOf(recorder, call),
    answered: answeredIn(recorder.view(), call.callId),
    onProgress: (progress) => recorder.emitProgress(call, progress),
    onLog: (lines) => recorder.emitLog(call, lines),
  });
