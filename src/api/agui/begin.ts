import { createHash } from "node:crypto";
import { canonicalJson, Json } from "../../kernel/json.ts";
import { type GivenTo, operations, type RunDetail, type Thread } from "../contract/index.ts";
import { blockerOf, type Caller, RequestInvalidError, type SentOnce } from "../operations/index.ts";
import { resume } from "./interrupts.ts";
import { instructionsOf, readContent, textOf } from "./read-message.ts";
import type { Message, RunAgentInput } from "./request.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What a request leads to. */
export type Begun = {
  /** The run to report; undefined if the thread has none that is in progress. */
  readonly run: RunDetail | undefined;
  /** Id of the last event that the client has; empty: none. */
  readonly after: string;
  /** The thread, if the client asks for its messages. */
  readonly shown: Thread | undefined;
};

type Asked = { readonly caller: Caller; readonly sentOnce: SentOnce; readonly agent: string };

/**
 * Gives the run that waits what the request has for it, or sends its last message. Without either, the dialogue is shown. A request that
 * is repeated with its `runId` gets the run of the first.
 */
export async function begin({ caller, sentOnce, agent }: Asked, input: RunAgentInput): Promise<Begun> {
  const { threadId, messages } = input;
  const known = await find(caller, agent, threadId);
  const waiting = known === undefined ? undefined : await openRun(caller, known);
  const last = messages.findLast(({ role }) => role === "user" || role === "assistant" || role === "tool");
  const results = waiting === undefined ? [] : resultsFor(waiting, messages);
  if (waiting !== undefined && (input.resume.length > 0 || results.length > 0)) {
    for (const { id, content } of results)
      await caller.perform(operations.run.input, { id: waiting.id, input: id, action: "accept", content });
    await resume(caller, (await blockerOf(caller, waiting)) ?? waiting, input.resume);
    return { run: waiting, after: waiting.last_event_id, shown: undefined };
  }
  if (last?.role !== "user") return { run: waiting, after: "", shown: known };
  let joins = false;
  const { runId } = input;
  const message = JSON.stringify({ agent, threadId, runId, last });
  const hash = createHash("sha256").update(canonicalJson(Json.parse(JSON.parse(message))));
  const id = await sentOnce.perform(caller.principal, hash.digest("base64url"), async (asked) => {
    const thread = known ?? (await create(caller, agent, threadId));
    const body = await messageFor(caller, thread.id, { ...input, last });
    // It would wait behind a run that waits for the user, who is not asked again.
    const sending = { ...body, when_waiting: "answer" as const };
    const { run, joined } = await caller.perform(operations.thread.send, sending, { asked });
    joins = joined && run.id === waiting?.id;
    return run.id;
  });
  const run = await caller.perform(operations.run.get, { id });
  return { run, after: joins && waiting !== undefined ? waiting.last_event_id : "", shown: undefined };
}

type Send = GivenTo<typeof operations.thread.send>;
type Sending = RunAgentInput & { readonly last: Extract<Message, { role: "user" }> };

async function messageFor(caller: Caller, id: string, { last, tools, ...request }: Sending): Promise<Send> {
  const { input, uploads } = await readContent(caller, last.content);
  if (input === "") {
    const problem = "messages: the last one is empty";
    throw new RequestInvalidError(`the request does not fit: ${problem}`, "Send a text or a file.", {
      problems: [problem],
    });
  }
  const instructions = instructionsOf({ tools, ...request });
  return {
    id,
    input,
    attended: true,
    ...(uploads.length > 0 && { uploads: [...uploads] }),
    ...(instructions !== "" && { instructions }),
    ...(tools.length > 0 && {
      client_tools: tools.map(({ name, description, parameters }) => ({
        name,
        description,
        ...(parameters != null && { input_schema: parameters }),
      })),
    }),
  };
}

/** Results for calls of tools of the client that the run waits for. */
function resultsFor({ client_calls: calls }: RunDetail, messages: readonly Message[]) {
  const open = new Map(calls.flatMap(({ id, call_id: call, state }) => (state === "open" ? [[call, id]] : [])));
  return messages.flatMap((message) => {
    const id = message.role === "tool" ? open.get(message.toolCallId) : undefined;
    if (message.role !== "tool" || id === undefined) return [];
    return [{ id, content: message.error ?? textOf(message.content) }];
  });
}

/** The last turn, unless it has ended. */
async function openRun(caller: Caller, { head }: Thread): Promise<RunDetail | undefined> {
  if (head === null) return undefined;
  const run = await caller.perform(operations.run.get, { id: head });
  return run.ended_at === null ? run : undefined;
}

/** The thread of an id: its own, or the name that the client chose for it. */
async function find(caller: Caller, agent: string, threadId: string): Promise<Thread | undefined> {
  const key = keyOf(caller, agent, threadId);
  const { items } = await caller.perform(operations.thread.list, { agent, key, limit: 1 });
  if (items[0] !== undefined || !UUID.test(threadId)) return items[0];
  return caller.perform(operations.thread.get, { id: threadId }).catch(ignoreMissing);
}

const create = (caller: Caller, agent: string, threadId: string): Promise<Thread> =>
  caller.perform(operations.thread.create, { agent, key: keyOf(caller, agent, threadId) });

const keyOf = ({ principal }: Caller, agent: string, threadId: string): string =>
  `ag-ui ${principal.id} ${agent} ${threadId}`;

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "kind" in error && error.kind === "not-found") return undefined;
  throw error;
}
