import type { Transferable } from "node:worker_threads";
import type { ArgumentsOf, FromCaller, Methods, ResultOf, Send, ToCaller } from "./protocol.ts";

export type CallOptions<Part> = {
  /** Buffers of the arguments that move to the other side. */
  readonly transferred?: Transferable[];
  /** Receives what comes before the result. */
  readonly onPart?: ((part: Part) => void) | undefined;
};

type Open<Part> = PromiseWithResolvers<unknown> & Pick<CallOptions<Part>, "onPart">;

/** The calling side of a channel: gives each call an id and settles it with its result or failure. */
export class Caller<Of extends Methods<Of>, Failure, Part = never> {
  readonly #send: Send<FromCaller>;
  readonly #errorOf: (failure: Failure) => unknown;
  /** By id. A list, since the tables of a map that changes with each call become garbage. */
  readonly #open: (Open<Part> | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(send: Send<FromCaller>, errorOf: (failure: Failure) => unknown) {
    this.#send = send;
    this.#errorOf = errorOf;
  }

  /** Calls a method of the other side. Rejects with what cannot be sent, and with the failure of the call. */
  call<Name extends keyof Of>(
    name: Name,
    args: ArgumentsOf<Of[Name]>,
    options?: CallOptions<Part>,
  ): Promise<ResultOf<Of[Name]>>;
  async call(name: PropertyKey, args: readonly unknown[], options: CallOptions<Part> = {}): Promise<unknown> {
    const { transferred, onPart } = options;
    const id = this.#free.pop() ?? this.#open.length;
    const open = { ...Promise.withResolvers<unknown>(), onPart };
    this.#open[id] = open;
    try {
      this.#send({ id, name, args }, transferred);
      return await open.promise;
    } finally {
      this.#open[id] = undefined;
      this.#free.push(id);
    }
  }

  receive(message: Exclude<ToCaller<Failure, Part>, { type: "notice" }>): void {
    const open = this.#open[message.id];
    switch (message.type) {
      case "result":
        return open?.resolve(message.value);
      case "failure":
        return open?.reject(this.#errorOf(message.failure));
      case "part":
        return open?.onPart?.(message.part);
    }
  }

  /** Rejects all open calls. */
  end(error: Error): void {
    for (const open of this.#open) open?.reject(error);
  }
}
