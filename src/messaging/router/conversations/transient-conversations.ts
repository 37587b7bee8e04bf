import { type Conversation, expire } from "../../protocols/index.ts";
import { type ConversationQuery } from "../ports/index.ts";

/**
 * Free conversations of one message. Nothing of them is on disk but the message: a row for each would cost the journal as much
 * again. The newest are in memory; older ones are found among the messages (`listEvictedConversations`), and a
 * message in one begins it again, until its earlier part is found (`ConversationRecovery.recover`).
 */
export class TransientConversations {
  readonly #most: number;
  #young = new Map<string, Conversation>();
  #old = new Map<string, Conversation>();
  /** Whether some are remembered no more. */
  hasForgotten = false;

  /** At least `most` are remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  find(key: string): Conversation | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  remember(key: string, conversation: Conversation): void {
    if (this.#young.size >= this.#most) {
      this.hasForgotten ||= this.#old.size > 0;
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, conversation);
  }

  /** There is more of it now. */
  forget(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** By key. */
  get generations(): readonly Map<string, Conversation>[] {
    return [this.#old, this.#young];
  }

  /** Returns those that match the query, in no order; the caller applies `before` and `limit`. */
  list(query: ConversationQuery, nowMs: number): readonly Conversation[] {
    if (!mayBeTransient(query)) return [];
    const found: Conversation[] = [];
    for (const generation of [this.#old, this.#young]) {
      for (const remembered of generation.values()) {
        const conversation = matchQuery(remembered, query, nowMs);
        if (conversation !== undefined) found.push(conversation);
      }
    }
    return found;
  }
}

/** Whether a free conversation of one message can match: it is never archived, merged or stuck. */
export const mayBeTransient = ({ isArchived, parent, stuck }: ConversationQuery): boolean =>
  isArchived !== true && parent === undefined && stuck?.is !== true;

/** One that has no row, as time made it; undefined when it does not fit. */
export function matchQuery(known: Conversation, query: ConversationQuery, nowMs: number): Conversation | undefined {
  const { workspace, protocol, initiator, participants } = known;
  const { participant } = query;
  if (workspace !== query.workspace || (query.protocol ?? protocol) !== protocol) return undefined;
  const isIn = participant === undefined || participant === initiator;
  if (!isIn && !participants.some(({ name }) => name === participant)) return undefined;
  const { conversation } = expire(known, nowMs);
  return (query.state ?? conversation.status.state) === conversation.status.state ? conversation : undefined;
}
