import { QdrantClient, type Schemas } from "@qdrant/js-client-rest";
import type { Clock } from "../../../kernel/clock.ts";
import { QDRANT_LIMITS } from "./limits.ts";
import { isPassing, asUnavailable } from "./errors.ts";

export type Filter = Schemas["Filter"];
export type Condition = Schemas["Condition"];
export type Operation = Schemas["UpdateOperation"];
export type Payload = Readonly<Record<string, unknown>>;

/** A point as it is written. */
export type NewPoint = {
  readonly id: string;
  readonly payload: Payload;
  readonly vector: Readonly<Record<string, readonly (readonly number[])[] | SparseVector>>;
};
export type SparseVector = { readonly indices: readonly number[]; readonly values: readonly number[] };

/** A point as it is read. */
export type Found = { readonly id: string; readonly payload: unknown; readonly vector: unknown };

export type PlaceOptions = {
  readonly url: string;
  /** Asked each time a connection is made, so that a key that was changed holds from then on. */
  readonly apiKey?: (() => string | undefined) | undefined;
  readonly collection: string;
};

/** An idempotent request. */
type Work<Result> = (client: QdrantClient, collection: string) => Promise<Result>;

/**
 * One collection of a Qdrant. Each request is bounded in time and sent again when it was not answered, so all that is sent must
 * be harmless the second time. What stays unanswered is MemoryUnavailableError, without the key.
 */
export class Place {
  readonly #options: PlaceOptions;
  readonly #clock: Clock;
  #client: QdrantClient | undefined;

  constructor(options: PlaceOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get name(): string {
    return `${this.#options.url}, collection ${this.#options.collection}`;
  }

  /** The next request makes a new connection, with the key as it is then. */
  forgetClient(): void {
    this.#client = undefined;
  }

  /** Rejects with MemoryUnavailableError, and with what Qdrant said of a request it does not take. */
  async ask<Result>(work: Work<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work((this.#client ??= this.#connect()), this.#options.collection);
      } catch (error) {
        const isLast = attempt >= QDRANT_LIMITS.attempts;
        if (!isPassing(error) || isLast) throw asUnavailable(error, this.name);
        await this.#clock.sleep(QDRANT_LIMITS.pauseMs * 2 ** (attempt - 1));
      }
    }
  }

  #connect(): QdrantClient {
    const { url, apiKey } = this.#options;
    const { protocol, hostname, pathname } = new URL(url);
    const key = apiKey?.();
    // The client would say a key over plain HTTP aloud; the guide does.
    return new QdrantClient({
      url: `${protocol}//${hostname}:${portOf(url)}`,
      ...(pathname === "/" ? {} : { prefix: pathname.replace(/\/$/u, "") }),
      ...(key === undefined ? {} : { headers: { "api-key": key } }),
      timeout: QDRANT_LIMITS.requestMs,
      maxConnections: QDRANT_LIMITS.connections,
      checkCompatibility: false,
    });
  }

  /** All points that pass, by id. */
  async *scroll(
    filter: Filter,
    { fields, isWithVectors = false }: { readonly fields: readonly string[]; readonly isWithVectors?: boolean },
  ): AsyncGenerator<readonly Found[]> {
    let offset: Schemas["ExtendedPointId"] | undefined;
    do {
      const from = offset;
      const answer = await this.ask((client, collection) =>
        client.scroll(collection, {
          filter,
          limit: QDRANT_LIMITS.pageMax,
          with_payload: [...fields],
          with_vector: isWithVectors,
          ...(from === undefined ? {} : { offset: from }),
        }),
      );
      yield answer.points.map(foundOf);
      const next = answer.next_page_offset;
      offset = typeof next === "string" || typeof next === "number" ? next : undefined;
    } while (offset !== undefined);
  }

  async all(filter: Filter, how: Parameters<Place["scroll"]>[1]): Promise<Found[]> {
    const found: Found[] = [];
    for await (const page of this.scroll(filter, how)) found.push(...page);
    return found;
  }

