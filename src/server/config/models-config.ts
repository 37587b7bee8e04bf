import * as z from "zod";
import { exposesSecret } from "../../agents/definitions/index.ts";
import { MODEL_VARIABLES, OPENAI_APIS, PROVIDER_TYPES } from "../../models/vendors/index.ts";
import { durationText } from "../../text/documents/index.ts";
import { variablesIn } from "../../text/references/index.ts";
import { trafficKeys } from "./traffic-config.ts";

const OPEN_KEY = "a key does not belong in this file: write a reference, ${secret:NAME}, ${env:NAME} or ${file:path}";

const model = z
  .string()
  .min(1)
  .optional()
  .meta({ examples: ["openai/gpt-5-nano"] });

export const origin = z
  .string()
  .refine((text) => /^https?:\/\//.test(text) && [text, `${text}/`].includes(URL.parse(text)?.href ?? ""), {
    error: "expected scheme, host and port alone, such as https://gateway.example.com",
  });

/** An origin as browsers send it. */
export const PageOrigin = z
  .string()
  .refine(
    (text) =>
      /^https?:\/\/[^*]+$/.test(text) && [text, text.replace(/\/$/, "")].includes(URL.parse(text)?.origin ?? ""),
    { error: "expected one scheme, host and port alone, such as https://app.example.com" },
  );

const RolesTable = z
  .strictObject({
    execution: model.meta({ description: "Same as models.default, which takes precedence" }),
    routing: model,
    summarizing: model,
    embedding: model.meta({
      description:
        "Embedding model of memory: static (the default), all-minilm-l6-v2, or provider/model of an endpoint",
      examples: ["all-minilm-l6-v2", "openai/text-embedding-3-small"],
    }),
  })
  .prefault({})
  .meta({ description: "Models by role, as provider/model; a definition's [llm.roles] takes precedence" });

/** Provider names reserved for Caxton's own model strings. */
const RESERVED: readonly string[] = ["mock", "scripted", "tool", "mcp"];

const ProviderName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: "a provider is named by lower-case letters, digits, _ and -" })
  .refine((name) => !RESERVED.includes(name), { error: "the name means something else in a model string" });

const ProviderTable = z.strictObject({
  type: z.enum(PROVIDER_TYPES).optional().meta({
    description: "API protocol; default: the one of the built-in provider, else openai-compatible",
  }),
  base_url: z
    .string()
    .refine((url) => url.includes("${") || /^https?:\/\//.test(URL.parse(url)?.href ?? ""), {
      error: "expected a URL that begins with http:// or https://",
    })
    .optional()
    .meta({ examples: ["https://gateway.example.com/v1"] }),
  api_key: z
    .string()
    .refine((key) => key.includes("${"), { error: OPEN_KEY })
    .optional()
    .meta({ description: "A reference to the key, never the key", examples: ["${env:GATEWAY_KEY}"] }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string())
    .superRefine((table, context) => {
      for (const [name, value] of Object.entries(table))
        if (exposesSecret(name, value)) context.addIssue({ code: "custom", path: [name], message: OPEN_KEY });
    })
    .optional()
    .meta({ description: "Headers of every request; values may be references" }),
  api: z.enum(OPENAI_APIS).optional().meta({
    description: "OpenAI protocol; default: responses for api.openai.com, chat for any other address",
  }),
  region: z.string().min(1).optional().meta({ description: "AWS region, for Bedrock; default: AWS_REGION" }),
});

const FactsTable = z.strictObject({
  context_tokens: z
    .int()
    .min(1_024)
    .max(100_000_000)
    .optional()
    .meta({ description: "Context window: input and output tokens together" }),
  output_tokens: z.int().min(1).max(10_000_000).optional().meta({ description: "Maximum output tokens" }),
  images: z.boolean().optional().meta({ description: "Whether the model accepts images" }),
  embedding_dims: z
    .int()
    .min(1)
    .max(65_536)
    .optional()
    .meta({ description: "Dimensions of the vectors of an embedding model" }),
});

export const ModelsTable = z
  .strictObject({
    default: z
      .string()
      .optional()
      .meta({ description: "Model of definitions that name none, as provider/model", examples: ["openai/gpt-5-mini"] }),
    timeout: durationText({ minMs: 100 }).prefault("60s").meta({ description: "Default time limit of one attempt" }),
    roles: RolesTable,
    providers: z
      .record(ProviderName, ProviderTable)
      .default({})
      .meta({ description: "Custom providers and overrides of built-in ones, by the name that begins their models" }),
    facts: z
      .record(z.string(), FactsTable)
      .default({})
      .meta({ description: "Overrides of known properties of models, by provider/model" }),
    environment: z.array(z.string()).default([]).meta({
      description: "Environment variables allowed in definitions, in addition to *_API_KEY and *_BASE_URL",
    }),
    key_origins: z
      .record(z.string().regex(/^(file:.+|[A-Za-z_][A-Za-z0-9_]*)$/), z.array(origin).min(1))
      .default({})
      .meta({
        description:
          "Origins that definitions may send a key to, in addition to the provider's own, by variable name or file:path",
        examples: [{ OPENAI_API_KEY: ["https://gateway.example.com"] }],
      }),
    private_origins: z
      .array(origin)
      .default([])
      .meta({
        description: "Origins on this machine or in private networks allowed in a definition's base_url",
        examples: [["http://10.0.0.5:8000"]],
      }),
    secrets_directories: z
      .array(z.string())
      .optional()
      .meta({ description: "Directories allowed in ${file:path} of definitions; default: secrets.directories" }),
    prices_file: z.string().min(1).optional().meta({
      description: "TOML or JSON file of model prices; overrides the built-in prices",
    }),
    scripted_directory: z.string().optional().meta({ description: "Directory of scripted/<file> models, for tests" }),
    ...trafficKeys,
  })
  .prefault({});
export type ModelsTable = z.output<typeof ModelsTable>;

/** The variables of the environment that models and their providers read. */
export const modelVariables = ({ providers }: ModelsTable): readonly string[] => [
  ...MODEL_VARIABLES,
  ...Object.values(providers).flatMap(({ base_url: url = "", api_key: key = "", headers = {} }) =>
    variablesIn(url, key, ...Object.values(headers)),
  ),
];
