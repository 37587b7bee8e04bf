import { type Entity, passagesOf, type StoreStats, type StoreProblem } from "../../knowledge/index.ts";
import { wordsOf } from "../../search-index/index.ts";
import type { Connections } from "./connections.ts";
import type { SurrogateKeys } from "./surrogate-keys.ts";
import { addPassages, addPostings, deletePassages } from "./passages.ts";
import { ENTITIES, entityOf, numberOf, textOf } from "./rows.ts";
import { Records, type Session } from "./session.ts";
import type { Vectors } from "./vectors.ts";
import type { PageScrubber, ScrubStatus } from "./page-scrubber.ts";

/** Entities that are looked through at once. */
const PAGE = 200;

/** An entity whose passages are not all findable. */
const IS_BROKEN = `(NOT EXISTS (SELECT 1 FROM passage p WHERE p.entity = e.row) OR EXISTS (
  SELECT 1 FROM passage p WHERE p.entity = e.row
  AND p.length <> (SELECT coalesce(sum(o.count), 0) FROM posting o WHERE o.passage = p.row)))`;
const STRAY = "NOT EXISTS (SELECT 1 FROM passage p WHERE p.row = o.passage)";

const SCRUBBED: StoreProblem = {
  what: "forgotten texts were still on pages of the database, and are overwritten",
  hint: "",
  isRepaired: true,
};

const AT_ONCE = "`caxton memory doctor --repair` does it at once, and waits for it.";

/** Forgotten texts stay on pages until a pass that is made for many who forget; that is no fault unless it fails. */
function scrubPending(due: ScrubStatus): StoreProblem {
  if (due.type === "failed") {
    const hint = `It is tried again at ${timeOf(due.atMs)}; ${AT_ONCE}`;
    return { what: due.why, hint, isRepaired: false };
  }
  const until =
    due.type === "planned"
      ? `the pass that is due at ${timeOf(due.atMs)} is made`
      : due.type === "running"
        ? "the pass that is being made has ended"
        : "the server that forgot them, or the next one that opens memory, makes a pass";
  return {
    what: `forgotten texts are deleted, and still on pages of the database until ${until}`,
    hint: `Nothing has to be done; ${AT_ONCE}`,
    isRepaired: false,
    isPending: true,
  };
}

const timeOf = (atMs: number): string => new Date(atMs).toISOString();

/** Figures, and looking after what is derived. */
export class Maintenance {
  readonly #connections: Connections;
  readonly #numbers: SurrogateKeys;
  readonly #vectors: Vectors;
  readonly #scrubber: PageScrubber;

  constructor(deps: {
    readonly connections: Connections;
    readonly numbers: SurrogateKeys;
    readonly vectors: Vectors;
    readonly scrubber: PageScrubber;
  }) {
    this.#connections = deps.connections;
    this.#numbers = deps.numbers;
    this.#vectors = deps.vectors;
    this.#scrubber = deps.scrubber;
  }

