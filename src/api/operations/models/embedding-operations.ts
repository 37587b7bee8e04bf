import { CaxtonError } from "../../../kernel/errors.ts";
import { estimateTokens } from "../../../kernel/tokens.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";

/** Vectors of another length were asked for than an embedder makes. */
class EmbeddingLengthError extends CaxtonError<{ readonly model: string; readonly dimensions: number }> {
  readonly code = "EMBEDDING_LENGTH_FIXED";
  readonly kind = "invalid";
}

/**
 * Computes vectors of texts. Rejects with UnknownEmbedderError, EmbeddingLengthError, and for an embedder that fails with
 * ModelNotInstalledError, EmbedderUnavailableError, EmbedderOverloadedError, EmbeddingDimensionsError.
 */
const create = implement(
  operations.embedding.create,
  async ({ memory: { embedders } }, { input, model: name, dimensions: wanted }, { signal }) => {
    const { model, embedder } = await embedders.shared(name);
    const { dims: dimensions } = embedder;
    if (wanted !== undefined && wanted !== dimensions)
      throw new EmbeddingLengthError(
        `the vectors of ${model} have ${dimensions} numbers, not ${wanted}`,
        "Leave dimensions out, or name a model with vectors of that length.",
        { model, dimensions },
      );
    const texts = typeof input === "string" ? [input] : input;
    const vectors = await embedder.embed(texts, signal);
    return {
      model,
      dimensions,
      input_tokens: texts.reduce((sum, text) => sum + Math.min(estimateTokens(text), embedder.tokensMax), 0),
      vectors: vectors.map((vector) => Array.from(vector)),
    };
  },
);

export const embeddingOperations = [create] as const;
