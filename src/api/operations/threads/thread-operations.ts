import type * as z from "zod";
import { type Admission, runCallerOf } from "../../../access/index.ts";
import { AgentNotFoundError } from "../../../agents/definitions/index.ts";
import { mint, RunId } from "../../../kernel/ids.ts";
import type { RunServices, RunSummary } from "../../../runs/index.ts";
import { operations, type threads as schemas, waitsForPerson } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { RequestInvalidError } from "../errors.ts";
import { cursors } from "../handles.ts";
import { rangeOf } from "../instant.ts";
import { coveredPage, decodeCursor } from "../page.ts";
import { type Call, implement } from "../perform.ts";
import { clientToolsIn, releaseUploads } from "../runs/run-operations.ts";
import { getRun, ownRun } from "../runs/stored-run.ts";
import { watchRun } from "../runs/watch-run.ts";
import { Branch } from "./branch.ts";
import { exportThread } from "./export-thread.ts";
import { ownThread } from "./own-thread.ts";
import { presentThread } from "./present-thread.ts";
import { refuseKeyOfAnother } from "./principal-keys.ts";

type Services = Pick<ApiServices, "agents" | "runs">;

type Thread = ReturnType<RunServices["threads"]["get"]>;

const msOf = (seconds: number | null): number | null => seconds && seconds * 1_000;

/** Throws RequestInvalidError, AgentNotFoundError, AgentPausedError, RunNotFoundError, storage errors. */
const create = implement(operations.thread.create, async ({ agents: { agents }, runs }, body, call) => {
  const { workspace, name: owner } = call.principal;
  refuseKeyOfAnother(body.key, call.principal.id);
  const serving = await agents.prepareServing(workspace, body.agent);
  if (typeof body.revision === "number") await agents.prepare(workspace, serving.name, body.revision);
  const thread = await runs.threads.create({
    id: call.asked?.thread(),
    key: body.key,
    workspace,
    agent: serving.name,
    revision: body.revision === "latest" ? null : (body.revision ?? serving.revision),
    owner,
    title: body.title,
    tags: body.tags,
    expiresAfterMs: msOf(body.expires_after),
    from: body.from_run === undefined ? undefined : ownRun(runs, call.admission, body.from_run),
  });
  // A key may belong to a thread of another agent.
  return presentThread(runs, ownThread(runs, call.admission, thread.id));
});

const cursorAfter = ({ updatedAtMs, id }: Thread) => cursors.threads.encode(updatedAtMs, id);

const list = implement(operations.thread.list, async ({ runs }, query, { admission, principal: { workspace } }) => {
  const { agent, tag, key, search, kind, cursor, limit } = query;
  const [updatedAtMs, id] = decodeCursor(cursors.threads, cursor) ?? [];
  const first = updatedAtMs === undefined || id === undefined ? undefined : { updatedAtMs, id };
  const asked = { workspace, agent, tag, key, search, ofConversations: kind === "conversation", ...rangeOf(query) };
  const { rows, next } = await coveredPage(
    (after, count) => runs.threads.list({ ...asked, before: after ?? first, limit: count }),
    (thread) => admission.covers("agents", thread.agent),
    { limit, cursorAfter },
  );
  return { items: rows.map((thread) => presentThread(runs, thread)), next };
});

const get = implement(operations.thread.get, ({ runs }, { id }, { admission }) =>
  presentThread(runs, ownThread(runs, admission, id)),
);

/** Throws ThreadNotFoundError, RunNotFoundError. */
const turns = implement(operations.thread.turns, (services, { id, head, cursor, limit }, { admission }) => {
  const { runs } = services;
  const thread = ownThread(runs, admission, id);
  const [after] = decodeCursor(cursors.turns, cursor) ?? [];
  // A client can write a cursor, so the run in it is checked like any other.
  const last = after ?? head;
  const from = last === undefined ? thread.head : ownRun(runs, admission, last);
  const shown = head === undefined ? thread.head : ownRun(runs, admission, head);
  const branch = new Branch(services, { thread, head: shown, admission });
  const path = from === null ? [] : runs.threads.path(from, limit + 1);
  const next = path[limit];
  return {
    items: branch.present(path.slice(0, limit)),
    next: next === undefined ? null : cursors.turns.encode(next.run),
    summary: branch.summary(),
    added: after === undefined ? branch.added() : [],
  };
});

