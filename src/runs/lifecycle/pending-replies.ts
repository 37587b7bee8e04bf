import type { Clock } from "../../kernel/clock.ts";
import type { RunId } from "../../kernel/ids.ts";
import type { Json } from "../../kernel/json.ts";
import { Expiry } from "./expiry.ts";
import { inputNotFound } from "../calls/index.ts";
import { type InputAnswer, type InputGiver, inputResult, notOpen } from "./input-answers.ts";
import {
  isMissed,
  type ReplyEnd,
  type ReplyState,
  type RunArtifact,
  type RunReply,
  type RunView,
} from "../record/index.ts";
import { signInWait } from "../../tools/catalogue/index.ts";
import type { Runs } from "./runs.ts";

/** A call that waits, or waited, for a reply, with its run. */
export type ReplyRecord = {
  readonly replyWith: string;
  readonly runId: RunId;
  readonly workspace: string;
  readonly agent: string;
  readonly conversationId: string;
  readonly state: ReplyState;
};

/** The replies that calls of all runs wait for, kept by the journal in the transaction that writes it. */
export interface ReplyIndex {
  /** By what the reply carries as `in_reply_to`. */
  find(replyWith: string): ReplyRecord | undefined;
  /** Open waits of an agent in a conversation, oldest first. */
  openIn(conversation: {
    readonly workspace: string;
    readonly agent: string;
    readonly conversationId: string;
  }): readonly ReplyRecord[];
  /** Open ones whose `replyWith` begins so. */
  openWith(prefix: string): readonly ReplyRecord[];
  /** Waits whose runs ended before the reply, and delegations that expired, whose recipients were not notified; at most `limit`. */
  abandoned(limit: number): readonly ReplyRecord[];
  /** Marks that the recipient was notified. On disk when resolved. */
  markNotified(replyWith: string): Promise<void>;
  /** Open waits for people, oldest first; `after` is the `replyWith` of the last one of the page before. */
  inputs(query: {
    readonly workspace: string;
    readonly after: string | undefined;
    readonly limit: number;
  }): readonly ReplyRecord[];
  /** When the next open one is given up, in milliseconds since 1970; undefined when none waits. */
  nextExpiryMs(): number | undefined;
  /** Open ones that are given up at this time or before, the oldest first. */
  expired(atMs: number, limit: number): readonly { readonly id: string; readonly runId: RunId }[];
}

/** Result of a call that waited for a reply. */
export type ReplyResult = {
  /** Whether the call succeeded: a refusal and a failure of the other agent are failed calls. */
  readonly outcome: "answered" | "failed";
  readonly messageId: string | null;
  readonly from: string;
  readonly text: string;
  readonly structured: Json;
  /** Files of a delegate, copied for the run. */
  readonly artifacts?: readonly RunArtifact[];
};

export type RepliesDeps = { readonly runs: Runs; readonly index: ReplyIndex; readonly clock: Clock };

/**
 * Replies that calls of runs wait for: messages of agents, and answers of people.
 * runs.pending-replies.Y1. A reply is durable, and its run resumes, before its sender receives the confirmation; a
 *   second reply to one wait changes nothing.
 * runs.pending-replies.Y2. A wait without a reply ends at its deadline, also if that passed while no server ran.
 */
export class PendingReplies implements AsyncDisposable {
  readonly #deps: RepliesDeps;
  readonly #expiry: Expiry<string>;
  #watching: Disposable | undefined;

