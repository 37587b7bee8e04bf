import type { Agents } from "../../agents/definitions/index.ts";
import type { TimerQueue } from "../../kernel/async/timer-queue.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { isTerminal, RunNotFoundError } from "../record/index.ts";
import type { RunAnswers, Runs } from "../lifecycle/index.ts";
import { hasReplied, withEarlier } from "./answer.ts";
import { messageIdOf } from "../../messaging/acl/index.ts";
import { mayAgreeLate, replyTo } from "./trigger.ts";
import type { MessageSender, SentRecords } from "./ports.ts";

export type AgreementsDeps = {
  readonly runs: Pick<Runs, "view" | "lastOf">;
  readonly answers: Pick<RunAnswers, "unfinished">;
  readonly agents: Pick<Agents, "prepare">;
  readonly sent: SentRecords;
  readonly post: MessageSender;
  readonly clock: Clock;
  readonly alarm: TimerQueue;
  /** Time that a run may take before `agree` is sent to the requester. */
  readonly afterMs: number;
};

/**
 * Says `agree` for runs that take long, once, where the protocol lets it come before the result but does not need it.
 * conversations.agreements.G1. Nothing is said for a run that has ended, or has said something itself.
 */
export class Agreements {
  readonly #deps: AgreementsDeps;

  constructor(deps: AgreementsDeps) {
    this.#deps = deps;
  }

  /** Watches the runs that were unfinished when the server ended. */
  start(): void {
    for (const { runId, createdAtMs } of this.#deps.answers.unfinished()) {
      this.#at(Math.max(0, createdAtMs + this.#deps.afterMs - this.#deps.clock.nowMs()), runId);
    }
  }

  /** A message has just started the run. */
  expect(run: RunId): void {
    this.#at(this.#deps.afterMs, run);
  }

  #at(inMs: number, run: RunId): void {
    const { alarm, clock } = this.#deps;
    alarm.at(clock.monotonicMs() + inMs, () => {
      this.#agree(run).catch((error: unknown) => {
        if (!(error instanceof RunNotFoundError)) log.error({ runId: run, err: error }, "an agree could not be sent");
      });
    });
  }

  async #agree(run: RunId): Promise<void> {
    const { runs, agents, sent, post, clock } = this.#deps;
    const { workspace, message: link, caller, handedFrom } = runs.view(run);
    const { agent, revision, run: first } = handedFrom?.first ?? { ...runs.view(run), run };
    const id = messageIdOf(first, "agree");
    if (link === null || !mayAgreeLate(link)) return;
    const { definition } = await agents.prepare(workspace, agent, revision);
    if (!definition.messaging.autoRespond || (await sent.find(workspace, id)) !== undefined) return;
    // Looked at in the turn in which it goes out: an answer that comes after this comes behind it.
    const view = runs.view(runs.lastOf(run));
    if (isTerminal(view.state) || withEarlier(runs, view).some(hasReplied)) return;
    await post.submit(
      replyTo(link, workspace, {
        id,
        performative: "agree",
        sender: agent,
        onBehalfOf: caller ?? undefined,
        content: { type: "text", text: "" },
        atMs: clock.nowMs(),
      }),
    );
  }
}
