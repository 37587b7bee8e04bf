import * as z from "zod";
import { JsonObject, parseJson } from "../../../kernel/json.ts";
import { listIn } from "../lists.ts";
import { LimitUses } from "./memory-limits.ts";
import { Cursor, page } from "../problem.ts";

const Instant = z.iso.datetime();
const Share = z.number().min(0).max(1);
const MaybeInstant = Instant.nullable();

const SCOPE_TEXT = /^(?:global|workspace|(?:agent-only|conversation):.{1,256})$/u;

/** As callers write it: `workspace`, `global`, `agent-only:<agent>`, `conversation:<id>`. */
export const MemoryScope = z
  .string()
  .regex(SCOPE_TEXT, { error: "workspace, global, agent-only:<agent> or conversation:<id>" })
  .meta({ description: "workspace, global, agent-only:<agent> or conversation:<id>", examples: ["workspace"] });
export const Scopes = z.array(MemoryScope).min(1).max(20);
export const SCOPES_LISTED = "Scopes, with commas between; or as a JSON array, where one has a comma itself";

export const Provenance = z
  .object({
    source: z.enum(["run", "message", "tool", "user", "import"]),
    source_id: z.string().nullable(),
    agent: z.string().nullable(),
  })
  .meta({ id: "MemoryProvenance" });

export const Observation = z
  .object({
    id: z.string(),
    text: z.string(),
    confidence: Share,
    valid_from: MaybeInstant,
    valid_to: MaybeInstant,
    provenance: Provenance,
    at: Instant,
    since: z.int().meta({ description: "First version of the entity that has it" }),
    until: z.int().nullable().meta({ description: "First version without it; null: it is current" }),
  })
  .meta({ id: "MemoryObservation" });
export type MemoryObservation = z.infer<typeof Observation>;

export const Entity = z
  .object({
    id: z.string(),
    scope: MemoryScope,
    name: z.string(),
    type: z.string(),
    observations: z.array(Observation),
    confidence: Share,
    strength: Share,
    valid_from: MaybeInstant,
    valid_to: MaybeInstant,
    metadata: JsonObject,
    version: z.int(),
    created_at: Instant,
    updated_at: Instant,
    truncated: z.boolean().meta({ description: "Whether older observations are omitted because of `max_tokens`" }),
  })
  .meta({ id: "MemoryEntity" });
export type MemoryEntity = z.infer<typeof Entity>;
export const EntityPage = page(Entity).meta({ id: "MemoryEntityPage" });

export const Relation = z
  .object({
    id: z.string(),
    scope: MemoryScope,
    from: z.string().meta({ description: "The entity's id" }),
    to: z.string(),
    type: z.string(),
    strength: Share,
    confidence: Share,
    bidirectional: z.boolean(),
    valid_from: MaybeInstant,
    valid_to: MaybeInstant,
    metadata: JsonObject,
    provenance: Provenance,
    created_at: Instant,
  })
  .meta({ id: "MemoryRelation" });
export type MemoryRelation = z.infer<typeof Relation>;

const ObservationInput = z.union([
  z.string(),
  z.strictObject({
    text: z.string(),
    confidence: Share.optional(),
    valid_from: Instant.optional(),
    valid_to: Instant.optional(),
  }),
]);

const NAMES_MAX = 100;
const EntityInput = z.strictObject({
  name: z.string(),
  type: z.string().optional().meta({ description: "Default for a new entity: thing" }),
  observations: z.array(ObservationInput).max(1_000).default([]),
  confidence: Share.optional(),
  strength: Share.optional(),
  valid_from: Instant.optional(),
  valid_to: Instant.optional(),
  metadata: JsonObject.optional(),
});

export const RememberBody = z
  .strictObject({ scope: MemoryScope.default("workspace"), entities: z.array(EntityInput).min(1).max(NAMES_MAX) })
  .meta({ id: "Remember" });

