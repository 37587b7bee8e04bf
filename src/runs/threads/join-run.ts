import type { RunId, ThreadId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { isLess } from "../../kernel/rights/run-caller.ts";
import { inputTooLarge, mayJoin, type PendingReplies, type Runs, takesText } from "../lifecycle/index.ts";
import {
  InputClosedError,
  isTerminal,
  RunEndedError,
  type RunJournal,
  type RunReply,
  type RunView,
  waitsForPerson,
} from "../record/index.ts";
import { queueFull, waits } from "./errors.ts";
import { isOwn } from "./open-turns.ts";
import type { Send } from "./threads.ts";

type Deps = {
  readonly runs: Runs;
  readonly replies: Pick<PendingReplies, "answer">;
  readonly journal: Pick<RunJournal, "summary" | "below">;
};

/**
 * Gives a message to the oldest open question of a run. Undefined if it waits for the end of the run instead: without a question that the message
 * may answer, unless it must not wait for a person. Throws ThreadBusyError, AnswerInvalidError, InputTooLargeError.
 */
export async function answer(
  deps: Deps,
  thread: ThreadId,
  run: RunId | undefined,
  sent: Send,
): Promise<RunId | undefined> {
  const { whenWaiting = "queue", mayAnswer, input, files, isTextOnly, caller } = sent;
  if (run === undefined || (whenWaiting === "queue" && mayAnswer !== true)) return undefined;
  const view = deps.runs.view(run);
  const isShared = !isOwn(deps.journal, { id: thread }, run);
  const open = view.replies.filter(({ state }) => state === "open");
  if (whenWaiting === "queue") {
    const asks = open.find((each) => each.input !== null && takesText(each.input, input));
    return asks === undefined || isShared || !mayJoin(sent, view) ? undefined : give(deps, view, asks, sent);
  }
  const below =
    view.state === "awaiting-reply" ? deps.journal.below(run).find(({ state }) => waitsForPerson(state)) : undefined;
  if (below !== undefined) throw waits(thread, deps.runs.view(below.id));
  if (!waitsForPerson(view.state)) return undefined;
  const asks = open.find((each) => each.input?.kind === "question");
  const isAnswer = whenWaiting === "answer" && !isShared && files.length === 0 && isTextOnly !== true;
  if (asks === undefined || !isAnswer || isLess(caller, view.caller ?? undefined)) throw waits(thread, view);
  return give(deps, view, asks, sent);
}

/** Undefined if the answer comes too late. */
async function give(
  { replies }: Deps,
  { id: run }: RunView,
  { replyWith }: RunReply,
  { id, author, input }: Send,
): Promise<RunId | undefined> {
  if (Buffer.byteLength(input) > LIMITS.inputBytesMax) throw inputTooLarge();
  try {
    await replies.answer(run, replyWith, { action: "accept", content: input }, { name: author, messageId: id });
    return run;
  } catch (error) {
    if (error instanceof InputClosedError) return undefined;
    throw error;
  }
}

/**
 * Adds a message to a run. Returns undefined for one that waits for the end of the run instead: if it has files or the like, if the run acts
 * for another principal or may do what the message does not allow, or if it has ended meanwhile. Throws ThreadBusyError, InputTooLargeError.
 */
export async function steer(
  { runs }: Pick<Deps, "runs">,
  thread: ThreadId,
  run: RunId,
  sent: Send,
): Promise<RunId | undefined> {
  const { id, author, messageId, input, files, clientTools = [], instructions } = sent;
  const isOwnTurn = files.length > 0 || clientTools.length > 0 || instructions !== undefined;
  const view = runs.view(run);
  const isOfAnother = sent.caller?.id !== view.caller?.id;
  if (isOwnTurn || isOfAnother || !mayJoin(sent, view)) return undefined;
  if (Buffer.byteLength(input) > LIMITS.inputBytesMax) throw inputTooLarge();
  try {
    await runs.update(run, ({ state, inputs, steps }) => {
      if (isTerminal(state)) throw new RunEndedError(`run ${run} has already ended`, "", { id: run, state });
      const turn = steps.findLast(({ kind }) => kind === "model")?.turn ?? 0;
      const unread = inputs.filter((each) => each.turn > turn).length;
      if (unread >= LIMITS.threadQueueMax) throw queueFull(thread, run);
      const named = messageId === undefined ? {} : { messageId };
      return [{ type: "run-input", id, author, ...named, content: { text: input } }, { type: "run-resume" }];
    });
    return run;
  } catch (error) {
    if (error instanceof RunEndedError) return undefined;
    throw error;
  }
}
