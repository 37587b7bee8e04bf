import {
  type CallToolRequestParams,
  type CallToolResult,
  type ClientCapabilities,
  type InputRequest,
  inputRequired,
  SdkError,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Clock } from "../../../kernel/clock.ts";
import { CancelledError, toFault } from "../../../kernel/errors.ts";
import { Json } from "../../../kernel/json.ts";
import { log } from "../../../kernel/log.ts";
import { operations, type RunDetail } from "../../contract/index.ts";
import { blockedAt, blockerOf, type Caller, type Standing } from "../../operations/index.ts";
import { callerOf, infoOf } from "../caller-info.ts";
import type { ToolAnswer } from "../errors.ts";
import type { McpOptions } from "../options.ts";
import { AskedState, type Reported, type StateCodec, stateOf } from "../request-state.ts";
import { type Asked, extensionTaskOf, RELATED_TASK, takesTasks } from "../tasks/task.ts";
import { TaskCreated } from "../tasks/task-server.ts";
import { giveAnswers } from "./answering.ts";
import { requestsFor, waysOf } from "./asking.ts";
import { Progress } from "./progress.ts";
import { runResult } from "./run-result.ts";

/** Time after which a call of a client that takes tasks continues as one; so does a call whose run rests. */
const TASK_AFTER_MS = 10_000;

/** What one protocol server serves: a request of 2026, whose closed stream cancels it, or a session of 2025. */
export type Serving = "request" | "session";

/** Time between two looks at a run whose approval a person decides on in the dashboard. */
const DECISION_POLL_MS = 2_000;
/** Time that a client has to answer for its user. */
export const ANSWER_MS = 600_000;

type Answers = Readonly<Record<string, unknown>>;
export type Environment = {
  readonly serving: Serving;
  readonly approvals: McpOptions["approvals"];
  readonly states: () => StateCodec;
  readonly clock: Clock;
  /** Aborts when the server stops. */
  readonly closing: AbortSignal;
  readonly capabilities: () => ClientCapabilities | undefined;
};

/** State of a call before its wait: problems of the user's answers, and the reported progress. */
type Earlier = { readonly problems: readonly string[]; readonly reported: Reported };
const BEGINNING: Earlier = { problems: [], reported: { sent: 0 } };

/** Runs that calls of tools wait for. */
export class RunCalls {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Whether a call brings answers to questions of an earlier one. */
  isAnswer({ mcpReq }: ServerContext): boolean {
    return mcpReq.requestState() !== undefined;
  }

  /** Gives the run the answers of the user, and waits for it again. */
  async resume(context: ServerContext): Promise<ToolAnswer> {
    const { approvals, clock } = this.#environment;
    const { run: id, links, reported } = stateOf(AskedState, context);
    const caller = callerOf(context);
    const { waiting } = await this.standing(caller, id);
    const { inputResponses: responses = {}, signal } = context.mcpReq;
    const { isLeft, problems } = await giveAnswers(caller, waiting, { responses, approvals });
    if (isLeft) return runResult(await this.standing(caller, id));
    return this.#cancelling(id, context, async () => {
      while (links.length > 0 && (await isOpen(caller, waiting.id, links))) await clock.sleep(DECISION_POLL_MS, signal);
      return this.#wait(id, context, { problems, reported });
    });
  }

  /** Waits until the run ends or needs a person, with notices of progress. A cancelled call cancels the run. Throws TaskCreated. */
  follow({ id }: Pick<RunDetail, "id">, context: ServerContext): Promise<ToolAnswer> {
    const { serving, capabilities } = this.#environment;
    const isTask = serving === "request" && takesTasks(capabilities());
    return this.#cancelling(id, context, () =>
      isTask ? this.#waitAsTask(id, context) : this.#wait(id, context, BEGINNING),
    );
  }

  /** Whether a call of 2025-11-25 asks for a task. */
  asksForTask({ task }: CallToolRequestParams): boolean {
    return this.#environment.serving === "session" && task !== undefined;
  }

  /** The run with this id, or the one that continues it after hand-offs. */
  async current(caller: Caller, id: string): Promise<RunDetail> {
    let run = await caller.perform(operations.run.get, { id });
    while (run.handed_to !== null) run = await caller.perform(operations.run.get, { id: run.handed_to });
    return run;
  }

  /** The same, and the run that needs the user. */
  async standing(caller: Caller, id: string): Promise<Standing> {
    const run = await this.current(caller, id);
    return { run, waiting: (await blockerOf(caller, run)) ?? run };
  }

  /** What the client can ask its user for a run. */
  asked(run: RunDetail, context: ServerContext, problems: readonly string[] = []): Asked {
    const { approvals, capabilities } = this.#environment;
    const page = `${infoOf(context).origin}/ui/runs/${run.id}`;
    return requestsFor(run, { ways: waysOf(capabilities()), approvals, page, problems });
  }

  /** Gives a run answers of the user. Returns what is wrong with those that were refused. */
  async answer(id: string, responses: Answers, context: ServerContext): Promise<readonly string[]> {
    const caller = callerOf(context);
    const { approvals } = this.#environment;
    const { waiting } = await this.standing(caller, id);
    return (await giveAnswers(caller, waiting, { responses, approvals })).problems;
  }

  /** The result of a task of 2025-11-25: waits until its run ends, and asks the user for it. Cancelling it cancels no run. */
  async outcome(id: string, context: ServerContext): Promise<CallToolResult> {
    const { clock } = this.#environment;
    const caller = callerOf(context);
    const { signal } = context.mcpReq;
    const progress = new Progress(context.mcpReq, clock);
    const known = new Set<string>();
    let problems: readonly string[] = [];
    for (;;) {
      const { run, waiting } = await watch(caller, id, { signal, progress, seen: undefined });
      if (run.ended_at !== null) return runResult({ run, waiting });
      const [next] = Object.entries(this.asked(waiting, context, problems)).filter(([key]) => !known.has(key));
      if (next === undefined) await clock.sleep(DECISION_POLL_MS, signal);
      else {
        const [key, request] = next;
        known.add(key);
        problems = await this.answer(id, { [key]: await elicit(request, { id, context }) }, context);
        if (problems.length > 0) known.delete(key);
      }
    }
  }

  /** The same for a run that another call began, which a cancelled one does not cancel. */
  wait(id: string, context: ServerContext): Promise<ToolAnswer> {
    return this.#wait(id, context, BEGINNING);
  }

  async #cancelling(id: string, context: ServerContext, wait: () => Promise<ToolAnswer>): Promise<ToolAnswer> {
    try {
      return await wait();
    } finally {
      if (this.#isCancelled(context.mcpReq.signal)) await cancel(callerOf(context), id);
    }
  }

  async #wait(id: string, context: ServerContext, { problems, reported }: Earlier): Promise<ToolAnswer> {
    const { approvals, clock, states } = this.#environment;
    const caller = callerOf(context);
    const { mcpReq } = context;
    const progress = new Progress(mcpReq, clock, reported.sent);
    const watching = { signal: mcpReq.signal, progress, seen: reported.seen };
    const { run, waiting, seen } = await progress.during(() => watch(caller, id, watching));
    const requests = this.asked(waiting, context, problems);
    if (Object.keys(requests).length === 0) return runResult({ run, waiting });
    const links =
      approvals === "url" ? waiting.approvals.flatMap((each) => (each.state === "open" ? each.id : [])) : [];
    return inputRequired({
      inputRequests: requests,
      requestState: await states().mint({ run: run.id, links, reported: { sent: progress.sent, seen } }, context),
    });
  }

  /** The result, if the run ends in time. Throws TaskCreated if not. */
  async #waitAsTask(id: string, context: ServerContext): Promise<ToolAnswer> {
    const { clock } = this.#environment;
    const { mcpReq } = context;
    const caller = callerOf(context);
    const late = new AbortController();
    const over = clock.sleep(TASK_AFTER_MS, AbortSignal.any([late.signal, mcpReq.signal])).then(
      () => late.abort(),
      () => undefined,
    );
    const progress = new Progress(mcpReq, clock);
    try {
      const signal = AbortSignal.any([late.signal, mcpReq.signal]);
      await watch(caller, id, { signal, progress, seen: undefined });
    } catch (error) {
      if (!late.signal.aborted || mcpReq.signal.aborted) throw error;
    } finally {
      late.abort();
      await over;
    }
    const { run, waiting } = await this.standing(caller, id);
    if (run.ended_at !== null) return runResult({ run, waiting });
    const task = extensionTaskOf({ ...run, id, state: waiting.state }, this.asked(waiting, context));
    throw new TaskCreated({ resultType: "task", ...task });
  }

  /** A session that ends, or a server that stops, does not cancel what runs. */
  #isCancelled({ aborted, reason }: AbortSignal): boolean {
    const { serving, closing } = this.#environment;
    if (!aborted || closing.aborted) return false;
    return serving === "request" || !(reason instanceof SdkError);
  }
}

