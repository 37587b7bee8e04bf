import type { EntityId } from "../../../kernel/ids.ts";
import { DOCUMENT_FIELDS, type StoredDocument, toStored } from "./documents.ts";
import { CHANGE_FIELDS, ChangePayload, type Logged } from "./facts.ts";
import { QDRANT_LIMITS } from "./limits.ts";
import { type Filter, is, oneOf, type Place } from "./place.ts";

export const ENTITY = is("kind", "entity");
export const RELATION = is("kind", "relation");
export const CHANGE = is("kind", "change");

/** Ids in pieces that a filter takes. */
export function* inFilters<Id>(ids: readonly Id[]): Generator<readonly Id[]> {
  for (let at = 0; at < ids.length; at += QDRANT_LIMITS.idsMax) yield ids.slice(at, at + QDRANT_LIMITS.idsMax);
}

/** Reads documents and what is logged of them. */
export class Archive {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Stored documents including those with write intents; by point. */
  async at(points: readonly string[], isWithVectors: boolean): Promise<ReadonlyMap<string, StoredDocument>> {
    const found = await this.#place.retrieve(points, { fields: DOCUMENT_FIELDS, isWithVectors });
    return new Map(found.map((one) => [one.id, toStored(one)]));
  }

  /** As they lie there; one that is getting another name can be there twice. */
  async byId(ids: readonly EntityId[], isWithVectors: boolean): Promise<readonly StoredDocument[]> {
    const filed: StoredDocument[] = [];
    for (const some of inFilters(ids)) {
      const filter: Filter = { must: [ENTITY, oneOf("id", some)] };
      const found = await this.#place.all(filter, { fields: DOCUMENT_FIELDS, isWithVectors });
      filed.push(...found.map(toStored));
    }
    return filed;
  }

  /** The valid document of the id, without a pending rename. */
  async one(id: EntityId): Promise<StoredDocument | undefined> {
    return newest(await this.byId([id], true)).get(id);
  }

  /** Without those being forgotten, each entity once: of one that has two names at this moment, the point that counts. */
  async settled(filed: readonly StoredDocument[]): Promise<readonly StoredDocument[]> {
    const left = filed.filter(({ forgetting }) => !forgetting);
    const moving = left.filter((one) => one.moving).map(({ head }) => head.id);
    const others = moving.length > 0 ? newest(await this.byId(moving, false)) : new Map<EntityId, StoredDocument>();
    const counting = newest(left);
    return left.filter((one) => {
      const rival = others.get(one.head.id);
      return counting.get(one.head.id) === one && (rival === undefined || rival.head.version <= one.head.version);
    });
  }

  /** By id, settled. */
  async current(ids: readonly EntityId[]): Promise<ReadonlyMap<EntityId, StoredDocument>> {
    const settled = await this.settled(await this.byId(ids, false));
    return new Map(settled.map((one) => [one.head.id, one]));
  }

  /** Those of them that are there. */
  async living(ids: readonly EntityId[]): Promise<ReadonlySet<string>> {
    const living = new Set<string>();
    for (const some of inFilters(ids)) {
      const filter: Filter = { must: [ENTITY, oneOf("id", some)], must_not: [oneOf("todo", ["forget"])] };
      for (const { payload } of await this.#place.all(filter, { fields: ["id"] })) {
        if (typeof payload === "object" && payload !== null && "id" in payload) living.add(String(payload.id));
      }
    }
    return living;
  }

  /** Changes that were written with their entities and are not known to be in the log. */
  async unlogged(filter: Filter): Promise<readonly Logged[]> {
    const must = [ENTITY, oneOf("todo", ["log", "move"]), ...[filter.must ?? []].flat()];
    const found = await this.#place.all({ must }, { fields: DOCUMENT_FIELDS });
    return found.flatMap((one) => toStored(one).unlogged);
  }

  /** What is in the log at some points. */
  async logged(points: readonly string[]): Promise<ReadonlyMap<string, Logged>> {
    const found = await this.#place.retrieve(points, { fields: CHANGE_FIELDS });
    return new Map(found.map(({ id, payload }) => [id, ChangePayload.parse(payload)]));
  }
}

/** Of each entity the one with the greatest version. */
export function newest(filed: readonly StoredDocument[]): ReadonlyMap<EntityId, StoredDocument> {
  const counting = new Map<EntityId, StoredDocument>();
  for (const one of filed) {
    const known = counting.get(one.head.id);
    if (!known || known.head.version < one.head.version) counting.set(one.head.id, one);
  }
  return counting;
}
