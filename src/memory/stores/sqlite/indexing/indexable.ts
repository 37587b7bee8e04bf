import type { SQLInputValue } from "node:sqlite";
import { passagesOf } from "../../../knowledge/index.ts";
import type { Quantised } from "../../../search-index/index.ts";
import type { Facts } from "../facts.ts";
import { type Cells, numberOf, textOf } from "../rows.ts";
import { SPAN } from "../tables.ts";

/** What the indexes have to know of an entity. */
export type Indexable = {
  readonly row: number;
  readonly id: Uint8Array;
  readonly scope: number;
  readonly type: string;
  readonly confidence: number;
  readonly updatedAtMs: number;
  /** Infinite where open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of all its passages, and the vectors that there are of them, by ordinal. */
  readonly texts: readonly string[];
  readonly vectors: readonly (Quantised | undefined)[];
};

const HEAD = `SELECT row, id, scope, name, type, confidence, coalesce(updated_at_ms, created_at_ms), valid_from_ms, valid_to_ms
  FROM entity`;
const UNTIL = Number.MAX_SAFE_INTEGER;

/** An entity by its row; undefined when it is not there. */
export const indexableAt = (facts: Facts, row: number): Indexable | undefined =>
  read(facts, facts.cells(`${HEAD} WHERE row = ?`, row), row + 1)[0];

/** Those with greater rows than `after`, in their order. */
export function indexablesAfter(facts: Facts, after: number, limit: number): readonly Indexable[] {
  const heads = facts.cells(`${HEAD} WHERE row > ? ORDER BY row LIMIT ?`, after, limit);
  return read(facts, heads, numberOf(heads.at(-1)?.[0]) + 1);
}

/** Neighbours with all that belongs to those below `end`, in one pass over each table. */
function read(facts: Facts, heads: readonly Cells[], end: number): readonly Indexable[] {
  const first = numberOf(heads[0]?.[0]);
  if (heads.length === 0 || end * SPAN > UNTIL) return [];
  const within: SQLInputValue[] = [first * SPAN, end * SPAN];
  const said = facts.cells(
    "SELECT row, text FROM observation WHERE row >= ? AND row < ? AND until IS NULL ORDER BY row",
    ...within,
  );
  const passages = facts.cells(
    "SELECT row, scale, vector FROM passage WHERE row >= ? AND row < ? ORDER BY row",
    ...within,
  );
  const nextSaid = reader(said);
  const nextPassage = reader(passages);
  return heads.map((head) => {
    const row = numberOf(head[0]);
    const name = textOf(head[3]);
    const type = textOf(head[4]);
    const observations = nextSaid(row).map((cells) => ({ text: textOf(cells[1]) }));
    const vectors: (Quantised | undefined)[] = [];
    for (const [at, scale, vector] of nextPassage(row)) vectors[numberOf(at) % SPAN] = quantisedOf(scale, vector);
    return {
      row,
      id: head[1] instanceof Uint8Array ? head[1] : new Uint8Array(16),
      scope: numberOf(head[2]),
      type,
      confidence: numberOf(head[5]),
      updatedAtMs: numberOf(head[6]),
      fromMs: head[7] === null ? Number.NEGATIVE_INFINITY : numberOf(head[7]),
      toMs: head[8] === null ? Number.POSITIVE_INFINITY : numberOf(head[8]),
      // Without passages it is not to be found: `check` repairs that.
      texts: vectors.length === 0 ? [] : passagesOf({ name, type, observations }),
      vectors,
    };
  });
}

/** Gives the rows of one entity after another out of rows in order. */
function reader(rows: readonly Cells[]): (entity: number) => readonly Cells[] {
  let next = 0;
  return (entity) => {
    const from = next;
    while (next < rows.length && Math.floor(numberOf(rows[next]?.[0]) / SPAN) <= entity) next += 1;
    return rows.slice(from, next);
  };
}

function quantisedOf(scale: unknown, bytes: unknown): Quantised | undefined {
  if (typeof scale !== "number" || !(bytes instanceof Uint8Array)) return undefined;
  return { scale, bytes: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
