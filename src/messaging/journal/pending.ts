import type { PendingColumns, Recovered } from "../router/index.ts";

const FIRST_CAPACITY = 4_096;

type Delivery = {
  readonly seq: number;
  readonly party: number;
  readonly priority: number;
  readonly expiresAtMs: number;
  readonly atMs: number;
  readonly conversationKey: number;
  readonly size: number;
};

const columnsOf = (capacity: number) => ({
  seqs: new Float64Array(capacity),
  parties: new Uint32Array(capacity),
  priorities: new Uint8Array(capacity),
  expiresAtMs: new Float64Array(capacity),
  atMs: new Float64Array(capacity),
  conversationKeys: new Uint32Array(capacity),
  sizes: new Uint32Array(capacity),
});

/** Pending deliveries as they are found: 33 bytes each, twice that while the columns grow. */
export class PendingBuilder {
  #columns = columnsOf(FIRST_CAPACITY);
  #length = 0;

  add(delivery: Delivery): void {
    if (this.#length === this.#columns.seqs.length) this.#grow();
    const at = this.#length++;
    const columns = this.#columns;
    columns.seqs[at] = delivery.seq;
    columns.parties[at] = delivery.party;
    columns.priorities[at] = delivery.priority;
    columns.expiresAtMs[at] = delivery.expiresAtMs;
    columns.atMs[at] = delivery.atMs;
    columns.conversationKeys[at] = delivery.conversationKey;
    columns.sizes[at] = delivery.size;
  }

  #grow(): void {
    const more = columnsOf(this.#length * 2);
    more.seqs.set(this.#columns.seqs);
    more.parties.set(this.#columns.parties);
    more.priorities.set(this.#columns.priorities);
    more.expiresAtMs.set(this.#columns.expiresAtMs);
    more.atMs.set(this.#columns.atMs);
    more.conversationKeys.set(this.#columns.conversationKeys);
    more.sizes.set(this.#columns.sizes);
    this.#columns = more;
  }

  columns(): PendingColumns {
    const [columns, end] = [this.#columns, this.#length];
    return {
      seqs: columns.seqs.slice(0, end),
      parties: columns.parties.slice(0, end),
      priorities: columns.priorities.slice(0, end),
      expiresAtMs: columns.expiresAtMs.slice(0, end),
      atMs: columns.atMs.slice(0, end),
      conversationKeys: columns.conversationKeys.slice(0, end),
      sizes: columns.sizes.slice(0, end),
    };
  }
}

/** Ids for the duplicate window, the newest `max` at least. */
export class RecentBuilder {
  readonly #max: number;
  #ids: string[] = [];
  #workspaces: string[] = [];
  #seqs: number[] = [];
  #atMs: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add(seq: number, id: string, workspace: string, atMs: number): void {
    if (this.#ids.length >= this.#max * 2) this.#forget();
    this.#ids.push(id);
    this.#workspaces.push(workspace);
    this.#seqs.push(seq);
    this.#atMs.push(atMs);
  }

  #forget(): void {
    const from = Math.max(0, this.#ids.length - this.#max);
    if (from === 0) return;
    this.#ids = this.#ids.slice(from);
    this.#workspaces = this.#workspaces.slice(from);
    this.#seqs = this.#seqs.slice(from);
    this.#atMs = this.#atMs.slice(from);
  }

  columns(): Recovered["recent"] {
    this.#forget();
    return {
      ids: this.#ids,
      workspaces: this.#workspaces,
      seqs: Float64Array.from(this.#seqs),
      atMs: Float64Array.from(this.#atMs),
    };
  }
}
