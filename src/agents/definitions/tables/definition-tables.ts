import * as z from "zod";
import { BudgetTable } from "../../budgets/index.ts";
import { durationText } from "../../../text/documents/index.ts";
import { isJsonObject, JsonObject, parseJson } from "../../../kernel/json.ts";
import { schemaFault } from "../../../kernel/schema-fault.ts";
import { approverNames, expiresText, ON_EXPIRY, ruleLists } from "../../permissions/index.ts";
import { FALLBACKS_MAX, MemoryScope, MODEL, ON_MODEL_FAILURE, REASONING_EFFORTS, REFERENCE } from "../rules.ts";

/** A table whose content is not looked at. */
export const FreeTable = JsonObject.optional();

const OPEN_KEY = "a key does not belong in a definition: it would be stored and shown with it";
const REFER =
  "Write a reference: ${secret:NAME} for a stored secret, ${env:NAME} for an environment variable of the server, or ${file:path}.";
const SECRET_HEADER = /^(authorization|proxy-authorization|cookie)$|api[-_]?key|token|secret/i;

/** Whether a header contains a secret as text instead of a reference. */
export const exposesSecret = (name: string, value: string): boolean =>
  SECRET_HEADER.test(name) && !value.includes("${");

const headers = z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string()).superRefine((table, context) => {
  for (const [name, value] of Object.entries(table))
    if (exposesSecret(name, value))
      context.addIssue({
        code: "custom",
        path: [name],
        message: OPEN_KEY,
        params: { code: "SECRET_IN_FILE", fix: REFER, secret: true },
      });
});

const roleModel = z
  .string()
  .regex(MODEL, { error: 'a model is written "provider/model"' })
  .optional()
  .meta({ examples: ["openai/gpt-5-nano"] });

export const LlmTable = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "provider/model", examples: ["openai/gpt-5-mini"] }),
    provider: z
      .string()
      .regex(/^[a-z][a-z0-9_-]*$/, { error: "a provider is a lower-case word, such as openai" })
      .optional()
      .meta({ description: "The provider, when model does not name it", examples: ["openai"] }),
    base_url: z
      .string()
      .refine((url) => url.includes("${") || /^https?:\/\//.test(URL.parse(url)?.href ?? ""), {
        error: "expected a URL that begins with http:// or https://",
      })
      .optional()
      .meta({ description: "Where the provider answers", examples: ["http://localhost:11434/v1"] }),
    api_key: z
      .string()
      .superRefine((value, context) => {
        if (!REFERENCE.test(value))
          context.addIssue({
            code: "custom",
            message: OPEN_KEY,
            params: { code: "SECRET_IN_FILE", fix: REFER, secret: true },
          });
      })
      .optional()
      .meta({ description: "A reference to the key, never the key", examples: ["${env:OPENAI_API_KEY}"] }),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .optional()
      .meta({
        description: "0 is the most predictable, 2 the least",
        examples: [0.2],
      }),
    max_tokens: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({
        description: "Longest answer of one turn, in tokens",
        examples: [4096],
      }),
    timeout: durationText({ minMs: 1_000, maxMs: 3_600_000 })
      .optional()
      .meta({
        description: "Longest time for one call of the model",
        examples: ["60s"],
      }),
    headers: headers.default({}).meta({ description: "Sent with every request to the provider" }),
    api: z.enum(["responses", "chat"]).optional().meta({
      description:
        "Which of OpenAI's protocols is spoken; default: responses to OpenAI itself, chat to any other address",
    }),
    reasoning: z
      .enum(REASONING_EFFORTS)
      .optional()
      .meta({
        description: "How much the model thinks before it answers, where it can; the provider's default when absent",
        examples: ["low"],
      }),
    prompt_caching: z.boolean().optional().meta({
      description: "Let the provider keep its work on what requests have in common, which is cheaper; default true",
    }),
    options: JsonObject.optional().meta({
      description: "Options of the provider by its own names, handed on as they are",
      examples: [{ serviceTier: "flex" }],
    }),
    fallback: z
      .array(z.string().regex(MODEL, { error: 'a model is written "provider/model"' }))
      .max(FALLBACKS_MAX)
      .default([])
      .meta({
        description: "Fallback models, in this order, if the model fails",
        examples: [["openai/gpt-5-nano", "ollama/llama3.1:8b"]],
      }),
    on_failure: z
      .enum(ON_MODEL_FAILURE)
      .optional()
      .meta({
        description:
          "Reaction to a failing model: fallback uses the listed models and then fails; ask then waits for the choice of a person; fail uses no other model. Default: ask if a person follows the run, else fallback",
        examples: ["ask"],
      }),
    roles: z.strictObject({ routing: roleModel, summarizing: roleModel, embedding: roleModel }).optional().meta({
      description: "Models for other work than the agent's own; a role that is absent is done by its own model",
    }),
  })
  .meta({ description: "The model that runs the agent; without it the server's default does" });

