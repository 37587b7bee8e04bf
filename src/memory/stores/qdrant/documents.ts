import * as z from "zod";
import { type Entity, type EntityHead, type Observation, passagesOf } from "../../knowledge/index.ts";
import { wordFactor, wordsOf } from "../../search-index/index.ts";
import {
  ChangePayload,
  entityPoint,
  headOf,
  HeadPayload,
  headPayload,
  type Logged,
  observationOf,
  ObservationPayload,
  observationPayload,
  tagOf,
} from "./facts.ts";
import { QDRANT_LIMITS } from "./limits.ts";
import type { Found, NewPoint } from "./place.ts";

/** Vectors of passages by the name of their model's vectors, then by the passage's number. */
export type PassageVectors = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

/**
 * All there is of an entity but its log: one point, so that a change of it is there whole or not at all. What searches and filters
 * go by is derived from it and lies beside it in the same point.
 */
export type Document = {
  readonly head: EntityHead;
  /** Also those withdrawn; in the order in which they came. */
  readonly observations: readonly Observation[];
  /** Of the write that made it as it is; another one with each. */
  readonly token: string;
  /** The greatest number among its changes. */
  readonly seq: number;
  /** Changes that are not known to be in the log yet. */
  readonly unlogged: readonly Logged[];
  /** Vectors that it has, where they were read or are to be written. */
  readonly vectors: PassageVectors;
};

/** A write intent on the point, of a running or a crashed process. */
const Intent = z.object({
  token: z.string(),
  at_ms: z.number(),
  to: z.string().optional(),
  log: ChangePayload.optional(),
});

const DocumentPayload = HeadPayload.extend({
  observations: z.array(ObservationPayload),
  token: z.string(),
  seq: z.number(),
  unlogged: z.array(ChangePayload).optional(),
  /** It is getting another name, at the point \`to\`. */
  moving: Intent.optional(),
  /** It is being forgotten, and is in no answer any more. */
  forgetting: Intent.optional(),
  /** Passages that have vectors, by the name of the vectors. */
  ordinals: z.record(z.string(), z.array(z.number())),
});
export const DOCUMENT_FIELDS = Object.keys(DocumentPayload.shape);

/** A document where it lies. */
export type StoredDocument = Document & {
  readonly point: string;
  readonly moving: z.infer<typeof Intent> | undefined;
  readonly forgetting: z.infer<typeof Intent> | undefined;
};

export const entityOf = ({ head, observations }: Document): Entity => ({
  ...head,
  observations: observations.filter(({ until }) => until === undefined),
});

export const textsOf = (document: Document): readonly string[] => passagesOf(entityOf(document));

export function toStored({ id, payload, vector }: Found): StoredDocument {
  const read = DocumentPayload.parse(payload);
  const vectors = new Map<string, ReadonlyMap<number, readonly number[]>>();
  for (const [name, ordinals] of Object.entries(read.ordinals)) {
    const rows = Rows.safeParse(isRecord(vector) ? vector[name] : undefined).data ?? [];
    vectors.set(
      name,
      new Map(ordinals.flatMap((ordinal, index) => (rows[index] ? [[ordinal, rows[index]] as const] : []))),
    );
  }
  return {
    point: id,
    head: headOf(read),
    observations: read.observations.map(observationOf),
    token: read.token,
    seq: read.seq,
    unlogged: read.unlogged ?? [],
    moving: read.moving,
    forgetting: read.forgetting,
    vectors,
  };
}

const Rows = z.array(z.array(z.number()));
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Names are ordered by these numbers: each holds six more bytes of the name. */
export const ORDER_KEYS = ["order0", "order1", "order2", "order3"] as const;
const ORDER_BYTES = 6;

export function orderOf(name: string): readonly number[] {
  const bytes = Buffer.concat([Buffer.from(name), Buffer.alloc(ORDER_KEYS.length * ORDER_BYTES)]);
  return ORDER_KEYS.map((_, level) => bytes.readUIntBE(level * ORDER_BYTES, ORDER_BYTES));
}

/** How many passages of a model can have vectors in one point. */
export const passagesMax = (dims: number): number => Math.floor(QDRANT_LIMITS.vectorNumbersMax / Math.max(dims, 1));

/** The point that a document is. */
export function pointOf(document: Document): NewPoint {
  const { head, observations, vectors } = document;
  const entity = entityOf(document);
  const texts = passagesOf(entity);
  const kept = [...vectors].flatMap(([name, rows]) => {
    const sorted = [...rows].toSorted(([one], [other]) => one - other);
    const dims = sorted[0]?.[1].length ?? 0;
    const fitting = sorted.slice(0, passagesMax(dims));
    return fitting.length === 0
      ? []
      : [{ name, rows: fitting, isWhole: fitting.length >= Math.min(texts.length, passagesMax(dims)) }];
  });
  const order = orderOf(head.name);
  const { words, stems, length } = sparseOf(texts);
  return {
    id: entityPoint(head.scope, head.name),
    payload: {
      kind: "entity",
      ...headPayload(head),
      observations: observations.map(observationPayload),
      token: document.token,
      seq: document.seq,
      ...(document.unlogged.length === 0 ? {} : { unlogged: document.unlogged, todo: ["log"] }),
      ordinals: Object.fromEntries(kept.map(({ name, rows }) => [name, rows.map(([ordinal]) => ordinal)])),
      complete: kept.filter(({ isWhole }) => isWhole).map(({ name }) => name),
      passages: texts.length,
      // Rounded, so that there are few different ones and a facet counts them all.
      length: Number(length.toPrecision(2)),
      said: entity.observations.length,
      words: stems,
      agents: [...new Set(entity.observations.flatMap(({ provenance }) => provenance.agent ?? []))],
      tags: Object.entries(head.metadata).map(([key, value]) => tagOf(key, value)),
      ...Object.fromEntries(ORDER_KEYS.map((key, level) => [key, order[level] ?? 0])),
    },
    vector: {
      words,
      ...Object.fromEntries(kept.map(({ name, rows }) => [name, rows.map(([, row]) => row)])),
    },
  };
}

/** Passages are about so many words long; candidates are found with it, scores go by the true mean. */
const TYPICAL_LENGTH = 40;

/** An entity's words by number, each worth what it is worth in the passage that has it most. */
function sparseOf(texts: readonly string[]) {
  const factors = new Map<number, number>();
  let length = 0;
  for (const text of texts) {
    const read = wordsOf(text);
    length += read.length;
    for (const [stem, count] of read.counts) {
      const word = wordNumber(stem);
      factors.set(word, Math.max(factors.get(word) ?? 0, wordFactor(count, read.length, TYPICAL_LENGTH)));
    }
  }
  const stems = [...factors.keys()].toSorted((one, other) => one - other);
  return { words: { indices: stems, values: stems.map((stem) => factors.get(stem) ?? 0) }, stems, length };
}

/** The number of a word in Qdrant. Words with equal numbers are distinguished when candidates are scored. */
export function wordNumber(stem: string): number {
  let state = 2_166_136_261;
  for (let at = 0; at < stem.length; at += 1) state = Math.imul(state ^ stem.charCodeAt(at), 16_777_619);
  return (state ^ (state >>> 15)) >>> 0;
}
