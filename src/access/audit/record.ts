import { createHash } from "node:crypto";
import * as z from "zod";
import { canonicalJson, isJsonObject, Json, parseJson } from "../../kernel/json.ts";

export type AuditOutcome = "allowed" | "denied" | "failed";

/** A request that is recorded. `origin.requestId` is the id of the connection for a WebSocket. */
export type AuditEvent = {
  readonly principal: { readonly id: string; readonly kind: string; readonly name: string; readonly workspace: string };
  /** Id of the principal for which it acted. */
  readonly onBehalfOf?: string | undefined;
  readonly operation: { readonly name: string; readonly permission: string | null };
  /** Parameters of the path, which name the resource. */
  readonly target: Readonly<Record<string, string>>;
  readonly outcome: AuditOutcome;
  /** Error code; null if allowed. */
  readonly code: string | null;
  readonly origin: { readonly address: string; readonly requestId: string };
};

/** One record, in the form in which it is stored, exported and hashed. */
export const AuditRecord = z.strictObject({
  seq: z.int(),
  time: z.string(),
  event: z.string(),
  principal: z.string(),
  kind: z.string(),
  name: z.string(),
  on_behalf_of: z.string().nullable(),
  operation: z.string(),
  permission: z.string().nullable(),
  target: z.record(z.string(), z.string()),
  workspace: z.string(),
  outcome: z.string(),
  code: z.string().nullable(),
  count: z.int(),
  request_id: z.string(),
  address: z.string(),
  previous_hash: z.string(),
  hash: z.string(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;

/** A signed statement that the record `seq` has this hash. */
export const Checkpoint = z.strictObject({ seq: z.int(), time: z.string(), hash: z.string(), signature: z.string() });
export type Checkpoint = z.infer<typeof Checkpoint>;

/** A record or checkpoint; a checkpoint comes after its record. */
export type AuditItem =
  | { readonly type: "record"; readonly record: AuditRecord }
  | { readonly type: "checkpoint"; readonly checkpoint: Checkpoint };

/** The end of the chain. */
export type Head = { readonly seq: number; readonly hash: string };
export const GENESIS: Head = { seq: 0, hash: "0".repeat(64) };

const TEXT_CHARS_MAX = 200;
const clip = (text: string): string => text.slice(0, TEXT_CHARS_MAX).toWellFormed();

/** Returns the next record of the chain. */
export function chained({ seq, hash }: Head, event: AuditEvent, atMs: number, count: number): AuditRecord {
  const { principal, onBehalfOf, operation, target, outcome, code, origin } = event;
  const record = {
    seq: seq + 1,
    time: new Date(atMs).toISOString(),
    event: eventOf(event),
    principal: clip(principal.id),
    kind: principal.kind,
    name: clip(principal.name),
    on_behalf_of: onBehalfOf === undefined ? null : clip(onBehalfOf),
    operation: operation.name,
    permission: operation.permission,
    target: Object.fromEntries(Object.entries(target).map(([name, value]) => [name, clip(value)])),
    workspace: principal.workspace,
    outcome,
    code,
    count,
    request_id: origin.requestId,
    address: origin.address,
    previous_hash: hash,
  };
  return { ...record, hash: hashOf(record) };
}

/** SHA-256 of the canonical JSON of a record without its own hash. */
export const hashOf = (record: Omit<AuditRecord, "hash">): string =>
  createHash("sha256").update(canonicalJson(record)).digest("hex");

const NOUN_EVENTS: Readonly<Record<string, string>> = {
  key: "SecurityPolicyUpdated",
  participant: "SecurityPolicyUpdated",
  secret: "SecurityPolicyUpdated",
  toolServer: "ConfigurationChanged",
};
const EVENTS: Readonly<Record<string, string>> = {
  "agent.deploy": "AgentDeployed",
  "agent.activate": "AgentDeployed",
  "agent.rollback": "AgentDeployed",
  "agent.delete": "AgentRemoved",
  "session.create": "LoginSuccess",
  "key.rotate": "TokenRefresh",
  "secret.rotate": "TokenRefresh",
  "participant.rotateToken": "TokenRefresh",
  "memoryTransfer.migrate": "ConfigurationChanged",
};

/** The name of the failed authentication of a request; no operation was chosen. */
export const AUTHENTICATE = "access.authenticate";

/** The event type by which monitoring systems sort records. A change that failed is not one. */
function eventOf({ operation: { name }, outcome }: AuditEvent): string {
  if (outcome === "denied") return name === AUTHENTICATE ? "LoginFailure" : "AccessDenied";
  const changed = EVENTS[name] ?? NOUN_EVENTS[name.split(".", 1).join("")];
  return outcome === "allowed" && changed !== undefined ? changed : "AccessGranted";
}

/** Reads a target as it is stored. One that is not canonical JSON was changed, so it becomes one with another hash. */
export function readTarget(text: string): Readonly<Record<string, string>> {
  const parsed = parseJson(text);
  const value = parsed.type === "parsed" ? parsed.value : null;
  const target = z.record(z.string(), z.string()).safeParse(value);
  return target.success && canonicalJson(target.data) === text ? target.data : { "": text };
}

/** Reads a line of an export; undefined if it is neither a record nor a checkpoint, each in canonical JSON. */
export function readItem(line: string): AuditItem | undefined {
  const parsed = parseJson(line);
  if (parsed.type === "malformed" || !isJsonObject(parsed.value) || canonicalJson(parsed.value) !== line)
    return undefined;
  const record = AuditRecord.safeParse(parsed.value);
  if (record.success) return { type: "record", record: record.data };
  const checkpoint = Checkpoint.safeParse(parsed.value);
  return checkpoint.success ? { type: "checkpoint", checkpoint: checkpoint.data } : undefined;
}

/** A line of an export. */
export const lineOf = (item: AuditItem): string =>
  `${canonicalJson(Json.parse(item.type === "record" ? item.record : item.checkpoint))}\n`;
