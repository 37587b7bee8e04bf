import type { Catalogue, ReadyModule } from "./module-cache.ts";

/** Of an entry on disk what was read of it; of one that is nowhere else, the module too. */
export type HeldModule =
  | { readonly type: "catalogue"; readonly catalogue: Catalogue }
  | { readonly type: "module"; readonly ready: ReadyModule };

/** What the module cache holds in memory: of a bounded size in all, what was used last. */
export class HeldModules {
  readonly #bytesMax: number;
  /** In the order of their use, the latest last. */
  readonly #held = new Map<string, { readonly module: HeldModule; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): HeldModule | undefined {
    const found = this.#held.get(key);
    if (found === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, found);
    return found.module;
  }

  /** One that is larger than all may be is not held. */
  set(key: string, module: HeldModule, bytes: number): void {
    this.delete(key);
    if (bytes > this.#bytesMax) return;
    this.#held.set(key, { module, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0;
    this.#held.delete(key);
  }
}
