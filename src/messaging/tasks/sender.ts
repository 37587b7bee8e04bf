import { type TimerQueue } from "../../kernel/async/timer-queue.ts";
import { type Clock } from "../../kernel/clock.ts";
import { type TaskId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type Message, type MessageError } from "../acl/index.ts";
import { type Router, type Submitted } from "../router/index.ts";
import { arrived, awardKey } from "./auction.ts";
import { outboxMessage, outboxMessageId } from "./outbox-message.ts";
import { renewed, sent, onRejected } from "./steps.ts";
import { type Outgoing, type Task } from "./task.ts";

export type SenderDeps = {
  readonly router: {
    submit(message: Message): Promise<Submitted>;
    /** Whether a conversation takes a message now, and how the conversation stands. */
    readonly records: Pick<Router["records"], "judge" | "recall">;
  };
  /** Resolves to true when the recipient has taken the message, to false when aborted. */
  readonly taken: (
    message: Pick<Message, "id" | "workspace" | "conversationId">,
    recipient: string,
    signal: AbortSignal,
  ) => Promise<boolean>;
  readonly clock: Clock;
  readonly alarm: TimerQueue;
};

/** The tasks whose messages are sent. */
type Sending = {
  readonly find: (id: TaskId) => Task | undefined;
  readonly change: (id: TaskId, step: (task: Task) => Task) => Promise<Task>;
};

const RETRY_MS = 1_000;

/**
 * Sends the messages of tasks, and follows the awards of auctions to their winners.
 * tasks.sender.S1. What the conversation does not allow is not sent. A message to a bidder whose bid is on its way
 *   waits for the bid.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #tasks: Sending;
  readonly #flushing = new Set<TaskId>();
  readonly #awards = new Map<TaskId, { readonly key: string; readonly stop: AbortController }>();

  constructor(deps: SenderDeps, tasks: Sending) {
    this.#deps = deps;
    this.#tasks = tasks;
  }

  /** Sends what the task has to say, and follows its award. */
  send(task: Task): void {
    this.#follow(task);
    if (task.outbox.length > 0) this.#flushSoon(task.id);
  }

  #flushSoon(id: TaskId): void {
    if (this.#flushing.has(id)) return;
    this.#flushing.add(id);
    const flushed = this.#flush(id).finally(() => this.#flushing.delete(id));
    void orAgain(flushed, () => this.#later(id, RETRY_MS));
  }

  #later(id: TaskId, ms: number): void {
    const { clock, alarm } = this.#deps;
    alarm.at(clock.monotonicMs() + ms, () => this.#flushSoon(id));
  }

  async #flush(id: TaskId): Promise<void> {
    const { clock, router } = this.#deps;
    for (;;) {
      await this.#recall(id);
      const task = this.#tasks.find(id);
      if (task === undefined) return;
      const next = this.#next(task);
      if (next === undefined) return task.outbox.length === 0 ? undefined : this.#later(id, RETRY_MS);
      const { entry, message } = next;
      if (next.outcome === undefined && (entry.replyByMs ?? Infinity) <= message.atMs) {
        await this.#tasks.change(id, (now) => renewed(now, clock.nowMs()));
        continue;
      }
      const outcome = next.outcome ?? (await router.submit(message));
      if (outcome.type === "refused" && outcome.retryAfterMs !== undefined)
        return this.#later(id, Math.max(RETRY_MS, outcome.retryAfterMs));
      const problem = problemOf(outcome, entry);
      const nowMs = clock.nowMs();
      await this.#tasks.change(id, (now) =>
        problem === undefined ? sent(now, entry.key, nowMs) : onRejected(now, entry, problem, nowMs),
      );
    }
  }

  /** Loads the conversations of what is to be said: they left memory if they were over before a restart. */
  async #recall(id: TaskId): Promise<void> {
    const { clock, router } = this.#deps;
    const task = this.#tasks.find(id);
    if (task === undefined) return;
    for (const entry of task.outbox) await router.records.recall(outboxMessage(task, entry, clock.nowMs()));
  }

  /** The first message that need not wait; with its outcome where it is not to be sent. Nothing happens between this and the submission. */
  #next(task: Task): { entry: Outgoing; message: Message; outcome?: Submitted | Judged } | undefined {
    for (const entry of task.outbox) {
      const message = outboxMessage(task, entry, this.#deps.clock.nowMs());
      const { error, now } = this.#deps.router.records.judge(message, entry.to);
      const isCall = ({ id }: { readonly id: string }) => id === message.id;
      const wasSent = now?.participants.some(
        ({ calls, cancelCall }) => calls.some(isCall) || (cancelCall !== undefined && isCall(cancelCall)),
      );
      if (error?.code === "PROTOCOL_BREACH") {
        if (error.details["state"] === "bidding" && wasSent !== true) continue;
        return { entry, message, outcome: { type: "judged", error, wasSent } };
      }
      return wasSent === true ? { entry, message, outcome: { type: "sent" } } : { entry, message };
    }
    return undefined;
  }

  /** Waits until the winner of an auction has taken the award. */
  #follow(task: Task): void {
    const { id, workspace, auction, assignedTo, outbox } = task;
    const key = awardKey(task);
    const isOut = auction?.isAwarding === true && outbox.every((entry) => entry.key !== key);
    const before = this.#awards.get(id);
    if (isOut && before?.key === key) return;
    before?.stop.abort();
    this.#awards.delete(id);
    if (!isOut || assignedTo === undefined) return;
    const stop = new AbortController();
    this.#awards.set(id, { key, stop });
    const { taken, clock, alarm } = this.#deps;
    const award = { id: outboxMessageId(task, key), workspace, conversationId: id };
    const arrive = async (): Promise<void> => {
      const isTaken = await taken(award, assignedTo, stop.signal);
      if (isTaken) await this.#tasks.change(id, (now) => arrived(now, key, clock.nowMs()));
    };
    void orAgain(arrive(), () => {
      this.#awards.delete(id);
      alarm.at(clock.monotonicMs() + RETRY_MS, () => {
        const now = this.#tasks.find(id);
        if (now !== undefined) this.#follow(now);
      });
    });
  }
}

/** Does it `again` when the work fails: the store may write again later. */
export async function orAgain(work: Promise<unknown>, again: () => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    log.error({ err: error }, "task processing failed; it is retried");
    again();
  }
}

/** Not sent: the conversation does not allow it, or has it already. */
type Judged =
  | { readonly type: "judged"; readonly error: MessageError; readonly wasSent: boolean | undefined }
  | { readonly type: "sent" };

/** Whether a bidder's proposal can no longer be accepted; else the breach says that it was accepted before a crash. */
const GONE = ["lapsed", "rejected", "misunderstood", "cancelled", "unreached", "closed"];
const AWARDS: ReadonlySet<Outgoing["act"]> = new Set(["accept-proposal", "request"]);

/** Why a message did not go out; undefined when it did, now or before a crash. */
function problemOf(outcome: Submitted | Judged, { act, protocol }: Outgoing): string | undefined {
  if (outcome.type === "accepted" || outcome.type === "sent") return undefined;
  const { code, message, details } = outcome.error;
  if (code !== "PROTOCOL_BREACH") return message;
  if (AWARDS.has(act)) return GONE.some((state) => state === details["state"]) ? message : undefined;
  const isUnreached = details["state"] === "unreached" && protocol.startsWith("fipa-auction");
  const isMissed = act === "cfp" && !(outcome.type === "judged" && outcome.wasSent === true);
  return isUnreached || isMissed || details["rule"] === "deadline-ahead" ? message : undefined;
}
