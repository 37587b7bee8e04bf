import { bytesOf, Words, wordsOf } from "./packing.ts";

/**
 * Where in a sealed segment something is. Ids and conversations are in 256 rows each by the highest bits of their key; a
 * row holds pairs of key and offset. Senders and recipients are one row each that only says whether they occur: who
 * writes often is in every part of a segment anyway. Two words may share a key, so what is found is looked at.
 */
const BUCKETS = 256;
const KINDS = { id: 0, conversation: 1 } as const;
export const SENDERS_ROW = 2 * BUCKETS;
export const RECIPIENTS_ROW = SENDERS_ROW + 1;

/** The row of the lookup table in which the key would be. */
export const lookupRow = (kind: "id" | "conversation", key: number): number => KINDS[kind] * BUCKETS + (key >>> 24);

/** Offsets that stand beside the key in a row, ascending. */
export function offsetsOf(packed: unknown, key: number): readonly number[] {
  const words = wordsOf(packed);
  const offsets: number[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    if (words[at] === key) offsets.push(words[at + 1] ?? 0);
  }
  return offsets;
}

/** Whether a row of senders or recipients names the key. */
export const names = (packed: unknown, key: number): boolean => wordsOf(packed).includes(key);

/** Collects what a segment holds while it is written, and makes the rows when it is sealed. */
export class LookupBuilder {
  /** Messages added so far. */
  count = 0;
  /** Of the newest of them; -1 before the first. */
  lastOffset = -1;
  readonly #offsets = new Words();
  readonly #ids = new Words();
  readonly #conversations = new Words();
  readonly #senders = new Set<number>();
  readonly #recipients = new Set<number>();
  #rows: readonly (readonly [row: number, packed: Uint8Array])[] | undefined;
  #nextRow = 0;

  /** `id`, `conversation` and `sender` are keys. */
  add(offset: number, id: number, conversation: number, sender: number): void {
    this.count += 1;
    this.lastOffset = offset;
    this.#offsets.push(offset);
    this.#ids.push(id);
    this.#conversations.push(conversation);
    this.#senders.add(sender);
  }

  addRecipient(party: number): void {
    this.#recipients.add(party);
  }

  /** The next rows to write; none when all have been given. */
  take(rowsMax: number): readonly (readonly [row: number, packed: Uint8Array])[] {
    this.#rows ??= this.#make();
    const taken = this.#rows.slice(this.#nextRow, this.#nextRow + rowsMax);
    this.#nextRow += taken.length;
    return taken;
  }

  /** Gives rows again that could not be written. */
  giveBack(count: number): void {
    this.#nextRow -= count;
  }

  #make(): readonly (readonly [number, Uint8Array])[] {
    const rows: (readonly [number, Uint8Array])[] = [];
    for (const [kind, keys] of [
      ["id", this.#ids],
      ["conversation", this.#conversations],
    ] as const) {
      for (const [bucket, words] of this.#buckets(keys).entries()) {
        if (words.length > 0) rows.push([KINDS[kind] * BUCKETS + bucket, bytesOf(words)]);
      }
    }
    rows.push([SENDERS_ROW, bytesOf(Uint32Array.from(this.#senders))]);
    rows.push([RECIPIENTS_ROW, bytesOf(Uint32Array.from(this.#recipients))]);
    return rows;
  }

  #buckets(keys: Words): readonly Uint32Array[] {
    const counts = new Uint32Array(BUCKETS);
    for (let index = 0; index < keys.length; index += 1) {
      const bucket = keys.at(index) >>> 24;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    const buckets = Array.from(counts, (count) => new Uint32Array(count * 2));
    const filled = new Uint32Array(BUCKETS);
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys.at(index);
      const at = filled[key >>> 24] ?? 0;
      const bucket = buckets[key >>> 24];
      if (bucket === undefined) continue;
      bucket[at] = key;
      bucket[at + 1] = this.#offsets.at(index);
      filled[key >>> 24] = at + 2;
    }
    return buckets;
  }
}
