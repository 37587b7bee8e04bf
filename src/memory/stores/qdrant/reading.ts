import * as z from "zod";
import { HandleCodec } from "../../../kernel/handles.ts";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Change,
  type Entity,
  type EntityFilter,
  type EntityHistory,
  memoryCursors,
  type MemoryPage,
  type PageOf,
  readCursor,
  type Relation,
  type ChangeFilter,
  type EntityKey,
  type RelationFilter,
} from "../../knowledge/index.ts";
import { type Archive, CHANGE, RELATION } from "./archive.ts";
import { entityOf } from "./documents.ts";
import {
  CHANGE_FIELDS,
  changeOf,
  ChangePayload,
  entityPoint,
  type Logged,
  RELATION_FIELDS,
  relationOf,
} from "./facts.ts";
import { filterOf, ofScopes } from "./filters.ts";
import { Names } from "./names.ts";
import { type Filter, type Found, hasId, is, oneOf, type Place, within } from "./place.ts";

/** A number, and the entries with it that were already returned. */
const OrderAt = z.tuple([z.int()], z.string());
type OrderAt = z.infer<typeof OrderAt>;
type OrderCodec = HandleCodec<OrderAt>;
const ORDERED = { relations: new HandleCodec("kq", OrderAt), changes: new HandleCodec("kd", OrderAt) } as const;

/** What is asked of memory besides searches and walks. */
export class Reading {
  readonly #place: Place;
  readonly #archive: Archive;

  constructor(deps: { readonly place: Place; readonly archive: Archive }) {
    this.#place = deps.place;
    this.#archive = deps.archive;
  }

  async find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    const points = keys.map(({ scope, name }) => entityPoint(scope, name));
    const found = await this.#archive.at([...new Set(points)], false);
    const settled = await this.#archive.settled([...found.values()]);
    const entities = new Map(settled.map((filed) => [filed.point, entityOf(filed)]));
    return points.map((point) => entities.get(point));
  }

  async get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    const found = await this.#archive.current([...new Set(ids)]);
    return ids.map((id) => {
      const filed = found.get(id);
      return filed && entityOf(filed);
    });
  }

  async list(filter: EntityFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Entity>> {
    const at = readCursor(memoryCursors.entities, cursor);
    const after = at && { name: at[0], id: at[1] };
    const points = await new Names(this.#place, filterOf(filter), after).next(limit + 1);
    const found = await this.#archive.at(points.slice(0, limit), false);
    const filed = points.slice(0, limit).flatMap((point) => found.get(point) ?? []);
    const last = filed.at(-1)?.head;
    return {
      entries: (await this.#archive.settled(filed)).map(entityOf),
      next: points.length > limit && last ? memoryCursors.entities.encode(last.name, last.id) : undefined,
    };
  }

  async relations(of: RelationFilter, page: PageOf): Promise<MemoryPage<Relation>> {
    if (of.entities?.length === 0) return { entries: [], next: undefined };
    const { entities } = of;
    const filter: Filter = {
      must: [RELATION, ofScopes(of.scopes)],
      ...(entities ? { should: [oneOf("from", entities), oneOf("to", entities)] } : {}),
    };
    const { found, next } = await this.#bySeq(filter, { ...page, direction: "asc", codec: ORDERED.relations });
    return { entries: found.map(({ payload }) => withoutSeq(relationOf(payload))), next };
  }

  async #bySeq(
    filter: Filter,
    of: PageOf & { readonly direction: "asc" | "desc"; readonly codec: OrderCodec },
  ): Promise<{ readonly found: readonly Found[]; readonly next: string | undefined }> {
    const [seq, ...listed] = readCursor(of.codec, of.cursor) ?? [];
    const must = [filter.must ?? []].flat();
    if (seq !== undefined) must.push(within("seq", of.direction === "asc" ? { gte: seq } : { lte: seq }));
    const got = await this.#place.ordered(
      { ...filter, must, ...(seq === undefined ? {} : { must_not: [hasId(listed)] }) },
      { key: "seq", direction: of.direction, limit: of.limit + 1 },
      [...RELATION_FIELDS, ...CHANGE_FIELDS],
    );
    const found = got.slice(0, of.limit);
    return {
      found,
      next: got.length > of.limit ? of.codec.encode(...positionAfter(found, seq, listed)) : undefined,
    };
  }

  async relation(id: RelationId): Promise<Relation | undefined> {
    const [found] = await this.#place.all({ must: [RELATION, is("id", id)] }, { fields: RELATION_FIELDS });
    return found && withoutSeq(relationOf(found.payload));
  }

  async log(of: ChangeFilter, page: PageOf): Promise<MemoryPage<Change>> {
    const [logged, documents] =
      "entity" in of
        ? [{ must: [CHANGE, is("entity", of.entity)] }, { must: [is("id", of.entity)] }]
        : [{ must: [CHANGE, ofScopes(of.scopes)] }, { must: [ofScopes(of.scopes)] }];
    await this.#bringIn(await this.#archive.unlogged(documents));
    const { found, next } = await this.#bySeq(logged, { ...page, direction: "desc", codec: ORDERED.changes });
    return { entries: found.map(({ payload }) => changeOf(ChangePayload.parse(payload))), next };
  }

  /** Logs changes that their writers have not logged yet. Idempotent. */
  async #bringIn(unlogged: readonly Logged[]): Promise<void> {
    await this.#place.put(unlogged.map((one) => ({ id: one.point, payload: { kind: "change", ...one }, vector: {} })));
  }

  async history(id: EntityId): Promise<EntityHistory | undefined> {
    const filed = (await this.#archive.current([id])).get(id);
    if (!filed) return undefined;
    const found = await this.#place.all({ must: [CHANGE, is("entity", id)] }, { fields: CHANGE_FIELDS });
    const logged = new Map(filed.unlogged.map((one) => [one.point, one]));
    for (const { payload } of found) {
      const read = ChangePayload.parse(payload);
      logged.set(read.point, read);
    }
    const changes = [...logged.values()].toSorted((one, other) => one.seq - other.seq).map(changeOf);
    return { head: filed.head, observations: filed.observations, changes };
  }
}

function positionAfter(found: readonly Found[], before: number | undefined, earlier: readonly string[]): OrderAt {
  const seqs = found.map(({ payload }) => Seq.parse(payload).seq);
  const last = seqs.at(-1) ?? 0;
  const listed = found.filter((_, index) => seqs[index] === last).map(({ id }) => id);
  return before === last ? [last, ...earlier, ...listed] : [last, ...listed];
}

const Seq = z.object({ seq: z.number() });

const withoutSeq = ({ seq: _seq, ...relation }: Relation & { readonly seq: number }): Relation => relation;
