import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { type RunId, TaskId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type OutboxRest, OutboxWorker } from "../../kernel/async/outbox-worker.ts";
import {
  cancellationId,
  composeMessage,
  isDelegation,
  letterOf,
  messageIdOf,
  runIdOf,
} from "../../messaging/acl/index.ts";
import { isPast } from "../../messaging/router/index.ts";
import type { ReplyIndex, ReplyRecord, RunAnswers, Runs } from "../lifecycle/index.ts";
import { RunEndedError, RunNotFoundError } from "../record/index.ts";
import type { MessageSender, SentRecords, TaskService } from "./ports.ts";
import { taskOfWait } from "./task-waits.ts";

export type CancellationsDeps = {
  readonly runs: Pick<Runs, "hub" | "lastOf" | "cancel">;
  readonly waits: Pick<ReplyIndex, "abandoned" | "markNotified">;
  readonly answers: Pick<RunAnswers, "sent">;
  readonly sent: SentRecords;
  readonly tasks: Pick<TaskService, "cancel">;
  readonly post: MessageSender;
  readonly clock: Clock;
};

const BATCH_MAX = 100;

/**
 * Sends `cancel` to the agents asked by a run that ended before they replied, and cancels the tasks that it offered and the
 * runs below it.
 * conversations.cancellations.F1. A cancellation is sent after the run's end is durable, after a restart by the next
 *   server; sent twice it is one message.
 * conversations.cancellations.F2. A run below another ends when the other stops waiting for it, also if their conversation
 *   is over and takes no message.
 */
export class Cancellations implements AsyncDisposable {
  readonly #deps: CancellationsDeps;
  readonly #worker: OutboxWorker;
  #watching: Disposable | undefined;

  constructor(deps: CancellationsDeps) {
    this.#deps = deps;
    this.#worker = new OutboxWorker(
      deps.clock,
      () => this.#sendAll(),
      "agents requests by ended runs could not be notified",
    );
  }

  /** Of runs that ended before too, and from now on. */
  start(): void {
    this.#watching = this.#deps.runs.hub.watchAll((news) => {
      if (news.type !== "entry") return;
      const { event } = news.entry;
      const { type } = event;
      const isGivenUp = type === "reply-end" && event.outcome === "expired";
      if (isGivenUp || type === "run-cancel" || type === "run-fail" || type === "run-complete") this.#worker.due();
    });
    this.#worker.due();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#worker[Symbol.asyncDispose]();
  }

  async #sendAll(): Promise<OutboxRest> {
    const { waits } = this.#deps;
    for (;;) {
      const abandoned = waits.abandoned(BATCH_MAX);
      for (const wait of abandoned) {
        if (!(await this.#send(wait))) return "retry";
        await waits.markNotified(wait.replyWith);
      }
      if (abandoned.length < BATCH_MAX) return "done";
    }
  }

  /** False when it has to be tried again. */
  async #send(wait: ReplyRecord): Promise<boolean> {
    const task = taskOfWait(wait.replyWith);
    if (task !== undefined) return this.#cancelTask(wait, task);
    const { sent, post, clock } = this.#deps;
    const { workspace, agent, runId, replyWith } = wait;
    const request = await sent.find(workspace, letterOf(replyWith));
    if (request === undefined || request.recipients.length === 0) return true;
    if (isDelegation(replyWith)) {
      for (const recipient of request.recipients) await this.#cancelBelow(runIdOf(request.message, recipient), agent);
      // The conversation has expired with the wait.
      if (isPast(request.message.replyByMs ?? 0, clock.nowMs())) return true;
    }
    const { conversationId, protocol, ontology, language, priority, trace, hops, trail } = request.message;
    const id = messageIdOf(runId, `cancel ${replyWith}`);
    const submitted = await post.submit(
      composeMessage({
        id,
        workspace,
        performative: "cancel",
        sender: agent,
        address: { type: "receivers", names: request.recipients },
        content: { type: "text", text: "the run that asked has ended; the answer is not needed any more" },
        replyWith: cancellationId(id),
        conversationId,
        protocol,
        ontology,
        language,
        priority,
        trace,
        hops,
        trail,
        atMs: clock.nowMs(),
      }),
    );
    if (submitted.type === "accepted") return true;
    log.info({ runId, code: submitted.error.code }, "failed to send cancel to agents asked by an ended run");
    return submitted.type === "answered" || submitted.retryAfterMs === undefined;
  }

  /** Ends a run without an answer: no run waits for it. */
  async #cancelBelow(run: RunId, agent: string): Promise<void> {
    const { answers, runs } = this.#deps;
    await answers.sent(runs.lastOf(run));
    try {
      await runs.cancel(run, `${agent} does not wait for the result any more`);
    } catch (error) {
      // It has ended, or was never started.
      if (!(error instanceof RunEndedError || error instanceof RunNotFoundError)) throw error;
    }
  }

  async #cancelTask({ workspace }: ReplyRecord, id: TaskId): Promise<boolean> {
    try {
      await this.#deps.tasks.cancel(workspace, id);
    } catch (error) {
      // It is over, or was never offered.
      if (!(error instanceof CaxtonError) || error.kind === "unavailable") throw error;
    }
    return true;
  }
}