  constructor(deps: RepliesDeps) {
    this.#deps = deps;
    const { clock, index } = deps;
    this.#expiry = new Expiry({
      clock,
      what: "waits for replies",
      nextMs: () => index.nextExpiryMs(),
      due: (atMs, limit) => index.expired(atMs, limit),
      expire: async ({ id, runId }) => void (await this.#end(runId, id, expired)),
    });
  }

  /** Gives up waits whose time is over from now on; those that ended while no server ran come first. */
  watchExpiry(): void {
    this.#watching = this.#deps.runs.hub.watchAll((news) => {
      if (news.type === "entry" && news.entry.event.type === "reply-wait")
        this.#expiry.expect(news.entry.event.deadlineMs);
    });
    this.#expiry.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#expiry[Symbol.asyncDispose]();
  }

  /**
   * Ends a wait with its reply; on disk when resolved, and the run resumes. Returns `late` if the wait is over: the
   * call has its result, or its run has ended. The result of a delegation is recorded in an ended run too. Throws storage errors.
   */
  async give(replyWith: string, reply: ReplyResult): Promise<"given" | "late"> {
    const record = this.#deps.index.find(replyWith);
    // A person's answer is no message: no agent gives it.
    if (record === undefined || record.conversationId === "") return "late";
    if (record.state !== "open" && record.state !== "cancelled") return "late";
    const ended = await this.#end(record.runId, replyWith, () => reply);
    return ended ? "given" : "late";
  }

  /**
   * Ends a wait for a person with an answer; on disk when resolved, and the run resumes. Throws RunNotFoundError, InputNotFoundError,
   * InputClosedError, AnswerInvalidError, storage errors.
   */
  async answer(runId: RunId, input: string, answer: InputAnswer, giver: InputGiver): Promise<void> {
    const { runs, clock } = this.#deps;
    let isLate = false;
    const hasEnded = await this.#end(runId, input, (open, view) => {
      if (open.input === null) throw inputNotFound(view, input);
      isLate = open.deadlineMs <= clock.nowMs();
      return isLate ? expired(open) : inputResult(open.input, answer, giver);
    });
    if (isLate || !hasEnded) throw notOpen(runs.view(runId), input);
  }

  /** Resumes the calls that wait for a sign-in to a tool server. Throws storage errors. */
  async signedIn(server: string, by: string): Promise<void> {
    const giver = { name: by, messageId: null };
    for (const { runId, replyWith } of this.#deps.index.openWith(signInWait(server, "")))
      await this.#end(runId, replyWith, (open) =>
        open.input?.kind === "sign-in"
          ? inputResult(open.input, { action: "accept", content: {} }, giver)
          : expired(open),
      );
  }

  async #end(
    runId: RunId,
    replyWith: string,
    say: (reply: RunReply, view: RunView) => Omit<ReplyResult, "outcome"> & { readonly outcome: ReplyEnd["outcome"] },
  ): Promise<boolean> {
    let hasEnded = false;
    await this.#deps.runs.update(runId, (view) => {
      const open = view.replies.find(
        (each) => each.replyWith === replyWith && (each.state === "open" || isMissed(each)),
      );
      if (open === undefined) return [];
      hasEnded = open.state === "open";
      const { outcome, messageId, from, text, structured, artifacts = [] } = say(open, view);
      return [
        {
          type: "reply-end",
          callId: open.callId,
          replyWith,
          outcome,
          messageId,
          from,
          content: { text, structured },
          ...(artifacts.length > 0 && { artifacts: [...artifacts] }),
        },
        { type: "run-resume" },
      ];
    });
    return hasEnded;
  }
}

const expired = ({ to, input, askedAtMs, deadlineMs }: RunReply) => {
  if (input?.kind === "sign-in") {
    const text = `no user signed in to the tool server ${input.server} within ${formatReply(deadlineMs - askedAtMs)} [${INPUT_EXPIRED}]. The call was not made. Continue without it.`;
    return { outcome: "expired" as const, messageId: null, from: "", text, structured: null };
  }
  const doubt = input === null ? "Whether the message was worked on is not known. " : "";
  const code = input === null ? "" : ` [${INPUT_EXPIRED}]`;
  return {
    outcome: "expired" as const,
    messageId: null,
    from: "",
    text: `${to} has not answered within ${formatReply(deadlineMs - askedAtMs)}${code}. ${doubt}Continue without the answer, or say that you have none.`,
    structured: null,
  };
};

/** Code in the result of a call that a person did not answer in time. */
const INPUT_EXPIRED = "INPUT_EXPIRED";

const formatReply = (ms: number): string =>
  ms < 120_000 ? `${Math.round(ms / 1_000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
