import type { EntityId } from "../../../kernel/ids.ts";
import type { EntityWrite, RelationWrite, WriteOutcome } from "../../knowledge/index.ts";
import { logChanges } from "./changes.ts";
import { type Ask, type Connection, whole } from "./connection.ts";
import { type Models, putVectors, vectorsOf } from "./models.ts";
import { putRelations, removeRelations } from "./relations.ts";
import {
  entityIdOf,
  headProperties,
  type NewChange,
  numberOf,
  observationProperties,
  passageProperties,
  textOf,
} from "./rows.ts";

type Write = EntityWrite | RelationWrite;
type Decided<One> = { readonly at: number; readonly write: One };
/** What is kept of an entity now, as far as writes ask. */
type Now = Map<EntityId, { readonly version: number; readonly scope: string; readonly name: string }>;

/** Changes of entities and relations. All of one call are in one transaction. */
export class Writing {
  readonly #connection: Connection;
  readonly #models: Models;

  constructor(deps: { readonly connection: Connection; readonly models: Models }) {
    this.#connection = deps.connection;
    this.#models = deps.models;
  }

  async write(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    for (const write of writes) {
      if (write.type === "entity") await this.#models.prepare(write.model, write.passages);
    }
    return this.#connection.write((ask) => writeAll(ask, writes));
  }
}

/** In one transaction. */
export async function writeAll(ask: Ask, writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
  const outcomes: WriteOutcome[] = writes.map(() => "conflict");
  const changes: NewChange[] = [];
  const now = await lock(ask, writes);
  for (const round of rounds(writes)) {
    const written = await writeRound(ask, round, now);
    for (const { at, change } of written.toSorted((one, other) => one.at - other.at)) {
      outcomes[at] = "written";
      changes.push(change);
    }
  }
  await logChanges(ask, changes);
  return outcomes;
}

/** Each round writes an entity once, and a relation alone, so that statements of one round are independent. */
function rounds(writes: readonly Write[]): readonly (readonly Decided<Write>[])[] {
  const all: Decided<Write>[][] = [];
  let seen = new Set<string>();
  for (const [at, write] of writes.entries()) {
    const { relation } = write.type === "relation" ? write : {};
    const key =
      write.type === "entity" ? write.head.id : `${relation?.from} ${relation?.to} ${relation?.type} ${write.action}`;
    const kindBefore = all.at(-1)?.at(-1)?.write.type;
    if (kindBefore !== write.type || seen.has(key)) {
      all.push([]);
      seen = new Set();
    }
    seen.add(key);
    all.at(-1)?.push({ at, write });
  }
  return all;
}

/**
 * Reading takes no locks in Neo4j: who compares versions takes those of the entities first, in a fixed order, and reads then. A lock
 * is taken by a property that is set, not by one that is only removed.
 */
async function lock(ask: Ask, writes: readonly Write[]): Promise<Now> {
  const ids = new Set(
    writes.flatMap((write) => (write.type === "entity" ? [write.head.id] : [write.relation.from, write.relation.to])),
  );
  const sorted = [...ids].toSorted();
  const [, rows] = await Promise.all([
    ask("UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) SET e.locked = true REMOVE e.locked", { ids: sorted }),
    ask(
      "UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) RETURN id, e.version AS version, e.scope AS scope, e.name AS name",
      { ids: sorted },
    ),
  ]);
  return new Map(
    rows.map((row) => [
      entityIdOf(row["id"]),
      { version: numberOf(row["version"]), scope: textOf(row["scope"]), name: textOf(row["name"]) },
    ]),
  );
}

async function writeRound(ask: Ask, round: readonly Decided<Write>[], now: Now) {
  const entities = round.flatMap(({ at, write }) => (write.type === "entity" ? [{ at, write }] : []));
  const relations = round.flatMap(({ at, write }) => (write.type === "relation" ? [{ at, write }] : []));
  return [...(await writeEntities(ask, entities, now)), ...(await writeRelations(ask, relations, now))];
}

async function writeEntities(ask: Ask, writes: readonly Decided<EntityWrite>[], now: Now) {
  const fitting = writes.filter(({ write }) => (now.get(write.head.id)?.version ?? 0) === write.expected);
  const placed = await takeNames(ask, fitting, now);
  if (placed.length === 0) return [];
  for (const { write } of placed) now.set(write.head.id, write.head);
  await putHeads(
    ask,
    placed.map(({ write }) => write),
  );
  return placed.map(({ at, write }) => ({
    at,
    change: {
      entity: write.head.id,
      scope: write.head.scope,
      version: write.head.version,
      action: write.action,
      provenance: write.provenance,
      atMs: write.head.updatedAtMs,
      details: write.details,
    },
  }));
}

