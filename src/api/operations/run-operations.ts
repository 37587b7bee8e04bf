import { mint, RunId, ToolCallId, UploadId } from "../../kernel/ids.ts";
import {
  type ArtifactStore,
  type Decision,
  type RunJournal,
  type RunOutcome,
  type Runs,
  type RunState,
  type UploadStore,
  RunNotFoundError,
  UploadNotFoundError,
} from "../../runs/index.ts";
import type * as contract from "../contract/index.ts";
import { presentArtifact, presentRun, presentSummary } from "./present-run.ts";

export const DEFAULT_WORKSPACE = "default";

export type RunServices = {
  readonly runs: Runs;
  readonly journal: RunJournal;
  readonly artifacts: ArtifactStore;
  readonly uploads: UploadStore;
};

/** An id from outside; what is no id at all is simply not there. Throws RunNotFoundError. */
export function runId(text: string): RunId {
  const parsed = RunId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new RunNotFoundError(`there is no run ${text}`, "`caxton run list` shows the runs there are.", { id: text });
}

export const uploadId = (text: string): UploadId => {
  const parsed = UploadId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UploadNotFoundError(`there is no upload ${text}`, "Send the file to /api/v1/uploads first.", { id: text });
};

export type StartedRun = { readonly id: RunId; readonly ended: Promise<RunOutcome> };

/** Accepts a run with its files; on disk when resolved. */
export async function startRun(
  { runs, uploads }: RunServices,
  body: {
    readonly agent: string;
    readonly input: string;
    readonly uploads: readonly string[];
    readonly model?: string | undefined;
  },
): Promise<StartedRun> {
  const id = mint(RunId);
  const files = await uploads.take(body.uploads.map(uploadId), id);
  const { ended } = await runs.start({
    id,
    workspace: DEFAULT_WORKSPACE,
    agent: body.agent,
    input: body.input,
    model: body.model,
    files: files.map(({ name, mediaType, bytes, location }) => ({ name, mediaType, bytes, location })),
  });
  return { id, ended };
}

/** A run with all its steps. Throws RunNotFoundError. */
export function getRun({ runs, journal, artifacts }: RunServices, id: RunId): contract.RunDetail {
  const view = runs.view(id);
  const summary = journal.summary(id);
  if (!summary)
    throw new RunNotFoundError(`there is no run ${id}`, "`caxton run list` shows the runs there are.", { id });
  return presentRun(summary, view, artifacts.ofRun(id));
}

export function listRuns(
  { journal }: RunServices,
  query: {
    readonly agent?: string | undefined;
    readonly state?: RunState | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  },
): { items: contract.RunSummary[]; next: string | null } {
  const { agent, state, cursor, limit } = query;
  const before = cursor === undefined ? undefined : runId(cursor);
  const found = journal.list({ workspace: DEFAULT_WORKSPACE, agent, state, before, limit: limit + 1 });
  const items = found.slice(0, limit).map(presentSummary);
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}

export async function cancelRun(services: RunServices, id: RunId): Promise<contract.RunDetail> {
  await services.runs.cancel(id, "asked for by a client");
  return getRun(services, id);
}

export async function decideRun(
  services: RunServices,
  id: RunId,
  { call_id, decision }: { readonly call_id: string; readonly decision: Decision },
): Promise<contract.RunDetail> {
  await services.runs.decide(id, ToolCallId.parse(call_id), decision);
  return getRun(services, id);
}

export const artifactsOfRun = (
  services: RunServices,
  id: RunId,
): { items: contract.ArtifactSummary[]; next: null } => ({
  items: services.artifacts.ofRun(id).map(presentArtifact),
  next: null,
});