export const AgentBudgetTable = BudgetTable.extend({
  per_day: BudgetTable.optional().meta({ description: "What all runs of the agent may use up in one day" }),
}).meta({
  description: "What one run may use up; what is not named is limited by the server's configuration, or not at all",
});

const jsonText = z.string().transform((text, context) => {
  const parsed = parseJson(text);
  if (parsed.type === "parsed" && isJsonObject(parsed.value)) return parsed.value;
  const reason = parsed.type === "malformed" ? parsed.reason : "it is no object";
  context.addIssue({ code: "custom", message: `the schema is not a JSON object: ${reason}` });
  return z.NEVER;
});

export const OutputTable = z
  .strictObject({
    schema: z
      .union([JsonObject, jsonText])
      .superRefine((schema, context) => {
        const fault = schemaFault(schema);
        if (fault === undefined) return;
        const where = fault.path.join(".");
        const message = `this is no JSON Schema: ${where === "" ? "" : `${where}: `}${fault.reason}`;
        context.addIssue({ code: "custom", path: [...fault.path], message });
      })
      .meta({
        description: "JSON Schema that the answer fits, as a table or as JSON text",
        examples: ['{"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}'],
      }),
  })
  .meta({ description: "The form of the answer: JSON, checked, and asked for once more when it does not fit" });

const similarity = z.number().min(0).max(1).optional();

export const MemoryTable = z
  .strictObject({
    enabled: z.boolean().optional(),
    scope: MemoryScope.optional().meta({ examples: ["workspace"] }),
    auto_store: z
      .boolean()
      .optional()
      .meta({ description: "Remember the request and answer of each run that completes. Default: false" }),
    store_scope: MemoryScope.optional().meta({
      description: "The memory that auto_store writes to, whatever scope says. Default: agent-only",
      examples: ["conversation"],
    }),
    extract_with: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "The agent that takes facts out of what auto_store keeps, in a run of its own, after the answer",
        examples: ["memory-extractor"],
      }),
    exclude_patterns: z
      .array(z.string().min(1).max(100))
      .max(50)
      .optional()
      .meta({
        description: 'Words; auto_store leaves out lines that have one. Default: "password", "api_key", "secret"',
        examples: [["password", "salary"]],
      }),
    search_limit: z.int().min(1).max(1_000).optional(),
    min_similarity: similarity,
    retention: durationText({ maxMs: 36_600 * 86_400_000 })
      .optional()
      .meta({ examples: ["90d"] }),
    semantic_search: z.boolean().optional(),
    relationship_tracking: z.boolean().optional(),
    auto_cleanup: z.boolean().optional(),
    learning_rate: z.union([z.string(), z.number()]).optional(),
    backend: z.string().optional(),
    settings: z
      .strictObject({
        search_threshold: similarity,
        max_results: z.int().min(1).max(1_000).optional(),
        retention_days: z.int().min(1).optional(),
        hybrid_search: z.boolean().optional(),
        semantic_weight: similarity,
        content_types: z.array(z.string()).optional(),
        exclude_patterns: z.array(z.string()).optional(),
        version_limit: z.int().min(1).optional(),
        batch_size: z.int().min(1).optional(),
        cache_enabled: z.boolean().optional(),
        preload_context: z.boolean().optional(),
      })
      .optional(),
  })
  .meta({ description: "What the agent remembers" });

export const PermissionsTable = z
  .strictObject({
    ...ruleLists,
    read_only: z
      .boolean()
      .default(false)
      .meta({ description: "Of its tools the agent gets only those that say they change nothing" }),
    ask_destructive: z
      .boolean()
      .default(false)
      .meta({ description: "Ask for calls of tools that say they are destructive, where no rule allows them" }),
    expires: expiresText
      .optional()
      .meta({ description: "How long an approval waits; never longer than the server's", examples: ["1h"] }),
    on_expiry: z
      .enum(ON_EXPIRY)
      .optional()
      .meta({ description: "Action when an approval expires: refuse (the model is informed) or fail (the run fails)" }),
    approvers: approverNames
      .optional()
      .meta({ description: "Roles that may answer, among those the server permits", examples: [["operator"]] }),
  })
  .meta({
    description:
      "Which calls are made, which are not, and which a person approves first; the stricter of this and the server's counts",
  });

export const ConversationTable = z
  .strictObject({
    when_busy: z.enum(["queue", "steer", "interrupt", "reject"]).optional().meta({
      description:
        "A message of a thread that arrives while a turn is in progress: wait for its end, join it before its next model call, cancel it, or refuse the message. Default queue",
    }),
    max_turns: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ description: "Runs of the agent in one conversation; a message past that is refused. Default 50" }),
    context_window: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .optional()
      .meta({ description: "The same as context.window, in tokens" }),
    memory_strategy: z
      .enum(["sliding", "summarize", "persist"])
      .optional()
      .meta({ description: "The same as context.strategy; persist is summarize" }),
    timeout: durationText()
      .optional()
      .meta({ examples: ["5m"] }),
    temperature: z.number().min(0).max(2).optional(),
    memory_integration: z.boolean().optional(),
  })
  .meta({ description: "Behavior in conversations" });
