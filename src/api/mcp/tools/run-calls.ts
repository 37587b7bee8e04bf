import { type CallToolResult, SdkError, type ServerContext } from "@modelcontextprotocol/server";
import { CancelledError, toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { operations, type RunDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { callerOf } from "../caller-info.ts";
import { Progress } from "./progress.ts";
import { runResult } from "./run-result.ts";

/** What one protocol server serves: a request of 2026, whose closed stream cancels it, or a session of 2025. */
export type Serving = "request" | "session";

/** Runs that calls of tools wait for. */
export class RunCalls {
  readonly #serving: Serving;
  readonly #closing: AbortSignal;

  /** `closing` aborts when the server stops. */
  constructor(serving: Serving, closing: AbortSignal) {
    this.#serving = serving;
    this.#closing = closing;
  }

  /** Waits until the run ends or needs a person, with notices of progress. A cancelled call cancels the run. */
  async follow({ id }: Pick<RunDetail, "id">, context: ServerContext): Promise<CallToolResult> {
    const { signal } = context.mcpReq;
    const caller = callerOf(context);
    try {
      const progress = new Progress(context);
      return runResult(await watch(caller, id, { signal, progress }));
    } finally {
      if (this.#isCancelled(signal)) await cancel(caller, id);
    }
  }

  /** A session that ends, or a server that stops, does not cancel what runs. */
  #isCancelled({ aborted, reason }: AbortSignal): boolean {
    if (!aborted || this.#closing.aborted) return false;
    return this.#serving === "request" || !(reason instanceof SdkError);
  }
}

type Watching = { readonly signal: AbortSignal; readonly progress: Progress };

/** Throws CancelledError when the signal aborts. */
async function watch(caller: Caller, id: string, { signal, progress }: Watching): Promise<RunDetail> {
  let lastEventId: string | undefined;
  for (let isBehind = true; isBehind;) {
    isBehind = false;
    const input = { id, types: "run,step,tool-progress" } as const;
    for await (const sent of await caller.stream(operations.run.watch, input, { signal, lastEventId })) {
      lastEventId = sent.id ?? lastEventId;
      if (sent.event.type === "end") return sent.event.run;
      if (sent.event.type === "lagged") isBehind = true;
      else await progress.report(sent.event);
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
