import type { Change, EntityWrite, RelationWrite, WriteOutcome } from "../../knowledge/index.ts";
import type { Connections } from "./connections.ts";
import { insertChanges, insertHeads, headRecord, insertObservations, insertRelations, updateHeads } from "./heads.ts";
import type { Model, SurrogateKeys } from "./surrogate-keys.ts";
import { addPassages, deletePassages } from "./passages.ts";
import { numberOf } from "./rows.ts";
import { Records, type Session } from "./session.ts";

type Write = EntityWrite | RelationWrite;
/** Writes of one type in one statement each. */
const WRITES_AT_ONCE = 500;

/** Neighbouring writes of one type that do not touch the same, in their order. */
export function* groupsOf(writes: readonly Write[]): Iterable<readonly EntityWrite[] | readonly RelationWrite[]> {
  let entities: EntityWrite[] = [];
  let relations: RelationWrite[] = [];
  let keys = new Set<string>();
  for (const write of writes) {
    const own = keysOf(write);
    const isFull = keys.size >= WRITES_AT_ONCE * 2;
    const isOther = write.type === "entity" ? relations.length > 0 : entities.length > 0;
    if (isOther || isFull || own.some((key) => keys.has(key))) {
      yield entities.length > 0 ? entities : relations;
      [entities, relations, keys] = [[], [], new Set<string>()];
    }
    for (const key of own) keys.add(key);
    if (write.type === "entity") entities.push(write);
    else relations.push(write);
  }
  if (entities.length > 0) yield entities;
  if (relations.length > 0) yield relations;
}

const keysOf = (write: Write): readonly string[] =>
  write.type === "entity"
    ? [write.head.id, `${write.head.scope}\n${write.head.name}`]
    : [write.relation.id, `${write.relation.from} ${write.relation.to} ${write.relation.type}`];

type Parts = {
  readonly session: Session;
  readonly models: ReadonlyMap<string, Model>;
  readonly wordNumber: (stem: string) => string;
  /** What is to stand in the history. */
  readonly changes: Omit<Change, "seq">[];
};
/** An executed entity write, with its row. */
type Placed = { readonly write: EntityWrite; readonly row: number; readonly isNew: boolean };

/** Changes of entities and relations: all of one call in one transaction, a few statements for hundreds. */
export class Writing {
  readonly #connections: Connections;
  readonly #numbers: SurrogateKeys;

  constructor(deps: { readonly connections: Connections; readonly numbers: SurrogateKeys }) {
    this.#connections = deps.connections;
    this.#numbers = deps.numbers;
  }

