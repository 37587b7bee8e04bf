import type { Schemas } from "@qdrant/js-client-rest";
import * as z from "zod";
import { idOf } from "./facts.ts";
import { ORDER_KEYS } from "./documents.ts";
import type { Place } from "./place.ts";
import { isMissing, alreadyExists, unavailable } from "./errors.ts";

/** What is written here; later versions of Caxton know earlier ones. */
const SCHEMA = 1;
/** The first with named vectors that come and go, and with points that are only inserted or only updated. */
const SERVER_MIN = [1, 18] as const;

/** The point that says what this collection is. */
export const META_POINT = idOf("meta");
/** An entity's words, as one sparse vector. */
export const WORDS = "words";

const KEYWORD = { type: "keyword" } as const;
const LOOKUP = { type: "integer", lookup: true, range: false } as const;
const RANGE = { type: "integer", lookup: false, range: true } as const;
const NUMBER = { type: "integer", lookup: true, range: true } as const;

/** What searches, filters and orders go by. */
const INDEXES: Readonly<Record<string, Schemas["PayloadFieldSchema"]>> = {
  // Each scope is searched separately, so Qdrant stores the points of a scope together.
  scope: { type: "keyword", is_tenant: true },
  kind: KEYWORD,
  id: KEYWORD,
  name: KEYWORD,
  type: KEYWORD,
  agents: KEYWORD,
  tags: KEYWORD,
  complete: KEYWORD,
  todo: KEYWORD,
  token: KEYWORD,
  entity: KEYWORD,
  from: KEYWORD,
  to: KEYWORD,
  words: LOOKUP,
  passages: LOOKUP,
  length: LOOKUP,
  seq: NUMBER,
  updated_at_ms: RANGE,
  valid_from: RANGE,
  valid_to: RANGE,
  confidence: { type: "float" },
  strength: { type: "float" },
  ...Object.fromEntries(ORDER_KEYS.map((key) => [key, NUMBER])),
};

/** Deleted points leave Qdrant's files when this share of a segment is deleted, or so many points are. */
const OPTIMIZERS = { deleted_threshold: 0.05, vacuum_min_vector_number: 100 };

const Info = z.object({
  status: z.string(),
  points_count: z.number().nullish(),
  config: z.object({
    params: z.object({ vectors: z.unknown(), sparse_vectors: z.record(z.string(), z.unknown()).nullish() }),
  }),
  payload_schema: z.record(z.string(), z.unknown()),
});
export type CollectionInfo = z.infer<typeof Info>;

export async function collectionInfo(place: Place): Promise<CollectionInfo | undefined> {
  try {
    return Info.parse(await place.ask((client, collection) => client.getCollection(collection)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Names of dense vectors that the collection has. */
export const vectorNames = ({ config }: CollectionInfo): readonly string[] =>
  typeof config.params.vectors === "object" && config.params.vectors !== null ? Object.keys(config.params.vectors) : [];

export const missingIndexes = ({ payload_schema: schema }: CollectionInfo): readonly string[] =>
  Object.keys(INDEXES).filter((key) => !(key in schema));

/**
 * Makes the collection and what it lacks; nothing where all is there. Two servers may do it at once. Throws MemoryUnavailableError
 * for a Qdrant that is too old, a collection of another program, and one of a newer Caxton.
 */
export async function openCollection(place: Place): Promise<void> {
  await refuseOld(place);
  let info = await collectionInfo(place);
  if (!info) {
    await makeCollection(place);
    info = await collectionInfo(place);
  }
  if (!info)
    throw unavailable(`Qdrant at ${place.name} did not make its collection`, { hint: "Look into Qdrant's log." });
  await refuseForeign(place, info);
  await Promise.all(missingIndexes(info).map((key) => makeIndex(place, key)));
  await place.put([{ id: META_POINT, payload: { kind: "meta", schema: SCHEMA }, vector: {} }], "new");
}

async function refuseOld(place: Place): Promise<void> {
  const { version } = await place.ask((client) => client.versionInfo());
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > SERVER_MIN[0] || (major === SERVER_MIN[0] && minor >= SERVER_MIN[1])) return;
  throw unavailable(
    `Qdrant at ${place.name} has version ${version.slice(0, 20)}, memory needs ${SERVER_MIN.join(".")}`,
    {
      hint: "Upgrade Qdrant, one minor version after the other, as its makers say.",
    },
  );
}

async function makeCollection(place: Place): Promise<void> {
  try {
    await place.ask((client, collection) =>
      client.createCollection(collection, { sparse_vectors: { [WORDS]: {} }, optimizers_config: OPTIMIZERS }),
    );
  } catch (error) {
    if (!alreadyExists(error)) throw error;
  }
}

export async function makeIndex(place: Place, key: string): Promise<void> {
  const schema = INDEXES[key];
  if (!schema) return;
  await place.ask((client, collection) =>
    client.createPayloadIndex(collection, { wait: true, field_name: key, field_schema: schema }),
  );
}

const Meta = z.object({ kind: z.literal("meta"), schema: z.number() });

async function refuseForeign(place: Place, info: CollectionInfo): Promise<void> {
  const [point] = await place.retrieve([META_POINT], { fields: ["kind", "schema"] });
  const meta = Meta.safeParse(point?.payload).data;
  const isOurs =
    meta !== undefined || ((info.points_count ?? 0) === 0 && WORDS in (info.config.params.sparse_vectors ?? {}));
  if (!isOurs) {
    throw unavailable(`Qdrant at ${place.name}: the collection is not a memory; another program has its name`, {
      hint: "Give memory another name for its collection with memory.qdrant.collection.",
    });
  }
  if (meta && meta.schema > SCHEMA) {
    throw unavailable(
      `Qdrant at ${place.name} was written by a newer Caxton (schema ${meta.schema}; this one knows ${SCHEMA})`,
      {
        hint: "Run the newer version, or restore a snapshot made before the upgrade.",
      },
    );
  }
}
