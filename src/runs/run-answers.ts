import type { RunId } from "../kernel/ids.ts";

/** Runs that a message started and whose answer has not been sent, kept by the journal in the transaction that writes it. */
export interface RunAnswers {
  /** Those that have ended, the oldest first, after the one given. */
  due(after: RunId | undefined, limit: number): readonly RunId[];
  /** Those that have not ended. */
  underWay(): readonly { readonly runId: RunId; readonly createdAtMs: number }[];
  /** The answer is out, or there is none to send. On disk when resolved. */
  sent(runId: RunId): Promise<void>;
  /** Runs of an agent in a conversation, by their ids, oldest first; those under way only, or all. */
  inConversation(conversation: {
    readonly workspace: string;
    readonly agent: string;
    readonly conversationId: string;
  }): { readonly count: number; readonly unfinished: readonly RunId[] };
}