  /** The first points that pass, by a number of theirs. */
  async ordered(
    filter: Filter,
    by: { readonly key: string; readonly direction: "asc" | "desc"; readonly limit: number },
    fields: readonly string[],
  ): Promise<Found[]> {
    const answer = await this.ask((client, collection) =>
      client.scroll(collection, {
        filter,
        limit: by.limit,
        order_by: { key: by.key, direction: by.direction },
        with_payload: [...fields],
        with_vector: false,
      }),
    );
    return answer.points.map(foundOf);
  }

  async retrieve(
    ids: readonly string[],
    { fields, isWithVectors = false }: { readonly fields: readonly string[]; readonly isWithVectors?: boolean },
  ): Promise<Found[]> {
    const found: Found[] = [];
    for (let at = 0; at < ids.length; at += QDRANT_LIMITS.idsMax) {
      const some = ids.slice(at, at + QDRANT_LIMITS.idsMax);
      const answer = await this.ask((client, collection) =>
        client.retrieve(collection, { ids: some, with_payload: [...fields], with_vector: isWithVectors }),
      );
      found.push(...answer.map(foundOf));
    }
    return found;
  }

  async count(filter: Filter): Promise<number> {
    const answer = await this.ask((client, collection) => client.count(collection, { filter, exact: true }));
    return answer.count;
  }

  /** How many points have each value of a field, the most frequent first. */
  async facet(key: string, filter: Filter): Promise<readonly { readonly value: unknown; readonly count: number }[]> {
    const answer = await this.ask((client, collection) =>
      client.facet(collection, { key, filter, limit: QDRANT_LIMITS.facetMax, exact: true }),
    );
    return answer.hits;
  }

  /** Puts points in: `new` ones that are not there; in the place of those whose token is one of some; or in any case. */
  async put(
    points: readonly NewPoint[],
    when: "new" | "any" | { readonly tokens: readonly string[] } = "any",
  ): Promise<void> {
    const how =
      when === "any"
        ? {}
        : when === "new"
          ? { update_mode: "insert_only" as const }
          : { update_mode: "update_only" as const, update_filter: { must: [oneOf("token", when.tokens)] } };
    for (const some of inRequests(points)) {
      await this.ask((client, collection) =>
        client.upsert(collection, { wait: true, ordering: "strong", points: some.map(written), ...how }),
      );
    }
  }

  /** Done in order; not together. */
  async change(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    await this.ask((client, collection) =>
      client.batchUpdate(collection, { wait: true, ordering: "strong", operations: [...operations] }),
    );
  }
}

const portOf = (url: string): string => /^https?:\/\/(?:[^/@]*@)?[^/]*?:(\d+)(?:[/?#]|$)/u.exec(url)?.[1] ?? "6333";

const foundOf = ({ id, payload, vector }: Schemas["Record"]): Found => ({ id: String(id), payload, vector });

/** A point as the client takes it. */
export const written = ({ id, payload, vector }: NewPoint): Schemas["PointStruct"] => ({
  id,
  payload: { ...payload },
  vector: Object.fromEntries(
    Object.entries(vector).map(([name, value]) => [
      name,
      "indices" in value
        ? { indices: [...value.indices], values: [...value.values] }
        : value.map((numbers) => [...numbers]),
    ]),
  ),
});

export const is = (key: string, value: string | number | boolean): Condition => ({ key, match: { value } });
export const oneOf = (key: string, values: readonly string[]): Condition => ({ key, match: { any: [...values] } });
export const within = (key: string, range: Schemas["Range"]): Condition => ({ key, range });
export const hasId = (ids: readonly string[]): Condition => ({ has_id: [...ids] });

/** In pieces that one request takes. */
export function* inRequests(points: readonly NewPoint[]): Generator<readonly NewPoint[]> {
  let some: NewPoint[] = [];
  let bytes = 0;
  for (const point of points) {
    const size = sizeOf(point);
    if (some.length > 0 && bytes + size > QDRANT_LIMITS.requestBytesMax) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(point);
    bytes += size;
  }
  if (some.length > 0) yield some;
}

const NUMBER_BYTES = 12;

function sizeOf({ payload, vector }: NewPoint): number {
  let numbers = 0;
  for (const value of Object.values(vector)) {
    numbers += "indices" in value ? value.indices.length * 2 : value.reduce((sum, one) => sum + one.length, 0);
  }
  return JSON.stringify(payload).length + numbers * NUMBER_BYTES;
}
