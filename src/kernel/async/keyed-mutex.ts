/** Serializes work on the same key, in arrival order. Keeps nothing of a key without work. */
export class KeyedMutex<Key> {
  readonly #last = new Map<Key, Promise<void>>();

  /** Keys with work that runs or waits. */
  get size(): number {
    return this.#last.size;
  }

  /** Whether work on the key runs or waits. */
  has(key: Key): boolean {
    return this.#last.has(key);
  }

  /** Runs the work after the earlier work on its key has ended. Returns and throws what the work does. */
  async run<Result>(key: Key, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const mine = Promise.withResolvers<void>();
    this.#last.set(key, mine.promise);
    try {
      await before;
      return await work();
    } finally {
      if (this.#last.get(key) === mine.promise) this.#last.delete(key);
      mine.resolve();
    }
  }

  /** Resolves when all work that runs or waits now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
