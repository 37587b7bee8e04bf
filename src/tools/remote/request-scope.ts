import { AsyncLocalStorage } from "node:async_hooks";
import type { ToolReply } from "../catalogue/index.ts";
import type { Question } from "./elicitation.ts";

/** Who is asked when a server asks something while it works for a request. */
export type Elicitor = (question: Question) => Promise<ToolReply>;

/** How much a server may send for one request, all its pages together. */
export type ByteBudget = { readonly bytesMax: number; readonly refusal: () => Error };

type SentMessage = { isAnswered: boolean };

/**
 * One request to a remote server, from its begin until it is settled. What happens on its behalf deep in the protocol's library, an
 * HTTP stream that ends or a question of the server, finds it as the current scope of its asynchronous context.
 */
export class RequestScope {
  /** Aborted when the request is settled, so that its streams end with it. */
  readonly over: AbortSignal;
  readonly ask: Elicitor | undefined;
  readonly #over = new AbortController();
  readonly #lost = Promise.withResolvers<never>();
  readonly #budget: ByteBudget | undefined;
  #bytes = 0;
  /** The newest message of it: one after the other where there are several, as for the pages of a list. */
  #message: SentMessage = { isAnswered: false };

  constructor(ask: Elicitor | undefined, budget?: ByteBudget) {
    this.ask = ask;
    this.#budget = budget;
    this.over = this.#over.signal;
    // The rejection needs no handler: either nothing is lost, or the request has ended.
    this.#lost.promise.catch(() => undefined);
  }

  /** Begins a message, after the answer to the previous one. */
  begin(): SentMessage {
    this.#message = { isAnswered: false };
    return this.#message;
  }

  get message(): Readonly<SentMessage> {
    return this.#message;
  }

  /** The answer to the newest message has come. */
  answer(): void {
    this.#message.isAnswered = true;
  }

  /** Counts what the server sent for this request. Returns the refusal once that is too much; the request is lost then. */
  receive(bytes: number): Error | undefined {
    this.#bytes += bytes;
    if (this.#budget === undefined || this.#bytes <= this.#budget.bytesMax) return undefined;
    const refusal = this.#budget.refusal();
    this.lose(refusal);
    return refusal;
  }

  /** The request can no longer be answered. */
  lose(error: Error): void {
    this.#lost.reject(error);
  }

  /** Does the request; rejects as soon as its answer is lost, which the library itself would wait for in vain. */
  async run<Value>(request: () => Promise<Value>): Promise<Value> {
    try {
      const answer = scopes.run(this, request);
      // If the loss comes first, the failure of the answer has no other handler.
      answer.catch(() => undefined);
      return await Promise.race([answer, this.#lost.promise]);
    } finally {
      this.#over.abort(SETTLED);
    }
  }
}

const SETTLED = "the request is settled";
const scopes = new AsyncLocalStorage<RequestScope>();

export const currentScope = (): RequestScope | undefined => scopes.getStore();
