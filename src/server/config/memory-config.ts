import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { JsonObject } from "../../kernel/json.ts";
import { RETENTION_ACTIONS, type RetentionPolicy, type SnapshotOptions } from "../../memory/transfer/index.ts";
import { SCOPE_TYPES, SEARCH_DEFAULTS, type SearchDefaults } from "../../memory/knowledge/index.ts";

const share = (standard: number, description: string) =>
  z.number().min(0).max(1).default(standard).meta({ description });
const BOOST_MAX = 10;

/** Backends of memory. */
export const MEMORY_BACKENDS = ["embedded", "postgresql", "neo4j", "qdrant"] as const;

/** URL with one of the schemes and without a password, which is kept as a secret. */
const placeUrl = (schemes: readonly string[], standard: string, description: string) =>
  z
    .string()
    .refine((text) => schemes.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ""), {
      error: `expected a URL such as ${standard}`,
    })
    .refine((text) => !URL.parse(text)?.password, {
      error: "a URL in the configuration holds no password: keep it as a secret, and name that",
    })
    .default(standard)
    .meta({ description });
const secretName = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z_]\w{0,127}$/, { error: "a secret's name has letters, digits and _" })
    .optional()
    .meta({ description: `${description}, by its name: CAXTON_SECRET_<name>, or a file of secrets.directories` });
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,47}$/;
const identifier = (description: string) =>
  z
    .string()
    .regex(IDENTIFIER, { error: "expected at most 48 small letters, digits and _, beginning with a letter" })
    .default("caxton")
    .meta({ description });

const PostgresqlTable = z
  .strictObject({
    url: placeUrl(
      ["postgresql", "postgres"],
      "postgresql://caxton@127.0.0.1:5432/caxton",
      "Server, user and database; ?sslmode=verify-full encrypts",
    ),
    password_secret: secretName("The user's password"),
    schema: identifier("Schema of the tables; created if missing"),
    connections: z.int().min(1).max(64).default(4).meta({ description: "Maximum connections" }),
  })
  .prefault({});

const Neo4jTable = z
  .strictObject({
    url: placeUrl(
      ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"],
      "bolt://127.0.0.1:7687",
      "The server; bolt+s:// and neo4j+s:// encrypt",
    ),
    user: z.string().min(1).default("neo4j").meta({ description: "User name" }),
    password_secret: secretName("The user's password"),
    database: z.string().min(1).default("neo4j").meta({ description: "Database of memory" }),
  })
  .prefault({});

const QdrantTable = z
  .strictObject({
    url: placeUrl(["http", "https"], "http://127.0.0.1:6333", "The server's REST endpoint"),
    api_key_secret: secretName("The API key"),
    collection: identifier("Prefix of the collection names"),
  })
  .prefault({});

const ENTITIES_MAX = 100_000;
const KEPT_MAX = 1_000;
const kept = (standard: number, description: string) =>
  z.int().min(0).max(KEPT_MAX).default(standard).meta({ description });
const SnapshotsTable = z
  .strictObject({
    enabled: z.boolean().default(true).meta({ description: "Create snapshots automatically if memory has changed" }),
    interval: durationText({ maxMs: 366 * 86_400_000 })
      .prefault("1h")
      .meta({ description: "Interval between snapshots" }),
    hourly: kept(24, "Number of latest snapshots to keep"),
    daily: kept(7, "Number of daily snapshots to keep"),
    weekly: kept(4, "Number of weekly snapshots to keep"),
  })
  .prefault({});

