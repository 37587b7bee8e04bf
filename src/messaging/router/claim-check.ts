import { type Clock } from "../../kernel/clock.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import { log } from "../../kernel/log.ts";
import {
  type ContentStore,
  fetchContent,
  isSurelySmall,
  exceedsInlineLimit,
  type Message,
  type MessageError,
  offloadContent,
  isOffloaded,
} from "../acl/index.ts";
import { MessageContentNotFoundError, MessageContentsFullError } from "./errors.ts";
import { type AgentHandler, type Delivered, notStored, type Settlement } from "./ports/index.ts";

export type ClaimOptions = {
  /** Content above it is left in its message, which is refused for it. */
  readonly messageBytesMax: number;
  /** All contents of a workspace. */
  readonly storeBytesMax: number;
  readonly clock: Clock;
  /** Hashes of contents that messages in mailboxes refer to. Asked only when there is no room. */
  readonly waiting: () => Promise<ReadonlySet<string>>;
};

/** What is left after the oldest contents went. */
const TRIMMED_SHARE = 0.9;
/** After no room was found, it is not looked for again for so long. */
const FULL_MS = 1_000;

/**
 * Content above the inline limit is offloaded before its message is taken, and is in its place again when a participant
 * inside of the server gets the message. Programs outside get the reference.
 * router.claim-check.K1. Messages of one conversation are taken, and begun at one recipient, in their order, large or
 *   small.
 * router.claim-check.K2. A message is taken only when its content is on disk.
 * router.claim-check.K3. Contents of a workspace take `storeBytesMax` at most: its oldest are deleted that no waiting message
 *   refers to. If that is not enough, its messages with large content are refused.
 */
export class ClaimCheck {
  readonly #store: ContentStore;
  readonly #options: ClaimOptions;
  /** By workspace. */
  readonly #trimming = new Map<string, Promise<number>>();
  readonly #fullUntilMs = new Map<string, number>();
  readonly #leaving = new KeyedMutex<string>();
  readonly #coming = new KeyedMutex<string>();
  readonly #closing = new AbortController();

  constructor(store: ContentStore, options: ClaimOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Whether a message can be taken as it is, at once. */
  letsPass(message: Message): boolean {
    return isSurelySmall(message.content) && !hasWork(this.#leaving, message);
  }

  /** Calls `next` once with the message as it travels, or with why it cannot be kept; maybe before this returns. */
  offload(message: Message, next: (ready: Message, error?: MessageError) => void): void {
    const isLarge = exceedsInlineLimit(message.content, this.#options.messageBytesMax);
    if (!isLarge && !hasWork(this.#leaving, message)) return next(message);
    const kept = isLarge ? this.#keep(message) : Promise.resolve(message);
    // A failure is handled when its turn comes.
    kept.catch(() => undefined);
    void this.#leaving.run(keyOf(message), async () => {
      try {
        next(await kept);
      } catch (error) {
        log.error({ err: error, message: message.id }, "the content of a message could not be kept");
        next(message, notStored(error));
      }
    });
  }

  /** K2, K3. */
  async #keep(message: Message): Promise<Message> {
    const ready = await offloadContent(message, this.#store, this.#closing.signal);
    const { storeBytesMax, clock } = this.#options;
    const { workspace } = message;
    if ((await this.#store.bytes(workspace)) <= storeBytesMax) return ready;
    if (clock.monotonicMs() < (this.#fullUntilMs.get(workspace) ?? 0))
      throw new MessageContentsFullError(storeBytesMax);
    if ((await this.#trimming.getOrInsertComputed(workspace, () => this.#trim(workspace))) <= storeBytesMax)
      return ready;
    this.#fullUntilMs.set(workspace, clock.monotonicMs() + FULL_MS);
    throw new MessageContentsFullError(storeBytesMax);
  }

  /** A little more than is needed, so that it is not done for each message. */
  async #trim(workspace: string): Promise<number> {
    const { storeBytesMax, waiting } = this.#options;
    try {
      return await this.#store.dropOldest(workspace, storeBytesMax * TRIMMED_SHARE, await waiting());
    } finally {
      this.#trimming.delete(workspace);
    }
  }

  /** A handler that gets messages with their content. What retention took of it is rejected, with MESSAGE_CONTENT_NOT_FOUND. */
  filled(handler: AgentHandler): AgentHandler {
    return {
      handle: (delivered, signal) => {
        const { message, recipient } = delivered;
        const isAside = message.content.type === "artifact";
        if (!isAside && !hasWork(this.#coming, message, recipient)) return handler.handle(delivered, signal);
        const { promise, resolve, reject } = Promise.withResolvers<Settlement>();
        const filled = this.#fill(delivered, signal);
        // A failure is handled when its turn comes.
        filled.catch(() => undefined);
        void this.#coming.run(keyOf(message, recipient), async () => {
          try {
            const ready = await filled;
            // Begun, not ended: the next message need not wait for the end.
            resolve("type" in ready ? ready : handler.handle(ready, signal));
          } catch (error) {
            reject(error);
          }
        });
        return promise;
      },
    };
  }

  async #fill(delivered: Delivered, signal: AbortSignal): Promise<Delivered | Settlement> {
    const { message } = delivered;
    const content = await fetchContent(message, this.#store, signal);
    if (content.type === "artifact" && isOffloaded(content.artifact)) {
      const { code, message: reason } = new MessageContentNotFoundError(content.artifact.id);
      return { type: "rejected", code, reason };
    }
    return { ...delivered, message: { ...message, content } };
  }

  /** Lets go of what was kept long enough. */
  async dropBefore(ms: number): Promise<void> {
    await this.#store.dropBefore(ms);
  }

  /** Aborts the running offloads; their messages are refused. */
  async close(): Promise<void> {
    this.#closing.abort("the server stops");
    await this.#leaving.settled();
  }
}

const keyOf = ({ workspace, conversationId }: Message, recipient = ""): string =>
  `${recipient}\n${workspace}/${conversationId}`;

const hasWork = (mutex: KeyedMutex<string>, message: Message, recipient?: string): boolean =>
  mutex.size > 0 && mutex.has(keyOf(message, recipient));