/** Throws ThreadNotFoundError, RunNotFoundError. */
const exported = implement(operations.thread.export, (services, { id, format, head }, { admission }) => {
  const { runs } = services;
  const thread = ownThread(runs, admission, id);
  const from = head === undefined ? thread.head : ownRun(runs, admission, head);
  const branch = new Branch(services, { thread, head: from, admission });
  return exportThread(presentThread(runs, thread), branch, format);
});

type SendInput = z.output<typeof schemas.SendBody> & { readonly id: string };

/** The message with its files; those of the replaced turn, where the request has none. */
async function messageOf(
  runs: RunServices,
  body: SendInput,
  { runId, workspace, admission }: { readonly runId: RunId; readonly workspace: string; readonly admission: Admission },
) {
  const { uploads } = runs.stores;
  const replaced =
    body.instead_of === undefined ? undefined : runs.runs.firstOf(ownRun(runs, admission, body.instead_of));
  const before = replaced && runs.runs.view(replaced);
  const input = body.input ?? before?.input;
  if (input === undefined) {
    const problems = ["input: a message without instead_of needs a text"];
    throw new RequestInvalidError("the request does not fit: input is missing", "Send the text of the message.", {
      problems,
    });
  }
  const holder = { workspace, runId };
  const taken = await uploads.take(body.uploads ?? [], holder);
  const files = taken.map(({ name, mediaType, bytes, location }) => ({ name, mediaType, bytes, location }));
  if (body.uploads === undefined && before)
    for (const file of before.files) files.push(await uploads.copy(file, holder));
  return { input, files, insteadOf: replaced };
}

/** Sends a message; on disk when resolved. */
async function sendMessage({ agents, runs }: Services, body: SendInput, call: Call) {
  const { admission, principal, asked } = call;
  const thread = ownThread(runs, admission, body.id);
  const { workspace } = principal;
  const runId = asked?.run() ?? mint(RunId);
  const known = runs.stores.journal.summary(runId);
  if (known) return { thread: thread.id, run: runId, joined: false, ended: runs.runs.waitUntilSettled(runId) };
  // A thread that was moved may have a turn in progress of an agent that the caller may not use.
  const continues = body.parent === undefined ? undefined : ownRun(runs, admission, body.parent);
  const last = thread.head === null ? undefined : runs.stores.journal.summary(continues ?? thread.head);
  const isCovered = last === undefined || admission.covers("agents", last.agent);
  const wanted = body.when_busy ?? (await whenBusyOf(agents, thread));
  const whenBusy = isCovered || wanted === "reject" ? wanted : "queue";
  const moveTo = body.agent === undefined ? undefined : await servingAgent(agents, body.agent, admission);
  try {
    const message = await messageOf(runs, body, { runId, workspace, admission });
    const sent = await runs.threads.send(thread.id, {
      ...message,
      id: runId,
      author: principal.name,
      messageId: body.client_message_id,
      isRepeated: asked?.isRepeated === true,
      whenBusy,
      mayAnswer: isCovered && isPlain(body),
      whenWaiting: isCovered || body.when_waiting === "queue" ? body.when_waiting : "reject",
      continues,
      moveTo,
      isTextOnly: body.text_only,
      tags: body.tags,
      hasWholeHistory: body.full_history,
      variables: body.variables,
      model: body.model,
      onModelFailure: body.on_model_failure,
      attended: body.attended,
      outputSchema: body.output_schema,
      clientTools: clientToolsIn(body),
      sideEffects: body.side_effects,
      instructions: body.instructions,
      caller: runCallerOf(principal),
    });
    return { thread: thread.id, ...sent };
  } catch (error) {
    await releaseUploads(runs.stores.uploads, runId);
    throw error;
  }
}

/** A message that says nothing of its handling may answer a question. */
const isPlain = ({
  when_busy,
  uploads = [],
  instead_of,
  client_tools,
  output_schema,
  model,
  instructions,
  parent,
  agent,
  ...rest
}: SendInput) =>
  uploads.length === 0 &&
  !rest.full_history &&
  !rest.text_only &&
  [when_busy, instead_of, client_tools, output_schema, model, instructions, parent, agent].every(
    (each) => each === undefined,
  );

/** The agent that a request names, and its newest revision. Throws AgentNotFoundError, AgentPausedError. */
async function servingAgent({ agents }: ApiServices["agents"], name: string, admission: Admission) {
  const { workspace } = admission.principal;
  if (!admission.covers("agents", name)) throw new AgentNotFoundError(workspace, name, []);
  const serving = await agents.prepareServing(workspace, name);
  return { agent: serving.name, revision: serving.revision };
}

