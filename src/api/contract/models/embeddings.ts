import * as z from "zod";

const TEXTS_MAX = 2_048;
const CHARS_MAX = 100_000;
const NO_TOKENS = "expected text: numbers of tokens belong to the vocabulary of one model";

const Text = z.string({ error: NO_TOKENS }).min(1).max(CHARS_MAX);

export const CreateEmbeddingBody = z
  .strictObject({
    input: z
      .union([Text, z.array(Text).min(1).max(TEXTS_MAX)], { error: NO_TOKENS })
      .meta({ description: "One text or several; each is truncated to the length that the embedder reads" }),
    model: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .meta({ description: "An embedder of model.list; default: that of memory", examples: ["static"] }),
    dimensions: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Refused unless the embedder's vectors have this many numbers" }),
  })
  .meta({ id: "CreateEmbeddingBody" });

export const Embeddings = z
  .object({
    model: z.string(),
    dimensions: z.int(),
    input_tokens: z.int().meta({ description: "Estimate" }),
    vectors: z.array(z.array(z.number())).meta({ description: "Unit vectors, one for each text, in order" }),
  })
  .meta({ id: "Embeddings" });
export type Embeddings = z.infer<typeof Embeddings>;
