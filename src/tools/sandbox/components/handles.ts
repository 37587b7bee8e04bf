/** What a component holds of resources: numbers for the component, objects or numbers of its own for us. */
export type Handle = { readonly resource: number; readonly value: unknown; readonly isOwned: boolean };

const HANDLES_MAX = 10_000;

/** One component's handles. A number that it names is looked up, and must be of the resource that is expected. */
export class Handles {
  readonly #all = new Map<number, Handle>();
  readonly #free: number[] = [];
  #next = 1;

  /** Undefined when there are too many. */
  add(handle: Handle): number | undefined {
    if (this.#all.size >= HANDLES_MAX) return undefined;
    const number = this.#free.pop() ?? this.#next++;
    this.#all.set(number, handle);
    return number;
  }

  /** Undefined when the component holds no such handle of that resource. */
  get(number: number, resource: number): Handle | undefined {
    const handle = this.#all.get(number >>> 0);
    return handle?.resource === resource ? handle : undefined;
  }

  /** Returns the handle and removes it. */
  remove(number: number, resource: number): Handle | undefined {
    const handle = this.get(number, resource);
    if (handle === undefined) return undefined;
    this.#all.delete(number >>> 0);
    this.#free.push(number >>> 0);
    return handle;
  }

  /** What it holds, each once. */
  values(): Iterable<Handle> {
    return this.#all.values();
  }
}
