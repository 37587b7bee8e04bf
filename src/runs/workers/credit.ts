/** How much more may be sent to someone who says what he has taken. */
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

  /** So much was taken; Infinity when nobody counts any more. */
  give(count: number): void {
    this.#left += count;
    this.#more.resolve();
  }
}
