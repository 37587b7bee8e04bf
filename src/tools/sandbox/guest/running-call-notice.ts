/** A guest with more fuel than this may compute for seconds before it is heard of again. */
const LONG_FUEL = 1_000_000_000;
/** One with no more than this is back soon enough for the notice to leave with its answer. */
const SHORT_FUEL = 200_000_000;

export type TurnNoticeDeps = {
  /** Announces for which call of which server a guest computes; a call of 0 means none, and a server of 0 no guest. */
  readonly send: (server: number, call: number) => void;
  /** Sends the announcements. */
  readonly flush: () => void;
};

/**
 * Announces the running call to the server before a guest may compute for long: once it computes, the child cannot report it, and the server would have to guess which call blocks the others.
 *
 * guest.running-call-notice.N1. The last announcement is correct for every turn that may be long.
 * guest.running-call-notice.N2. Turns that cannot be long cost nothing, unless one that could was before them.
 */
export class RunningCallNotice {
  readonly #deps: TurnNoticeDeps;
  #server = 0;
  #call = 0;

  constructor(deps: TurnNoticeDeps) {
    this.#deps = deps;
  }

  /** A guest is about to compute, with so much fuel. */
  begins(server: number, call: number, fuel: number): void {
    if (fuel > LONG_FUEL) this.#announce(server, call, true);
    else if (this.#server !== 0) this.#announce(0, 0, fuel > SHORT_FUEL);
  }

  /** What follows is the work of no guest. */
  clear(): void {
    if (this.#server !== 0) this.#announce(0, 0, true);
  }

  #announce(server: number, call: number, isUrgent: boolean): void {
    if (server === this.#server && call === this.#call) return;
    this.#server = server;
    this.#call = call;
    this.#deps.send(server, call);
    if (isUrgent) this.#deps.flush();
  }
}