  async write(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    await this.#numbers.prepare({
      scopes: writes.map((write) => (write.type === "entity" ? write.head.scope : write.relation.scope)),
      provenances: writes.flatMap((write) =>
        write.type === "entity"
          ? [write.provenance, ...write.added.map(({ provenance }) => provenance)]
          : [write.provenance, write.relation.provenance],
      ),
    });
    const wordNumber = await this.#numbers.wordNumbers();
    const wanted = await this.#models(writes);
    return this.#connections.transact(async (session) => {
      const models = await this.#numbers.hold(session, wanted);
      const outcomes = new Map<Write, WriteOutcome>();
      const changes: Omit<Change, "seq">[] = [];
      const parts = { session, models, wordNumber, changes };
      for (const group of groupsOf(writes)) {
        const [first] = group;
        if (first?.type === "entity") await this.#entities(group.filter(isEntity), parts, outcomes);
        else await this.#relations(group.filter(isRelation), parts, outcomes);
      }
      await insertChanges(session, changes, this.#numbers);
      return writes.map((write) => outcomes.get(write) ?? "conflict");
    });
  }

  /** The models of the vectors. */
  async #models(writes: readonly Write[]): Promise<ReadonlyMap<string, Model>> {
    const dims = new Map<string, number>();
    for (const write of writes) {
      if (write.type !== "entity" || write.model === undefined) continue;
      for (const { vector } of write.passages) if (vector) dims.set(write.model, vector.length);
    }
    const models = new Map<string, Model>();
    for (const [name, length] of dims) models.set(name, await this.#numbers.model(name, length));
    return models;
  }

  async #entities(writes: readonly EntityWrite[], parts: Parts, outcomes: Map<Write, WriteOutcome>): Promise<void> {
    const { session } = parts;
    const placed = [...(await this.#update(writes, session)), ...(await this.#insert(writes, session))];
    const known = new Set(placed.map(({ write }) => write));
    for (const write of writes) outcomes.set(write, known.has(write) ? "written" : "conflict");
    if (placed.length === 0) return;
    await withdraw(session, placed);
    const added = writes.flatMap((write) => {
      const row = placed.find((one) => one.write === write)?.row;
      return row === undefined ? [] : write.added.map((observation) => ({ entity: row, observation }));
    });
    await insertObservations(session, added, this.#numbers);
    await this.#passages(placed, parts);
    parts.changes.push(
      ...writes
        .filter((write) => known.has(write))
        .map(({ head, action, provenance, details }) => ({
          entity: head.id,
          scope: head.scope,
          version: head.version,
          action,
          provenance,
          atMs: head.updatedAtMs,
          details,
        })),
    );
  }

  /** Those of entities that are there with the version that is expected. */
  async #update(writes: readonly EntityWrite[], session: Session): Promise<readonly Placed[]> {
    const changing = writes.filter(({ expected }) => expected > 0);
    if (changing.length === 0) return [];
    const rows = await session.rows(
      "SELECT row, id, version, scope, name FROM entity WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",
      [changing.map(({ head }) => head.id)],
    );
    const known = new Map(rows.map((row) => [String(row["id"]), row]));
    const current = changing.filter(({ head, expected }) => numberOf(known.get(head.id)?.["version"]) === expected);
    const renamed = current.filter(({ head }) => known.get(head.id)?.["name"] !== head.name);
    const taken = await this.#taken(renamed, session);
    const placed = current
      .filter((write) => !taken.has(write.head.id))
      .map((write) => ({ write, row: numberOf(known.get(write.head.id)?.["row"]), isNew: false }));
    await updateHeads(
      session,
      placed.map(({ write: { head }, row }) => headRecord(head, this.#numbers.scope(head.scope), row)),
    );
    return placed;
  }

  /** Ids whose new name is another's. */
  async #taken(renamed: readonly EntityWrite[], session: Session): Promise<ReadonlySet<string>> {
    if (renamed.length === 0) return new Set();
    const records = renamed.map(({ head }) => ({
      id: head.id,
      scope: this.#numbers.scope(head.scope),
      name: head.name,
    }));
    const rows = await session.rows(
      `SELECT v.id FROM json_to_recordset($1) AS v(id uuid, scope int, name text)
       JOIN entity e ON e.scope = v.scope AND e.name = v.name AND e.id <> v.id`,
      [new Records(records)],
    );
    return new Set(rows.map(({ id }) => String(id)));
  }

  async #insert(writes: readonly EntityWrite[], session: Session): Promise<readonly Placed[]> {
    const making = writes.filter(({ expected }) => expected === 0);
    const made = await insertHeads(
      session,
      making.map(({ head }) => headRecord(head, this.#numbers.scope(head.scope))),
    );
    const rows = new Map(made.map(({ id, row }) => [id, row]));
    return making.flatMap((write) => {
      const row = rows.get(write.head.id);
      return row === undefined ? [] : [{ write, row, isNew: true }];
    });
  }

  async #passages(placed: readonly Placed[], { session, models, wordNumber }: Parts): Promise<void> {
    const before = placed.filter(({ isNew }) => !isNew);
    const gone = before.flatMap(({ write, row }) => [
      { entity: row, ordinal: null, count: write.passageCount },
      ...write.passages.map(({ ordinal }) => ({ entity: row, ordinal, count: null })),
    ]);
    if (gone.length > 0) {
      await session.rows(deletePassages("p.entity = v.entity AND (p.ordinal = v.ordinal OR p.ordinal >= v.count)"), [
        new Records(gone),
      ]);
    }
    const byModel = Map.groupBy(placed, ({ write }) => write.model);
    for (const [name, group] of byModel) {
      const passages = group.flatMap(({ write, row }) =>
        write.passages.map((passage) => ({ entity: row, scope: this.#numbers.scope(write.head.scope), passage })),
      );
      const model = name === undefined ? undefined : models.get(name);
      await addPassages(session, passages, { model, wordNumber });
    }
  }

  async #relations(
    writes: readonly RelationWrite[],
    { session, changes }: Parts,
    outcomes: Map<Write, WriteOutcome>,
  ): Promise<void> {
    // Neither end can go before this transaction ends.
    const rows = await session.rows(
      "SELECT row, id, version FROM entity WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE",
      [writes.flatMap(({ relation }) => [relation.from, relation.to])],
    );
    const known = new Map(rows.map((row) => [String(row["id"]), row]));
    const rowOf = (id: string) => numberOf(known.get(id)?.["row"]);
    const placed = writes.flatMap((write) => {
      const { from, to } = write.relation;
      const isThere = known.has(from) && known.has(to);
      outcomes.set(write, isThere ? "written" : "conflict");
      return isThere ? [{ write, relation: write.relation, src: rowOf(from), dst: rowOf(to) }] : [];
    });
    if (placed.length === 0) return;
    await deleteRelations(session, placed);
    await insertRelations(
      session,
      placed.filter(({ write }) => write.action === "relate"),
      this.#numbers,
    );
    changes.push(
      ...placed.map(({ write: { action, provenance, atMs }, relation }) => ({
        entity: relation.from,
        scope: relation.scope,
        version: numberOf(known.get(relation.from)?.["version"]),
        action,
        provenance,
        atMs,
        details: { relation: relation.id, to: relation.to, type: relation.type },
      })),
    );
  }
}

const isEntity = (write: Write): write is EntityWrite => write.type === "entity";
const isRelation = (write: Write): write is RelationWrite => write.type === "relation";

async function withdraw(session: Session, placed: readonly Placed[]): Promise<void> {
  const gone = placed.flatMap(({ write, row }) =>
    write.withdrawn.map((id) => ({ entity: row, id, until: write.head.version })),
  );
  if (gone.length === 0) return;
  await session.rows(
    `UPDATE observation o SET until = v.until FROM json_to_recordset($1) AS v(entity bigint, id uuid, until int)
     WHERE o.entity = v.entity AND o.id = v.id AND o.until IS NULL`,
    [new Records(gone)],
  );
}

/** Relations with these ends and types, or ids. */
export async function deleteRelations(
  session: Session,
  relations: readonly {
    readonly relation: { readonly id: string; readonly type: string };
    readonly src: number;
    readonly dst: number;
  }[],
): Promise<void> {
  await session.rows(
    `DELETE FROM relation r USING json_to_recordset($1) AS v(src bigint, dst bigint, type text)
     WHERE r.src = v.src AND r.dst = v.dst AND r.type = v.type`,
    [new Records(relations.map(({ relation: { type }, src, dst }) => ({ src, dst, type })))],
  );
}
