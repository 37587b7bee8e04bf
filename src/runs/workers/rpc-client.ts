import { type Fault, RemoteError } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { ModelPart } from "../../models/port/index.ts";
import type { WorkerResponses, WorkerRequest, WorkerMessage } from "./protocol.ts";

type Waiting = { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void };

/** A worker's questions to its server, by number. */
export class RpcClient {
  readonly #post: (message: WorkerMessage) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #streams = new Map<number, (part: ModelPart) => void>();
  #last = 0;

  constructor(post: (message: WorkerMessage) => void) {
    this.#post = post;
  }

  /** Rejects with what the server's part of it threw, as a RemoteError. An abort is passed on; the answer is waited for. */
  async call<Asked extends WorkerRequest>(ask: Asked, signal?: AbortSignal): Promise<WorkerResponses[Asked["type"]]> {
    return this.#send((this.#last += 1), ask, signal);
  }

  /** A model's stream. The server sends at most a few unread parts. */
  async *parts(permit: number, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    const id = (this.#last += 1);
    const queue: ModelPart[] = [];
    let news = Promise.withResolvers<void>();
    let isOver = false;
    this.#streams.set(id, (part) => {
      queue.push(part);
      news.resolve();
    });
    const end = this.#send(id, { type: "stream", permit }, signal).finally(() => {
      isOver = true;
      news.resolve();
    });
    // The reader gets the error; an abandoned stream has no reader.
    end.catch(() => undefined);
    let taken = 0;
    try {
      for (;;) {
        const part = queue.shift();
        if (part !== undefined) {
          taken += 1;
          if (taken >= LIMITS.workerPartsMax / 2) {
            this.#post({ type: "taken", id, parts: taken });
            taken = 0;
          }
          yield part;
        } else if (isOver) {
          await end;
          return;
        } else {
          await news.promise;
          news = Promise.withResolvers();
        }
      }
    } finally {
      this.#streams.delete(id);
      if (!isOver) this.#post({ type: "stop", id });
    }
  }

  answered(id: number, answer: never): void {
    this.#waiting.get(id)?.resolve(answer);
  }

  failed(id: number, fault: Fault): void {
    this.#waiting.get(id)?.reject(new RemoteError(fault));
  }

  part(id: number, part: ModelPart): void {
    this.#streams.get(id)?.(part);
  }

  async #send<Asked extends WorkerRequest>(
    id: number,
    ask: Asked,
    signal: AbortSignal | undefined,
  ): Promise<WorkerResponses[Asked["type"]]> {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerResponses[Asked["type"]]>();
    this.#waiting.set(id, { resolve, reject });
    const stop = (): void => this.#post({ type: "stop", id });
    try {
      this.#post({ type: "ask", id, ask });
      if (signal?.aborted === true) stop();
      signal?.addEventListener("abort", stop, { once: true });
      return await promise;
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#waiting.delete(id);
    }
  }
}
