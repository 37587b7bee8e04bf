import { type EntityRestore, MemoryConflictError, passagesOf, type Relation } from "../../knowledge/index.ts";
import type { Connections } from "./connections.ts";
import { headRecord, insertChanges, insertHeads, insertObservations, insertRelations, updateHeads } from "./heads.ts";
import type { Model, SurrogateKeys } from "./surrogate-keys.ts";
import { addPassages, deletePassages } from "./passages.ts";
import { numberOf } from "./rows.ts";
import { Records, type Session } from "./session.ts";
import { deleteRelations } from "./writing.ts";

/** Entities in one transaction, and relations. */
const RESTORED_AT_ONCE = 200;

/** Puts in what another memory had, as it was. */
export class Restoring {
  readonly #connections: Connections;
  readonly #numbers: SurrogateKeys;

  constructor(deps: { readonly connections: Connections; readonly numbers: SurrogateKeys }) {
    this.#connections = deps.connections;
    this.#numbers = deps.numbers;
  }

  async restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void> {
    await this.#numbers.prepare({
      scopes: [...entities.map(({ head }) => head.scope), ...relations.map(({ scope }) => scope)],
      provenances: [
        ...entities.flatMap((one) => [...one.observations, ...one.changes].map(({ provenance }) => provenance)),
        ...relations.map(({ provenance }) => provenance),
      ],
    });
    const wordNumber = await this.#numbers.wordNumbers();
    for (let at = 0; at < entities.length; at += RESTORED_AT_ONCE) {
      const some = entities.slice(at, at + RESTORED_AT_ONCE);
      const models = await this.#models(some);
      await this.#connections.transact((session) => this.#entities(some, { session, models, wordNumber }));
    }
    for (let at = 0; at < relations.length; at += RESTORED_AT_ONCE) {
      const some = relations.slice(at, at + RESTORED_AT_ONCE);
      await this.#connections.transact((session) => this.#relations(some, session));
    }
  }

  async #models(entities: readonly EntityRestore[]): Promise<ReadonlyMap<string, Model>> {
    const models = new Map<string, Model>();
    for (const { model, passages } of entities) {
      const dims = passages.find(({ vector }) => vector)?.vector?.length;
      if (model !== undefined && dims !== undefined) models.set(model, await this.#numbers.model(model, dims));
    }
    return models;
  }

  async #entities(
    entities: readonly EntityRestore[],
    parts: {
      readonly session: Session;
      readonly models: ReadonlyMap<string, Model>;
      readonly wordNumber: (stem: string) => string;
    },
  ): Promise<void> {
    const { session, wordNumber } = parts;
    const models = await this.#numbers.hold(session, parts.models);
    const rows = await this.#heads(entities, session);
    const placed = entities.map((one) => ({ one, row: rows.get(one.head.id) ?? 0 }));
    await this.#clear(placed, session);
    await insertObservations(
      session,
      placed.flatMap(({ one, row }) => one.observations.map((observation) => ({ entity: row, observation }))),
      this.#numbers,
    );
    for (const [name, group] of Map.groupBy(placed, ({ one }) => one.model)) {
      const passages = group.flatMap(({ one, row }) =>
        completed(one).map((passage) => ({ entity: row, scope: this.#numbers.scope(one.head.scope), passage })),
      );
      await addPassages(session, passages, { model: name === undefined ? undefined : models.get(name), wordNumber });
    }
    await insertChanges(
      session,
      placed.flatMap(({ one: { head, changes } }) =>
        changes.map((change) => ({ ...change, entity: head.id, scope: head.scope })),
      ),
      this.#numbers,
    );
  }

  /** Their rows by id. Throws MemoryConflictError when a name is another's. */
  async #heads(entities: readonly EntityRestore[], session: Session): Promise<ReadonlyMap<string, number>> {
    const known = await session.rows("SELECT row, id FROM entity WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", [
      entities.map(({ head }) => head.id),
    ]);
    const rows = new Map(known.map(({ id, row }) => [String(id), numberOf(row)]));
    const record = ({ head }: EntityRestore) => headRecord(head, this.#numbers.scope(head.scope), rows.get(head.id));
    await updateHeads(session, entities.filter(({ head }) => rows.has(head.id)).map(record));
    const made = await insertHeads(session, entities.filter(({ head }) => !rows.has(head.id)).map(record));
    for (const { id, row } of made) rows.set(id, row);
    const lost = entities.find(({ head }) => !rows.has(head.id));
    if (!lost) return rows;
    throw new MemoryConflictError(
      `${lost.head.scope} has another ${lost.head.name}`,
      "Names are unique within a scope; forget one of the two first.",
      { entity: lost.head.name },
    );
  }

  async #clear(
    placed: readonly { readonly one: EntityRestore; readonly row: number }[],
    session: Session,
  ): Promise<void> {
    await session.rows("DELETE FROM observation WHERE entity = ANY($1::bigint[])", [placed.map(({ row }) => row)]);
    await session.rows("DELETE FROM change WHERE entity = ANY($1::uuid[])", [placed.map(({ one }) => one.head.id)]);
    await session.rows(deletePassages("p.entity = v.entity"), [
      new Records(placed.map(({ row }) => ({ entity: row }))),
    ]);
  }

  async #relations(relations: readonly Relation[], session: Session): Promise<void> {
    const rows = await session.rows("SELECT row, id FROM entity WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE", [
      relations.flatMap(({ from, to }) => [from, to]),
    ]);
    const known = new Map(rows.map(({ id, row }) => [String(id), numberOf(row)]));
    const placed = relations.flatMap((relation) => {
      const [src, dst] = [known.get(relation.from), known.get(relation.to)];
      return src === undefined || dst === undefined ? [] : [{ relation, src, dst }];
    });
    await session.rows("DELETE FROM relation WHERE id = ANY($1::uuid[])", [placed.map(({ relation }) => relation.id)]);
    await deleteRelations(session, placed);
    await insertRelations(session, placed, this.#numbers);
  }
}

/** Passages of all the text that counts now, with the vectors that came. */
function completed({ head, observations, passages }: EntityRestore) {
  const current = observations.filter(({ until }) => until === undefined);
  return passagesOf({ ...head, observations: current }).map((text, ordinal) => ({
    ordinal,
    text,
    vector: passages.find((one) => one.ordinal === ordinal)?.vector,
  }));
}
