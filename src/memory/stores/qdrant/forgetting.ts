import { randomUUID } from "node:crypto";
import type { EntityId } from "../../../kernel/ids.ts";
import type { Change, ForgetBy, Forgotten, ForgetTarget, ScopeKey } from "../../knowledge/index.ts";
import { addForgotten, MemoryConflictError } from "../../knowledge/index.ts";
import { CHANGE, ENTITY, inFilters, RELATION } from "./archive.ts";
import { DOCUMENT_FIELDS, type Document, type StoredDocument, toStored } from "./documents.ts";
import { changePayload, changePoint, type Logged, loggedOf } from "./facts.ts";
import { NOTHING } from "./write-intent-recovery.ts";
import { QDRANT_LIMITS } from "./limits.ts";
import { type Filter, hasId, is, oneOf } from "./place.ts";
import type { Writing, WritingDeps } from "./writing.ts";

/**
 * Removes for good. An entity is marked first, from when on it is in no answer; then all there is of it is deleted, itself last, so
 * that what is cut off is finished at the next start.
 */
export class Forgetting {
  readonly #deps: WritingDeps;
  readonly #writing: Writing;

  constructor(deps: WritingDeps, writing: Writing) {
    this.#deps = deps;
    this.#writing = writing;
  }

  async forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
    switch (target.type) {
      case "entities":
        return this.#entities(target.ids, by);
      case "observations":
        return this.#observations(target, by);
      case "scope":
        return this.#scope(target.scope, by);
    }
  }

  async #entities(ids: readonly EntityId[], by: ForgetBy): Promise<Forgotten> {
    const { archive, finishing } = this.#deps;
    let gone = NOTHING;
    for (const id of new Set(ids)) {
      const filed = (await archive.byId([id], false)).filter(({ forgetting }) => !forgetting);
      const [one] = await archive.settled(filed);
      if (!one) continue;
      const counted = { ...(await this.#counted([one])), entities: 1 };
      const token = randomUUID();
      const log = this.#log({ entity: id, scope: one.head.scope, version: 0, details: counted }, by, token);
      for (const each of filed) await this.#mark({ must: [hasId([each.point])] }, log);
      await finishing.forget(filed.map((each) => ({ ...each, token, forgetting: { token, at_ms: by.atMs, log } })));
      gone = addForgotten(gone, counted);
    }
    return gone;
  }

  async #scope(scope: ScopeKey, by: ForgetBy): Promise<Forgotten> {
    const { archive, finishing, place } = this.#deps;
    const all = { must: [ENTITY, is("scope", scope)] };
    const filed = await archive.settled((await place.all(all, { fields: DOCUMENT_FIELDS })).map(toStored));
    const gone = { ...(await this.#counted(filed)), entities: filed.length };
    const known = filed.length > 0 || (await place.count({ must: [CHANGE, is("scope", scope)] })) > 0;
    if (!known) return NOTHING;
    const log = this.#log({ entity: undefined, scope, version: 0, details: gone }, by, randomUUID());
    await this.#mark(all, log);
    const marked = { must: [...all.must, oneOf("todo", ["forget"])] };
    await finishing.forget((await place.all(marked, { fields: DOCUMENT_FIELDS })).map(toStored));
    await place.put([{ id: log.point, payload: changePayload(log), vector: {} }]);
    await place.change([
      { delete: { filter: { must: [CHANGE, is("scope", scope)], must_not: [hasId([log.point])] } } },
    ]);
    return gone;
  }

  /** From now on it is in no result, and a process that read it before cannot change it. */
  async #mark(filter: Filter, log: Logged): Promise<void> {
    const { token, at_ms } = log;
    const payload = { todo: ["forget"], token, forgetting: { token, at_ms, log } };
    await this.#deps.place.change([{ set_payload: { payload, filter } }]);
  }

  async #counted(filed: readonly StoredDocument[]): Promise<Forgotten> {
    let relations = 0;
    const ids = filed.map(({ head }) => head.id);
    const seen = new Set<string>();
    for (const some of inFilters(ids)) {
      const filter = { must: [RELATION], should: [oneOf("from", some), oneOf("to", some)] };
      for await (const page of this.#deps.place.scroll(filter, { fields: ["id"] })) {
        for (const { id } of page) if (!seen.has(id)) relations += 1;
        for (const { id } of page) seen.add(id);
      }
    }
    return { entities: 0, relations, observations: filed.reduce((all, one) => all + one.observations.length, 0) };
  }

  #log(
    change: Pick<Change, "entity" | "scope" | "version" | "details">,
    { provenance, atMs }: ForgetBy,
    token: string,
  ): Logged {
    const seq = this.#deps.sequence.next();
    const point = changePoint(change.entity ?? change.scope, token);
    return loggedOf({ ...change, seq, action: "forget", provenance, atMs }, { point, token });
  }

  async #observations(target: Extract<ForgetTarget, { type: "observations" }>, by: ForgetBy): Promise<Forgotten> {
    const { archive, finishing, sequence } = this.#deps;
    const ids = new Set<string>(target.ids);
    for (let attempt = 0; attempt < QDRANT_LIMITS.tries; attempt += 1) {
      const before = await archive.one(target.entity);
      if (!before || before.forgetting) return NOTHING;
      const observations = before.observations.filter(({ id }) => !ids.has(id));
      const gone = { ...NOTHING, observations: before.observations.length - observations.length };
      if (gone.observations === 0) return NOTHING;
      const version = before.head.version + 1;
      const { id, scope } = before.head;
      const token = randomUUID();
      const seq = sequence.next(before.seq);
      const change: Change = {
        seq,
        entity: id,
        scope,
        version,
        action: "forget",
        ...by,
        details: gone,
      };
      const document: Document = {
        head: { ...before.head, version, updatedAtMs: by.atMs },
        observations,
        token,
        seq,
        unlogged: [...before.unlogged, loggedOf(change, { point: changePoint(id, `v${version}`), token })],
        // What its passages said is no longer so; they get vectors again from what is left.
        vectors: new Map(),
      };
      if (before.moving) await finishing.point(before);
      else if ((await this.#writing.put([{ document, instead: before }]))[0]) return gone;
    }
    throw new MemoryConflictError("the entity was changed by others each time", "Try again.", {
      entity: target.entity,
    });
  }
}
