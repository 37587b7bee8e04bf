import { existsSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import type { Embedder } from "../knowledge/index.ts";
import type { EndpointOptions } from "./endpoint.ts";
import { UnknownEmbedderError } from "./errors.ts";
import { minilmImage } from "./install.ts";
import { ALL_MINILM, type EmbedderChoice, openEmbedder, STATIC } from "./open-embedder.ts";

export type EmbeddersOptions = {
  /** Name of the embedder that memory uses; default: the table that comes with Caxton. */
  readonly used?: string | undefined;
  /** Where models are installed. */
  readonly directory: string;
  /** Dimensions of vectors by `provider/model`, over the known ones. */
  readonly dims: { readonly [model: string]: number | undefined };
};

/** Returns the endpoint of an embedding model. Rejects with UnknownModelError. */
export type NamedEndpoint = (name: string) => Promise<Omit<EndpointOptions, "name" | "dims">>;

type Deps = { readonly options: EmbeddersOptions; readonly endpoint: NamedEndpoint; readonly clock: Clock };

/** One that can be named in `models.roles.embedding`. */
export type KnownEmbedder = {
  readonly model: string;
  readonly isReady: boolean;
  readonly isUsed: boolean;
  readonly note: string;
};

/** Lengths of vectors that are known; of other models they have to be configured. */
const DIMS: Readonly<Record<string, number>> = {
  "text-embedding-3-small": 1_536,
  "text-embedding-3-large": 3_072,
  "text-embedding-ada-002": 1_536,
  "mistral-embed": 1_024,
  "nomic-embed-text": 768,
  "mxbai-embed-large": 1_024,
  "all-minilm": 384,
  "bge-m3": 1_024,
};
/** Models that make shorter vectors when they are asked to. */
const SHORTENING = /^text-embedding-3-/;

/** What makes vectors on this server: one that memory uses, and others that can be tried. */
export class Embedders {
  readonly #options: EmbeddersOptions;
  readonly #endpointOf: NamedEndpoint;
  readonly #clock: Clock;
  readonly #shared = new Map<string, Promise<Embedder>>();

  constructor({ options, endpoint, clock }: Deps) {
    this.#options = options;
    this.#endpointOf = endpoint;
    this.#clock = clock;
  }

  /** What `models.roles.embedding` names; the table that comes with Caxton unless it names something. */
  get used(): string {
    return this.#options.used ?? STATIC;
  }

  known(): readonly KnownEmbedder[] {
    const installed = existsSync(minilmImage(this.#options.directory));
    const { used } = this;
    const own = [
      { model: STATIC, isReady: true, note: "a table of words that comes with Caxton" },
      {
        model: ALL_MINILM,
        isReady: installed,
        note: installed ? "installed" : `not installed: caxton model install ${ALL_MINILM}`,
      },
    ];
    const other = own.some(({ model }) => model === used) ? [] : [{ model: used, isReady: true, note: "an endpoint" }];
    return [...own, ...other].map((embedder) => ({ ...embedder, isUsed: embedder.model === used }));
  }

  /** Rejects with UnknownEmbedderError, UnknownModelError, ModelNotInstalledError, ModelFileInvalidError. */
  async open(model = this.used): Promise<Embedder> {
    if (model === STATIC) return openEmbedder({ type: "static" }, this.#clock);
    const directory = this.#options.directory;
    if (model === ALL_MINILM) return openEmbedder({ type: "minilm", directory }, this.#clock);
    return openEmbedder({ type: "endpoint", options: await this.#endpoint(model) }, this.#clock);
  }

  /**
   * One of those that are known, opened once and closed with this. Rejects with UnknownEmbedderError, UnknownModelError,
   * ModelNotInstalledError, ModelFileInvalidError.
   */
  async shared(model = this.used): Promise<{ readonly model: string; readonly embedder: Embedder }> {
    const known = this.known().map((each) => each.model);
    if (!known.includes(model))
      throw new UnknownEmbedderError(`${model} is no embedder of this server`, `It has ${known.join(", ")}.`, {
        model,
      });
    const opening = this.#shared.get(model) ?? this.open(model);
    this.#shared.set(model, opening);
    try {
      return { model, embedder: await opening };
    } catch (error) {
      // It may be installed meanwhile.
      this.#shared.delete(model);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#shared.values());
    await Promise.all(opened.flatMap((each) => (each.status === "fulfilled" ? [each.value.close()] : [])));
  }

  /** The embedder whose vectors have this id, while it still is here; endpoints are not asked for what they no longer are used for. */
  formerly(id: string): Embedder | undefined {
    const directory = this.#options.directory;
    const own: readonly EmbedderChoice[] = existsSync(minilmImage(directory))
      ? [{ type: "static" }, { type: "minilm", directory }]
      : [{ type: "static" }];
    for (const choice of own) {
      const embedder = openEmbedder(choice, this.#clock);
      if (embedder.id === id) return embedder;
      void embedder.close();
    }
    return undefined;
  }

  async #endpoint(name: string): Promise<EndpointOptions> {
    const endpoint = await this.#endpointOf(name);
    const { model } = endpoint;
    const stated = this.#options.dims[name];
    const usual = DIMS[model.replace(/:latest$/, "")];
    const dims = stated ?? usual;
    if (dims === undefined)
      throw new UnknownEmbedderError(
        `how many numbers the vectors of ${name} have is not known`,
        `Say so in caxton.toml: [models.facts."${name}"] embedding_dims = 768`,
        { model: name },
      );
    return { ...endpoint, name, dims, isDimsSent: SHORTENING.test(model) && dims !== usual };
  }
}