const leastShare = (description: string) => z.number().min(0).max(1).optional().meta({ description });
const AGE_MAX_MS = 100 * 366 * 86_400_000;
const RetentionTable = z
  .strictObject({
    max_age: durationText({ maxMs: AGE_MAX_MS })
      .optional()
      .meta({ description: "Delete entities not updated for this long, for example 365d; default: keep forever" }),
    min_confidence: leastShare("Delete entities with a confidence below this"),
    min_strength: leastShare("Delete entities with a strength below this; default strength: 1"),
    min_relation_strength: leastShare("Delete relations with a strength below this; default strength: 0.5"),
    max_entities_per_scope: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Maximum entities per scope; the least recently updated are deleted first" }),
    scopes: z
      .array(z.enum(SCOPE_TYPES))
      .min(1)
      .optional()
      .meta({ description: "Delete only from scopes of these types" }),
    types: z.array(z.string().min(1)).min(1).optional().meta({ description: "Delete only entities of these types" }),
    metadata: JsonObject.optional().meta({ description: "Delete only entities whose metadata has these values" }),
    interval: durationText({ minMs: 60_000, maxMs: 366 * 86_400_000 })
      .prefault("24h")
      .meta({ description: "Interval between retention passes; the first runs one minute after startup" }),
    action: z.enum(RETENTION_ACTIONS).default("delete").meta({
      description: "delete: delete only; archive: export to archive/ of the data directory first",
    }),
  })
  .prefault({});

/** `[memory]` of `caxton.toml`. */
export const ServerMemoryTable = z
  .strictObject({
    backend: z.enum(MEMORY_BACKENDS).default("embedded").meta({
      description: "Backend of memory: embedded (memory.db in the data directory) or a separate server",
    }),
    postgresql: PostgresqlTable.meta({ description: 'Server of backend = "postgresql"' }),
    neo4j: Neo4jTable.meta({ description: 'Server of backend = "neo4j"' }),
    qdrant: QdrantTable.meta({ description: 'Server of backend = "qdrant"' }),
    synchronous: z.enum(["normal", "full"]).default("full").meta({
      description:
        "Durability of the embedded backend: full (survives a power failure) or normal (survives the end of the process)",
    }),
    max_entities: z.int().min(0).default(ENTITIES_MAX).meta({
      description:
        "Maximum entities; the log and `caxton memory stats` warn at 80 %, and new entities are refused at 100 %. 0: no limit",
    }),
    snapshots: SnapshotsTable.meta({
      description: "Snapshots of embedded memory, in snapshots of the data directory",
    }),
    retention: RetentionTable.meta({ description: "Automatic deletion of entities and relations; default: none" }),
    min_similarity: share(
      SEARCH_DEFAULTS.similarityMin,
      "Default minimum cosine similarity of query and passage for semantic matches",
    ),
    keyword_weight: share(
      SEARCH_DEFAULTS.keywordWeight,
      "Score of a full keyword match, added to the cosine similarity",
    ),
    recency_boost: z.number().min(1).max(BOOST_MAX).default(SEARCH_DEFAULTS.recencyBoost).meta({
      description: "Score multiplier of an entity updated now; its excess over 1 halves each day",
    }),
  })
  .prefault({})
  .meta({ description: "Memory of agents and its search" });

export const searchDefaults = (table: z.output<typeof ServerMemoryTable>): SearchDefaults => ({
  similarityMin: table.min_similarity,
  keywordWeight: table.keyword_weight,
  recencyBoost: table.recency_boost,
});

export const snapshotOptions = ({ snapshots }: z.output<typeof ServerMemoryTable>): SnapshotOptions => ({
  everyMs: snapshots.enabled ? snapshots.interval : undefined,
  kept: { hourly: snapshots.hourly, daily: snapshots.daily, weekly: snapshots.weekly },
});

export const retentionPolicy = ({ retention }: z.output<typeof ServerMemoryTable>): RetentionPolicy => ({
  ageMaxMs: retention.max_age,
  confidenceMin: retention.min_confidence,
  strengthMin: retention.min_strength,
  relationStrengthMin: retention.min_relation_strength,
  perScopeMax: retention.max_entities_per_scope,
  scopes: retention.scopes,
  types: retention.types,
  metadata: retention.metadata,
  action: retention.action,
  everyMs: retention.interval,
});
