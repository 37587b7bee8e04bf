import * as z from "zod";
import { ModelCondition } from "./model-condition.ts";

export const ModelProvider = z
  .object({
    name: z.string().meta({ description: "Prefix of its models' names" }),
    type: z.string().meta({ description: "Protocol" }),
    ready: z.boolean(),
    note: z.string().meta({ description: "Configuration in use, or what is missing" }),
    key_name: z.string().nullable().meta({ description: "Name of the secret that gives its key when it is stored" }),
    test_model: z.string().nullable().meta({ description: "Model with which its key can be tested" }),
  })
  .meta({ id: "ModelProvider" });
export type ModelProvider = z.infer<typeof ModelProvider>;

export const ModelProviderPage = z
  .object({ items: z.array(ModelProvider), next: z.null() })
  .meta({ id: "ModelProviderPage" });

const Usd = z.number().meta({ description: "USD per million tokens" });

export const KnownModel = z
  .object({
    id: z.string().meta({ description: "provider/model, as in definitions" }),
    provider: z.string(),
    context_tokens: z.int().meta({ description: "Maximum tokens of request and answer together" }),
    output_tokens: z.int().meta({ description: "Maximum tokens of an answer" }),
    images: z.boolean().meta({ description: "Whether it accepts images" }),
    price: z.object({ input: Usd, output: Usd }).nullable().meta({ description: "null: not known" }),
    roles: z.array(z.string()).meta({ description: "Default uses on this server" }),
  })
  .meta({ id: "KnownModel" });
export type KnownModel = z.infer<typeof KnownModel>;

/** What can make vectors for memory. */
export const KnownEmbedder = z
  .object({
    model: z.string().meta({ description: "Value for models.roles.embedding" }),
    ready: z.boolean(),
    used: z.boolean().meta({ description: "Whether memory computes vectors with it" }),
    note: z.string().meta({ description: "Description, or what is missing" }),
  })
  .meta({ id: "KnownEmbedder" });

/** A server on this machine that was asked what models it has. */
export const LocalModelServer = z
  .object({
    provider: z.string(),
    address: z.string(),
    answers: z.boolean(),
    models: z.array(z.object({ id: z.string(), bytes: z.number().nullable() })),
  })
  .meta({ id: "LocalModelServer" });

export const ModelQuery = z.object({
  discover: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "Include the models of a local Ollama; takes up to two seconds" }),
});

export const ModelPage = z
  .object({
    default_model: z.string(),
    items: z.array(KnownModel),
    embedders: z.array(KnownEmbedder).default([]).meta({ description: "Embedding models" }),
    traffic: z.array(ModelCondition).meta({ description: "State of the models used, per key" }),
    local: z.array(LocalModelServer).meta({ description: "Empty unless requested" }),
    next: z.null(),
  })
  .meta({ id: "ModelPage" });
export type ModelPage = z.infer<typeof ModelPage>;

export const TestModelBody = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(300)
      .meta({ examples: ["openai/gpt-5-mini"] }),
  })
  .meta({ id: "TestModelBody" });

export const ModelCheck = z
  .object({
    check: z.enum(["answer", "tools", "structured", "embedding"]),
    state: z.enum(["ok", "failed", "skipped"]),
    note: z.string(),
    fix: z.string().meta({ description: "Remedy if it failed; else empty" }),
    first_part_ms: z.number().nullable(),
    duration_ms: z.number().nullable(),
    input_tokens: z.int().nullable(),
    output_tokens: z.int().nullable(),
  })
  .meta({ id: "ModelCheck" });
export type ModelCheck = z.infer<typeof ModelCheck>;

export const ModelTest = z
  .object({
    model: z.string(),
    ok: z.boolean().meta({ description: "Whether the model answers; tools and structured answers are optional" }),
    checks: z.array(ModelCheck),
  })
  .meta({ id: "ModelTest" });
export type ModelTest = z.infer<typeof ModelTest>;
