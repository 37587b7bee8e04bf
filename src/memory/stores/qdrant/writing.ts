import { randomUUID } from "node:crypto";
import type { Clock } from "../../../kernel/clock.ts";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import type {
  Change,
  EntityRestore,
  EntityWrite,
  Passage,
  Relation,
  RelationWrite,
  WriteOutcome,
  PassageUpdate,
} from "../../knowledge/index.ts";
import { MemoryConflictError } from "../../knowledge/index.ts";
import type { Archive } from "./archive.ts";
import { CHANGE, inFilters, RELATION } from "./archive.ts";
import { type Document, type StoredDocument, type PassageVectors, pointOf } from "./documents.ts";
import {
  changePayload,
  changePoint,
  entityPoint,
  type Logged,
  loggedOf,
  relationPayload,
  relationPoint,
} from "./facts.ts";
import type { WriteIntentRecovery } from "./write-intent-recovery.ts";
import type { Models } from "./models.ts";
import { type NewPoint, oneOf, type Operation, type Place, written } from "./place.ts";
import type { Sequence } from "./sequence.ts";

export type WritingDeps = {
  readonly place: Place;
  readonly archive: Archive;
  readonly models: Models;
  readonly finishing: WriteIntentRecovery;
  readonly sequence: Sequence;
  readonly clock: Clock;
};

/** A document that is to be put in, and in whose place. */
type Put = { readonly document: Document; readonly instead: StoredDocument | undefined };

/**
 * Everything that changes entities. Each change is one point, put in only where what it was made from still is: Qdrant compares and
 * writes in one step, and whose write it was is seen from the token. Its line in the log is part of the point until it is in the
 * log, so it is there with the change or not at all.
 */
export class Writing {
  readonly #deps: WritingDeps;

  constructor(deps: WritingDeps) {
    this.#deps = deps;
  }

  async write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    for (const group of groups(writes)) {
      if (group.type === "relations") outcomes.push(...(await this.#relations(group.writes)));
      else outcomes.push(...(await this.#entities(group.writes)));
    }
    return outcomes;
  }

  async #entities(writes: readonly EntityWrite[]): Promise<readonly WriteOutcome[]> {
    const { archive, finishing } = this.#deps;
    const found = await archive.at(
      writes.map(({ head }) => entityPoint(head.scope, head.name)),
      true,
    );
    const outcomes: WriteOutcome[] = writes.map(() => "conflict");
    const puts = new Map<number, Put>();
    for (const [index, write] of writes.entries()) {
      const there = found.get(entityPoint(write.head.scope, write.head.name));
      if (there?.moving || there?.forgetting) await finishing.point(there);
      else if (there ? there.head.id === write.head.id && there.head.version === write.expected : write.expected === 0)
        puts.set(index, { document: await this.#after(write, there), instead: there });
      else if (!there) outcomes[index] = await this.#rename(write);
    }
    const done = await this.put([...puts.values()]);
    for (const [at, index] of [...puts.keys()].entries()) if (done[at]) outcomes[index] = "written";
    return outcomes;
  }

  /** As a write makes it. */
  async #after(write: EntityWrite, before: StoredDocument | undefined): Promise<Document> {
    const { head } = write;
    const withdrawn = new Set<string>(write.withdrawn);
    const kept = (before?.observations ?? []).map((one) =>
      one.until === undefined && withdrawn.has(one.id) ? { ...one, until: head.version } : one,
    );
    const change = this.#change(head.id, before, {
      entity: head.id,
      scope: head.scope,
      version: head.version,
      action: write.action,
      provenance: write.provenance,
      atMs: head.updatedAtMs,
      details: write.details,
    });
    return {
      head,
      observations: [...kept, ...write.added],
      ...change,
      vectors: await this.#vectors(before, write),
    };
  }

  #change(id: EntityId, before: StoredDocument | undefined, change: Omit<Change, "seq">) {
    const token = randomUUID();
    const seq = this.#deps.sequence.next(before?.seq);
    const logged = loggedOf({ ...change, seq }, { point: changePoint(id, `v${change.version}`), token });
    return { token, seq, unlogged: [...(before?.unlogged ?? []), logged] };
  }

