/** Flow-control credit: the number of messages that may still be sent to a receiver. */
export class Credit {
  #left: number;
  #more = Promise.withResolvers<void>();

  constructor(left: number) {
    this.#left = left;
  }

  /** Resolves when one more may be sent. */
  async take(): Promise<void> {
    while (this.#left <= 0) {
      await this.#more.promise;
      this.#more = Promise.withResolvers();
    }
    this.#left -= 1;
  }

  /** Adds credit for messages that were received; Infinity if the receiver has stopped counting. */
  give(count: number): void {
    this.#left += count;
    this.#more.resolve();
  }
}
