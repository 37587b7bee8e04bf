/**
 * A signal that is aborted with another, or by itself. It does what `AbortSignal.any` does of two at a tenth of the cost, for
 * what is made in every turn of every run; in return it has to be disposed once nobody needs to hear of the other any more.
 */
export class LinkedAbort implements Disposable {
  readonly #own = new AbortController();
  readonly #parent: AbortSignal;
  readonly #follow = (): void => this.#own.abort(this.#parent.reason);

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    if (parent.aborted) this.#follow();
    else parent.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  abort(reason: unknown): void {
    this.#own.abort(reason);
  }

  /** The signal stays as it is from now on, unless `abort` is called. */
  [Symbol.dispose](): void {
    this.#parent.removeEventListener("abort", this.#follow);
  }
}
