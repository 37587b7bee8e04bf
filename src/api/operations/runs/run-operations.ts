import { runCallerOf } from "../../../access/index.ts";
import { NOTHING, plus } from "../../../agents/budgets/index.ts";
import { AgentNotFoundError, type Agents } from "../../../agents/definitions/index.ts";
import { mint, RunId } from "../../../kernel/ids.ts";
import { log } from "../../../kernel/log.ts";
import type { RunServices, RunSummary, RunView, UploadStore } from "../../../runs/index.ts";
import { operations, type StartRunInput } from "../../contract/index.ts";
import { wasApplied } from "../idempotent.ts";
import { cursors, handles } from "../handles.ts";
import { rangeOf } from "../instant.ts";
import { coveredPage, decodeCursor, pageOf } from "../page.ts";
import { RequestInvalidError } from "../errors.ts";
import { downloadArtifact, downloadSentFile } from "./download-file.ts";
import { type Call, implement, implementStream } from "../perform.ts";
import { presentArtifact, presentSummary } from "./present-run.ts";
import { receiveUpload } from "./receive-upload.ts";
import { presentSpent } from "../agents/present-budget.ts";
import { presentApproval } from "./present-approval.ts";
import { getRun, ownRun, summaryOf } from "./stored-run.ts";
import { watchRun } from "./watch-run.ts";

export type StartedRun = { readonly id: RunId; readonly ended: ReturnType<RunServices["runs"]["waitUntilSettled"]> };

type StartBody = StartRunInput;
type RunFile = RunView["files"][number];
type Message = NonNullable<StartBody["messages"]>[number];

/** Throws RequestInvalidError. */
function refuseEmpty({ input, messages = [] }: StartBody): void {
  if (input !== "" || messages.at(-1)?.role === "tool") return;
  const problems = ["input: it is empty, and messages does not end with the result of a tool"];
  throw new RequestInvalidError("the request does not fit: input is empty", "Send the text of the request.", {
    problems,
  });
}

const uploadsOf = (message: Message): readonly string[] => (message.role === "user" ? (message.uploads ?? []) : []);

const fileOf = (upload: RunFile | undefined): readonly RunFile[] => {
  if (upload === undefined) return [];
  const { name, mediaType, bytes, location } = upload;
  return [{ name, mediaType, bytes, location }];
};

function transcriptMessage(message: Message, filesOf: (ids: readonly string[]) => readonly RunFile[]) {
  switch (message.role) {
    case "user":
      return { role: message.role, text: message.text, files: [...filesOf(uploadsOf(message))] };
    case "assistant":
      return { role: message.role, text: message.text, calls: message.calls ?? [] };
    case "tool":
      return message;
  }
}

/** Accepts a run with its files; stored when resolved. Requested again it is the run that was started before. */
async function startRun(
  { runs, stores: { journal, uploads } }: RunServices,
  body: StartBody,
  { asked, principal }: Pick<Call, "asked" | "principal">,
): Promise<StartedRun> {
  const { workspace } = principal;
  refuseEmpty(body);
  const id = asked?.run() ?? mint(RunId);
  if (journal.summary(id) !== undefined) return { id, ended: runs.waitUntilSettled(id) };
  const ids = [...body.uploads, ...(body.messages ?? []).flatMap(uploadsOf)];
  const taken = new Map<string, RunFile>(
    (await uploads.take(ids, { workspace, runId: id })).map((upload) => [upload.id, upload]),
  );
  const filesOf = (some: readonly string[]) => [...new Set(some)].flatMap((each) => fileOf(taken.get(each)));
  try {
    const { ended } = await runs.start({
      id,
      workspace,
      agent: body.agent,
      input: body.input,
      variables: body.variables,
      model: body.model,
      onModelFailure: body.on_model_failure,
      attended: body.attended,
      outputSchema: body.output_schema,
      clientTools: clientToolsIn(body),
      transcript: body.messages?.map((message) => transcriptMessage(message, filesOf)),
      instructions: body.instructions,
      sideEffects: body.side_effects,
      isTextOnly: body.text_only,
      caller: runCallerOf(principal),
      tags: body.tags,
      files: filesOf(body.uploads),
    });
    return { id, ended };
  } catch (error) {
    if (ids.length > 0) await releaseUploads(uploads, id);
    throw error;
  }
}

/** Tools of the client in a request. */
export const clientToolsIn = ({ client_tools: tools = [] }: Pick<StartBody, "client_tools">) =>
  tools.map(({ name, description, input_schema: inputSchema, expires_after: seconds }) => ({
    name,
    description,
    inputSchema,
    expiresAfterMs: seconds * 1_000,
  }));

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
  async ({ runs }, body, call) => {
    const { id, ended } = await startRun(runs, body, call);
    if (!body.wait) return getRun(runs, id);
    await ended;
    return getRun(runs, runs.runs.lastOf(id));
  },
  {
    stream: async ({ runs }, body, call) => {
      const { id } = await startRun(runs, body, call);
      return { events: watchRun(runs, id, {}, call.signal), headers: { location: `/api/v1/runs/${id}` } };
    },
  },
);