/** Asks the user of a client of 2025-11-25 on behalf of a task. */
async function elicit(
  { method, params }: InputRequest,
  { id, context }: { readonly id: string; readonly context: ServerContext },
): Promise<Json> {
  if (method !== "elicitation/create") throw new TypeError(`a run does not ask by ${method}`);
  const { signal } = context.mcpReq;
  const { _meta: meta } = params;
  const asking = { ...params, _meta: { ...meta, [RELATED_TASK]: { taskId: id } } };
  return Json.parse(await context.mcpReq.elicitInput(asking, { signal, timeout: ANSWER_MS }));
}

/** Whether one of the approvals whose page the client was given is undecided. */
async function isOpen(caller: Caller, id: string, links: readonly string[]): Promise<boolean> {
  const { approvals } = await caller.perform(operations.run.get, { id });
  return approvals.some((approval) => approval.state === "open" && links.includes(approval.id));
}

type Watching = {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** The event after which to continue. */
  readonly seen: string | undefined;
};
type Watched = Standing & { readonly seen: string | undefined };

/**
 * Waits until a run, or the one that it was handed off to, ends or waits for a person, itself or by a run below it. Throws CancelledError
 * when the signal aborts.
 */
async function watch(caller: Caller, first: string, { signal, progress, seen }: Watching): Promise<Watched> {
  let id = first;
  let lastEventId = seen;
  for (let isBehind = true; isBehind;) {
    isBehind = false;
    const input = { id, types: "run,step,tool-progress,below" } as const;
    for await (const sent of await caller.stream(operations.run.watch, input, { signal, lastEventId })) {
      const { event } = sent;
      lastEventId = sent.id ?? lastEventId;
      if (event.type === "lagged") isBehind = true;
      else if (event.type !== "end") {
        const blocked = await blockedAt(event, caller, id);
        if (blocked !== undefined) return { ...blocked, seen: lastEventId };
        await progress.reportRun(event);
      } else if (event.run.handed_to === null) return { run: event.run, waiting: event.run, seen: lastEventId };
      else {
        [id, lastEventId, isBehind] = [event.run.handed_to, undefined, true];
        break;
      }
    }
  }
  throw new CancelledError(`the call of run ${id}`);
}

/** The run may have ended meanwhile. */
async function cancel(caller: Caller, id: string): Promise<void> {
  try {
    await caller.perform(operations.run.cancel, { id });
  } catch (error) {
    log.debug({ run: id, code: toFault(error).code }, "a run whose call was cancelled was not cancelled");
  }
}
