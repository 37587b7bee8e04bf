import type * as z from "zod";
import { AgentNotFoundError, type Agents } from "../../../agents/definitions/index.ts";
import { mint, RunId } from "../../../kernel/ids.ts";
import { log } from "../../../kernel/log.ts";
import type { OpenRuns, UploadStore } from "../../../runs/index.ts";
import { operations, type runs as schemas } from "../../contract/index.ts";
import type { RequestIds } from "../request-ids.ts";
import { wasApplied } from "../idempotent.ts";
import { downloadArtifact } from "./download-artifact.ts";
import { implement, implementStream } from "../perform.ts";
import { presentArtifact, presentSummary } from "./present-run.ts";
import { receiveUpload } from "./receive-upload.ts";
import { DEFAULT_WORKSPACE } from "../default-workspace.ts";
import { getRun, runId, type RunServices } from "./stored-run.ts";
import { watchRun } from "./watch-run.ts";

export type StartedRun = { readonly id: RunId; readonly ended: ReturnType<OpenRuns["runs"]["waitUntilSettled"]> };

/** Accepts a run with its files; stored when resolved. Requested again it is the run that was started before. */
async function startRun(
  { runs, journal, uploads }: RunServices,
  body: z.output<typeof schemas.StartRunBody>,
  asked: RequestIds | undefined,
): Promise<StartedRun> {
  const id = asked?.run() ?? mint(RunId);
  if (journal.summary(id) !== undefined) return { id, ended: runs.waitUntilSettled(id) };
  const files = await uploads.take(body.uploads, id);
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

/** Releases a run's files. A failure is only logged, since the next start of the server releases them again. */
export async function releaseUploads(uploads: UploadStore, id: RunId): Promise<void> {
  try {
    await uploads.release(id);
  } catch (error) {
    log.warn({ err: error, run: id }, "uploads of a run that is not there stay taken until the next start");
  }
}

const start = implement(
  operations.run.start,
  async (services: RunServices, body, { asked }) => {
    const { id, ended } = await startRun(services, body, asked);
    if (body.wait) await ended;
    return getRun(services, id);
  },
  {
    stream: async (services, body, { asked, signal }) => {
      const { id } = await startRun(services, body, asked);
      return { events: watchRun(services, id, {}, signal), headers: { location: `/api/v1/runs/${id}` } };
    },
  },
);

/** An agent's runs are found by its name in any letter case. */
const list = implement(
  operations.run.list,
  async ({ journal, agents }: RunServices & { readonly agents: Agents }, query) => {
    const { state, conversation, cursor, limit } = query;
    const before = cursor === undefined ? undefined : RunId.parse(cursor);
    const agent = query.agent === undefined ? undefined : await deployedName(agents, query.agent);
    const found = journal.list({ workspace: DEFAULT_WORKSPACE, agent, state, conversation, before, limit: limit + 1 });
    const items = found.slice(0, limit).map(presentSummary);
    return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
  },
);

/** Returns an agent's name as it was deployed, which its runs carry; for an agent that was deleted, the name as given. */
async function deployedName(agents: Agents, name: string): Promise<string> {
  try {
    return (await agents.get(DEFAULT_WORKSPACE, name)).name;
  } catch (error) {
    if (error instanceof AgentNotFoundError) return name;
    throw error;
  }
}

const get = implement(operations.run.get, (services: RunServices, { id }) => getRun(services, runId(id)));

const watch = implementStream(operations.run.watch, (services: RunServices, { id, types }, call) => {
  const afterSeq = Number(call.lastEventId ?? 0);
  const resumed = Number.isSafeInteger(afterSeq) && afterSeq > 0 ? afterSeq : 0;
  return { events: watchRun(services, runId(id), { afterSeq: resumed, types }, call.signal) };
});

const cancel = implement(operations.run.cancel, async (services: RunServices, { id: text }, { asked }) => {
  const id = runId(text);
  if (!wasApplied(services, id, asked, ({ type }) => type === "run-cancel"))
    await services.runs.cancel(id, "asked for by a client");
  return getRun(services, id);
});

/** Throws RunNotFoundError, RunNotWaitingError. */
const decide = implement(operations.run.decide, async (services: RunServices, input, { asked }) => {
  const { call_id, decision } = input;
  const id = runId(input.id);
  const isDecided = wasApplied(
    services,
    id,
    asked,
    (event) =>
      event.type === "run-decide" && event.decision === decision && (call_id === undefined || event.callId === call_id),
  );
  if (!isDecided) await services.runs.decide(id, call_id, decision);
  return getRun(services, id);
});

/** Throws RunNotFoundError, NoChoiceOpenError, UnknownModelError. */
const choose = implement(operations.run.choose, async (services: RunServices, { id: text, ...chosen }, { asked }) => {
  const id = runId(text);
  const isChosen = wasApplied(services, id, asked, ({ type }) => type === "model-choose" || type === "run-cancel");
  if (!isChosen) await services.runs.choose(id, chosen);
  return getRun(services, id);
});

/** Throws RunNotFoundError, QuestionNotFoundError, QuestionClosedError, AnswerInvalidError. */
const answer = implement(operations.run.answer, async (services: RunServices, { id, question, ...answered }) => {
  await services.runs.answer(runId(id), question, answered);
  return getRun(services, runId(id));
});

const artifacts = implement(operations.run.artifacts, (services: RunServices, { id }) => {
  getRun(services, runId(id));
  return { items: services.artifacts.ofRun(runId(id)).map(presentArtifact), next: null };
});

export const runOperations = [
  start,
  list,
  get,
  watch,
  cancel,
  decide,
  choose,
  answer,
  receiveUpload,
  artifacts,
  downloadArtifact,
] as const;
