import type * as z from "zod";
import { EntityId } from "../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { EntityInput, RelationInput, Validity } from "../knowledge/index.ts";
import { DOCUMENT_VERSION, EntityDocument, ms, provenanceIn, RelationDocument } from "./document.ts";
import { MemoryExportVersionError } from "./errors.ts";
import type { RawRecord } from "./import/streaming-json-reader.ts";

/** A record of an import. */
export type ImportRecord = { readonly line: number } & (
  | { readonly type: "entity"; readonly document: EntityDocument }
  | { readonly type: "relation"; readonly document: RelationDocument }
  /** The expected number of records; proves that the export is complete. */
  | { readonly type: "end" }
  /** `isOfLines`: an end record follows. */
  | { readonly type: "head"; readonly isOfLines: boolean }
  | { readonly type: "malformed"; readonly reason: string }
);

/** Parses a record. Throws MemoryExportVersionError. */
export function readRecord({ line, kind, text }: RawRecord): ImportRecord {
  if (!text.isWellFormed()) return { line, type: "malformed", reason: "not UTF-8" };
  const parsed = parseJson(text);
  if (parsed.type === "malformed") return { line, type: "malformed", reason: `not JSON: ${parsed.reason}` };
  if (!isJsonObject(parsed.value)) return { line, type: "malformed", reason: "not an object" };
  const { value } = parsed;
  if (kind === "head") return head(line, value, false);
  if (kind === "entity") return entity(line, value);
  if (kind === "relation") return relation(line, value);
  return ofLine(line, value);
}

function ofLine(line: number, value: JsonObject): ImportRecord {
  const { type, entity: one, relation: other } = value;
  if (type === "caxton-memory") return head(line, value, true);
  if (type === "end") return { line, type: "end" };
  if (type === "entity") return entity(line, isJsonObject(one) ? one : without(value, "type"));
  if (type === "relation") return relation(line, isJsonObject(other) ? other : without(value, "type"));
  if ("from" in value && "to" in value) return relation(line, value);
  return entity(line, value);
}

/** The `type` of the reference memory server is the record type, not the entity type. */
const without = (value: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

function head(line: number, { version }: JsonObject, isOfLines: boolean): ImportRecord {
  const major = typeof version === "string" ? version.split(".")[0] : undefined;
  if (version === undefined || major === DOCUMENT_VERSION.split(".")[0]) return { line, type: "head", isOfLines };
  const shown = JSON.stringify(version).slice(0, 40);
  throw new MemoryExportVersionError(
    `the export has version ${shown}; this Caxton reads ${DOCUMENT_VERSION}`,
    "Import it with the Caxton that wrote it, and export it there as --format mcp, which all versions import.",
    { version: shown, known: DOCUMENT_VERSION },
  );
}

function entity(line: number, value: Json): ImportRecord {
  const read = EntityDocument.safeParse(value);
  return read.success
    ? { line, type: "entity", document: read.data }
    : { line, type: "malformed", reason: `no entity: ${issueOf(read.error)}` };
}

function relation(line: number, value: Json): ImportRecord {
  const read = RelationDocument.safeParse(value);
  if (read.success && (read.data.type ?? read.data.relationType) === undefined)
    return { line, type: "malformed", reason: "no relation: type: it has none" };
  return read.success
    ? { line, type: "relation", document: read.data }
    : { line, type: "malformed", reason: `no relation: ${issueOf(read.error)}` };
}

function issueOf({ issues: [issue] }: z.ZodError): string {
  const where = issue?.path.join(".") ?? "";
  return `${where === "" ? "" : `${where}: `}${issue?.message ?? "unexpected"}`;
}

const span = (from: string | null | undefined, to: string | null | undefined): Partial<Validity> | undefined => {
  const [fromMs, toMs] = [ms(from), ms(to)];
  return fromMs === undefined && toMs === undefined ? undefined : { fromMs, toMs };
};

/** Converts a document to an input for an entity without a history. */
export function entityInput(document: EntityDocument, isOwnScope: boolean): EntityInput {
  const { name, confidence, strength, metadata, valid_from: from, valid_to: to } = document;
  // An id is unique: in another scope the entity gets a new one.
  const id = isOwnScope ? EntityId.safeParse(document.id).data : undefined;
  return {
    name,
    type: document.type ?? document.entityType,
    // The reference memory server stores empty texts. They have no content and are skipped, as the tools skip them.
    observations: document.observations.flatMap((one) => {
      if (typeof one === "string") return one.trim() === "" ? [] : [{ text: one }];
      if (one.text.trim() === "" || (one.until !== undefined && one.until !== null)) return [];
      return [
        {
          text: one.text,
          confidence: one.confidence ?? 1,
          validity: span(one.valid_from, one.valid_to),
          provenance: one.provenance ? provenanceIn(one.provenance) : undefined,
          atMs: ms(one.at),
        },
      ];
    }),
    confidence: confidence ?? undefined,
    strength: strength ?? undefined,
    validity: span(from, to),
    metadata: metadata ?? undefined,
    origin: { id, createdAtMs: ms(document.created_at), updatedAtMs: ms(document.updated_at) },
  };
}

export function relationInput(document: RelationDocument): RelationInput {
  const { from, to, strength, confidence, bidirectional, metadata } = document;
  return {
    from,
    to,
    type: document.type ?? document.relationType ?? "",
    strength: strength ?? undefined,
    confidence: confidence ?? undefined,
    isBidirectional: bidirectional ?? undefined,
    validity: span(document.valid_from, document.valid_to),
    metadata: metadata ?? undefined,
    provenance: document.provenance ? provenanceIn(document.provenance) : undefined,
  };
}
