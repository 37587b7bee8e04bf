import { type GivenTo, operations, type RunDetail } from "../../contract/index.ts";
import { type Caller, RequestInvalidError, settledOrBlocked } from "../../operations/index.ts";
import { begin, type Begun, type Request } from "../chat/begin.ts";
import { BEGIN, lastPlace } from "../chat/pauses.ts";
import { inConversation } from "../conversations/conversation.ts";
import type { OpenAiOptions } from "../options.ts";
import { lastOf, storedResponse, UNSTORED } from "./stored.ts";

const DAY_SECONDS = 86_400;
const EXPIRES_AFTER = 30 * DAY_SECONDS;

export type ResponseOptions = {
  readonly previous: string | null | undefined;
  readonly conversation: string | undefined;
  readonly isStored: boolean;
};

/** Continues the run that a request answers, sends a message to the thread of an earlier response, or starts a run. */
export async function beginResponse(
  caller: Caller,
  request: Request,
  { previous, conversation, isStored, ...options }: ResponseOptions & OpenAiOptions,
): Promise<Begun> {
  const tagged = { ...request, tags: isStored ? [] : [UNSTORED] };
  const place = await placeOf(caller, { previous, conversation, ids: request.ids });
  if (place === undefined) return begin(caller, tagged, options);
  return begin(caller, tagged, options, async ({ messages = [], wait: _wait, ...message }) => {
    if (messages.length > 0) throw severalItems();
    const sending = { ...message, ...(await place()), when_busy: "queue", when_waiting: "answer" } as const;
    const sent = await caller.perform(operations.thread.send, sending, { asked: request.ids });
    const { run, joined } = sent;
    return { run: run.id, ...(joined ? lastPlace(run) : BEGIN), settled: () => settledOrBlocked(caller, run.id) };
  });
}

type Continued = Pick<ResponseOptions, "previous" | "conversation"> & Pick<Request, "ids">;

/** The thread that a request continues, and the run in it; undefined for a request that continues none. */
async function placeOf(caller: Caller, { previous, conversation, ids }: Continued) {
  if (previous != null) {
    const { run } = await storedResponse(caller, previous);
    return async () => threadAt(caller, await lastOf(caller, run), ids);
  }
  if (conversation === undefined) return undefined;
  const { id } = await inConversation(conversation, (thread) => caller.perform(operations.thread.get, { id: thread }));
  return async () => ({ id });
}

const severalItems = () => {
  const problem =
    "input: with previous_response_id or conversation it is one message of the user, or all results that a run waits for";
  return new RequestInvalidError(`the request does not fit: ${problem}`, "Send the new message only.", {
    problems: [problem],
  });
};

/** The place after a run: in its thread, or in one that is made for a run without. */
async function threadAt(caller: Caller, { id, agent, thread }: RunDetail, ids: Request["ids"]) {
  const input: GivenTo<typeof operations.thread.create> = { agent, from_run: id, expires_after: EXPIRES_AFTER };
  return { id: thread?.id ?? (await caller.perform(operations.thread.create, input, { asked: ids })).id, parent: id };
}
