import type { Agents } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { SYSTEM_SENDER } from "../../messaging/acl/index.ts";
import { type JournalEntry, RunNotFoundError, type RunAnswers, type Runs } from "../index.ts";
import { answerOf } from "./answer.ts";
import { messageIdOf } from "../../messaging/acl/index.ts";
import { replyTo } from "./link.ts";
import type { Post } from "./ports.ts";

export type OutboxDeps = {
  readonly runs: Runs;
  readonly answers: RunAnswers;
  readonly agents: Pick<Agents, "prepare">;
  readonly post: Post;
  readonly clock: Clock;
};

const BATCH_MAX = 100;
const AGAIN_MS = 1_000;

/**
 * Sends the answers of runs that messages started.
 * conversations.outbox.O1. A run that has ended answers, or is known to have nothing to say; a crash in between makes
 *   it answer at the next start.
 * conversations.outbox.O2. An answer that is sent twice is one message, by its id.
 */
export class Outbox implements AsyncDisposable {
  readonly #deps: OutboxDeps;
  readonly #stop = new AbortController();
  #watching: Disposable | undefined;
  #sweep: Promise<void> | undefined;
  #isDue = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** Sends what is due, of runs that ended before too, and from now on. */
  begin(): void {
    this.#watching = this.#deps.runs.hub.watchAll((news) => {
      if (news.type === "entry" && isEnd(news.entry)) this.#due();
    });
    this.#due();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    this.#stop.abort("the server stops");
    await this.#sweep;
    // What ended while the server drained; the rest is sent at the next start.
    if (this.#watching !== undefined) await this.#trySendDue();
  }

  #due(): void {
    this.#isDue = true;
    this.#sweep ??= this.#sweepAll().finally(() => {
      this.#sweep = undefined;
      // Something became due in the moment in which it ended.
      if (this.#isDue && !this.#stop.signal.aborted) this.#due();
    });
  }

  async #sweepAll(): Promise<void> {
    while (this.#isDue && !this.#stop.signal.aborted) {
      this.#isDue = false;
      // What happens in one turn is sent together.
      await new Promise((resolve) => void setImmediate(resolve));
      if ((await this.#trySendDue()) === "all") continue;
      this.#isDue = true;
      await this.#deps.clock.sleep(AGAIN_MS, this.#stop.signal).catch(() => undefined);
    }
  }

  async #trySendDue(): Promise<"all" | "some"> {
    try {
      return await this.#sendDue();
    } catch (error) {
      log.error({ err: error }, "answers of runs could not be looked for; it is tried again");
      return "some";
    }
  }

  /** Whether all that was due is sent. */
  async #sendDue(): Promise<"all" | "some"> {
    let outcome: "all" | "some" = "all";
    let after: RunId | undefined;
    for (;;) {
      const due = this.#deps.answers.due(after, BATCH_MAX);
      const sent = await Promise.all(due.map((id) => this.#send(id)));
      if (sent.includes(false)) outcome = "some";
      after = due.at(-1);
      if (due.length < BATCH_MAX || this.#stop.signal.aborted) return outcome;
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
    const { workspace, agent, revision, message: link } = view;
    if (link === null || link.sender === SYSTEM_SENDER) return "sent";
    const answer = answerOf(view, link);
    if (answer === undefined) return "sent";
    const { definition } = await agents.prepare(workspace, agent, revision);
    if (!definition.messaging.autoRespond) return "sent";
    const message = replyTo(link, workspace, {
      ...answer,
      id: messageIdOf(id, "answer"),
      sender: agent,
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
