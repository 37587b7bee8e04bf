import { log } from "../../../kernel/log.ts";
import { type Message } from "../../acl/index.ts";
import { readConversation } from "../../protocols/index.ts";
import { type Conversations } from "./conversations.ts";
import { type MessageJournal } from "../ports/index.ts";

/** Messages that may wait for the conversations that they name. */
const WAITING_MAX = 10_000;

type Parts = {
  readonly journal: Pick<MessageJournal, "conversation">;
  readonly conversations: Pick<Conversations, "find" | "recall" | "hasLeft">;
};

/**
 * Loads conversations that have left memory before a message is judged by them: one that is over would begin again otherwise.
 * Messages that name the same conversation wait together, in their order.
 */
export class ConversationLookup {
  readonly #parts: Parts;
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #running = new Set<Promise<void>>();
  #count = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Returns `none` if nothing has to be loaded, and `full` if too many wait. Otherwise `again` is called when it is loaded. */
  hold({ workspace, conversationId: id, ...message }: Message, again: () => void): "none" | "held" | "full" {
    const key = JSON.stringify([workspace, id]);
    const others = this.#waiting.get(key);
    const isNew = id === message.id || !this.#mayHaveLeft(workspace, id);
    if (others === undefined && isNew) return "none";
    if (this.#count >= WAITING_MAX) return "full";
    this.#count += 1;
    if (others !== undefined) {
      others.push(again);
      return "held";
    }
    this.#waiting.set(key, [again]);
    const loaded = this.#load(workspace, id).finally(() => {
      this.#running.delete(loaded);
      const ready = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      this.#count -= ready.length;
      for (const each of ready) each();
    });
    this.#running.add(loaded);
    return "held";
  }

  /** Loads a conversation that has left memory. Never rejects. */
  async recall(workspace: string, id: string): Promise<void> {
    if (this.#mayHaveLeft(workspace, id)) await this.#load(workspace, id);
  }

  #mayHaveLeft(workspace: string, id: string): boolean {
    const { conversations } = this.#parts;
    return conversations.hasLeft && conversations.find(workspace, id) === undefined;
  }

  async #load(workspace: string, id: string): Promise<void> {
    try {
      const row = await this.#parts.journal.conversation(workspace, id);
      if (row === undefined) return;
      readConversation(JSON.parse(row.fold));
      this.#parts.conversations.recall(row);
    } catch (error) {
      log.warn({ error, workspace, conversation: id }, "a conversation cannot be loaded; the message begins it");
    }
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
