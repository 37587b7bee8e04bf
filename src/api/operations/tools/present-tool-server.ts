import {
  type Deployed,
  failedCount,
  type Health,
  type HealthReport,
  type Publisher,
  toolHash,
  type ToolServerChange,
  type ToolServerEntry,
  type ToolServerRecord,
  type ToolServerVersion,
  type ToolUsageStats,
} from "../../../tools/servers/index.ts";
import {
  describeGrants,
  type Grants,
  NO_GRANTS,
  type ToolServer,
  type ToolSignIn,
} from "../../../tools/catalogue/index.ts";
import type * as contract from "../../contract/index.ts";
import { presentLimits, presentTool } from "./tool-operations.ts";
import { instant, instantOrNull } from "../instant.ts";

export const presentPublisher = ({ state, name, keyId }: Publisher): contract.ToolPublisher => ({
  state,
  name,
  key_id: keyId,
});

export const presentChange = (change: ToolServerChange): contract.ToolChange => ({ ...change });

export const presentSummary = (
  view: ToolServer,
  entry: ToolServerEntry,
  health: Health,
): contract.ToolServerSummary => {
  const { served } = entry;
  const remote: Publisher = { state: "remote", name: null, keyId: null };
  const unsigned: Publisher = { state: "unsigned", name: null, keyId: null };
  return {
    name: view.name,
    origin: entry.origin,
    revision: served?.revision.revision ?? null,
    version: view.version,
    description: view.description,
    interface: view.interface,
    sandboxed: view.isSandboxed,
    state: view.state,
    reason: view.reason,
    health,
    tools: view.tools.length,
    calls: entry.usage.totals().calls,
    failures: failedCount(entry.usage.totals().failures),
    calls_under_way: entry.callsInFlight,
    pending_revision: entry.pending ?? null,
    publisher: presentPublisher(entry.origin === "remote" ? remote : (served?.publisher ?? unsigned)),
    deployed_at: instantOrNull(served?.revision.deployedAtMs),
    sign_in: view.signIn === undefined ? null : presentSignIn(view.signIn),
  };
};

const presentSignIn = (signIn: ToolSignIn): contract.ToolSignIn => ({
  state: signIn.state,
  reason: signIn.reason,
  issuer: signIn.issuer ?? null,
  scopes: [...signIn.scopes],
  expires_at: instantOrNull(signIn.expiresAtMs),
  signed_in_by: signIn.by ?? null,
  signed_in_at: instantOrNull(signIn.signedInAtMs),
});

export const presentHealth = (
  { health, note, uptimeMs, check }: HealthReport,
  entry: ToolServerEntry,
): contract.ToolServerHealth => {
  const { calls, failures, durationMs } = entry.usage.totals();
  return {
    health,
    note,
    uptime_ms: uptimeMs,
    calls,
    failures: failedCount(failures),
    average_ms: calls === 0 ? null : durationMs / calls,
    check:
      check === undefined
        ? null
        : { at: instant(check.atMs), ok: check.ok, duration_ms: check.durationMs, note: check.note },
  };
};

export const presentVersion = ({
  revision,
  status,
  publisher,
  changes,
}: ToolServerVersion): contract.ToolServerVersion => ({
  revision: revision.revision,
  version: revision.version,
  status,
  module_hash: revision.moduleHash,
  module_bytes: revision.moduleBytes,
  interface: revision.interface,
  tools: revision.tools.length,
  publisher: presentPublisher(publisher),
  deployed_at: instant(revision.deployedAtMs),
  changes: changes.map(presentChange),
});

export const presentDeployment = (
  { outcome, revision, served, changes, notes }: Deployed,
  dryRun: boolean,
): contract.ToolServerDeployment => ({
  outcome,
  dry_run: dryRun,
  name: revision.name,
  revision: revision.revision,
  version: revision.version,
  module_hash: revision.moduleHash,
  module_bytes: revision.moduleBytes,
  interface: revision.interface,
  tools: revision.tools.map(({ name }) => name),
  grants: [...describeGrants(served.manifest.grants)],
  publisher: presentPublisher(served.publisher),
  changes: changes.map(presentChange),
  notes: [...notes],
});

