type Identified = { readonly workspace: string; readonly id: string };

/**
 * Ids that were accepted lately, in two halves: when the newer is as old as the window, or full, the older is forgotten.
 * D1. An id is known for at least `windowMs`, unless more than half of `messagesMax` came in that time.
 */
export class Duplicates {
  readonly #windowMs: number;
  readonly #halfMax: number;
  #newer = new Map<string, number>();
  #older = new Map<string, number>();
  #turnedAtMs: number;

  constructor(bounds: { readonly windowMs: number; readonly messagesMax: number }, nowMs: number) {
    this.#windowMs = bounds.windowMs;
    this.#halfMax = Math.max(1, Math.floor(bounds.messagesMax / 2));
    this.#turnedAtMs = nowMs;
  }

  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  /** The number under which this id was accepted. */
  seqOf(message: Identified): number | undefined {
    const id = keyOf(message);
    return this.#newer.get(id) ?? this.#older.get(id);
  }

  add(message: Identified, seq: number, nowMs: number): void {
    // A clock that was put back makes the half longer, never shorter than what was promised.
    if (nowMs - this.#turnedAtMs >= this.#windowMs || this.#newer.size >= this.#halfMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#turnedAtMs = nowMs;
    }
    this.#newer.set(keyOf(message), seq);
  }

  /** It was not accepted after all. */
  forget(message: Identified): void {
    const id = keyOf(message);
    if (!this.#newer.delete(id)) this.#older.delete(id);
  }
}

const keyOf = ({ workspace, id }: Identified): string => (workspace === "default" ? id : `${workspace}/${id}`);
