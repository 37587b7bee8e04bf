import { AgentNotFoundError, type Agents } from "../../agents/definitions/index.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { mint, RunId, ToolCallId, UploadId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import {
  type Answer,
  type ArtifactStore,
  type Decision,
  type ModelChosen,
  type RunJournal,
  type RunKeepings,
  type RunOutcome,
  type Runs,
  type RunState,
  type RunSummary,
  type StartRequest,
  type UploadStore,
  RunNotFoundError,
  RunNotWaitingError,
  UploadNotFoundError,
} from "../../runs/index.ts";
import type * as contract from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import { isSaid } from "./done-already.ts";
import { presentArtifact, presentRun, presentSummary } from "./present-run.ts";

export const DEFAULT_WORKSPACE = "default";

export type RunServices = {
  readonly runs: Runs;
  readonly journal: RunJournal;
  readonly artifacts: ArtifactStore;
  readonly uploads: UploadStore;
  readonly keepings: Pick<RunKeepings, "get">;
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

/** Accepts a run with its files; on disk when resolved. Asked for again it is the run that was begun before. */
export async function startRun(
  { runs, journal, uploads }: RunServices,
  body: {
    readonly agent: string;
    readonly input: string;
    readonly variables?: JsonObject | undefined;
    readonly uploads: readonly string[];
    readonly model?: string | undefined;
    readonly on_model_failure?: StartRequest["onModelFailure"];
    readonly attended?: boolean | undefined;
    readonly output_schema?: StartRequest["outputSchema"];
  },
  asked?: AskedIds,
): Promise<StartedRun> {
  const id = asked?.run() ?? mint(RunId);
  if (journal.summary(id) !== undefined) return { id, ended: runs.still(id) };
  const files = await uploads.take(body.uploads.map(uploadId), id);
  try {
    const { ended } = await runs.start({
      id,
      workspace: DEFAULT_WORKSPACE,
      agent: body.agent,
      input: body.input,
      variables: body.variables,
      model: body.model,
      onModelFailure: body.on_model_failure,
      attended: body.attended,
      outputSchema: body.output_schema,
      files: files.map(({ name, mediaType, bytes, location }) => ({ name, mediaType, bytes, location })),
    });
    return { id, ended };
  } catch (error) {
    if (files.length > 0) await releaseUploads(uploads, id);
    throw error;
  }
}

/** Sets a run's files free; a failure of that is only logged, since the next start of the server does it again. */
export async function releaseUploads(uploads: UploadStore, id: RunId): Promise<void> {
  try {
    await uploads.release(id);
  } catch (error) {
    log.warn({ err: error, run: id }, "uploads of a run that is not there stay taken until the next start");
  }
}

/** A run with all its steps. Throws RunNotFoundError. */
export function getRun(services: RunServices, id: RunId): contract.RunDetail {
  const { runs, journal, artifacts, keepings } = services;
  const view = runs.view(id);
  const summary = summaryOf(services, id);
  return presentRun(summary, view, {
    artifacts: artifacts.ofRun(id),
    madeFromIt: journal.madeFrom(id),
    keeping: keepings.get(id),
  });
}

/** A run's row. Throws RunNotFoundError. */
export function summaryOf({ journal }: RunServices, id: RunId): RunSummary {
  const summary = journal.summary(id);
  if (summary) return summary;
  throw new RunNotFoundError(`there is no run ${id}`, "`caxton run list` shows the runs there are.", { id });
}

/** Runs, newest first; an agent's by its name in any letter case. */
export async function listRuns(
  { journal, agents }: RunServices & { readonly agents: Agents },
  query: {
    readonly agent?: string | undefined;
    readonly state?: RunState | undefined;
    /** Only those that messages of this conversation started. */
    readonly conversation?: string | undefined;
    readonly cursor?: RunId | undefined;
    readonly limit: number;
  },
): Promise<{ items: contract.RunSummary[]; next: string | null }> {
  const { state, conversation, cursor: before, limit } = query;
  const agent = query.agent === undefined ? undefined : await deployedName(agents, query.agent);
  const found = journal.list({ workspace: DEFAULT_WORKSPACE, agent, state, conversation, before, limit: limit + 1 });
  const items = found.slice(0, limit).map(presentSummary);
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** An agent's name as it was deployed, which is how its runs carry it; of an agent that is gone, the name as given. */
async function deployedName(agents: Agents, name: string): Promise<string> {
  try {
    return (await agents.get(DEFAULT_WORKSPACE, name)).name;
  } catch (error) {
    if (error instanceof AgentNotFoundError) return name;
    throw error;
  }
}

/** Throws RunNotFoundError, RunEndedError. */
export async function cancelRun(services: RunServices, id: RunId, asked?: AskedIds): Promise<contract.RunDetail> {
  if (!isSaid(services, id, asked, ({ type }) => type === "run-cancel"))
    await services.runs.cancel(id, "asked for by a client");
  return getRun(services, id);
}

/** Throws RunNotFoundError, RunNotWaitingError. */
export async function decideRun(
  services: RunServices,
  id: RunId,
  { call_id, decision }: { readonly call_id?: string | undefined; readonly decision: Decision },
  asked?: AskedIds,
): Promise<contract.RunDetail> {
  const callId = ToolCallId.optional().safeParse(call_id);
  if (!callId.success) {
    const { waitingFor } = services.runs.view(id);
    throw new RunNotWaitingError(
      `run ${id} does not wait for a decision on call ${call_id}`,
      waitingFor.length === 0 ? "" : `It waits for one on ${waitingFor.join(" and ")}.`,
      { id, callId: call_id ?? "" },
    );
  }
  const isDecided = isSaid(
    services,
    id,
    asked,
    (event) =>
      event.type === "run-decide" &&
      event.decision === decision &&
      (callId.data === undefined || event.callId === callId.data),
  );
  if (!isDecided) await services.runs.decide(id, callId.data, decision);
  return getRun(services, id);
}

/** Says how a run goes on whose model failed. Throws RunNotFoundError, NoChoiceOpenError, UnknownModelError. */
export async function chooseRun(
  services: RunServices,
  id: RunId,
  chosen: ModelChosen,
  asked?: AskedIds,
): Promise<contract.RunDetail> {
  const isChosen = isSaid(services, id, asked, ({ type }) => type === "model-choose" || type === "run-cancel");
  if (!isChosen) await services.runs.choose(id, chosen);
  return getRun(services, id);
}

/** Answers a question of a tool. Throws RunNotFoundError, QuestionNotFoundError, QuestionClosedError, AnswerInvalidError. */
export async function answerQuestion(
  services: RunServices,
  id: RunId,
  question: string,
  answer: Answer,
): Promise<contract.RunDetail> {
  await services.runs.answer(id, question, answer);
  return getRun(services, id);
}

export const artifactsOfRun = (
  services: RunServices,
  id: RunId,
): { items: contract.ArtifactSummary[]; next: null } => ({
  items: services.artifacts.ofRun(id).map(presentArtifact),
  next: null,
});
