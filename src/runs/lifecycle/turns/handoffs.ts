import { createHash } from "node:crypto";
import { CaxtonError, toFault } from "../../../kernel/errors.ts";
import { RunId, uuidFrom } from "../../../kernel/ids.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { mayRun } from "../../../kernel/rights/run-caller.ts";
import type { HandOff, HandOffOutcome } from "../../calls/index.ts";
import {
  type EventOf,
  HandoffLimitError,
  hasUnreadInput,
  type HandedFrom,
  isInBackground,
  type Recorder,
  type RunEvent,
  type RunSummary,
  type RunView,
} from "../../record/index.ts";
import { isStorageFault, requestedOf } from "../../turn/index.ts";
import type { RunsDeps } from "../runs-deps.ts";
import { queueEvent, recalledFor, refuseTakenNames, requestedPlan, type StartRequest } from "../start-request.ts";

/** The run that continues after a hand-off, or the reason for the model why there is none. */
export type Successor =
  | { readonly type: "ready"; readonly id: RunId; readonly agent: string; readonly queue: RunEvent }
  | { readonly type: "refused"; readonly message: string };

const HEX = 16;

/** The run that continues a run: its id follows from that of the run, and sorts by the time of the hand-off. */
function successorIdOf({ id, steps }: RunView): RunId {
  const call = steps.findLast(({ kind }) => kind === "tool");
  const digest = createHash("sha256").update(`hand-off\n${id}`).digest("hex");
  const head = (call?.startedAtMs ?? 0).toString(HEX).padStart(12, "0");
  return RunId.parse(uuidFrom(digest, "7", head));
}

const handoffLimit = (): HandoffLimitError =>
  new HandoffLimitError(
    `this request was handed off ${LIMITS.handoffsMax} times already, the most there may be`,
    "Answer it yourself.",
    { handoffsMax: LIMITS.handoffsMax },
  );

const refused = (message: string): Successor => ({ type: "refused", message });

/** Prepares the run that continues a run. Throws storage errors. */
export async function prepareSuccessor(deps: RunsDeps, view: RunView, { agent, reason }: HandOff): Promise<Successor> {
  const { journal, plans, clock } = deps;
  const number = (view.handedFrom?.number ?? 0) + 1;
  if (!mayRun(view.caller ?? undefined, agent))
    return refused(`the caller of this run may not run ${agent} [FORBIDDEN]. Continue without it.`);
  try {
    if (number > LIMITS.handoffsMax) throw handoffLimit();
    await plans.admit(view.workspace, agent);
    const plan = requestedPlan(await plans.plan(view.workspace, agent, undefined), view);
    const id = successorIdOf(view);
    const first = view.handedFrom?.first ?? { run: view.id, agent: view.agent, revision: view.revision };
    const from = { run: view.id, agent: view.agent, reason, number, first };
    const request = requestOf(view, { id, from, row: journal.summary(view.id) });
    refuseTakenNames(request, plan, deps.tools.of(view.workspace));
    await deps.models.resolve(requestedOf(plan, undefined).choice);
    const recalled = await recalledFor(request, plan);
    const queue = queueEvent(request, plan, { nowMs: clock.nowMs(), recalled });
    return { type: "ready", id, agent: plan.agent, queue };
  } catch (error) {
    if (!(error instanceof CaxtonError) || isStorageFault(error)) throw error;
    const { code, message, hint } = toFault(error);
    return refused(`${message} [${code}]. ${hint === "" ? "" : `${hint} `}Continue without ${agent}.`);
  }
}

/** Reason for the model why a run may not end now; undefined if it may. */
function holdOf(view: RunView, turn: number): string | undefined {
  if (hasUnreadInput(view, turn))
    return "the user has said something in the meantime. Read it, and hand off again if that is still right.";
  if (view.replies.some((reply) => reply.state === "open" && isInBackground(reply)))
    return "agents work for this request in the background. Wait for their results: answer without a tool call, and hand off when they have come.";
  return undefined;
}

/** Ends a run and begins the one that continues it, in one write, unless the run may not end now. Throws storage errors. */
export async function writeHandOff(
  recorder: Recorder,
  next: Recorder,
  { end, handOff: { reason, text }, successor }: HandingOff,
): Promise<HandOffOutcome> {
  const hold = holdOf(recorder.view(), end.step);
  if (hold !== undefined) return { type: "refused", message: hold };
  const handedTo = { run: successor.id, agent: successor.agent, reason };
  const complete: RunEvent = { type: "run-complete", handedTo, content: { output: text } };
  await recorder.appendWith([end, complete], next, successor.queue);
  return { type: "handed-off" };
}

type HandingOff = {
  readonly end: EventOf<"tool-end">;
  readonly handOff: HandOff;
  readonly successor: Extract<Successor, { type: "ready" }>;
};

type Given = {
  readonly id: RunId;
  readonly from: HandedFrom;
  readonly row: RunSummary | undefined;
};

/** The request of the run that continues: that of the run before. Its files are those of the history. */
const requestOf = (view: RunView, { id, from, row }: Given): StartRequest => ({
  id,
  workspace: view.workspace,
  agent: view.agent,
  input: view.input,
  variables: view.variables ?? undefined,
  model: undefined,
  files: [],
  tags: row?.tags,
  cause: row?.cause ?? undefined,
  onModelFailure: view.onModelFailure,
  outputSchema: view.outputSchema ?? undefined,
  clientTools: view.clientTools,
  sideEffects: view.sideEffects,
  instructions: view.instructions,
  message: view.message === null ? undefined : { link: view.message, prompt: promptOf(view.message) },
  thread: view.thread === null ? undefined : { ...view.thread, parent: view.id },
  parent: view.parent ?? undefined,
  caller: view.caller ?? undefined,
  handedFrom: from,
});

const promptOf = ({ performative, sender, conversationId, protocol }: NonNullable<RunView["message"]>) => ({
  performative,
  sender,
  conversationId,
  protocol: protocol ?? undefined,
  history: [],
});
