import { addAbortListener } from "node:events";

type Waiter = { readonly server: string; readonly go: () => void };

/** Limits concurrent requests, in all and per tool server; others wait in arrival order. */
export class Semaphore {
  readonly #max: number;
  readonly #serverMax: number;
  readonly #waitingMax: number;
  readonly #byServer = new Map<string, number>();
  #waiting: Waiter[] = [];
  #count = 0;

  constructor({ max, serverMax, waitingMax }: { max: number; serverMax: number; waitingMax: number }) {
    this.#max = max;
    this.#serverMax = serverMax;
    this.#waitingMax = waitingMax;
  }

  /** Resolves to what gives the place back, once there is one; undefined when too many wait, or the signal aborts first. */
  async enter(server: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#isFree(server)) return this.#take(server);
    if (this.#waiting.length >= this.#waitingMax) return undefined;
    const { promise, resolve } = Promise.withResolvers<(() => void) | undefined>();
    const waiter: Waiter = { server, go: () => resolve(this.#take(server)) };
    this.#waiting.push(waiter);
    const listener = addAbortListener(signal, () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiter);
      resolve(undefined);
    });
    return await promise.finally(() => listener[Symbol.dispose]());
  }

  #isFree(server: string): boolean {
    return this.#count < this.#max && (this.#byServer.get(server) ?? 0) < this.#serverMax;
  }

  #take(server: string): () => void {
    this.#add(server, 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#add(server, -1);
      const next = this.#waiting.findIndex((each) => this.#isFree(each.server));
      if (next !== -1) this.#waiting.splice(next, 1)[0]?.go();
    };
  }

  #add(server: string, change: number): void {
    this.#count += change;
    const own = (this.#byServer.get(server) ?? 0) + change;
    if (own === 0) this.#byServer.delete(server);
    else this.#byServer.set(server, own);
  }
}
