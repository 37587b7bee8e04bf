import { AsyncLocalStorage } from "node:async_hooks";
import type { ToolQuestion, ToolReply } from "../catalogue/index.ts";

/** Who is asked when a server asks something while it works for a request. */
export type Elicitor = (question: Omit<ToolQuestion, "server">) => Promise<ToolReply>;

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

  constructor(ask: Elicitor | undefined) {
    this.ask = ask;
    this.over = this.#over.signal;
    // The rejection needs no handler: either nothing is lost, or the request has ended.
    this.#lost.promise.catch(() => undefined);
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
