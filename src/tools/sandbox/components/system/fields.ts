import { err, ok, type Tagged } from "../index.ts";
import type { HostMemoryBudget, HostAllocation } from "./host-memory-budget.ts";
import { bytesOf, type HostInterface, instanceOf, listOf, syncFunction, textOf } from "./host-function.ts";

/** `fields` of `wasi:http`: header lines of a request or an answer. */
const FIELDS_MAX = 256;
/** Names and values of one resource together. */
const FIELD_BYTES_MAX = 256 * 1024;
/** What an entry takes besides its name and value. */
const ENTRY_BYTES = 128;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

export type Field = readonly [name: string, value: Uint8Array];

const sizeOf = (entries: readonly Field[]): number =>
  entries.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_BYTES, 0);

/** It lasts until the guest, or what it was given to, lets go of it. */
export class Fields {
  readonly #share: HostAllocation;
  readonly #isMutable: boolean;
  #entries: readonly Field[];

  /** Throws HostMemoryExceededError. */
  constructor(memoryBudget: HostMemoryBudget, entries: readonly Field[] = [], isMutable = true) {
    this.#share = memoryBudget.lasting();
    this.#share.keep(sizeOf(entries));
    this.#entries = entries;
    this.#isMutable = isMutable;
  }

  get entries(): readonly Field[] {
    return this.#entries;
  }

  get(name: string): readonly Uint8Array[] {
    const wanted = name.toLowerCase();
    return this.#entries.filter(([known]) => known.toLowerCase() === wanted).map(([, value]) => value);
  }

  without(name: string): readonly Field[] {
    const unwanted = name.toLowerCase();
    return this.#entries.filter(([known]) => known.toLowerCase() !== unwanted);
  }

  /** Those that are left, and new ones; an error when a new one cannot be a field, or they are too many. */
  put(left: readonly Field[], added: readonly Field[]): Tagged {
    if (!this.#isMutable) return err({ tag: "immutable" });
    const entries = [...left, ...added];
    const size = sizeOf(entries);
    if (entries.length > FIELDS_MAX || size > FIELD_BYTES_MAX || !added.every(isField)) {
      return err({ tag: "invalid-syntax" });
    }
    this.#share.keep(size);
    this.#entries = entries;
    return ok();
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
    this.#entries = [];
  }
}

const isField = ([name, value]: Field): boolean =>
  NAME.test(name) && !value.some((byte) => byte === 0 || byte === 10 || byte === 13);

export const fieldsOf = (value: unknown): Fields => instanceOf(value, Fields);
const entryOf = (pair: unknown): Field => {
  const [name, value] = listOf(pair);
  return [textOf(name), bytesOf(value)];
};

export const fieldFunctions = (memoryBudget: HostMemoryBudget): HostInterface => ({
  "[constructor]fields": syncFunction(() => new Fields(memoryBudget)),
  "[static]fields.from-list": syncFunction((list) => {
    const made = new Fields(memoryBudget);
    const put = made.put([], listOf(list).map(entryOf));
    return put.tag === "ok" ? ok(made) : put;
  }),
  "[method]fields.get": syncFunction((each, name) => fieldsOf(each).get(textOf(name))),
  "[method]fields.has": syncFunction((each, name) => fieldsOf(each).get(textOf(name)).length > 0),
  "[method]fields.set": syncFunction((each, name, values) =>
    fieldsOf(each).put(
      fieldsOf(each).without(textOf(name)),
      listOf(values).map((value): Field => [textOf(name), bytesOf(value)]),
    ),
  ),
  "[method]fields.delete": syncFunction((each, name) => fieldsOf(each).put(fieldsOf(each).without(textOf(name)), [])),
  "[method]fields.append": syncFunction((each, name, value) =>
    fieldsOf(each).put(fieldsOf(each).entries, [[textOf(name), bytesOf(value)]]),
  ),
  "[method]fields.entries": syncFunction((each) => fieldsOf(each).entries),
  "[method]fields.clone": syncFunction((each) => new Fields(memoryBudget, fieldsOf(each).entries)),
});
