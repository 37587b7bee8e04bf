import { type GivenTo, operations, type RunDetail } from "../../contract/index.ts";
import { type Caller, RequestInvalidError, settled } from "../../operations/index.ts";
import { begin, type Begun, lastTurn, type Request, type Start } from "../chat/begin.ts";
import type { OpenAiOptions } from "../options.ts";
import { lastOf, storedResponse, UNSTORED } from "./stored.ts";

const DAY_SECONDS = 86_400;
const EXPIRES_AFTER = 30 * DAY_SECONDS;

export type ResponseOptions = {
  readonly previous: string | null | undefined;
  readonly isStored: boolean;
};

/** Continues the run that a request answers, sends a message to the thread of an earlier response, or starts a run. */
export async function beginResponse(
  caller: Caller,
  request: Request,
  { previous, isStored, ...options }: ResponseOptions & OpenAiOptions,
): Promise<Begun> {
  const tags = isStored ? [] : [UNSTORED];
  if (previous == null) return begin(caller, { ...request, tags }, options);
  const { run } = await storedResponse(caller, previous);
  return begin(caller, { ...request, tags }, options, async (start) => {
    if ((start.messages ?? []).length > 0) throw severalItems();
    const question = run.questions.find(({ state }) => state === "open");
    if (question !== undefined) {
      await caller.perform(operations.run.input, {
        id: run.id,
        input: question.id,
        action: "accept",
        content: start.input,
      });
      return { run: run.id, afterTurn: lastTurn(run), settled: () => settled(caller, run.id) };
    }
    const thread = await threadAt(caller, await lastOf(caller, run));
    // The agent that took a hand-off continues, unless the request names another one than the request before.
    if (start.agent.toLowerCase() !== run.agent.toLowerCase())
      await caller.perform(operations.thread.update, { id: thread, agent: start.agent });
    const sent = await caller.perform(operations.thread.send, sendOf(start, thread));
    return { run: sent.run.id, afterTurn: 0, settled: () => settled(caller, sent.run.id) };
  });
}

const sendOf = (start: Start, id: string): GivenTo<typeof operations.thread.send> => {
  const { input, uploads, side_effects, instructions, client_tools, output_schema } = start;
  return { id, when_busy: "queue", input, uploads, side_effects, instructions, client_tools, output_schema };
};

const severalItems = () => {
  const problem = "input: with previous_response_id it is one message of the user, or all results that a run waits for";
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