const presentGrants = (grants: Grants): contract.ToolServerRecord["grants"] => ({
  files: grants.files.map((file) => ({ ...file })),
  http: grants.http.map((place) => ({ ...place, methods: [...place.methods] })),
  secrets: grants.secrets.map((secret) => ({ ...secret, for: [...secret.for] })),
  messages: grants.messages.map(({ perMinute, performatives, receivers, capabilities, topics, broadcast }) => ({
    performatives: [...performatives],
    receivers: [...receivers],
    capabilities: [...capabilities],
    topics: [...topics],
    broadcast,
    per_minute: perMinute,
  })),
  memory: grants.memory.map(({ scopes, hitsMax, perMinute }) => ({
    scopes: [...scopes],
    hits_max: hitsMax,
    per_minute: perMinute,
  })),
  state: grants.state,
  clock: grants.clock,
  random: grants.random,
  environment: [...grants.environment],
});

type Context = { readonly sinceMs: number; readonly versions: readonly ToolServerVersion[] };

export function presentRecord(record: ToolServerRecord, { sinceMs, versions }: Context): contract.ToolServerRecord {
  const { view, entry, publisher, accept, health, pending } = record;
  const { served } = entry;
  const { tools: _count, health: _word, ...summary } = presentSummary(view, entry, health.health);
  return {
    ...summary,
    pending_revision: pending?.revision.revision ?? null,
    publisher: presentPublisher(publisher),
    tools: view.tools.map(presentTool),
    grants: presentGrants(served?.manifest.grants ?? NO_GRANTS),
    grant_list: [...view.grants],
    requested_grants: presentGrants(served?.requested.grants ?? NO_GRANTS),
    limits: presentLimits(view.limits),
    instance: served?.manifest.instance ?? "server",
    accept,
    pins: presentPins(record),
    pending:
      pending === undefined
        ? null
        : {
            revision: pending.revision.revision,
            version: pending.revision.version,
            deployed_at: instant(pending.revision.deployedAtMs),
            changes: pending.changes.map(presentChange),
          },
    versions: versions.map(presentVersion),
    health: presentHealth(health, entry),
    usage: presentUsage(record, sinceMs),
  };
}

function presentPins({ view, entry, serving }: ToolServerRecord): contract.ToolServerRecord["pins"] {
  const pinned = entry.served?.revision ?? serving;
  return {
    module_hash: pinned?.moduleHash ?? view.moduleHash,
    manifest_hash: pinned?.manifestHash ?? "",
    tools: (pinned?.tools ?? []).map((tool) => ({ name: tool.name, hash: toolHash(tool) })),
  };
}

function presentUsage({ view, entry }: ToolServerRecord, sinceMs: number): contract.ToolServerRecord["usage"] {
  const totals = entry.usage.totals();
  const used = new Map(entry.usage.figures().map((figures) => [figures.tool, figures]));
  return {
    since: instant(sinceMs),
    calls: totals.calls,
    done: totals.done,
    failed: failedCount(totals.failures),
    failures: { ...totals.failures },
    denied: view.calls.denied,
    fuel: totals.fuel,
    duration_ms: totals.durationMs,
    tools: view.tools.map(({ name }) => presentToolUsage(name, used.get(name))),
  };
}

const NO_SPREAD = { p50: 0, max: 0 };

function presentToolUsage(
  tool: string,
  used: ToolUsageStats | undefined,
): contract.ToolServerRecord["usage"]["tools"][number] {
  const failures = used?.failures ?? {};
  const failed = failedCount(failures);
  const done = used?.done ?? 0;
  return {
    tool,
    calls: done + failed,
    done,
    failed,
    failures: { ...failures },
    fuel: used?.fuel ?? NO_SPREAD,
    memory_bytes: used?.memoryBytes ?? NO_SPREAD,
    duration_ms: used?.durationMs ?? NO_SPREAD,
    last_call_at: instantOrNull(used?.lastCallAtMs),
  };
}
