import { type Conversation, expire } from "../protocols/index.ts";
import { type ConversationQuery } from "./ports/index.ts";

/** Remembered in each of two generations. */
const FRESH_MAX = 50_000;

/**
 * Free conversations of one message. Nothing of them is on disk but the message: a row for each would cost the journal as much
 * again. The newest are remembered, at least `FRESH_MAX` of them; what is said in an older one begins it anew, until what was before
 * is found (`Recollection.lookBack`).
 */
export class FreshConversations {
  #fresh = new Map<string, Conversation>();
  #staler = new Map<string, Conversation>();

  find(key: string): Conversation | undefined {
    return this.#fresh.get(key) ?? this.#staler.get(key);
  }

  remember(key: string, conversation: Conversation): void {
    if (this.#fresh.size >= FRESH_MAX) {
      this.#staler = this.#fresh;
      this.#fresh = new Map();
    }
    this.#fresh.set(key, conversation);
  }

  /** There is more of it now. */
  forget(key: string): void {
    this.#fresh.delete(key);
    this.#staler.delete(key);
  }

  /** Those that fit, as time made them, in no order; `before` and `limit` are for whoever puts them in one. */
  list(query: ConversationQuery, nowMs: number): readonly Conversation[] {
    // None of them was put away, belongs to another one or is late.
    if (query.isArchived === true || query.parent !== undefined || query.stuck?.is === true) return [];
    const found: Conversation[] = [];
    for (const generation of [this.#staler, this.#fresh]) {
      for (const remembered of generation.values()) {
        if (!isAskedFor(remembered, query)) continue;
        const { conversation } = expire(remembered, nowMs);
        if ((query.state ?? conversation.status.state) === conversation.status.state) found.push(conversation);
      }
    }
    return found;
  }
}

function isAskedFor({ workspace, protocol, initiator, participants }: Conversation, query: ConversationQuery): boolean {
  const { participant } = query;
  return (
    workspace === query.workspace &&
    (query.protocol === undefined || query.protocol === protocol) &&
    (participant === undefined || participant === initiator || participants.some(({ name }) => name === participant))
  );
}