  /** Vectors of passages that are as they were, and those that come. */
  async #vectors(
    before: StoredDocument | undefined,
    { passages, passageCount, model }: Pick<EntityWrite, "passages" | "passageCount" | "model">,
  ): Promise<PassageVectors> {
    const changed = new Set(passages.map(({ ordinal }) => ordinal));
    const vectors = new Map<string, ReadonlyMap<number, readonly number[]>>();
    for (const [name, rows] of before?.vectors ?? []) {
      vectors.set(name, new Map([...rows].filter(([ordinal]) => ordinal < passageCount && !changed.has(ordinal))));
    }
    return this.#withVectors(vectors, passages, model);
  }

  async #withVectors(
    before: PassageVectors,
    passages: readonly Passage[],
    model: string | undefined,
  ): Promise<PassageVectors> {
    const vectors = new Map(before);
    const [first] = passages.flatMap(({ vector }) => vector ?? []);
    if (!first || model === undefined) return vectors;
    const { vectors: name } = await this.#deps.models.for(model, first.length);
    const rows = new Map(vectors.get(name));
    for (const { ordinal, vector } of passages) if (vector) rows.set(ordinal, numbersOf(vector));
    return vectors.set(name, rows);
  }

  /** Writes documents that did not change concurrently; returns which were written. Their changes are in the log then. */
  async put(puts: readonly Put[]): Promise<readonly boolean[]> {
    const { place, finishing } = this.#deps;
    const points = puts.map(({ document }) => pointOf(document));
    const [made, changed]: [NewPoint[], NewPoint[]] = [[], []];
    for (const [index, point] of points.entries()) (puts[index]?.instead ? changed : made).push(point);
    const tokens = puts.flatMap(({ instead }) => instead?.token ?? []);
    if (made.length > 0) await place.put(made, "new");
    if (changed.length > 0) await place.put(changed, { tokens });
    const isDone = await this.#isWritten(puts);
    await finishing.log(puts.filter((_, index) => isDone[index]).map(({ document }) => document));
    return isDone;
  }

  /** Returns which versions are our writes, by the token in the point or, after a later write, in the log. */
  async #isWritten(puts: readonly Put[]): Promise<readonly boolean[]> {
    const { archive } = this.#deps;
    const there = await archive.at(
      puts.map(({ document: { head } }) => entityPoint(head.scope, head.name)),
      false,
    );
    const overtaken = puts.flatMap(({ document }) => {
      const now = there.get(entityPoint(document.head.scope, document.head.name));
      const isLater = now?.head.id === document.head.id && now.head.version > document.head.version;
      return isLater ? document.unlogged.slice(-1).map(({ point }) => point) : [];
    });
    const logged = overtaken.length > 0 ? await archive.logged(overtaken) : new Map<string, Logged>();
    return puts.map(({ document }) => {
      const now = there.get(entityPoint(document.head.scope, document.head.name));
      const own = document.unlogged.at(-1);
      return (
        now?.token === document.token ||
        now?.unlogged.some(({ token }) => token === document.token) === true ||
        (own !== undefined && logged.get(own.point)?.token === document.token)
      );
    });
  }

  /**
   * A renamed entity is another point. First the old point is marked as moving, which blocks changes; then
   * the new one is written, which acquires the name; then the old one is deleted. A process that finds it half done completes or rolls it back.
   */
  async #rename(write: EntityWrite): Promise<WriteOutcome> {
    const { archive, finishing, clock } = this.#deps;
    const before = await archive.one(write.head.id);
    if (!before || before.head.version !== write.expected || before.head.scope !== write.head.scope) return "conflict";
    if (before.moving || before.forgetting) {
      await finishing.point(before);
      return "conflict";
    }
    const document = await this.#after(write, before);
    const to = entityPoint(write.head.scope, write.head.name);
    const token = randomUUID();
    await finishing.mark(before, { todo: ["move"], token, moving: { token, to, at_ms: clock.nowMs() } });
    if ((await archive.at([before.point], false)).get(before.point)?.token !== token) return "conflict";
    const [isThere] = await this.put([{ document, instead: undefined }]);
    // Another process may have rolled it back as abandoned; then it is rolled back here too.
    const isStill = (await archive.at([before.point], false)).get(before.point)?.token === token;
    if (isThere && !isStill) await this.#deps.place.change([deleteOf(to, document.token)]);
    else await finishing.settleMove({ ...before, token, moving: { token, to, at_ms: 0 } });
    return isThere && isStill ? "written" : "conflict";
  }

  async #relations(writes: readonly RelationWrite[]): Promise<readonly WriteOutcome[]> {
    const { place, archive, sequence } = this.#deps;
    const ends = writes.flatMap(({ relation }) => [relation.from, relation.to]);
    const before = await archive.current([...new Set(ends)]);
    const outcomes = writes.map(({ relation: { from, to } }): WriteOutcome =>
      before.has(from) && before.has(to) ? "written" : "conflict",
    );
    const operations: Operation[] = [];
    const logs: string[] = [];
    for (const [index, { action, relation, provenance, atMs }] of writes.entries()) {
      if (outcomes[index] === "conflict") continue;
      const seq = sequence.next();
      const token = randomUUID();
      const change = changePayload(
        loggedOf(
          {
            seq,
            entity: relation.from,
            scope: relation.scope,
            version: before.get(relation.from)?.head.version ?? 0,
            action,
            provenance,
            atMs,
            details: { relation: relation.id, to: relation.to, type: relation.type },
          },
          { point: changePoint(relation.from, token), token },
        ),
      );
      const log = { id: changePoint(relation.from, token), payload: change, vector: {} };
      logs[index] = log.id;
      const point = relationPoint(relation);
      if (action === "unrelate") operations.push({ delete: { points: [point] } });
      const points = [
        log,
        ...(action === "relate" ? [{ id: point, payload: relationPayload(relation, seq), vector: {} }] : []),
      ];
      operations.push({ upsert: { points: points.map(written) } });
    }
    await place.change(operations);
    // An end that was forgotten meanwhile takes the relation with it: it was asked for before, and again now.
    const after = await archive.living([...new Set(ends)]);
    const lost = writes.flatMap(({ relation }, index) =>
      outcomes[index] === "written" && !(after.has(relation.from) && after.has(relation.to)) ? [index] : [],
    );
    for (const index of lost) outcomes[index] = "conflict";
    const gone = lost.flatMap((index) => {
      const { relation } = writes[index] ?? {};
      return relation ? [relationPoint(relation), ...(logs[index] ? [logs[index]] : [])] : [];
    });
    if (gone.length > 0) await place.change([{ delete: { points: gone } }]);
    return outcomes;
  }

  /** Vectors for an entity that still has the version; false: it has not. */
  async embedded(of: PassageUpdate): Promise<boolean> {
    const before = await this.#deps.archive.one(of.id);
    if (!before || before.head.version !== of.version || before.moving || before.forgetting) return false;
    const vectors = await this.#withVectors(before.vectors, of.passages, of.model);
    return this.replace(before, { ...before, vectors });
  }

  /** Replaces vectors or derived data of an entity; false: it changed concurrently. */
  async replace(before: StoredDocument, after: Document): Promise<boolean> {
    const { place, archive } = this.#deps;
    const document = { ...after, token: randomUUID() };
    await place.put([pointOf(document)], { tokens: [before.token] });
    return (await archive.at([before.point], false)).get(before.point)?.token === document.token;
  }

  async restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void> {
    const { place, archive, sequence } = this.#deps;
    const points = entities.map(({ head }) => entityPoint(head.scope, head.name));
    const there = await archive.at(points, false);
    for (const { head } of entities) {
      const other = there.get(entityPoint(head.scope, head.name));
      if (other && other.head.id !== head.id)
        throw new MemoryConflictError(
          `${head.scope} has another "${head.name}"`,
          "Names are unique within a scope; forget one of the two first.",
          { entity: head.name },
        );
    }
    const ids = entities.map(({ head }) => head.id);
    const former = (await archive.byId(ids, false))
      .map(({ point }) => point)
      .filter((point) => !points.includes(point));
    for (const some of inFilters(ids)) {
      await place.change([{ delete: { filter: { must: [CHANGE, oneOf("entity", some)] } } }]);
    }
    for (const entity of entities) await place.put(await this.#restored(entity));
    if (former.length > 0) await place.change([{ delete: { points: former } }]);
    const living = await archive.living([...new Set(relations.flatMap(({ from, to }) => [from, to]))]);
    const whole = relations.filter(({ from, to }) => living.has(from) && living.has(to));
    await this.#forgetRelations(whole.map(({ id }) => id));
    await place.put(
      whole.map((one) => ({ id: relationPoint(one), payload: relationPayload(one, sequence.next()), vector: {} })),
    );
  }

  async #forgetRelations(ids: readonly RelationId[]): Promise<void> {
    for (const some of inFilters(ids)) {
      await this.#deps.place.change([{ delete: { filter: { must: [RELATION, oneOf("id", some)] } } }]);
    }
  }

  async #restored({ head, observations, changes, passages, model }: EntityRestore): Promise<readonly NewPoint[]> {
    const { sequence } = this.#deps;
    const token = randomUUID();
    const logged = changes.map((change, index) => {
      const isOfVersion = change.action !== "relate" && change.action !== "unrelate";
      const point = changePoint(head.id, isOfVersion ? `v${change.version}` : `${token}${index}`);
      return loggedOf({ ...change, entity: head.id, scope: head.scope, seq: sequence.next() }, { point, token });
    });
    const document: Document = {
      head,
      observations,
      token,
      seq: logged.at(-1)?.seq ?? sequence.next(),
      unlogged: [],
      vectors: await this.#withVectors(new Map(), passages, model),
    };
    // The log first: an entity that is there has all of it.
    return [...logged.map((one) => ({ id: one.point, payload: changePayload(one), vector: {} })), pointOf(document)];
  }
}

/** Significant digits that identify a 32-bit float. */
const DIGITS = 9;
const numbersOf = (vector: Float32Array): readonly number[] =>
  Array.from(vector, (part) => Number(part.toPrecision(DIGITS)));

const deleteOf = (point: string, token: string): Operation => ({
  delete: { filter: { must: [{ has_id: [point] }, oneOf("token", [token])] } },
});

type Group =
  | { readonly type: "entities"; readonly writes: EntityWrite[] }
  | { readonly type: "relations"; readonly writes: RelationWrite[] };

/** Neighbours of one kind that can be written together: no entity twice. */
function groups(writes: readonly (EntityWrite | RelationWrite)[]): readonly Group[] {
  const made: Group[] = [];
  for (const write of writes) {
    const last = made.at(-1);
    if (write.type === "relation") {
      if (last?.type === "relations") last.writes.push(write);
      else made.push({ type: "relations", writes: [write] });
    } else if (last?.type === "entities" && !last.writes.some((one) => isSame(one, write))) last.writes.push(write);
    else made.push({ type: "entities", writes: [write] });
  }
  return made;
}

const isSame = ({ head: one }: EntityWrite, { head: other }: EntityWrite): boolean =>
  one.id === other.id || (one.scope === other.scope && one.name === other.name);
