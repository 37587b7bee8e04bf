import * as z from "zod";
import { operations } from "../contract/index.ts";
import type { ProtocolScope } from "../http/index.ts";
import { checkInput } from "../operations/index.ts";

const Given = operations.embedding.create.body;

/** A request for embeddings. */
const EmbeddingRequest = z.object({
  model: z.string().min(1),
  input: z.unknown(),
  dimensions: z.number().nullish(),
  encoding_format: z.enum(["float", "base64"]).nullish(),
});

/** Vectors by the embedders of this server. */
export function embeddingRoutes(scope: ProtocolScope): void {
  scope.route({
    method: "POST",
    path: "/v1/embeddings",
    handle: async ({ caller, request }) => {
      const { model, input, dimensions, encoding_format: format } = checkInput(EmbeddingRequest, request.body);
      const given = checkInput(Given, { model, input, ...(dimensions != null && { dimensions }) });
      const { vectors, input_tokens: tokens, ...made } = await caller.perform(operations.embedding.create, given);
      const data = vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: format === "base64" ? base64(vector) : vector,
      }));
      return { object: "list", data, model: made.model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
    },
  });
}

/** Numbers of 32 bits, little-endian. */
function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT);
  return bytes.toString("base64");
}
