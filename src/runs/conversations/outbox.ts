import type { Agents } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type OutboxRest, OutboxWorker } from "../../kernel/async/outbox-worker.ts";
import { SYSTEM_SENDER } from "../../messaging/acl/index.ts";
import { type JournalEntry, RunNotFoundError } from "../record/index.ts";
import type { RunAnswers, Runs } from "../lifecycle/index.ts";
import { answerOf, withEarlier } from "./answer.ts";
import { messageIdOf } from "../../messaging/acl/index.ts";
import { replyTo } from "./trigger.ts";
import type { MessageSender } from "./ports.ts";

export type OutboxDeps = {
  readonly runs: Runs;
  readonly answers: RunAnswers;
  readonly agents: Pick<Agents, "prepare">;
  readonly post: MessageSender;
  readonly clock: Clock;
};

const BATCH_MAX = 100;
const FAILURE = "answers of runs could not be read; they are retried";

/**
 * Sends the answers of runs that messages started.
 * conversations.outbox.O1. A run that has ended answers, or is known to have nothing to say; a crash in between makes
 *   it answer at the next start.
 * conversations.outbox.O2. An answer that is sent twice is one message, by its id.
 */
export class Outbox implements AsyncDisposable {
  readonly #deps: OutboxDeps;
  readonly #worker: OutboxWorker;
  #watching: Disposable | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#worker = new OutboxWorker(deps.clock, (signal) => this.#sendDue(signal), FAILURE);
  }

  /** Sends what is due, of runs that ended before too, and from now on. */
  start(): void {
    this.#watching = this.#deps.runs.hub.watchAll((news) => {
      if (news.type === "entry" && isEnd(news.entry)) this.#worker.due();
    });
    this.#worker.due();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#worker[Symbol.asyncDispose]();
    if (this.#watching === undefined) return;
    // Runs that ended while the server drained; the rest is sent at the next start.
    await this.#sendDue(AbortSignal.abort()).catch((error: unknown) => log.error({ err: error }, FAILURE));
  }

  async #sendDue(signal: AbortSignal): Promise<OutboxRest> {
    let rest: OutboxRest = "done";
    let after: RunId | undefined;
    for (;;) {
      const due = this.#deps.answers.due(after, BATCH_MAX);
      const sent = await Promise.all(due.map((id) => this.#send(id)));
      if (sent.includes(false)) rest = "retry";
      after = due.at(-1);
      if (due.length < BATCH_MAX || signal.aborted) return rest;
    }
  }

  /** False when it has to be tried again. */
  async #send(id: RunId): Promise<boolean> {
    const { answers } = this.#deps;
    try {
      if ((await this.#answer(id)) === "later") return false;
      await answers.sent(id);
      return true;
    } catch (error) {
      if (error instanceof RunNotFoundError) return true;
      log.error({ runId: id, err: error }, "the answer of a run could not be sent; it is tried again");
      return false;
    }
  }

  async #answer(id: RunId): Promise<"sent" | "later"> {
    const { runs, agents, post, clock } = this.#deps;
    const view = runs.view(id);
    const { workspace, message: link, caller, handedFrom } = view;
    // After a hand-off, the agent that the message was sent to answers.
    const { agent, revision } = handedFrom?.first ?? view;
    if (link === null || link.sender === SYSTEM_SENDER) return "sent";
    const answer = answerOf(view, link, withEarlier(runs, view));
    if (answer === undefined) return "sent";
    const { definition } = await agents.prepare(workspace, agent, revision);
    if (!definition.messaging.autoRespond && view.parent === null) return "sent";
    const message = replyTo(link, workspace, {
      ...answer,
      id: messageIdOf(id, "answer"),
      sender: agent,
      onBehalfOf: caller ?? undefined,
      atMs: clock.nowMs(),
    });
    const submitted = await post.submit(message);
    if (submitted.type !== "refused") return "sent";
    if (submitted.retryAfterMs !== undefined) return "later";
    log.warn({ runId: id, code: submitted.error.code }, "the answer of a run was refused and is not sent");
    return "sent";
  }
}

const isEnd = ({ event: { type } }: JournalEntry): boolean =>
  type === "run-complete" || type === "run-fail" || type === "run-cancel";
