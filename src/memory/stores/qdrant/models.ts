import { randomBytes } from "node:crypto";
import type { Schemas } from "@qdrant/js-client-rest";
import * as z from "zod";
import { EmbeddingModelMismatchError } from "../../knowledge/index.ts";
import { idOf } from "./facts.ts";
import { is, type Place } from "./place.ts";
import { isMissing, alreadyExists, isUnknownVector } from "./errors.ts";
import { META_POINT } from "./schema.ts";

const ModelPayload = z.object({ model: z.string(), vectors: z.string(), dims: z.number() });

/** A model whose vectors are kept, under which name and how long they are. */
export type Model = z.infer<typeof ModelPayload>;

const Meta = z.object({ active: z.string().optional() });
const NAME_BYTES = 8;

/**
 * The models whose vectors are kept: each has named vectors of its own in the collection. A name is never used twice, so that
 * what a document says of vectors that are gone cannot be taken for those of a model that came back.
 */
export class Models {
  readonly #place: Place;
  #known = new Map<string, Model>();
  /** Named vectors that are there for sure. */
  readonly #named = new Set<string>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** Reloads what other servers may have changed. */
  async load(): Promise<ReadonlyMap<string, Model>> {
    const found = await this.#place.all({ must: [is("kind", "model")] }, { fields: ["model", "vectors", "dims"] });
    const models = found.map(({ payload }) => ModelPayload.parse(payload));
    this.#known = new Map(models.map((one) => [one.model, one]));
    return this.#known;
  }

  async find(model: string): Promise<Model | undefined> {
    return this.#known.get(model) ?? (await this.load()).get(model);
  }

  /** The one that is there, or it is made. Throws EmbeddingModelMismatchError when its vectors have another length. */
  async for(model: string, dims: number): Promise<Model> {
    const known = (await this.find(model)) ?? (await this.#make(model, dims));
    // Of another server the point may be there before its named vectors are.
    if (!this.#named.has(known.vectors)) await this.name(known);
    if (known.dims === dims) return known;
    throw new EmbeddingModelMismatchError(model, known.dims, dims);
  }

  async #make(model: string, dims: number): Promise<Model> {
    const vectors = `v_${randomBytes(NAME_BYTES).toString("hex")}`;
    // Of two servers that bring one model at once, the second goes by the name that the first gave.
    await this.#place.put(
      [{ id: idOf("model", model), payload: { kind: "model", model, vectors, dims }, vector: {} }],
      "new",
    );
    const made = (await this.load()).get(model);
    if (!made) throw new Error(`the model ${model} was not written`);
    return made;
  }

  /** Makes its named vectors, where they are not there. */
  async name({ vectors, dims }: Model): Promise<void> {
    const dense = { size: dims, distance: "Cosine", multivector_config: { comparator: "max_sim" } } as const;
    const config: Schemas["VectorNameConfig"] = { dense };
    try {
      await this.#place.ask((client, collection) =>
        client.createVectorName(collection, vectors, config, { wait: true }),
      );
    } catch (error) {
      if (!alreadyExists(error)) throw error;
    }
    this.#named.add(vectors);
  }

  async active(): Promise<string | undefined> {
    const [meta] = await this.#place.retrieve([META_POINT], { fields: ["active"] });
    return Meta.safeParse(meta?.payload).data?.active;
  }

  /** One point names the active model, so that the change is atomic; obsolete vectors are deleted afterwards. */
  async activate(model: string): Promise<void> {
    if ((await this.active()) === model) return;
    await this.#place.change([
      { set_payload: { payload: { active: model }, filter: { must: [{ has_id: [META_POINT] }] } } },
    ]);
    await this.#dropOthers(model);
  }

  /** Vectors of others than the one that counts go: Qdrant takes all of a name away at once. */
  async dropOthers(model: string): Promise<void> {
    if ((await this.active()) === model) await this.#dropOthers(model);
  }

  async #dropOthers(model: string): Promise<void> {
    const others = [...(await this.load())].filter(([name]) => name !== model);
    for (const [name, { vectors }] of others) await this.#drop(name, vectors);
    if (others.length > 0) await this.load();
  }

  async #drop(model: string, vectors: string): Promise<void> {
    await this.#place.change([{ delete: { points: [idOf("model", model)] } }]);
    await this.unname(vectors);
  }

  /** Deletes named vectors from all points. */
  async unname(vectors: string): Promise<void> {
    this.#named.delete(vectors);
    try {
      await this.#place.ask((client, collection) => client.deleteVectorName(collection, vectors, { wait: true }));
    } catch (error) {
      if (!isUnknownVector(error) && !isMissing(error)) throw error;
    }
  }
}