async function whenBusyOf({ agents }: ApiServices["agents"], { workspace, agent }: Thread) {
  const { definition } = await agents.prepareServing(workspace, agent);
  return definition.messaging.whenBusy;
}

/** Runs that wait for a person, and for whose end a queued turn waits. */
function blockersOf({ stores: { journal } }: RunServices, queued: RunId): readonly RunSummary[] {
  let run = journal.summary(queued);
  while (run?.startedAtMs === null && run.thread?.parent) run = journal.summary(run.thread.parent);
  return run === undefined || run.id === queued ? [] : [run, ...journal.below(run.id)].filter(waitsForPerson);
}

/** Throws ThreadNotFoundError, ThreadBusyError, ThreadFullError, TurnNotFoundError, and what run.start throws. */
const send = implement(
  operations.thread.send,
  async (services, body, call) => {
    const { runs } = services;
    const { thread, run, joined, ended } = await sendMessage(services, body, call);
    if (body.wait) await ended;
    const shown = body.wait ? runs.runs.lastOf(run) : run;
    const blockers = joined ? [] : blockersOf(runs, run).filter(({ agent }) => call.admission.covers("agents", agent));
    return {
      thread: presentThread(runs, runs.threads.get(thread)),
      run: getRun(runs, shown),
      joined,
      blocked_by: blockers.map(({ id, agent, state }) => ({ run: id, agent, state })),
    };
  },
  {
    stream: async (services, body, call) => {
      const { run } = await sendMessage(services, body, call);
      return { events: watchRun(services.runs, run, {}, call.signal), headers: { location: `/api/v1/runs/${run}` } };
    },
  },
);

/** Throws ThreadNotFoundError, TurnNotFoundError, AgentNotFoundError, RevisionNotFoundError. */
const update = implement(operations.thread.update, async (services, input, { admission }) => {
  const { runs } = services;
  const thread = ownThread(runs, admission, input.id);
  const { title, tags, revision, expires_after: expires } = input;
  const head = headOf(runs, thread, input, admission);
  const { workspace } = thread;
  const moved = input.agent === undefined ? undefined : await servingAgent(services.agents, input.agent, admission);
  if (typeof revision === "number")
    await services.agents.agents.prepare(workspace, moved?.agent ?? thread.agent, revision);
  const changed = await runs.threads.update(thread.id, {
    ...(title !== undefined && { title }),
    ...(tags !== undefined && { tags }),
    ...(head !== undefined && { head }),
    ...moved,
    ...(revision !== undefined && { revision: revision === "latest" ? null : revision }),
    ...(expires !== undefined && { expiresAfterMs: msOf(expires) }),
  });
  return presentThread(runs, changed);
});

type HeadInput = Pick<z.output<typeof schemas.UpdateThreadBody>, "head" | "branch">;

/** The last turn to show; undefined if the request names none. Throws RunNotFoundError. */
function headOf(runs: RunServices, { id }: Thread, { head, branch }: HeadInput, admission: Admission) {
  if (branch !== undefined) return runs.threads.newestAfter(id, ownRun(runs, admission, branch));
  return typeof head === "string" ? ownRun(runs, admission, head) : head;
}

/** Throws ThreadNotFoundError, RunNotFoundError. */
const fork = implement(operations.thread.fork, async ({ runs }, { id, at, title }, call) => {
  const { admission, asked, principal } = call;
  const thread = ownThread(runs, admission, id);
  const last = at === undefined ? thread.head : ownRun(runs, admission, at);
  const made = await runs.threads.create({
    id: asked?.thread(),
    workspace: thread.workspace,
    agent: thread.agent,
    revision: thread.revision,
    owner: principal.name,
    title: title ?? thread.title,
    tags: thread.tags,
    expiresAfterMs: null,
    from: last ?? undefined,
    forkedFrom: thread.id,
  });
  return presentThread(runs, made);
});

const cancel = implement(operations.thread.cancel, async ({ runs }, { id }, { admission }) => {
  const thread = ownThread(runs, admission, id);
  await runs.threads.cancel(thread.id, "asked for by a client");
  return presentThread(runs, runs.threads.get(thread.id));
});

const remove = implement(operations.thread.delete, async ({ runs }, { id }, { admission }) => {
  const thread = ownThread(runs, admission, id);
  await runs.threads.delete(thread.id);
  return null;
});

export const threadOperations = [create, list, get, turns, exported, send, update, fork, cancel, remove] as const;
