import { type QueuedMessage } from "./queued-message.ts";

/** First in, first out, and back to the front what was taken too early; each in constant time. */
export class Queue<Item> {
  #items: (Item | undefined)[] = Array.from({ length: 4 });
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  first(): Item | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }

  push(item: Item): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
  }

  pushFront(item: Item): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#length += 1;
  }

  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length -= 1;
    // A queue that was long once does not keep its memory.
    if (this.#length === 0 && this.#items.length > 64) this.#clear();
    return item;
  }

  /** Takes out all that do not fit, in order. */
  removeWhere(isRemoved: (item: Item) => boolean): Item[] {
    const removed: Item[] = [];
    const kept: Item[] = [];
    for (const item of this) (isRemoved(item) ? removed : kept).push(item);
    if (removed.length === 0) return removed;
    this.#clear();
    for (const item of kept) this.push(item);
    return removed;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = 0; index < this.#length; index += 1) {
      const item = this.#items[(this.#head + index) & (this.#items.length - 1)];
      if (item !== undefined) yield item;
    }
  }

  #clear(): void {
    this.#items = Array.from({ length: 4 });
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const items = this.#items;
    this.#items = [...items.slice(this.#head), ...items.slice(0, this.#head)];
    this.#head = 0;
    this.#items.length = items.length * 2;
  }
}

/** The messages of one priority. */
export class Lane extends Queue<QueuedMessage> {
  /** How many of each conversation; counted from the first `has` until the lane is empty. */
  #keys: Map<number, number> | undefined;

  /** Whether one of this conversation is in it. */
  has(conversationKey: number): boolean {
    if (this.#keys === undefined) {
      this.#keys = new Map();
      for (const queued of this) this.#count(queued, 1);
    }
    return this.#keys.has(conversationKey);
  }

  override push(queued: QueuedMessage): void {
    super.push(queued);
    if (this.#keys !== undefined) this.#count(queued, 1);
  }

  override shift(): QueuedMessage | undefined {
    const queued = super.shift();
    if (this.#keys !== undefined && queued !== undefined) this.#count(queued, -1);
    if (this.length === 0) this.#keys = undefined;
    return queued;
  }

  override removeWhere(isRemoved: (queued: QueuedMessage) => boolean): QueuedMessage[] {
    this.#keys = undefined;
    return super.removeWhere(isRemoved);
  }

  #count({ conversationKey }: QueuedMessage, change: number): void {
    const count = (this.#keys?.get(conversationKey) ?? 0) + change;
    if (count > 0) this.#keys?.set(conversationKey, count);
    else this.#keys?.delete(conversationKey);
  }
}
