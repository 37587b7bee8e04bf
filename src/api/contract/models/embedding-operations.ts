import { operation } from "../operation.ts";
import { CreateEmbeddingBody, Embeddings } from "./embeddings.ts";

export const create = operation({
  tags: ["models"],
  surfaces: ["rest", "cli"],
  name: "embedding.create",
  summary: "Compute vectors of texts with an embedder of this server",
  description: "The cosine of two vectors of one embedder is the similarity of their texts. Nothing is stored.",
  http: { method: "POST", path: "/api/v1/embeddings" },
  permission: "models:use",
  effect: "read",
  retry: "by-key",
  keepsAnswer: false,
  body: CreateEmbeddingBody,
  output: Embeddings,
});
