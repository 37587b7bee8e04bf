import { type GivenTo, operations, type RunDetail } from "../../contract/index.ts";
import { type Caller, RequestInvalidError, settled } from "../../operations/index.ts";
import { begin, type Begun, lastTurn, type Request, type Start } from "../chat/begin.ts";
import type { OpenAiOptions } from "../options.ts";
import { lastOf, storedResponse, UNSTORED } from "./stored.ts";

const DAY_SECONDS = 86_400;
const EXPIRES_AFTER = 30 * DAY_SECONDS;

export type ResponseOptions = {
  readonly previous: string | null | undefined;
  /** Id of the thread that `conversation` names. */
  readonly thread: string | undefined;
  readonly isStored: boolean;
};

/** Continues the run that a request answers, sends a message to the thread of an earlier response, or starts a run. */
export async function beginResponse(
  caller: Caller,
  request: Request,
  { previous, thread, isStored, ...options }: ResponseOptions & OpenAiOptions,
): Promise<Begun> {
  const tags = isStored ? [] : [UNSTORED];
  const continued = await continuedBy(caller, previous, thread);
  if (continued === undefined) return begin(caller, { ...request, tags }, options);
  const { run } = continued;
  return begin(caller, { ...request, tags }, options, async (start) => {
    if ((start.messages ?? []).length > 0) throw severalItems();
    const question = run?.questions.find(({ state }) => state === "open");
    if (run !== undefined && question !== undefined) {
      await caller.perform(operations.run.input, {
        id: run.id,
        input: question.id,
        action: "accept",
        content: start.input,
      });
      return { run: run.id, afterTurn: lastTurn(run), settled: () => settled(caller, run.id) };
    }
    const id = continued.thread ?? (await threadAt(caller, await lastOf(caller, continued.run)));
    await letAnswer(caller, id, start.agent);
    const sent = await caller.perform(operations.thread.send, sendOf(start, id));
    return { run: sent.run.id, afterTurn: 0, settled: () => settled(caller, sent.run.id) };
  });
}

/** What a request continues: a run, or a thread with its last run, if it has one. */
type Continued =
  | { readonly thread: undefined; readonly run: RunDetail }
  | { readonly thread: string; readonly run: RunDetail | undefined };

async function continuedBy(
  caller: Caller,
  previous: string | null | undefined,
  thread: string | undefined,
): Promise<Continued | undefined> {
  if (previous != null) return { thread: undefined, run: (await storedResponse(caller, previous)).run };
  if (thread === undefined) return undefined;
  const { head } = await caller.perform(operations.thread.get, { id: thread });
  return { thread, run: head === null ? undefined : await caller.perform(operations.run.get, { id: head }) };
}

const TURNS = 100;
const isSame = (agent: string, other: string): boolean => agent.toLowerCase() === other.toLowerCase();

/** Moves a thread to the agent that a request names, unless it has handed the thread off to the one that answers now. */
async function letAnswer(caller: Caller, id: string, named: string): Promise<void> {
  const thread = await caller.perform(operations.thread.get, { id });
  if (isSame(thread.agent, named)) return;
  const { items } = await caller.perform(operations.thread.turns, { id, limit: TURNS });
  let answering = named;
  for (const { agent, handoffs } of items.toReversed())
    if (handoffs.from !== null && isSame(handoffs.from.agent, answering)) answering = agent;
  if (!isSame(thread.agent, answering)) await caller.perform(operations.thread.update, { id, agent: named });
}

const sendOf = (start: Start, id: string): GivenTo<typeof operations.thread.send> => {
  const { input, uploads, side_effects, instructions, client_tools, output_schema } = start;
  return { id, when_busy: "queue", input, uploads, side_effects, instructions, client_tools, output_schema };
};

const severalItems = () => {
  const problem =
    "input: with previous_response_id or conversation it is one message of the user, or all results that a run waits for";
  return new RequestInvalidError(`the request does not fit: ${problem}`, "Send the new message only.", {
    problems: [problem],
  });
};

/** The thread of a run, which is made for one without; the run is its head, so that a message continues it. */
async function threadAt(caller: Caller, { id, agent, thread }: RunDetail): Promise<string> {
  const input: GivenTo<typeof operations.thread.create> = { agent, from_run: id, expires_after: EXPIRES_AFTER };
  if (thread === null) return (await caller.perform(operations.thread.create, input)).id;
  const { head } = await caller.perform(operations.thread.get, { id: thread.id });
  if (head !== id) await caller.perform(operations.thread.update, { id: thread.id, head: id });
  return thread.id;
}
