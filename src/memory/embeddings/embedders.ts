import { existsSync } from "node:fs";
import {
  ALL_MINILM,
  type EmbedderChoice,
  type EndpointOptions,
  minilmImage,
  openEmbedder,
  STATIC,
  UnknownEmbedderError,
} from "./index.ts";
import type { Models } from "../../models/vendors/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Embedder } from "../knowledge/index.ts";
import type { Config } from "../../server/config/index.ts";
import { modelsDirectory } from "../../server/models-directory.ts";

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
  readonly #config: Config;
  readonly #models: Pick<Models, "embeddingEndpoint">;
  readonly #clock: Clock;

  constructor(deps: {
    readonly config: Config;
    readonly models: Pick<Models, "embeddingEndpoint">;
    readonly clock: Clock;
  }) {
    this.#config = deps.config;
    this.#models = deps.models;
    this.#clock = deps.clock;
  }

  /** What `models.roles.embedding` names; the table that comes with Caxton unless it names something. */
  get used(): string {
    return this.#config.models.roles.embedding ?? STATIC;
  }

  known(): readonly KnownEmbedder[] {
    const installed = existsSync(minilmImage(modelsDirectory(this.#config)));
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
    const directory = modelsDirectory(this.#config);
    if (model === ALL_MINILM) return openEmbedder({ type: "minilm", directory }, this.#clock);
    return openEmbedder({ type: "endpoint", options: await this.#endpoint(model) }, this.#clock);
  }

  /** The embedder whose vectors have this id, while it still is here; endpoints are not asked for what they no longer are used for. */
  formerly(id: string): Embedder | undefined {
    const directory = modelsDirectory(this.#config);
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
    const endpoint = await this.#models.embeddingEndpoint(name);
    const { model } = endpoint;
    const stated = this.#config.models.facts[name]?.embedding_dims;
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
