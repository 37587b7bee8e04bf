import * as z from "zod";
import { durationText } from "../../text/documents/index.ts";
import { JsonObject } from "../../kernel/json.ts";
import { RETENTION_ACTIONS, type RetentionPolicy, type SnapshotOptions } from "../../memory/transfer/index.ts";
import { SCOPE_TYPES, SEARCH_DEFAULTS, type SearchDefaults } from "../../memory/knowledge/index.ts";

const share = (standard: number, description: string) =>
  z.number().min(0).max(1).default(standard).meta({ description });
const BOOST_MAX = 10;

/** Where memory can be kept. */
export const MEMORY_BACKENDS = ["embedded", "postgresql", "neo4j", "qdrant"] as const;
export type MemoryBackend = (typeof MEMORY_BACKENDS)[number];

/** A place of one of the schemes; who may enter is proven by a secret, which is no part of it. */
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
    schema: identifier("The schema that holds the tables; it is made where it is missing"),
    connections: z.int().min(1).max(64).default(4).meta({ description: "Connections at most" }),
  })
  .prefault({});

const Neo4jTable = z
  .strictObject({
    url: placeUrl(
      ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"],
      "bolt://127.0.0.1:7687",
      "The server; bolt+s:// and neo4j+s:// encrypt",
    ),
    user: z.string().min(1).default("neo4j").meta({ description: "Who enters" }),
    password_secret: secretName("The user's password"),
    database: z.string().min(1).default("neo4j").meta({ description: "The database that holds memory" }),
  })
  .prefault({});

const QdrantTable = z
  .strictObject({
    url: placeUrl(["http", "https"], "http://127.0.0.1:6333", "The server's REST endpoint"),
    api_key_secret: secretName("The API key"),
    collection: identifier("What the names of its collections begin with"),
  })
  .prefault({});

const ENTITIES_MAX = 100_000;
const KEPT_MAX = 1_000;
const kept = (standard: number, description: string) =>
  z.int().min(0).max(KEPT_MAX).default(standard).meta({ description });
const SnapshotsTable = z
  .strictObject({
    enabled: z.boolean().default(true).meta({ description: "Copy memory by itself, when it has changed" }),
    interval: durationText({ maxMs: 366 * 86_400_000 })
      .prefault("1h")
      .meta({ description: "Between two copies" }),
    hourly: kept(24, "How many of the latest stay"),
    daily: kept(7, "Of how many days the latest stays"),
    weekly: kept(4, "Of how many weeks the latest stays"),
  })
  .prefault({});

const leastShare = (description: string) => z.number().min(0).max(1).optional().meta({ description });
const AGE_MAX_MS = 100 * 366 * 86_400_000;
const RetentionTable = z
  .strictObject({
    max_age: durationText({ maxMs: AGE_MAX_MS })
      .optional()
      .meta({ description: "What was not changed for longer goes, such as 365d; never without" }),
    min_confidence: leastShare("Entities that have less go"),
    min_strength: leastShare("Entities that have less go; one that nobody said the strength of has 1"),
    min_relation_strength: leastShare(
      "Relations that have less go, whatever becomes of their ends; one that nobody said the strength of has 0.5",
    ),
    max_entities_per_scope: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Where a scope has more, those unchanged for longest go" }),
    scopes: z
      .array(z.enum(SCOPE_TYPES))
      .min(1)
      .optional()
      .meta({ description: "Only what is in scopes of these kinds goes" }),
    types: z.array(z.string().min(1)).min(1).optional().meta({ description: "Only entities of these types go" }),
    metadata: JsonObject.optional().meta({ description: "Only entities whose metadata has these values go" }),
    interval: durationText({ minMs: 60_000, maxMs: 366 * 86_400_000 })
      .prefault("24h")
      .meta({ description: "Between two passes; the first is a minute after the start" }),
    action: z.enum(RETENTION_ACTIONS).default("delete").meta({
      description: "delete: forgotten; archive: written to archive/ of the data directory before, as an export",
    }),
  })
  .prefault({});

/** `[memory]` of `caxton.toml`. */
export const ServerMemoryTable = z
  .strictObject({
    backend: z.enum(MEMORY_BACKENDS).default("embedded").meta({
      description: "Where memory is kept: embedded, in memory.db of the data directory, or in a server of its own",
    }),
    postgresql: PostgresqlTable.meta({ description: 'The server that is used with backend = "postgresql"' }),
    neo4j: Neo4jTable.meta({ description: 'The server that is used with backend = "neo4j"' }),
    qdrant: QdrantTable.meta({ description: 'The server that is used with backend = "qdrant"' }),
    synchronous: z.enum(["normal", "full"]).default("full").meta({
      description:
        "What remembered means with the embedded backend: full, on disk through a power cut; normal, through the end of the process only",
    }),
    max_entities: z.int().min(0).default(ENTITIES_MAX).meta({
      description:
        "Entities at most; at 80 % the log and `caxton memory stats` say so, then nothing new is remembered. 0: no bound",
    }),
    snapshots: SnapshotsTable.meta({
      description: "Copies of an embedded memory, in snapshots of the data directory; others have backups of their own",
    }),
    retention: RetentionTable.meta({ description: "What goes from memory by itself; nothing, unless it says so" }),
    min_similarity: share(
      SEARCH_DEFAULTS.similarityMin,
      "Cosine of question and passage below which nearness in meaning does not count, where a search does not say",
    ),
    keyword_weight: share(SEARCH_DEFAULTS.keywordWeight, "What a full match of the words adds to the cosine"),
    recency_boost: z.number().min(1).max(BOOST_MAX).default(SEARCH_DEFAULTS.recencyBoost).meta({
      description:
        "By what the score of something changed at this moment is multiplied; what it is above 1 halves each day",
    }),
  })
  .prefault({})
  .meta({ description: "What agents remember, and how it is found" });

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
