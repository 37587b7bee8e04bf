import type { ArgumentsOf, FromCaller, Methods, ResultOf, Send, ToCaller } from "./protocol.ts";
import type { Transferable } from "node:worker_threads";

/** Answers one call, at once or later: parts, then a result or a failure. */
export class Reply<Value, Failure, Part = never> {
  readonly #id: number;
  readonly #send: Send<ToCaller<Failure, Part>>;
  readonly #failureOf: (error: unknown) => Failure;

  constructor(id: number, send: Send<ToCaller<Failure, Part>>, failureOf: (error: unknown) => Failure) {
    this.#id = id;
    this.#send = send;
    this.#failureOf = failureOf;
  }

  done(value: Value, transferred?: Transferable[]): void {
    this.#send({ type: "result", id: this.#id, value }, transferred);
  }

  failed(error: unknown): void {
    this.#send({ type: "failure", id: this.#id, failure: this.#failureOf(error) });
  }

  part(part: Part): void {
    this.#send({ type: "part", id: this.#id, part });
  }

  /** Runs work that may fail; its error is the call's. */
  try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failed(error);
    }
  }
}

export type Handlers<Of extends Methods<Of>, Failure, Part = never> = {
  readonly [Name in keyof Of]: (
    reply: Reply<ResultOf<Of[Name]>, Failure, Part>,
    ...args: ArgumentsOf<Of[Name]>
  ) => void;
};

/** The answering side of a channel. What a handler throws is the failure of the call. */
export class Answerer<Of extends Methods<Of>, Failure, Part = never> {
  readonly #handlers: Handlers<Of, Failure, Part>;
  readonly #send: Send<ToCaller<Failure, Part>>;
  readonly #failureOf: (error: unknown) => Failure;

  constructor(
    handlers: Handlers<Of, Failure, Part>,
    send: Send<ToCaller<Failure, Part>>,
    failureOf: (error: unknown) => Failure,
  ) {
    this.#handlers = handlers;
    this.#send = send;
    this.#failureOf = failureOf;
  }

  receive({ id, name, args }: FromCaller): void {
    const reply = new Reply(id, this.#send, this.#failureOf);
    const handler: unknown = Reflect.get(this.#handlers, name);
    reply.try(() => {
      if (typeof handler !== "function") throw new Error(`there is no method ${String(name)}`);
      Reflect.apply(handler, this.#handlers, [reply, ...args]);
    });
  }
}
