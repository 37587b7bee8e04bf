import type { StoreSearch } from "../../../knowledge/index.ts";
import { narrowing } from "./filters.ts";
import type { Model } from "../surrogate-keys.ts";
import { vectorText } from "../passages.ts";
import { numberOf, scopesOf } from "../rows.ts";
import { type Row, type Session, Values } from "../session.ts";
import { indexFormOf, isIndexed } from "../vectors.ts";

/** Entries that pgvector keeps in sight while it looks for near ones; at most 1,000. */
const IN_SIGHT_MAX = 1_000;
/** Entries it looks at before it gives up; then all are compared. */
const SCANNED_MAX = 20_000;

export type Near = {
  readonly search: StoreSearch;
  readonly model: Model | undefined;
  readonly exactMax: number;
  /** Passages. */
  readonly limit: number;
};

/** The cosine of each near entity's nearest passage. Exact, or by the index where the scopes have very many passages. */
export async function nearestTo(session: Session, near: Near): Promise<ReadonlyMap<number, number>> {
  const { search, model } = near;
  if (!model || !search.vector) return new Map();
  // Whether there is an index is known at once; the number of vectors has to be counted.
  if ((await isIndexed(session, model)) && (await hasMany(session, near, model))) {
    const rows = await byIndex(session, near, model);
    const last = rows.at(-1);
    // Fewer than wanted: filters or scopes left out too much of what the index gave.
    if (rows.length >= near.limit || (last && numberOf(last["similarity"]) < search.similarityMin)) {
      return nearestOf(rows, search.similarityMin);
    }
  }
  return nearestOf(await oneByOne(session, near, model), search.similarityMin);
}

async function hasMany(session: Session, { search, exactMax }: Near, model: Model): Promise<boolean> {
  const [row] = await session.rows(
    `SELECT count(*) AS n FROM (SELECT 1 FROM embedding WHERE model = $1 AND scope = ${scopesOf("$2")} LIMIT $3) few`,
    [model.n, search.filter.scopes, exactMax + 1],
  );
  return numberOf(row?.["n"]) > exactMax;
}

function conditionsOf({ search }: Near, values: Values): string {
  const scopes = `m.scope = ${scopesOf(values.add(search.filter.scopes))}`;
  const narrow = narrowing(search.filter, values);
  return narrow === "" ? scopes : `${scopes} AND EXISTS (SELECT 1 FROM entity e WHERE e.row = m.entity AND ${narrow})`;
}

async function oneByOne(session: Session, near: Near, model: Model): Promise<readonly Row[]> {
  const values = new Values();
  const vector = values.add(vectorText(near.search.vector ?? new Float32Array()));
  return session.rows(
    // Not as the index has it, so that none is left out. Within, so that each is compared once and not for its order too.
    `SELECT entity, 1 - distance AS similarity FROM (
       SELECT m.entity, m.vector <=> ${vector}::vector AS distance FROM embedding m
       WHERE m.model = ${values.add(model.n)} AND ${conditionsOf(near, values)}
       ORDER BY distance LIMIT ${values.add(near.limit)}) near ORDER BY distance`,
    values.all,
  );
}

async function byIndex(session: Session, near: Near, model: Model): Promise<readonly Row[]> {
  const form = indexFormOf(model);
  if (!form) return [];
  const values = new Values();
  const vector = values.add(vectorText(near.search.vector ?? new Float32Array()));
  const sight = Math.min(IN_SIGHT_MAX, Math.max(near.limit, 100));
  await session.run(
    `SET LOCAL hnsw.iterative_scan = 'strict_order'; SET LOCAL hnsw.ef_search = ${sight};
     SET LOCAL hnsw.max_scan_tuples = ${SCANNED_MAX}; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off`,
  );
  const rows = await session.rows(
    // The model's number is written out: only so is its index known to fit.
    `SELECT m.entity, 1 - (m.vector <=> ${vector}::vector) AS similarity FROM embedding m
     WHERE m.model = ${model.n} AND ${conditionsOf(near, values)}
     ORDER BY (m.vector::${form.type}) <=> ${vector}::${form.type} LIMIT ${values.add(near.limit)}`,
    values.all,
  );
  await session.run("SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on");
  return rows;
}

function nearestOf(rows: readonly Row[], similarityMin: number): ReadonlyMap<number, number> {
  const nearest = new Map<number, number>();
  for (const row of rows) {
    const [entity, similarity] = [numberOf(row["entity"]), numberOf(row["similarity"])];
    if (similarity >= similarityMin) nearest.set(entity, Math.max(nearest.get(entity) ?? -1, similarity));
  }
  return nearest;
}

/** The cosine of the nearest passage of certain entities, however far. */
export async function similaritiesOf(
  session: Session,
  { search, model }: Near,
  entities: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (!model || !search.vector || entities.length === 0) return new Map();
  const rows = await session.rows(
    `SELECT m.entity, max(1 - (m.vector <=> $1::vector)) AS similarity FROM embedding m
     WHERE m.entity = ANY($2::bigint[]) AND m.model = $3 GROUP BY m.entity`,
    [vectorText(search.vector), entities, model.n],
  );
  return nearestOf(rows, -1);
}
