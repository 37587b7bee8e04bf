/** The guest has the host keep more for it than it may have. */
export class HostMemoryExceededError extends Error {
  override readonly name = "HostMemoryExceededError";
}

/**
 * What the host keeps for one guest: bytes that are behind its resources.
 *
 * system.host-memory-budget.H1. All of it together has one budget, the guest's memory limit; what would not fit ends the guest.
 * system.host-memory-budget.H2. What belongs to a call is let go of at the call's end, whether or not the guest still has a
 *   handle of it.
 */
export class HostMemoryBudget {
  readonly #bytesMax: number;
  readonly #ofCall = new Set<HostAllocation>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A share that lasts until it is disposed of. */
  lasting(): HostAllocation {
    return new HostAllocation((bytes) => this.#take(bytes));
  }

  /** A share that is over at the call's end at the latest; `letGo` is called once, when it is. */
  ofCall(letGo: () => void): HostAllocation {
    const share = new HostAllocation(
      (bytes) => this.#take(bytes),
      () => {
        this.#ofCall.delete(share);
        letGo();
      },
    );
    this.#ofCall.add(share);
    return share;
  }

  endCall(): void {
    for (const share of this.#ofCall) share[Symbol.dispose]();
  }

  /** False, and nothing is taken, when it does not fit. */
  #take(bytes: number): boolean {
    if (bytes > 0 && this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }
}

/** What one resource keeps of its guest's budget. */
export class HostAllocation {
  readonly #take: (bytes: number) => boolean;
  readonly #letGo: () => void;
  #bytes = 0;
  #isOver = false;

  constructor(take: (bytes: number) => boolean, letGo: () => void = () => {}) {
    this.#take = take;
    this.#letGo = letGo;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Says how many bytes the resource keeps from now on; 0 once the share is over. Throws HostMemoryExceededError. */
  keep(bytes: number): void {
    if (!this.tryKeep(bytes)) throw new HostMemoryExceededError("it has the host keep more than its memory limit");
  }

  /** The same; false, and as before, when they do not fit. */
  tryKeep(bytes: number): boolean {
    const wanted = this.#isOver ? 0 : bytes;
    if (!this.#take(wanted - this.#bytes)) return false;
    this.#bytes = wanted;
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#take(-this.#bytes);
    this.#bytes = 0;
    this.#letGo();
  }
}