  async figures(): Promise<StoreStats> {
    return this.#connections.read(async (session) => {
      const scopes = await session.rows(
        `SELECT s.key, e.n AS entities, coalesce(o.n, 0) AS observations, coalesce(r.n, 0) AS relations FROM scope s
         JOIN (SELECT scope, count(*) AS n FROM entity GROUP BY scope) e ON e.scope = s.n
         LEFT JOIN (SELECT e.scope, count(*) AS n FROM observation o JOIN entity e ON e.row = o.entity
           WHERE o.until IS NULL GROUP BY e.scope) o ON o.scope = s.n
         LEFT JOIN (SELECT scope, count(*) AS n FROM relation GROUP BY scope) r ON r.scope = s.n ORDER BY s.key`,
      );
      const models = await session.rows(
        "SELECT m.name, count(*) AS n FROM embedding v JOIN model m ON m.n = v.model GROUP BY m.name",
      );
      const [sizes] = await session.rows(
        `SELECT (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r')::float8 AS bytes,
           (SELECT count(*) FROM passage p WHERE NOT EXISTS (SELECT 1 FROM embedding v WHERE v.passage = p.row
             AND v.model = (SELECT n FROM model WHERE is_active))) AS bare`,
      );
      return {
        scopes: scopes.map((row) => ({
          scope: textOf(row["key"]),
          entities: numberOf(row["entities"]),
          observations: numberOf(row["observations"]),
          relations: numberOf(row["relations"]),
        })),
        bytes: numberOf(sizes?.["bytes"]),
        passagesByModel: Object.fromEntries(models.map((row) => [textOf(row["name"]), numberOf(row["n"])])),
        passagesWithoutVector: numberOf(sizes?.["bare"]),
        indexed: 1,
      };
    });
  }

  async check(repair: boolean): Promise<readonly StoreProblem[]> {
    const [broken, stray] = await this.#counts();
    const due = await this.#scrubber.due();
    if (repair && broken > 0)
      await this.#eachEntity((session, entities) => this.#rebuild(session, entities), IS_BROKEN);
    if (repair && stray > 0) {
      await this.#connections.maintain((session) => session.run(`DELETE FROM posting o WHERE ${STRAY}`));
    }
    if (repair && due) await this.#scrubber.wipe();
    if (repair) await this.#vectors.ensureIndex();
    const hint = "`caxton memory doctor --repair` puts it right.";
    return [
      ...[
        { is: broken > 0, what: `${broken} entities cannot be found by all of their words` },
        { is: stray > 0, what: `${stray} words are of texts that are gone` },
      ]
        .filter(({ is }) => is)
        .map(({ what }) => ({ what, hint, isRepaired: repair })),
      ...(due ? [repair ? SCRUBBED : scrubPending(due)] : []),
    ];
  }

  async #counts(): Promise<readonly [number, number]> {
    const counts: number[] = [];
    await this.#connections.maintain(async (session) => {
      for (const from of [`entity e WHERE ${IS_BROKEN}`, `posting o WHERE ${STRAY}`]) {
        const [row] = await session.rows(`SELECT count(*) AS n FROM ${from}`);
        counts.push(numberOf(row?.["n"]));
      }
    });
    return [counts[0] ?? 0, counts[1] ?? 0];
  }

  /** Rebuilds words and rewrites tables; vectors stay with their passages, and their index is rebuilt. */
  async reindex(progress: (done: number, all: number) => void): Promise<void> {
    const [counted] = await this.#connections.read((session) => session.rows("SELECT count(*) AS n FROM entity"));
    const all = numberOf(counted?.["n"]);
    progress(0, all);
    let done = 0;
    await this.#eachEntity(async (session, entities) => {
      await this.#rebuild(session, entities);
      done += entities.length;
      progress(Math.min(done, all), all);
    }, "true");
    await this.#connections.maintain((session) =>
      this.#scrubber.overwriting(session, async () => {
        const tables = await session.rows(
          "SELECT tablename::text AS table FROM pg_tables WHERE schemaname = current_schema()",
        );
        for (const table of tables.map((row) => textOf(row["table"]))) {
          await this.#scrubber.rewriteTable(session, table, () => session.run(`VACUUM (FULL, ANALYZE) "${table}"`));
        }
      }),
    );
    await this.#vectors.ensureIndex();
    progress(all, all);
  }

  /** Page by page, each in a transaction in which its entities do not change. */
  async #eachEntity(
    use: (
      session: Session,
      entities: readonly { readonly row: number; readonly scope: number; readonly entity: Entity }[],
    ) => Promise<void>,
    condition: string,
  ): Promise<void> {
    await this.#numbers.wordNumbers();
    for (let after = 0; ;) {
      const next = await this.#connections.transact(async (session) => {
        const rows = await session.rows(
          `SELECT row, scope FROM entity e WHERE row > $1 AND ${condition} ORDER BY row LIMIT ${PAGE} FOR UPDATE`,
          [after],
        );
        const heads = await session.rows(`${ENTITIES} WHERE e.row = ANY($1::bigint[]) ORDER BY e.row`, [
          rows.map(({ row }) => numberOf(row)),
        ]);
        const scopes = new Map(rows.map(({ row, scope }) => [numberOf(row), numberOf(scope)]));
        const entities = heads.map((head) => {
          const row = numberOf(head["row"]);
          return { row, scope: scopes.get(row) ?? 0, entity: entityOf(head) };
        });
        if (entities.length > 0) await use(session, entities);
        return rows.length < PAGE ? undefined : numberOf(rows.at(-1)?.["row"]);
      });
      if (next === undefined) return;
      after = next;
    }
  }

  async #rebuild(
    session: Session,
    entities: readonly { readonly row: number; readonly scope: number; readonly entity: Entity }[],
  ): Promise<void> {
    // It is known by now: asking for it here would take a second connection.
    const wordNumber = await this.#numbers.wordNumbers();
    const texts = entities.map(({ entity }) => passagesOf(entity));
    await session.rows(deletePassages("p.entity = v.entity AND p.ordinal >= v.count"), [
      new Records(entities.map(({ row }, index) => ({ entity: row, ordinal: null, count: texts[index]?.length ?? 0 }))),
    ]);
    const rows = entities.map(({ row }) => row);
    await session.rows(
      "DELETE FROM posting o USING passage p WHERE o.passage = p.row AND p.entity = ANY($1::bigint[])",
      [rows],
    );
    const there = await session.rows("SELECT row, entity, ordinal FROM passage WHERE entity = ANY($1::bigint[])", [
      rows,
    ]);
    const known = new Map(
      there.map(({ row, entity, ordinal }) => [`${String(entity)} ${String(ordinal)}`, numberOf(row)]),
    );
    const wanted = entities.flatMap(({ row, scope }, index) =>
      (texts[index] ?? []).map((text, ordinal) => ({
        entity: row,
        scope,
        ordinal,
        text,
        row: known.get(`${row} ${ordinal}`),
      })),
    );
    const kept = wanted.flatMap(({ row, scope, text }) =>
      row === undefined ? [] : [{ row, scope, words: wordsOf(text) }],
    );
    await addPostings(session, kept, wordNumber);
    await session.rows(
      "UPDATE passage p SET length = v.length FROM json_to_recordset($1) AS v(row bigint, length int) WHERE p.row = v.row",
      [new Records(kept.map(({ row, words }) => ({ row, length: words.length })))],
    );
    const missing = wanted.filter(({ row }) => row === undefined);
    await addPassages(
      session,
      missing.map(({ entity, scope, ordinal, text }) => ({
        entity,
        scope,
        passage: { ordinal, text, vector: undefined },
      })),
      { model: undefined, wordNumber },
    );
  }
}
