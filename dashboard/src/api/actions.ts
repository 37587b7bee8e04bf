import {
  fillRoute,
  ROUTES,
  type ChooseBody,
  type AgentDetail,
  type Approval,
  type DeployOutcome,
  type ForkBody,
  type ReplayReport,
  type RouteName,
  type RunSummary,
  type StartRunBody,
  type ToolCallOutcome,
  type Upload,
  type ValidationReport,
} from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";

export type DefinitionFile = { readonly source: string; readonly fileName: string };

export const deployAgent = ({ source, fileName }: DefinitionFile) =>
  ask<DeployOutcome>(ROUTES.agents, { method: "POST", json: { source, file_name: fileName } });

export const validateAgent = ({ source, fileName }: DefinitionFile, signal?: AbortSignal) =>
  ask<ValidationReport>(ROUTES.validateAgent, { method: "POST", json: { source, file_name: fileName }, signal });

const changeAgent = (route: RouteName, name: string, json: object) =>
  ask<AgentDetail>(fillRoute(route, { name }), { method: "POST", json });

export const activateAgent = (name: string, revision: number) => changeAgent("activateAgent", name, { revision });

export const pauseAgent = (name: string, reason: string) => changeAgent("pauseAgent", name, { reason });

export const resumeAgent = (name: string) => changeAgent("resumeAgent", name, {});

export const deleteAgent = (name: string) => ask<null>(fillRoute("agent", { name }), { method: "DELETE" });

/** Whoever starts a run here looks at its page, so it may ask. */
export const startRun = (body: StartRunBody) =>
  ask<RunSummary>(ROUTES.runs, { method: "POST", json: { attended: true, ...body } });

export const cancelRun = (id: string) => ask<unknown>(fillRoute("cancelRun", { id }), { method: "POST", json: {} });

/** The same request once more, with its files. */
export const retryRun = (id: string, body: { readonly latest: boolean }) =>
  ask<RunSummary>(fillRoute("retryRun", { id }), { method: "POST", json: body });

/** A new run that takes over the steps of another before one. */
export const forkRun = (id: string, body: ForkBody) =>
  ask<RunSummary>(fillRoute("forkRun", { id }), { method: "POST", json: body });

/** Plays a run again from its recording; no model and no tool is asked. */
export const replayRun = (id: string) =>
  ask<ReplayReport>(fillRoute("replayRun", { id }), { method: "POST", json: {} });

/** Of one that has ended, with its steps and files. */
export const deleteRun = (id: string) => ask<null>(fillRoute("run", { id }), { method: "DELETE" });

export type Decision = { readonly call: string; readonly decision: "retry" | "skip" | "fail" };

export const decideRun = (id: string, { call, decision }: Decision) =>
  ask<unknown>(fillRoute("decideRun", { id }), { method: "POST", json: { call_id: call, decision } });

export const chooseRun = (id: string, body: ChooseBody) =>
  ask<unknown>(fillRoute("chooseRun", { id }), { method: "POST", json: body });

export type Answer = { readonly action: "accept"; readonly content: object } | { readonly action: "decline" };

export const answerQuestion = (id: string, question: string, answer: Answer) =>
  ask<unknown>(fillRoute("answerQuestion", { id, question }), { method: "POST", json: answer });

export type ApprovalAnswer =
  | {
      readonly type: "approve";
      readonly arguments?: object | undefined;
      readonly remember: boolean;
      readonly note: string;
    }
  | { readonly type: "deny"; readonly note: string };

/** The answer names the hash of the call that was on the card, so that it cannot be taken for another. */
export const answerApproval = ({ id, hash }: Pick<Approval, "id" | "hash">, { type, note, ...rest }: ApprovalAnswer) =>
  ask<Approval>(fillRoute(type, { id }), {
    method: "POST",
    json: type === "deny" ? { hash, reason: note } : { hash, note, ...rest },
  });

/** Sends one file. It lives for a while on the server, for the run or call that names its id. */
export const upload = (file: File, signal?: AbortSignal) =>
  ask<Upload>(`${ROUTES.uploads}?name=${encodeURIComponent(file.name)}`, { method: "POST", file, signal });

export type ToolCallRequest = {
  readonly server: string;
  readonly tool: string;
  readonly arguments: object;
  readonly uploads: readonly string[];
  /** Whether the call tells what it needed, and whether it may have it this once. */
  readonly observe?: "report" | "permit" | undefined;
};

/** The server ends the call when the signal aborts. */
export const callTool = (
  { server, tool, arguments: values, uploads, observe }: ToolCallRequest,
  signal?: AbortSignal,
) =>
  ask<ToolCallOutcome>(fillRoute("callTool", { server, tool }), {
    method: "POST",
    json: { arguments: values, uploads, observe },
    signal,
  });
