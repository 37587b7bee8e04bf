import * as z from "zod";
import type { Entity, ScopeStats, StoreStats, StoreProblem } from "../../knowledge/index.ts";
import { type Archive, ENTITY, inFilters, RELATION } from "./archive.ts";
import { DOCUMENT_FIELDS, entityOf, toStored } from "./documents.ts";
import { RELATION_FIELDS, relationOf } from "./facts.ts";
import type { WriteIntentRecovery } from "./write-intent-recovery.ts";
import type { Models } from "./models.ts";
import { is, oneOf, type Place } from "./place.ts";
import { collectionInfo, makeIndex, missingIndexes, vectorNames, WORDS } from "./schema.ts";
import type { Writing } from "./writing.ts";

const FORGOTTEN = oneOf("todo", ["forget"]);
const Counted = z.object({
  scope: z.string(),
  said: z.number(),
  passages: z.number(),
  ordinals: z.record(z.string(), z.array(z.unknown())),
});
const REPAIR = "`caxton memory doctor --repair` repairs it.";

/** Maintenance: missing vectors, statistics, checks, and rebuilding derived data. */
export class Maintenance {
  readonly #deps: {
    readonly place: Place;
    readonly archive: Archive;
    readonly models: Models;
    readonly finishing: WriteIntentRecovery;
    readonly writing: Writing;
  };

  constructor(deps: {
    readonly place: Place;
    readonly archive: Archive;
    readonly models: Models;
    readonly finishing: WriteIntentRecovery;
    readonly writing: Writing;
  }) {
    this.#deps = deps;
  }

  async unembedded(model: string, limit: number): Promise<readonly Entity[]> {
    const { place, archive, models } = this.#deps;
    const known = (await models.load()).get(model);
    const must_not = [FORGOTTEN, ...(known ? [is("complete", known.vectors)] : [])];
    const answer = await place.ask((client, collection) =>
      client.scroll(collection, { filter: { must: [ENTITY], must_not }, limit, with_payload: DOCUMENT_FIELDS }),
    );
    const filed = answer.points.map(({ id, payload }) => toStored({ id: String(id), payload, vector: undefined }));
    return (await archive.settled(filed)).map(entityOf);
  }

  async figures(): Promise<StoreStats> {
    const { place, models } = this.#deps;
    const names = new Map([...(await models.load()).values()].map(({ model, vectors }) => [vectors, model]));
    const active = await models.active();
    const scopes = new Map<string, { entities: number; observations: number }>();
    const byModel: Record<string, number> = {};
    let passages = 0;
    const fields = Object.keys(Counted.shape);
    for await (const page of place.scroll({ must: [ENTITY], must_not: [FORGOTTEN] }, { fields })) {
      for (const { payload } of page) {
        const { scope, said, passages: own, ordinals } = Counted.parse(payload);
        const { entities = 0, observations = 0 } = scopes.get(scope) ?? {};
        scopes.set(scope, { entities: entities + 1, observations: observations + said });
        passages += own;
        for (const [name, rows] of Object.entries(ordinals)) {
          const model = names.get(name);
          if (model !== undefined) byModel[model] = (byModel[model] ?? 0) + rows.length;
        }
      }
    }
    const relations = new Map(
      (await place.facet("scope", { must: [RELATION] })).map(({ value, count }) => [String(value), count]),
    );
    return {
      scopes: [...scopes].map(([scope, counted]): ScopeStats => ({
        scope,
        ...counted,
        relations: relations.get(scope) ?? 0,
      })),
      bytes: undefined,
      passagesByModel: byModel,
      passagesWithoutVector: passages - (active === undefined ? 0 : (byModel[active] ?? 0)),
      // What Qdrant has not indexed yet it looks through.
      indexed: 1,
    };
  }

  async check(repair: boolean): Promise<readonly StoreProblem[]> {
    const problems: StoreProblem[] = [];
    const note = (count: number, what: string, hint = REPAIR, isRepaired = repair) => {
      if (count > 0) problems.push({ what: `${count} ${what}`, hint, isRepaired });
    };
    note(await this.#unfinished(repair), "changes are begun and not finished");
    note(await this.#doubles(repair), "entities are there under two names");
    note(await this.#dangling(repair), "relations refer to what is gone");
    note(await this.#bare(repair), "entities cannot be found by their words");
    note(await this.#strayVectors(repair), "vectors' names belong to no model");
    const info = await collectionInfo(this.#deps.place);
    const missing = info ? missingIndexes(info) : [];
    if (repair) for (const key of missing) await makeIndex(this.#deps.place, key);
    note(missing.length, `of Qdrant's payload indexes are missing: ${missing.join(", ")}`);
    if (info?.status === "red")
      problems.push({
        what: "Qdrant says that the collection is damaged",
        hint: "Look into Qdrant's log, and restore its latest snapshot.",
        isRepaired: false,
      });
    return problems;
  }

  async #unfinished(repair: boolean): Promise<number> {
    if (repair) return this.#deps.finishing.all();
    return this.#deps.place.count({ must: [ENTITY, oneOf("todo", ["log", "move", "forget"])] });
  }

  /** Of a change of name that was cut off in an unlucky moment both points may be left; the later one counts already. */
  async #doubles(repair: boolean): Promise<number> {
    const { place, archive } = this.#deps;
    const seen = new Set<string>();
    const doubles = new Set<string>();
    for await (const page of place.scroll({ must: [ENTITY] }, { fields: DOCUMENT_FIELDS })) {
      for (const { head } of page.map(toStored)) {
        if (seen.has(head.id)) doubles.add(head.id);
        seen.add(head.id);
      }
    }
    if (!repair || doubles.size === 0) return doubles.size;
    for (const some of inFilters([...doubles])) {
      const filed = (await place.all({ must: [ENTITY, oneOf("id", some)] }, { fields: DOCUMENT_FIELDS })).map(toStored);
      const kept = new Set((await archive.settled(filed)).map(({ point }) => point));
      const gone = filed.map(({ point }) => point).filter((point) => !kept.has(point));
      await place.change([{ delete: { points: gone } }]);
    }
    return doubles.size;
  }

  async #dangling(repair: boolean): Promise<number> {
    const { place, archive } = this.#deps;
    const gone: string[] = [];
    for await (const page of place.scroll({ must: [RELATION] }, { fields: RELATION_FIELDS })) {
      const read = page.map(({ id, payload }) => ({ id, relation: relationOf(payload) }));
      const living = await archive.living([...new Set(read.flatMap(({ relation: { from, to } }) => [from, to]))]);
      gone.push(
        ...read.filter(({ relation }) => !(living.has(relation.from) && living.has(relation.to))).map(({ id }) => id),
      );
    }
    if (repair && gone.length > 0) await place.change([{ delete: { points: gone } }]);
    return gone.length;
  }

  async #bare(repair: boolean): Promise<number> {
    const { place, writing } = this.#deps;
    const filter = { must: [ENTITY], must_not: [FORGOTTEN, { has_vector: WORDS }] };
    if (!repair) return place.count(filter);
    const bare = await place.all(filter, { fields: DOCUMENT_FIELDS, isWithVectors: true });
    for (const found of bare) await writing.replace(toStored(found), toStored(found));
    return bare.length;
  }

  async #strayVectors(repair: boolean): Promise<number> {
    const { place, models } = this.#deps;
    const info = await collectionInfo(place);
    const known = [...(await models.load()).values()];
    const names = info ? vectorNames(info) : [];
    const stray = names.filter((name) => !known.some(({ vectors }) => vectors === name));
    const lacking = known.filter(({ vectors }) => !names.includes(vectors));
    if (repair) for (const name of stray) await models.unname(name);
    if (repair) for (const model of lacking) await models.name(model);
    return stray.length + lacking.length;
  }

  /** Rewrites the derived data of each entity. An entity that changes concurrently gets it with its change. */
  async reindex(progress: (done: number, all: number) => void): Promise<void> {
    const { place, writing } = this.#deps;
    const filter = { must: [ENTITY], must_not: [oneOf("todo", ["forget", "move"])] };
    const all = await place.count(filter);
    let done = 0;
    const info = await collectionInfo(place);
    for (const key of info ? missingIndexes(info) : []) await makeIndex(place, key);
    for await (const page of place.scroll(filter, { fields: DOCUMENT_FIELDS, isWithVectors: true })) {
      for (const found of page) {
        const filed = toStored(found);
        await writing.replace(filed, filed);
        done += 1;
        progress(Math.min(done, all), all);
      }
    }
  }
}
