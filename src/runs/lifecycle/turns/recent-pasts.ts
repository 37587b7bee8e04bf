import type { RunId } from "../../../kernel/ids.ts";
import type { PastRun } from "../../record/index.ts";

type Entry = { readonly past: PastRun; readonly chars: number };

/** What runs left, as long as it fits: a cache that evicts the least recently used entries. */
export class RecentPasts {
  readonly #entries = new Map<RunId, Entry>();
  readonly #charsMax: number;
  #chars = 0;

  /** `charsMax` bounds the sum of the sizes given with the entries. */
  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  get(run: RunId): PastRun | undefined {
    const entry = this.#entries.get(run);
    if (entry === undefined) return undefined;
    this.#entries.delete(run);
    this.#entries.set(run, entry);
    return entry.past;
  }

  set(run: RunId, past: PastRun, chars: number): void {
    this.#delete(run);
    this.#entries.set(run, { past, chars });
    this.#chars += chars;
    for (const oldest of this.#entries.keys()) {
      if (this.#chars <= this.#charsMax) return;
      this.#delete(oldest);
    }
  }

  #delete(run: RunId): void {
    const entry = this.#entries.get(run);
    if (entry === undefined) return;
    this.#chars -= entry.chars;
    this.#entries.delete(run);
  }
}
