/**
 * Finds capabilities by the meaning of their names, for messages to capabilities that no agent provides.
 * addressing.capability-meaning.S1. It is asked only when there is no provider; no other message waits for it or pays
 *   for it.
 * addressing.capability-meaning.S2. A text is made into a vector once: vectors of names and descriptions are kept,
 *   the least used go first.
 * addressing.capability-meaning.S3. It never fails a message: a search that takes too long finds nothing.
 */
import { log } from "../../../kernel/log.ts";
import { type NearestCapability } from "../../acl/index.ts";
import { type TextVectors } from "../ports/index.ts";

/** A provided capability, and its descriptions. */
export type DescribedCapability = { readonly capability: string; readonly descriptions: readonly string[] };

type CapabilityMeaningOptions = {
  /** Cosine from which a capability counts as the same in other words. */
  readonly similarityMin: number;
};

/** Vectors kept; one of 384 numbers takes 1.5 KB. */
const VECTORS_MAX = 4_096;
const EMBED_TIMEOUT_MS = 2_000;
/** Messages that wait for vectors at once; what comes besides is answered without. */
const WAITING_MAX = 1_000;
/** Cosine from which a capability is named as related. */
const RELATED_SIMILARITY_MIN = 0.3;
const RELATED_MAX = 5;

/** What is near to a capability asked for: the nearest first. */
type SimilarCapabilities = {
  /** Those at or above the threshold. */
  readonly near: readonly NearestCapability[];
  /** Those that may be worth a hint. */
  readonly related: readonly NearestCapability[];
};
const NOTHING: SimilarCapabilities = { near: [], related: [] };

export class CapabilityEmbeddings {
  readonly #vectors: TextVectors;
  readonly #options: CapabilityMeaningOptions;
  /** The least used first. */
  readonly #known = new Map<string, Float32Array>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();

  constructor(vectors: TextVectors, options: CapabilityMeaningOptions) {
    this.#vectors = vectors;
    this.#options = options;
  }

  /** Those of `provided` that mean what `asked` says. Never rejects. */
  nearest(asked: string, provided: readonly DescribedCapability[]): Promise<SimilarCapabilities> {
    if (this.#pending.size >= WAITING_MAX || provided.length === 0) return Promise.resolve(NOTHING);
    const found = this.#compare(asked, provided).catch((error: unknown) => {
      log.warn({ err: error, capability: asked }, "what a capability means could not be looked up");
      return NOTHING;
    });
    this.#pending.add(found);
    return found.finally(() => this.#pending.delete(found));
  }

  async #compare(asked: string, provided: readonly DescribedCapability[]): Promise<SimilarCapabilities> {
    const texts = new Set([worded(asked), ...provided.flatMap(textsOf)]);
    const vectors = await this.#vectorsOf([...texts]);
    const own = vectors.get(worded(asked));
    if (own === undefined) return NOTHING;
    const all = provided
      .map((each) => {
        const similarities = textsOf(each).map((text) => cosine(own, vectors.get(text)));
        return { capability: each.capability, similarity: Math.max(0, ...similarities) };
      })
      .toSorted((one, other) => other.similarity - one.similarity || (one.capability < other.capability ? -1 : 1));
    return {
      near: all.filter(({ similarity }) => similarity >= this.#options.similarityMin),
      related: all.filter(({ similarity }) => similarity >= RELATED_SIMILARITY_MIN).slice(0, RELATED_MAX),
    };
  }

  /** More texts at once than are kept are compared all the same (S2). */
  async #vectorsOf(texts: readonly string[]): Promise<ReadonlyMap<string, Float32Array>> {
    const found = new Map<string, Float32Array>();
    const missing: string[] = [];
    for (const text of texts) {
      const known = this.#known.get(text);
      if (known === undefined) {
        missing.push(text);
        continue;
      }
      this.#known.delete(text);
      this.#known.set(text, known);
      found.set(text, known);
    }
    if (missing.length === 0) return found;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(EMBED_TIMEOUT_MS)]);
    const made = await this.#vectors.embed(missing, signal);
    for (const [at, text] of missing.entries()) {
      const vector = made[at];
      if (vector === undefined) continue;
      this.#known.set(text, vector);
      found.set(text, vector);
    }
    for (const text of this.#known.keys()) {
      if (this.#known.size <= VECTORS_MAX) break;
      this.#known.delete(text);
    }
    return found;
  }

  /** Lets go of what is being looked up. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#pending);
  }
}

/** A name as an embedder reads it. */
const worded = (capability: string): string => capability.replaceAll(/[-_.:/]+/gu, " ");

const textsOf = ({ capability, descriptions }: DescribedCapability): readonly string[] => [
  worded(capability),
  ...descriptions,
];

/** Of unit vectors. */
function cosine(one: Float32Array, other: Float32Array | undefined): number {
  if (other === undefined) return 0;
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return Math.min(1, sum);
}
