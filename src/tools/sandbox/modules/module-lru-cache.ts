import type { Catalogue, ReadyModule } from "./module-cache.ts";

/** Of an entry on disk what was read of it; of one that is nowhere else, the module too. */
export type CachedModule =
  | { readonly type: "catalogue"; readonly catalogue: Catalogue }
  | { readonly type: "module"; readonly ready: ReadyModule };

/** What the module cache holds in memory: of a bounded size in all, what was used last. */
export class ModuleLruCache {
  readonly #bytesMax: number;
  /** In the order of their use, the latest last. */
  readonly #modules = new Map<string, { readonly module: CachedModule; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): CachedModule | undefined {
    const found = this.#modules.get(key);
    if (found === undefined) return undefined;
    this.#modules.delete(key);
    this.#modules.set(key, found);
    return found.module;
  }

  /** One that is larger than all may be is not held. */
  set(key: string, module: CachedModule, bytes: number): void {
    this.delete(key);
    if (bytes > this.#bytesMax) return;
    this.#modules.set(key, { module, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#modules.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#modules.get(key)?.bytes ?? 0;
    this.#modules.delete(key);
  }
}
