import { type Message } from "../acl/index.ts";
import { type RouterOptions, type Submitted } from "./ports/index.ts";

/** A message, the bytes of its line, and the function that receives the outcome. */
export type Arrived = {
  readonly message: Message;
  readonly size: number;
  readonly done: (submitted: Submitted) => void;
};

type EarlyOptions = Pick<RouterOptions, "isDeploying" | "mailboxMessagesMax" | "mailboxBytesMax">;

/** Messages that wait for their recipients until all agents are deployed: as many as one mailbox holds. */
export class EarlyMessages {
  readonly #options: EarlyOptions;
  readonly #conversations = new Set<string>();
  #arrived: Arrived[] = [];
  #bytes = 0;
  #isOpen: boolean;

  constructor(options: EarlyOptions) {
    this.#isOpen = options.isDeploying === true;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether an earlier message of its conversation waits. */
  mustFollow({ workspace, conversationId }: Message): boolean {
    return this.#arrived.length > 0 && this.#conversations.has(`${workspace}/${conversationId}`);
  }

  /** Returns false if there is no room. */
  add(arrived: Arrived): boolean {
    const { mailboxMessagesMax, mailboxBytesMax } = this.#options;
    if (this.#arrived.length >= mailboxMessagesMax || this.#bytes + arrived.size > mailboxBytesMax) return false;
    const { workspace, conversationId } = arrived.message;
    this.#conversations.add(`${workspace}/${conversationId}`);
    this.#arrived.push(arrived);
    this.#bytes += arrived.size;
    return true;
  }

  /** Removes and returns all, in their order; `isLast` ends the waiting. */
  take(isLast: boolean): readonly Arrived[] {
    const taken = this.#arrived;
    this.#arrived = [];
    this.#conversations.clear();
    this.#bytes = 0;
    if (isLast) this.#isOpen = false;
    return taken;
  }
}
