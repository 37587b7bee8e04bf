import * as z from "zod";
import { MODEL_VARIABLES, OPENAI_APIS, PROVIDER_TYPES } from "../../models/vendors/index.ts";
import { durationText } from "../../text/documents/index.ts";
import { variablesIn } from "../../text/references/index.ts";
import { trafficKeys } from "./traffic-config.ts";

const OPEN_KEY = "a key does not belong in this file: write a reference, ${env:NAME} or ${file:path}";
const SECRET_HEADER = /^(authorization|proxy-authorization|cookie)$|api[-_]?key|token|secret/i;

const model = z
  .string()
  .min(1)
  .optional()
  .meta({ examples: ["openai/gpt-5-nano"] });

const origin = z
  .string()
  .refine((text) => /^https?:\/\//.test(text) && [text, `${text}/`].includes(URL.parse(text)?.href ?? ""), {
    error: "expected scheme, host and port alone, such as https://gateway.example.com",
  });

const RolesTable = z
  .strictObject({
    execution: model.meta({ description: "The same as models.default, which wins" }),
    routing: model,
    summarising: model,
    embedding: model.meta({
      description:
        "What makes vectors for memory: static (the default), all-minilm-l6-v2, or provider/model of an endpoint",
      examples: ["all-minilm-l6-v2", "openai/text-embedding-3-small"],
    }),
  })
  .prefault({})
  .meta({ description: "Models for single kinds of work, provider/model; a definition's [llm.roles] win" });

/** Begin model strings of Caxton's own. */
const RESERVED: readonly string[] = ["mock", "scripted", "tool", "mcp"];

const ProviderName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: "a provider is named by lower-case letters, digits, _ and -" })
  .refine((name) => !RESERVED.includes(name), { error: "the name means something else in a model string" });

const ProviderTable = z.strictObject({
  type: z.enum(PROVIDER_TYPES).optional().meta({
    description: "The protocol it speaks; default: of a provider that is built in its own, else openai-compatible",
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
        if (SECRET_HEADER.test(name) && !value.includes("${"))
          context.addIssue({ code: "custom", path: [name], message: OPEN_KEY });
    })
    .optional()
    .meta({ description: "Sent with every request to it; values may be references" }),
  api: z.enum(OPENAI_APIS).optional().meta({
    description: "Which of OpenAI's protocols: responses is the default of api.openai.com, chat of any other address",
  }),
  region: z.string().min(1).optional().meta({ description: "Region of AWS, for Bedrock; default: AWS_REGION" }),
});

const FactsTable = z.strictObject({
  context_tokens: z.int().min(1_024).max(100_000_000).optional().meta({ description: "Request and answer together" }),
  output_tokens: z.int().min(1).max(10_000_000).optional().meta({ description: "The longest answer" }),
  images: z.boolean().optional().meta({ description: "Whether it takes pictures" }),
  embedding_dims: z
    .int()
    .min(1)
    .max(65_536)
    .optional()
    .meta({ description: "Numbers in its vectors, of a model of embeddings" }),
});

export const ModelsTable = z
  .strictObject({
    default: z
      .string()
      .optional()
      .meta({ description: "provider/model for definitions that name none", examples: ["openai/gpt-5-mini"] }),
    timeout: durationText({ minMs: 100 })
      .prefault("60s")
      .meta({ description: "For one attempt, where a definition sets none" }),
    roles: RolesTable,
    providers: z
      .record(ProviderName, ProviderTable)
      .default({})
      .meta({ description: "Providers of your own, by the name that begins their models; settings of those built in" }),
    facts: z
      .record(z.string(), FactsTable)
      .default({})
      .meta({ description: "What holds for a model, by provider/model, over what is known of it" }),
    environment: z.array(z.string()).default([]).meta({
      description: "Variables that definitions may refer to with ${env:NAME}, besides *_API_KEY and *_BASE_URL",
    }),
    key_origins: z
      .record(z.string().regex(/^(file:.+|[A-Za-z_][A-Za-z0-9_]*)$/), z.array(origin).min(1))
      .default({})
      .meta({
        description:
          "Origins that definitions may send a key to, by the variable that holds it (or file:path), besides the provider's own",
        examples: [{ OPENAI_API_KEY: ["https://gateway.example.com"] }],
      }),
    private_origins: z
      .array(origin)
      .default([])
      .meta({
        description: "Origins on this machine or in private networks that a definition's base_url may name",
        examples: [["http://10.0.0.5:8000"]],
      }),
    secrets_directories: z
      .array(z.string())
      .optional()
      .meta({ description: "Where ${file:path} in definitions may point; default: secrets.directories" }),
    prices_file: z.string().min(1).optional().meta({
      description: "TOML or JSON with prices of models, which go before those that Caxton knows",
    }),
    scripted_directory: z.string().optional().meta({ description: "Where scripted/<file> is looked up; for tests" }),
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
