import {
  type ClientCapabilities,
  inputRequired,
  type RequestStateCodec,
  SdkError,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Clock } from "../../../kernel/clock.ts";
import { CancelledError, toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { operations, type RunDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { callerOf, infoOf } from "../caller-info.ts";
import type { ToolAnswer } from "../errors.ts";
import type { McpOptions } from "../options.ts";
import { AskedState, type Reported } from "../request-state.ts";
import { giveAnswers } from "./answering.ts";
import { requestsFor, waysOf } from "./asking.ts";
import { Progress } from "./progress.ts";
import { runResult } from "./run-result.ts";

/** What one protocol server serves: a request of 2026, whose closed stream cancels it, or a session of 2025. */
export type Serving = "request" | "session";

/** Time between two looks at a run whose approval a person decides on in the dashboard. */
const DECISION_POLL_MS = 2_000;

type Environment = {
  readonly serving: Serving;
  readonly approvals: McpOptions["approvals"];
  readonly states: () => RequestStateCodec<AskedState>;
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
    const { run: id, links, reported } = AskedState.parse(context.mcpReq.requestState());
    const caller = callerOf(context);
    const run = await caller.perform(operations.run.get, { id });
    const { inputResponses: responses = {}, signal } = context.mcpReq;
    const { isLeft, problems } = await giveAnswers(caller, run, { responses, approvals });
    if (isLeft) return runResult(await caller.perform(operations.run.get, { id }));
    return this.#cancelling(id, context, async () => {
      while (links.length > 0 && (await isOpen(caller, id, links))) await clock.sleep(DECISION_POLL_MS, signal);
      return this.#wait(id, context, { problems, reported });
    });
  }

  /** Waits until the run ends or needs a person, with notices of progress. A cancelled call cancels the run. */
  follow({ id }: Pick<RunDetail, "id">, context: ServerContext): Promise<ToolAnswer> {
    return this.#cancelling(id, context, () => this.#wait(id, context, BEGINNING));
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
    const { approvals, capabilities, clock, states } = this.#environment;
    const { caller, origin } = infoOf(context);
    const { mcpReq } = context;
    const progress = new Progress(mcpReq, clock, reported.sent);
    const watching = { signal: mcpReq.signal, progress, seen: reported.seen };
    const { run, seen } = await progress.during(() => watch(caller, id, watching));
    const page = `${origin}/ui/runs/${run.id}`;
    const requests = requestsFor(run, { ways: waysOf(capabilities()), approvals, page, problems });
    if (Object.keys(requests).length === 0) return runResult(run);
    const links = approvals === "url" ? run.approvals.flatMap((each) => (each.state === "open" ? each.id : [])) : [];
    return inputRequired({
      inputRequests: requests,
      requestState: await states().mint({ run: run.id, links, reported: { sent: progress.sent, seen } }, context),
    });
  }

  /** A session that ends, or a server that stops, does not cancel what runs. */
  #isCancelled({ aborted, reason }: AbortSignal): boolean {
    const { serving, closing } = this.#environment;
    if (!aborted || closing.aborted) return false;
    return serving === "request" || !(reason instanceof SdkError);
  }
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
type Watched = { readonly run: RunDetail; readonly seen: string | undefined };

/** Waits for a run, and for those that it was handed off to. Throws CancelledError when the signal aborts. */
async function watch(caller: Caller, first: string, { signal, progress, seen }: Watching): Promise<Watched> {
  let id = first;
  let lastEventId = seen;
  for (let isBehind = true; isBehind;) {
    isBehind = false;
    const input = { id, types: "run,step,tool-progress" } as const;
    for await (const sent of await caller.stream(operations.run.watch, input, { signal, lastEventId })) {
      lastEventId = sent.id ?? lastEventId;
      if (sent.event.type === "lagged") isBehind = true;
      else if (sent.event.type !== "end") await progress.reportRun(sent.event);
      else if (sent.event.run.handed_to === null) return { run: sent.event.run, seen: lastEventId };
      else {
        [id, lastEventId, isBehind] = [sent.event.run.handed_to, undefined, true];
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
