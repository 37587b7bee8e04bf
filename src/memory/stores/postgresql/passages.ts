import type { Passage } from "../../knowledge/index.ts";
import { wordsOf } from "../../search-index/index.ts";
import type { Model } from "./surrogate-keys.ts";
import { numberOf } from "./rows.ts";
import { Records, type Session } from "./session.ts";

/** A passage of an entity, by the numbers of its rows. */
export type PassageOf = { readonly entity: number; readonly scope: number; readonly passage: Passage };

/** Postings in one statement. */
const POSTINGS_AT_ONCE = 20_000;

/** A vector as pgvector reads it. */
export const vectorText = (vector: Float32Array): string => `[${vector.join(",")}]`;

/** Deletes passages with their words and vectors; `$1` and the like stand in `where`, on `p`. */
export const deletePassages = (where: string): string =>
  `WITH gone AS (DELETE FROM passage p USING json_to_recordset($1) AS v(entity bigint, ordinal int, count int)
     WHERE ${where} RETURNING p.row)
   DELETE FROM posting USING gone WHERE posting.passage = gone.row`;

/** Puts in passages that are not there, with their words, and with vectors where they have some and there is a model. */
export async function addPassages(
  session: Session,
  passages: readonly PassageOf[],
  { model, wordNumber }: { readonly model: Model | undefined; readonly wordNumber: (stem: string) => string },
): Promise<void> {
  if (passages.length === 0) return;
  const texts = passages.map(({ passage }) => wordsOf(passage.text));
  const made = await session.rows(
    `INSERT INTO passage (entity, scope, ordinal, length)
     SELECT v.entity, v.scope, v.ordinal, v.length
     FROM json_to_recordset($1) AS v(entity bigint, scope int, ordinal int, length int)
     RETURNING row, entity, ordinal`,
    [
      new Records(
        passages.map(({ entity, scope, passage: { ordinal } }, index) => ({
          entity,
          scope,
          ordinal,
          length: texts[index]?.length ?? 0,
        })),
      ),
    ],
  );
  const rows = new Map(made.map(({ row, entity, ordinal }) => [`${String(entity)} ${String(ordinal)}`, numberOf(row)]));
  const numbered = passages.map((one, index) => ({
    ...one,
    row: rows.get(`${one.entity} ${one.passage.ordinal}`) ?? 0,
    words: texts[index],
  }));
  await addPostings(session, numbered, wordNumber);
  if (model) await addVectors(session, numbered, model);
}

/** A passage by its row, with its words. */
type Worded = {
  readonly row: number;
  readonly scope: number;
  readonly words: ReturnType<typeof wordsOf> | undefined;
};

export async function addPostings(
  session: Session,
  passages: readonly Worded[],
  wordNumber: (stem: string) => string,
): Promise<void> {
  const postings = passages.flatMap(({ row, scope, words }) =>
    [...(words?.counts ?? [])].map(([stem, count]) => ({
      scope,
      word: wordNumber(stem),
      passage: row,
      count,
      length: words?.length ?? 0,
    })),
  );
  for (let at = 0; at < postings.length; at += POSTINGS_AT_ONCE) {
    const some = postings.slice(at, at + POSTINGS_AT_ONCE);
    await session.rows(
      `INSERT INTO posting (scope, word, passage, count, length)
       SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[], $5::int[])`,
      [
        some.map(({ scope }) => scope),
        some.map(({ word }) => word),
        some.map(({ passage }) => passage),
        some.map(({ count }) => count),
        some.map(({ length }) => length),
      ],
    );
  }
}

/** Gives passages that are there their vectors of a model. */
export async function addVectors(
  session: Session,
  passages: readonly (PassageOf & { readonly row: number })[],
  model: Model,
): Promise<void> {
  const some = passages.flatMap(({ row, entity, scope, passage: { vector } }) =>
    vector ? [{ row, entity, scope, vector: vectorText(vector) }] : [],
  );
  if (some.length === 0) return;
  await session.rows(
    `INSERT INTO embedding (passage, model, scope, entity, vector)
     SELECT p, $5, s, e, v::vector FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[]) AS t(p, s, e, v)
     ON CONFLICT (passage, model) DO UPDATE SET vector = excluded.vector`,
    [
      some.map(({ row }) => row),
      some.map(({ scope }) => scope),
      some.map(({ entity }) => entity),
      some.map(({ vector }) => vector),
      model.n,
    ],
  );
}