/** Those whose name is theirs or free. MERGE on what is unique waits for others who are making the same. */
async function takeNames(
  ask: Ask,
  writes: readonly Decided<EntityWrite>[],
  now: Now,
): Promise<readonly Decided<EntityWrite>[]> {
  const isNamedSo = ({ head }: EntityWrite) =>
    now.get(head.id)?.name === head.name && now.get(head.id)?.scope === head.scope;
  const asking = writes.filter(({ write }) => !isNamedSo(write));
  if (asking.length === 0) return writes;
  const named = asking.map(({ write: { head } }) => ({ id: head.id, scope: head.scope, name: head.name }));
  const sorted = named.toSorted((one, other) => (`${one.scope} ${one.name}` < `${other.scope} ${other.name}` ? -1 : 1));
  const fresh = sorted.filter(({ id }) => !now.has(id));
  if (fresh.length > 0) {
    await ask(
      "UNWIND $p.fresh AS n MERGE (e:CaxtonEntity {scope: n.scope, name: n.name}) ON CREATE SET e.id = n.id, e.version = 0",
      { fresh },
    );
  }
  const holders = await ask(
    "UNWIND $p.named AS n MATCH (e:CaxtonEntity {scope: n.scope, name: n.name}) WHERE e.id <> n.id RETURN n.id AS id",
    { named },
  );
  const taken = new Set(holders.map((row) => entityIdOf(row["id"])));
  return writes.filter(({ write }) => !taken.has(write.head.id));
}

async function putHeads(ask: Ask, writes: readonly EntityWrite[]): Promise<void> {
  const heads = writes.map(({ head }) => headProperties(head));
  const withdrawn = writes
    .filter((write) => write.withdrawn.length > 0)
    .map((write) => ({ entity: write.head.id, ids: write.withdrawn, version: whole(write.head.version) }));
  const cuts = writes
    .filter(({ expected }) => expected > 0)
    .map(({ head, passageCount }) => ({ entity: head.id, count: passageCount }));
  await Promise.all([
    ask("UNWIND $p.heads AS head MATCH (e:CaxtonEntity {id: head.id}) SET e = head", { heads }),
    ...(withdrawn.length === 0
      ? []
      : [
          ask(
            `UNWIND $p.withdrawn AS w MATCH (e:CaxtonEntity {id: w.entity})-[:OBSERVED]->(o:CaxtonObservation)
             WHERE o.id IN w.ids AND o.until IS NULL SET o.until = w.version`,
            { withdrawn },
          ),
        ]),
    putObservations(
      ask,
      writes.map(({ head, added }) => ({ id: head.id, observations: added })),
    ),
    ...(cuts.length === 0
      ? []
      : [
          ask(
            `UNWIND $p.cuts AS cut MATCH (e:CaxtonEntity {id: cut.entity})-[:PASSAGE]->(p:CaxtonPassage)
             WHERE p.ordinal >= cut.count DETACH DELETE p`,
            { cuts },
          ),
        ]),
    putPassages(ask, writes),
  ]);
}

/** In the order in which they are given. */
export async function putObservations(
  ask: Ask,
  of: readonly { readonly id: EntityId; readonly observations: EntityWrite["added"] }[],
): Promise<void> {
  const observations = of.flatMap(({ id, observations: all }) =>
    all.map((one, index) => ({ entity: id, properties: observationProperties(one, index) })),
  );
  if (observations.length === 0) return;
  await ask(
    `UNWIND $p.observations AS new MATCH (e:CaxtonEntity {id: new.entity})
     CREATE (e)-[:OBSERVED]->(o:CaxtonObservation) SET o = new.properties`,
    { observations },
  );
}

/** Passages whose text is new: what vectors they had are gone. */
export async function putPassages(
  ask: Ask,
  of: readonly Pick<EntityWrite, "head" | "passages" | "model">[],
): Promise<void> {
  const passages = of.flatMap(({ head, passages: all }) =>
    all.map((passage) => ({ entity: head.id, properties: passageProperties(head, passage) })),
  );
  if (passages.length === 0) return;
  const models = new Set(of.flatMap((one) => one.model ?? []));
  await Promise.all([
    ask(
      `UNWIND $p.passages AS new MATCH (e:CaxtonEntity {id: new.entity})
       MERGE (p:CaxtonPassage {id: new.properties.id}) SET p = new.properties MERGE (e)-[:PASSAGE]->(p)`,
      { passages },
    ),
    ...[...models].map((model) =>
      putVectors(
        ask,
        model,
        of.filter((one) => one.model === model).flatMap((one) => vectorsOf(one.head.id, one.passages)),
      ),
    ),
  ]);
}

async function writeRelations(ask: Ask, writes: readonly Decided<RelationWrite>[], now: Now) {
  const fitting = writes.filter(({ write: { relation } }) => now.has(relation.from) && now.has(relation.to));
  if (fitting.length === 0) return [];
  const relations = fitting.map(({ write }) => write.relation);
  await removeRelations(ask, relations);
  await putRelations(
    ask,
    fitting.flatMap(({ write }) => (write.action === "relate" ? [write.relation] : [])),
  );
  return fitting.map(({ at, write: { action, relation, provenance, atMs } }) => ({
    at,
    change: {
      entity: relation.from,
      scope: relation.scope,
      version: now.get(relation.from)?.version ?? 0,
      action,
      provenance,
      atMs,
      details: { relation: relation.id, to: relation.to, type: relation.type },
    },
  }));
}
