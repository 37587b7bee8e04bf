import * as z from "zod";
import { ORDER_KEYS, orderOf } from "./documents.ts";
import { type Filter, type Found, is, type Place, within } from "./place.ts";

/** An entity's place in the order of names. */
type Named = { readonly point: string; readonly name: string; readonly id: string; readonly order: readonly number[] };
export type After = { readonly name: string; readonly id: string };

const Fields = z.object({ name: z.string(), id: z.string() });
const FIELDS = Object.keys(Fields.shape);

/**
 * Entities by name, then id. Qdrant orders by numbers alone, so it orders by the first bytes of the name, and among those that
 * begin alike by the next ones; what is alike so far is ordered here.
 */
export class Names {
  readonly #place: Place;
  readonly #filter: Filter;
  readonly #after: After | undefined;

  constructor(place: Place, filter: Filter, after: After | undefined) {
    this.#place = place;
    this.#filter = filter;
    this.#after = after;
  }

  /** The points of the next ones, in their order. */
  async next(count: number): Promise<readonly string[]> {
    const named = await this.#alike([], this.#after && orderOf(this.#after.name), count);
    return named.slice(0, count).map(({ point }) => point);
  }

  /** Those whose first numbers are these, from `after` on; at least so many, if there are. */
  async #alike(prefix: readonly number[], after: readonly number[] | undefined, count: number): Promise<Named[]> {
    const level = prefix.length;
    const key = ORDER_KEYS[level];
    if (key === undefined) return this.#same(prefix);
    const named: Named[] = [];
    let from = after?.[level];
    if (from !== undefined) named.push(...(await this.#alike([...prefix, from], after, count)));
    while (named.length < count) {
      const limit = count - named.length + 1;
      const some = await this.#ordered(prefix, from, limit);
      const [first, last] = [some[0]?.order[level], some.at(-1)?.order[level]];
      if (some.length < limit || first === undefined || last === undefined)
        return [...named, ...some.toSorted(compare)];
      // Of the last number there may be more than came.
      const whole = some.filter(({ order }) => order[level] !== last);
      if (first === last) named.push(...(await this.#alike([...prefix, last], undefined, limit)));
      else named.push(...whole.toSorted(compare));
      from = first === last ? last : whole.at(-1)?.order[level];
    }
    return named;
  }

  async #ordered(prefix: readonly number[], from: number | undefined, limit: number): Promise<Named[]> {
    const key = ORDER_KEYS[prefix.length] ?? "";
    const must = [...this.#must(prefix), ...(from === undefined ? [] : [within(key, { gt: from })])];
    const found = await this.#place.ordered({ ...this.#filter, must }, { key, direction: "asc", limit }, FIELDS);
    return found.map(namedOf);
  }

  /** All that are alike as far as Qdrant knows. */
  async #same(prefix: readonly number[]): Promise<Named[]> {
    const found = await this.#place.all({ ...this.#filter, must: this.#must(prefix) }, { fields: FIELDS });
    const named = found.map(namedOf).toSorted(compare);
    const after = this.#after;
    return after && orderOf(after.name).every((part, level) => part === prefix[level])
      ? named.filter((one) => compare(one, after) > 0)
      : named;
  }

  #must(prefix: readonly number[]) {
    return [...[this.#filter.must ?? []].flat(), ...prefix.map((part, level) => is(ORDER_KEYS[level] ?? "", part))];
  }
}

function namedOf({ id: point, payload }: Found): Named {
  const { name, id } = Fields.parse(payload);
  return { point, name, id, order: orderOf(name) };
}

const compare = (one: After, other: After): number =>
  Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)) ||
  (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