export const Remembered = z
  .object({
    items: z.array(
      z.object({
        outcome: z
          .enum(["created", "changed", "unchanged"])
          .meta({ description: "unchanged: everything was stored already" }),
        entity: Entity,
        added: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: "Remembered" });
export type MemoryRemembered = z.infer<typeof Remembered>;

export const ReviseBody = z
  .strictObject({
    name: z.string().optional(),
    type: z.string().optional(),
    confidence: Share.optional(),
    strength: Share.optional(),
    valid_from: MaybeInstant.optional(),
    valid_to: MaybeInstant.optional(),
    metadata: JsonObject.optional(),
    observations: z
      .array(
        z.strictObject({
          text: z.string().meta({ description: "Text as stored" }),
          confidence: Share.optional(),
          valid_from: MaybeInstant.optional(),
          valid_to: MaybeInstant.optional(),
        }),
      )
      .max(1_000)
      .default([])
      .meta({ description: "Observations whose confidence or validity changes" }),
    withdraw: z.array(z.string()).max(1_000).default([]).meta({ description: "Texts of observations to retract" }),
  })
  .meta({ id: "ReviseEntity" });

export const RelateBody = z
  .strictObject({
    scope: MemoryScope.default("workspace"),
    relations: z
      .array(
        z.strictObject({
          from: z.string().meta({ description: "The entity's name" }),
          to: z.string(),
          type: z.string(),
          strength: Share.optional(),
          confidence: Share.optional(),
          bidirectional: z.boolean().optional(),
          valid_from: MaybeInstant.optional(),
          valid_to: MaybeInstant.optional(),
          metadata: JsonObject.optional(),
        }),
      )
      .min(1)
      .max(NAMES_MAX),
  })
  .meta({ id: "Relate" });
export const RelationList = z.object({ items: z.array(Relation) }).meta({ id: "MemoryRelationList" });

function metadataIn(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const parsed = parseJson(text);
  return parsed.type === "malformed" ? text : parsed.value;
}

/** When it must hold. */
const At = z.union([z.enum(["now", "any"]), Instant]);

const SURE = "Only entities with this confidence or more";
const UpdatedFrom = Instant.optional().meta({ description: "Only entities changed at or after this time" });
const UpdatedTo = Instant.optional().meta({ description: "Only entities not changed after this time" });

const HITS_MAX = 100;
export const SearchBody = z
  .strictObject({
    query: z.string().min(1).max(10_000),
    scopes: Scopes.default(["workspace", "global"]),
    mode: z.enum(["hybrid", "semantic", "keyword"]).default("hybrid"),
    limit: z.int().min(1).max(HITS_MAX).default(10),
    cursor: Cursor,
    min_similarity: Share.optional().meta({ description: "Minimum cosine similarity" }),
    keyword_weight: Share.optional(),
    expand: z.int().min(0).max(3).default(0).meta({ description: "Number of relations to follow from hits" }),
    exact: z.boolean().default(false).meta({
      description: "Compare all vectors instead of likely candidates only",
    }),
    max_tokens: z.int().min(1).optional().meta({ description: "Approximate maximum of tokens" }),
    at: At.default("now").meta({ description: "Time at which facts must be valid" }),
    types: z.array(z.string()).max(100).optional(),
    agent: z.string().optional().meta({ description: "Only entities with observations by this agent" }),
    metadata: JsonObject.optional().meta({ description: "Only entities whose metadata has these values" }),
    min_confidence: Share.optional().meta({ description: SURE }),
    updated_from: UpdatedFrom,
    updated_to: UpdatedTo,
  })
  .meta({ id: "SearchMemory" });
export type SearchMemoryBody = z.output<typeof SearchBody>;

export const Hit = z
  .object({
    entity: Entity,
    score: z.object({
      total: z.number(),
      similarity: z.number().nullable().meta({ description: "Cosine similarity of its nearest passage" }),
      keyword: z.number(),
      recency: z.number(),
      graph: z.number(),
      matched: z.array(z.string()),
    }),
    facts: z
      .array(z.object({ id: z.string(), text: z.string(), score: z.number() }))
      .meta({ description: "The observations that match the query best, at most 5, best first" }),
  })
  .meta({ id: "MemoryHit" });
export const SearchResult = z
  .object({
    items: z.array(Hit),
    next: z.string().nullable(),
    tokens: z.int(),
    notices: z.array(z.enum(["no-embedder", "embedder-failed", "model-changing", "indexing", "vectors-full"])).meta({
      description:
        "Limits of this search. `indexing`: not everything is indexed yet; `vectors-full`: some entities are found by keywords only, because the vector limit is reached",
    }),
  })
  .meta({ id: "MemorySearchResult" });
export type MemorySearchResult = z.infer<typeof SearchResult>;

const scopeQuery = z
  .string()
  .default("workspace,global")
  .transform(listIn)
  .pipe(Scopes)
  .meta({ description: SCOPES_LISTED });
const limit = z.coerce.number<number>().int().min(1).max(200).default(50);
const tokens = (of: string) => z.coerce.number<number>().int().min(1).optional().meta({ description: of });
const someTokens = (what: string) =>
  tokens(`About so many tokens of ${what} at most; the first is always there, cut if it must be`);

export const EntityQuery = z.object({
  scopes: scopeQuery,
  type: z.string().optional(),
  agent: z.string().optional().meta({ description: "Only entities with observations by this agent" }),
  metadata: z
    .string()
    .optional()
    .transform(metadataIn)
    .pipe(JsonObject.optional())
    .meta({ description: 'Only entities whose metadata has these values, as JSON: `{"team":"billing"}`' }),
  min_confidence: z.coerce.number<number>().min(0).max(1).optional().meta({ description: SURE }),
  updated_from: UpdatedFrom,
  updated_to: UpdatedTo,
  at: At.default("any").meta({ description: "Time at which facts must be valid" }),
  max_tokens: someTokens("entities"),
  cursor: Cursor,
  limit,
});
const entityTokens = tokens("About so many tokens of it at most: its newest observations");
export const OneQuery = z.object({ max_tokens: entityTokens });
export const NamedQuery = z.object({
  scope: MemoryScope.default("workspace"),
  name: z.string().min(1).max(256),
  max_tokens: entityTokens,
});
export const HistoryQuery = z.object({
  max_tokens: tokens(
    "Approximate maximum of tokens of changes and their observations; the first change is always included, truncated if necessary. The entity gets the rest",
  ),
  cursor: Cursor,
  limit,
});
export const LogQuery = z.object({ scopes: scopeQuery, max_tokens: someTokens("changes"), cursor: Cursor, limit });

const VISITS_MAX = 1_000;
export const GraphQuery = z.object({
  scopes: scopeQuery,
  start: z.string().meta({ description: "Ids of entities, comma-separated" }),
  depth: z.coerce.number<number>().int().min(1).max(10).default(2),
  direction: z.enum(["outgoing", "incoming", "both"]).default("both"),
  types: z.string().optional().meta({ description: "Types of relations, comma-separated or as a JSON array" }),
  min_strength: z.coerce.number<number>().min(0).max(1).default(0),
  max_tokens: someTokens("entities"),
  cursor: Cursor,
  limit: z.coerce.number<number>().int().min(1).max(VISITS_MAX).default(100),
});
export const Graph = z
  .object({
    entities: z.array(z.object({ entity: Entity, depth: z.int(), via: z.string().nullable() })),
    relations: z
      .array(Relation)
      .meta({ description: "Each relation appears once over all pages, with the later of its entities" }),
    truncated: z.boolean().meta({ description: "Whether there are more entities" }),
    next: z.string().nullable().meta({ description: "null at the end, and after 10,000 entities" }),
  })
  .meta({ id: "MemoryGraph" });
export type MemoryGraph = z.infer<typeof Graph>;

export const Change = z
  .object({
    seq: z.int(),
    entity: z.string().nullable(),
    scope: MemoryScope,
    version: z.int(),
    action: z.enum(["create", "observe", "withdraw", "revise", "revert", "relate", "unrelate", "forget"]),
    provenance: Provenance,
    at: Instant,
    details: JsonObject,
    truncated: z.boolean().meta({ description: "Whether details or observations are omitted because of `max_tokens`" }),
  })
  .meta({ id: "MemoryChange" });
export type MemoryChange = z.infer<typeof Change>;
export const ChangePage = page(Change).meta({ id: "MemoryChangePage" });

export const History = z
  .object({
    entity: Entity,
    observations: z.array(Observation).meta({ description: "Observations that these changes added or retracted" }),
    changes: z.array(Change).meta({ description: "Newest first" }),
    next: z.string().nullable(),
  })
  .meta({ id: "MemoryHistory" });
export type MemoryHistory = z.infer<typeof History>;

const version = z.coerce.number<number>().int().min(1);
export const DiffQuery = z.object({
  from: version,
  to: version,
  max_tokens: tokens("About so many tokens of it at most: fields, then the newest of what came, then of what went"),
});
export const Diff = z
  .object({
    from: z.int(),
    to: z.int(),
    added: z.array(Observation),
    withdrawn: z.array(Observation),
    fields: JsonObject,
    truncated: z.boolean().meta({ description: "Whether the response is truncated because of `max_tokens`" }),
  })
  .meta({ id: "MemoryDiff" });

export const RevertBody = z.strictObject({ version: z.int().min(1) }).meta({ id: "RevertEntity" });
export const ForgetQuery = z.object({
  observation: z.string().optional().meta({ description: "Only this observation" }),
});
export const ForgetScopeBody = z
  .strictObject({
    scope: MemoryScope,
    confirm: z.literal(true, { error: "confirm must be true: everything in the scope is deleted permanently" }),
  })
  .meta({ id: "ForgetScope" });
export const Forgotten = z
  .object({ entities: z.int(), observations: z.int(), relations: z.int() })
  .meta({ id: "Forgotten" });
export type MemoryForgotten = z.infer<typeof Forgotten>;

export const Figures = z
  .object({
    backend: z.string(),
    scopes: z.array(z.object({ scope: MemoryScope, entities: z.int(), observations: z.int(), relations: z.int() })),
    bytes: z.int().nullable(),
    indexed: Share.meta({ description: "Indexed share" }),
    model: z.string().nullable().meta({ description: "Embedding model that searches use" }),
    requested_model: z
      .string()
      .nullable()
      .meta({ description: "The configured model; differs from `model` while vectors are recomputed" }),
    passages_by_model: z.record(z.string(), z.int()),
    passages_without_vector: z.int(),
    limits: LimitUses,
    problem: z.string().nullable().meta({ description: "Reason why writes are refused, with a remedy" }),
  })
  .meta({ id: "MemoryFigures" });
export type MemoryFigures = z.infer<typeof Figures>;
