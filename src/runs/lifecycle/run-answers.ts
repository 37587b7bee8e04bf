import type { RunId } from "../../kernel/ids.ts";

/** Runs that a message started and whose answer has not been sent, kept by the journal in the transaction that writes it. */
export interface RunAnswers {
  /** Ended runs after the given one, oldest first. */
  due(after: RunId | undefined, limit: number): readonly RunId[];
  /** Runs that have not ended. */
  unfinished(): readonly { readonly runId: RunId; readonly createdAtMs: number }[];
  /** Marks that the answer is sent, or that none is needed. On disk when resolved. */
  sent(runId: RunId): Promise<void>;
  /**
   * Runs of an agent in a conversation. `turns` counts those that did not only answer a call for proposals of a FIPA protocol;
   * `unfinished` are the ids of the running ones, oldest first; `lastBid` is the last completed answer to such a call.
   */
  inConversation(conversation: {
    readonly workspace: string;
    readonly agent: string;
    readonly conversationId: string;
  }): { readonly turns: number; readonly unfinished: readonly RunId[]; readonly lastBid: RunId | undefined };
}
