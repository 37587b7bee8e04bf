import {
  type Approval,
  type ChooseBody,
  type ForkBody,
  operations,
  type StartRunBody,
  type Upload,
} from "../../../src/api/contract/index.ts";
import { ask, call } from "./client.ts";
import { withQuery } from "./queries.ts";

/** Values by name. */
export type Values = { readonly [name: string]: unknown };

export type DefinitionFile = { readonly source: string; readonly fileName: string };

export const deployAgent = ({ source, fileName }: DefinitionFile) =>
  call(operations.agent.deploy, { source, file_name: fileName });

export const validateAgent = ({ source, fileName }: DefinitionFile, signal?: AbortSignal) =>
  call(operations.agent.validate, { source, file_name: fileName }, signal);

export const activateAgent = (name: string, revision: number) => call(operations.agent.activate, { name, revision });

export const pauseAgent = (name: string, reason: string) => call(operations.agent.pause, { name, reason });

export const resumeAgent = (name: string) => call(operations.agent.resume, { name });

export const deleteAgent = (name: string) => call(operations.agent.delete, { name });

/** The user who starts a run here watches its page, so it may ask questions. */
export const startRun = (body: StartRunBody) => call(operations.run.start, { attended: true, ...body });

export const cancelRun = (id: string) => call(operations.run.cancel, { id });

/** The same request once more, with its files. */
export const retryRun = (id: string, body: { readonly latest: boolean }) => call(operations.run.retry, { id, ...body });

/** Starts a run that inherits the steps of another run before a given step. */
export const forkRun = (id: string, body: ForkBody) => call(operations.run.fork, { id, ...body });

/** Plays a run again from its recording; no model and no tool is asked. */
export const replayRun = (id: string) => call(operations.run.replay, { id });

/** Of one that has ended, with its steps and files. */
export const deleteRun = (id: string) => call(operations.run.delete, { id });

export type Decision = { readonly call: string; readonly decision: "retry" | "skip" | "fail" };

export const decideRun = (id: string, { call: callId, decision }: Decision) =>
  call(operations.run.decide, { id, call_id: callId, decision });

export const chooseRun = (id: string, body: ChooseBody) => call(operations.run.choose, { id, ...body });

export type Answer = { readonly action: "accept"; readonly content: Values | string } | { readonly action: "decline" };

export const answerQuestion = (id: string, question: string, answer: Answer) =>
  call(operations.run.input, { id, input: question, ...answer });

export type ApprovalAnswer =
  | {
      readonly type: "approve";
      readonly arguments?: Values | undefined;
      readonly remember: boolean;
      readonly note: string;
    }
  | { readonly type: "deny"; readonly note: string };

/** The answer names the hash of the call that was on the card, so that it cannot be taken for another. */
export const answerApproval = ({ id, hash }: Pick<Approval, "id" | "hash">, { type, note, ...rest }: ApprovalAnswer) =>
  type === "deny"
    ? call(operations.approval.deny, { id, hash, reason: note })
    : call(operations.approval.approve, { id, hash, note, ...rest });

/** Sends one file. It lives for a while on the server, for the run or call that names its id. */
export const upload = (file: File, signal?: AbortSignal) =>
  ask<Upload>(withQuery(operations.run.upload.http.path, { name: file.name }), { method: "POST", file, signal });

export type ToolCallRequest = {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Values;
  readonly uploads: readonly string[];
  /** Whether the call reports the grants it needs, or also gets them for this call. */
  readonly observe?: "report" | "permit" | undefined;
};

/** The server ends the call when the signal aborts. */
export const callTool = (
  { server, tool, arguments: values, uploads, observe }: ToolCallRequest,
  signal?: AbortSignal,
) => call(operations.tool.call, { server, tool, arguments: values, uploads, observe }, signal);
