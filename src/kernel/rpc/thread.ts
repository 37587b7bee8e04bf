import type { Worker } from "node:worker_threads";
import { Caller, type CallOptions } from "./caller.ts";
import type { ArgumentsOf, Methods, ResultOf, ToCaller } from "./protocol.ts";

export type ThreadParts<Failure, Notice> = {
  readonly start: () => Worker;
  readonly errorOf: (failure: Failure) => unknown;
  /** Receives what the thread sends without a call. */
  readonly notice?: ((notice: Notice) => void) | undefined;
  /** Called when the thread ends on its own; returns the error of its open calls. */
  readonly ended: (cause: unknown) => Error;
  /** The error of a call while no thread runs. */
  readonly absent: () => Error;
};

/** A worker thread that answers calls. It can be started again after it has ended or was stopped. */
export class RpcThread<Of extends Methods<Of>, Failure, Part = never, Notice = never> {
  readonly #parts: ThreadParts<Failure, Notice>;
  #worker: Worker | undefined;
  #caller: Caller<Of, Failure, Part> | undefined;

  constructor(parts: ThreadParts<Failure, Notice>) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread unless it runs. */
  start(): void {
    if (this.#worker) return;
    const worker = this.#parts.start();
    const caller = new Caller<Of, Failure, Part>(
      (message, transferred) => worker.postMessage(message, transferred),
      this.#parts.errorOf,
    );
    worker.on("message", (message: ToCaller<Failure, Part, Notice>) => {
      // A thread that was stopped may have sent more.
      if (this.#worker !== worker) return;
      if (message.type === "notice") this.#parts.notice?.(message.notice);
      else caller.receive(message);
    });
    const ended = (cause?: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      caller.end(this.#parts.ended(cause));
    };
    worker.once("error", ended);
    worker.once("exit", () => ended());
    this.#worker = worker;
    this.#caller = caller;
  }

  call<Name extends keyof Of>(
    name: Name,
    args: ArgumentsOf<Of[Name]>,
    options?: CallOptions<Part>,
  ): Promise<ResultOf<Of[Name]>> {
    if (!this.#worker || !this.#caller) return Promise.reject(this.#parts.absent());
    return this.#caller.call(name, args, options);
  }

  /** Whether the thread keeps the process alive. */
  keepsAlive(isBusy: boolean): void {
    if (isBusy) this.#worker?.ref();
    else this.#worker?.unref();
  }

  /** Ends the thread at once. Open calls are rejected with the error. */
  async stop(error: Error): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#caller?.end(error);
    await worker?.terminate();
  }
}