/** Open approvals of a tree that are shown. */
const OPEN_SHOWN_MAX = 200;

const cursorAfter = ({ id }: RunSummary) => cursors.runs.encode(id);

/** An agent's runs are found by its name in any letter case. */
const list = implement(
  operations.run.list,
  async ({ agents: { agents }, runs: { stores } }, query, { admission, principal: { workspace } }) => {
    const { state, conversation, thread, tag, search, cursor, limit } = query;
    const [before] = decodeCursor(cursors.runs, cursor) ?? [];
    const agent = query.agent === undefined ? undefined : await deployedName(agents, workspace, query.agent);
    const asked = { workspace, agent, state, conversation, thread, tag, search, ...rangeOf(query) };
    const read = (from: RunId | undefined, count: number) =>
      stores.journal.list({ ...asked, before: from, limit: count });
    const { rows, next } = admission.isWhole
      ? pageOf(read(before, limit + 1), limit, cursorAfter)
      : await coveredPage(
          (after, count) => read(after?.id ?? before, count),
          (run) => admission.covers("agents", run.agent),
          { limit, cursorAfter },
        );
    return { items: rows.map(presentSummary), next };
  },
);

/** Returns an agent's name as it was deployed, which its runs carry; for an agent that was deleted, the name as given. */
async function deployedName(agents: Agents, workspace: string, name: string): Promise<string> {
  try {
    return (await agents.get(workspace, name)).name;
  } catch (error) {
    if (error instanceof AgentNotFoundError) return name;
    throw error;
  }
}

const get = implement(operations.run.get, ({ runs }, { id }, { admission }) =>
  getRun(runs, ownRun(runs, admission, id)),
);

/** Throws RunNotFoundError. */
const tree = implement(operations.run.tree, ({ runs }, input, { admission }) => {
  const { journal, approvals } = runs.stores;
  const id = ownRun(runs, admission, input.id);
  const shown = [summaryOf(runs, id), ...journal.below(id)].filter(({ agent }) => admission.covers("agents", agent));
  const open = approvals.list({
    workspace: admission.principal.workspace,
    state: "open",
    runId: id,
    before: undefined,
    order: "oldest",
    limit: OPEN_SHOWN_MAX,
  });
  return {
    items: shown.map(presentSummary),
    approvals: open.filter(({ agent }) => admission.covers("agents", agent)).map(presentApproval),
    spent: presentSpent(shown.reduce((sum, { spent }) => plus(sum, spent), NOTHING)),
  };
});

const watch = implementStream(operations.run.watch, ({ runs }, { id, types }, call) => {
  const [afterSeq] = handles.runEvent.decode(call.lastEventId ?? "") ?? [];
  const mayUse = (agent: string) => call.admission.covers("agents", agent);
  return { events: watchRun(runs, ownRun(runs, call.admission, id), { afterSeq, types, mayUse }, call.signal) };
});

/** Throws RunNotFoundError, storage errors. */
const update = implement(operations.run.update, async ({ runs }, { id: text, tags }, { admission }) => {
  const id = ownRun(runs, admission, text);
  if (tags !== undefined) await runs.stores.journal.tag(id, tags);
  return getRun(runs, id);
});

const cancel = implement(operations.run.cancel, async ({ runs }, { id: text }, { asked, admission }) => {
  const id = ownRun(runs, admission, text);
  if (!wasApplied(runs.stores, id, asked, ({ type }) => type === "run-cancel"))
    await runs.runs.cancel(id, "asked for by a client");
  const last = summaryOf(runs, runs.runs.lastOf(id));
  return getRun(runs, admission.covers("agents", last.agent) ? last.id : id);
});

/** Throws RunNotFoundError, RunNotWaitingError. */
const decide = implement(operations.run.decide, async ({ runs }, input, { asked, admission }) => {
  const { call_id, decision } = input;
  const id = ownRun(runs, admission, input.id);
  const isDecided = wasApplied(
    runs.stores,
    id,
    asked,
    (event) =>
      event.type === "run-decide" && event.decision === decision && (call_id === undefined || event.callId === call_id),
  );
  if (!isDecided) await runs.runs.decide(id, call_id, decision);
  return getRun(runs, id);
});

/** Throws RunNotFoundError, NoChoiceOpenError, UnknownModelError. */
const choose = implement(operations.run.choose, async ({ runs }, { id: text, ...chosen }, { asked, admission }) => {
  const id = ownRun(runs, admission, text);
  const isChosen = wasApplied(runs.stores, id, asked, ({ type }) => type === "model-choose" || type === "run-cancel");
  if (!isChosen) await runs.runs.choose(id, chosen);
  return getRun(runs, id);
});

const artifacts = implement(operations.run.artifacts, ({ runs }, input, { admission }) => {
  const id = ownRun(runs, admission, input.id);
  return { items: runs.stores.artifacts.ofRun(id).map(presentArtifact), next: null };
});

export const runOperations = [
  start,
  list,
  get,
  tree,
  watch,
  update,
  cancel,
  decide,
  choose,
  receiveUpload,
  artifacts,
  downloadArtifact,
  downloadSentFile,
] as const;
