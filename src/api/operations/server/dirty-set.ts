import { LIMITS } from "../../../kernel/quantities.ts";

/** Ids of what changed since they were last taken, each once; past the bound only that there were many. */
export class DirtySet {
  readonly #ids = new Set<string>();
  #isMany = false;

  add(id: string): void {
    if (this.#ids.size < LIMITS.streamEventsMax) this.#ids.add(id);
    else this.#isMany = true;
  }

  /** More changed than can be named. */
  addMany(): void {
    this.#isMany = true;
  }

  /** Each id that changed; null alone where it is not known which. */
  take(): readonly (string | null)[] {
    const taken = this.#isMany ? [null] : [...this.#ids];
    this.#ids.clear();
    this.#isMany = false;
    return taken;
  }
}
