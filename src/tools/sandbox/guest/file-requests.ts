import type { IoReply, IoRequest } from "../wire/index.ts";

/** Maximum running requests of one call; the server ends a child that has far more. */
export const RUNNING_MAX = 8;

export type FileRequest = { readonly call: number; readonly server: number; readonly request: IoRequest };
type Settle = (reply: IoReply) => void;
type Asked = { running: number; readonly waiting: { readonly asked: FileRequest; readonly settle: Settle }[] };

/**
 * Requests of a child's guests to the server. Closing and reading ahead are not waited for, so that one guest can ask
 * for much at once.
 *
 * guest.file-requests.F1. Requests of a call leave in the order they were made, and before its answer.
 * guest.file-requests.F2. At most `RUNNING_MAX` requests of a call are in flight; the rest waits here.
 * guest.file-requests.F3. Of a call that is over nothing is kept: the server need not answer it.
 */
export class FileRequests {
  readonly #send: (id: number, asked: FileRequest) => void;
  readonly #calls = new Map<number, Asked>();
  readonly #replies = new Map<number, { readonly call: number; readonly settle: Settle }>();
  #nextId = 1;

  constructor(send: (id: number, asked: FileRequest) => void) {
    this.#send = send;
  }

  ask(asked: FileRequest, settle: Settle): void {
    let state = this.#calls.get(asked.call);
    if (state === undefined) {
      state = { running: 0, waiting: [] };
      this.#calls.set(asked.call, state);
    }
    if (state.running < RUNNING_MAX) this.#begin(state, asked, settle);
    else state.waiting.push({ asked, settle });
  }

  answered(id: number, reply: IoReply): void {
    const known = this.#replies.get(id);
    if (known === undefined) return;
    this.#replies.delete(id);
    const state = this.#calls.get(known.call);
    if (state !== undefined) {
      state.running -= 1;
      const next = state.waiting.shift();
      if (next !== undefined) this.#begin(state, next.asked, next.settle);
    }
    known.settle(reply);
  }

  /** To be called before the call is answered: sends the requests that still wait. */
  end(call: number): void {
    const state = this.#calls.get(call);
    if (state === undefined) return;
    for (const { asked, settle } of state.waiting) this.#begin(state, asked, settle);
    this.#calls.delete(call);
    for (const [id, reply] of this.#replies) if (reply.call === call) this.#replies.delete(id);
  }

  #begin(state: Asked, asked: FileRequest, settle: Settle): void {
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    state.running += 1;
    this.#replies.set(id, { call: asked.call, settle });
    this.#send(id, asked);
  }
}
