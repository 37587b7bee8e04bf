import { IdKey, IdTable } from "./id-table.ts";

type Identified = { readonly workspace: string; readonly id: string };

/**
 * Ids that were accepted recently, in two generations: when the newer is as old as the window, or full, the older is evicted.
 * writing.duplicates.D1. An id is known for at least `windowMs`, unless more than half of `messagesMax` came in that
 *   time.
 */
export class Duplicates {
  readonly #windowMs: number;
  readonly #halfMax: number;
  readonly #workspaces = new Map<string, number>();
  #workspacesNumbered = 0;
  readonly #key = new IdKey();
  /** Whose key that is. */
  #last: Identified = { workspace: "", id: "" };
  #newer = new IdTable();
  #older = new IdTable();
  #turnedAtMs: number;

  constructor(bounds: { readonly windowMs: number; readonly messagesMax: number }, nowMs: number) {
    this.#windowMs = bounds.windowMs;
    this.#halfMax = Math.max(1, Math.floor(bounds.messagesMax / 2));
    this.#turnedAtMs = nowMs;
  }

  /** The number under which this message was accepted. */
  seqOf(message: Identified): number | undefined {
    const key = this.#keyOf(message);
    return this.#newer.seqOf(key) ?? this.#older.seqOf(key);
  }

  /** `seq` is above those of all that were added before. */
  add(message: Identified, seq: number, nowMs: number): void {
    // A clock that was set to an earlier time makes the generation last longer, never shorter than promised.
    if (nowMs - this.#turnedAtMs >= this.#windowMs || this.#newer.size >= this.#halfMax) {
      this.#older = this.#newer;
      this.#newer = new IdTable(this.#older.size);
      this.#turnedAtMs = nowMs;
    }
    this.#newer.set(this.#keyOf(message), seq);
  }

  /** It was not accepted after all. */
  forget(message: Identified): void {
    const key = this.#keyOf(message);
    if (!this.#newer.delete(key)) this.#older.delete(key);
  }

  /** The ids of a workspace are not known any more: a later workspace of this name has another number. */
  deleteWorkspace(workspace: string): void {
    this.#workspaces.delete(workspace);
    this.#last = { workspace: "", id: "" };
  }

  #keyOf(message: Identified): IdKey {
    const { workspace, id } = message;
    // Who is asked for is added next.
    if (id === this.#last.id && workspace === this.#last.workspace) return this.#key;
    this.#last = message;
    let number = this.#workspaces.get(workspace);
    if (number === undefined) this.#workspaces.set(workspace, (number = this.#workspacesNumbered++));
    return this.#key.of(number, id);
  }
}
