import type { ToolHost, ToolServerRecords, ToolServers } from "../../tools/servers/index.ts";
import { manifestFor, type ToolLogLine } from "../../tools/catalogue/index.ts";
import type * as contract from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import { orAsItIs } from "./done-already.ts";
import {
  presentChange,
  presentDeployment,
  presentHealth,
  presentRecord,
  presentSummary,
  presentVersion,
} from "./present-tool-server.ts";
import { instant } from "./present-run.ts";
import type { ServerFacts } from "./system-operations.ts";
import type { Streamed } from "./perform.ts";

export type ToolServerServices = {
  readonly toolServers: ToolServers;
  readonly toolRecords: ToolServerRecords;
  readonly toolHost: Pick<ToolHost, "watchLog">;
  readonly facts: Pick<ServerFacts, "startedAtMs">;
};

const VERSIONS_SHOWN = 10;

export type ToolServerQuery = {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly state?: contract.ToolServerSummary["state"] | undefined;
  readonly origin?: contract.ToolServerSummary["origin"] | undefined;
  readonly q?: string | undefined;
};

export function listManagedToolServers(
  { toolRecords }: ToolServerServices,
  { cursor = "", limit, state, origin, q = "" }: ToolServerQuery,
): { items: contract.ToolServerSummary[]; next: string | null } {
  const sought = q.toLowerCase();
  const fits = (texts: readonly string[]): boolean => texts.some((text) => text.toLowerCase().includes(sought));
  const found = toolRecords
    .list()
    .filter(({ view }) => view.name > cursor)
    .filter(({ view }) => state === undefined || view.state === state)
    .filter(({ entry }) => origin === undefined || entry.origin === origin)
    .filter(({ view }) => fits([view.name, view.description, ...view.tools.map(({ name }) => name)]));
  const items = found.slice(0, limit).map(({ view, entry, health }) => presentSummary(view, entry, health));
  return { items, next: found.length > limit ? (items.at(-1)?.name ?? null) : null };
}

/** Throws ToolServerNotFoundError. */
export async function getManagedToolServer(
  { toolRecords, facts }: ToolServerServices,
  name: string,
): Promise<contract.ToolServerRecord> {
  const record = await toolRecords.get(name);
  const { items } = await toolRecords.versions(name, { limit: VERSIONS_SHOWN });
  return presentRecord(record, { sinceMs: facts.startedAtMs, versions: items });
}

export type ToolServerUpload = {
  readonly module: Uint8Array;
  /** Without it the server has the name of the file and no grants. */
  readonly manifest?: string | undefined;
  readonly file?: string | undefined;
  readonly signature?: string | undefined;
  readonly dryRun: boolean;
  readonly accept: boolean;
};

/** Throws ToolManifestInvalidError, signature errors, ToolServerRefusedError, ToolServerNameTakenError, ToolServerBuiltInError. */
export async function deployToolServer(
  { toolServers }: ToolServerServices,
  { module, manifest, file = "", signature, dryRun, accept }: ToolServerUpload,
  signal: AbortSignal,
): Promise<contract.ToolServerDeployment> {
  const deployed = await toolServers.deploy(
    { module, manifest: manifest ?? manifestFor(file), signature, origin: "uploaded", dryRun, accept },
    signal,
  );
  return presentDeployment(deployed, dryRun);
}

export async function toolServerVersions(
  { toolRecords }: ToolServerServices,
  name: string,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: contract.ToolServerVersion[]; next: string | null }> {
  const { items, next } = await toolRecords.versions(name, query);
  return { items: items.map(presentVersion), next: next ?? null };
}

/** Throws ToolServerNotFoundError, ToolRevisionNotFoundError. */
export async function toolServerDifference(
  { toolRecords }: ToolServerServices,
  name: string,
  range: { readonly from?: number | undefined; readonly to?: number | undefined },
): Promise<contract.ToolServerDifference> {
  const found = await toolRecords.difference(name, range);
  return { ...found, asks: found.changes.some(({ asks }) => asks), changes: found.changes.map(presentChange) };
}

/** Lets the waiting revision serve. Throws ToolServerNotPendingError. */
export async function acceptToolServer(
  services: ToolServerServices,
  name: string,
  { revision, asked }: { readonly revision: number | undefined; readonly asked: AskedIds | undefined },
): Promise<contract.ToolServerRecord> {
  const record = () => getManagedToolServer(services, name);
  return orAsItIs(
    asked,
    async () => {
      await services.toolServers.accept(name, revision);
      return record();
    },
    async () => {
      const { revision: serving, pending } = await record();
      return pending === null && (revision === undefined || revision === serving) ? record() : undefined;
    },
  );
}

/** Lets a revision serve that did before. Throws ToolRevisionNotFoundError, ToolModuleDamagedError. */
export async function activateToolServer(
  services: ToolServerServices,
  name: string,
  revision: number,
): Promise<contract.ToolServerRecord> {
  await services.toolServers.activate(name, revision);
  return getManagedToolServer(services, name);
}

/** Throws ToolServerStateError. */
export async function pauseToolServer(
  services: ToolServerServices,
  name: string,
  { reason, asked }: { readonly reason: string; readonly asked: AskedIds | undefined },
): Promise<contract.ToolServerRecord> {
  const record = () => getManagedToolServer(services, name);
  return orAsItIs(
    asked,
    async () => {
      await services.toolServers.pause(name, reason);
      return record();
    },
    async () => ((await record()).state === "paused" ? record() : undefined),
  );
}

/** Throws ToolServerStateError. */
export async function resumeToolServer(
  services: ToolServerServices,
  name: string,
  asked: AskedIds | undefined,
): Promise<contract.ToolServerRecord> {
  const record = () => getManagedToolServer(services, name);
  return orAsItIs(
    asked,
    async () => {
      await services.toolServers.resume(name);
      return record();
    },
    async () => ((await record()).state === "paused" ? undefined : record()),
  );
}

/** Throws ToolServerBuiltInError, ToolServerConfiguredError, ToolServerStateError. */
export async function deleteToolServer(
  { toolServers }: ToolServerServices,
  name: string,
): Promise<contract.ToolServerDeletion> {
  const { name: shown } = toolServers.runner.get(name);
  const { callsUnderWay } = await toolServers.delete(name);
  return { name: shown, state: callsUnderWay === 0 ? "unloaded" : "draining", calls_under_way: callsUnderWay };
}

/** Starts the server apart, asks it for its tools, and tells how it is. */
export async function checkToolServer(
  { toolRecords }: ToolServerServices,
  name: string,
  signal: AbortSignal,
): Promise<contract.ToolServerHealth> {
  const { entry, ...report } = await toolRecords.check(name, signal);
  return presentHealth(report, entry);
}

/** The bytes of a module, as they were deployed. */
export async function toolServerModule(
  { toolRecords }: ToolServerServices,
  name: string,
  revision: number | undefined,
): Promise<{ readonly name: string; readonly revision: number; readonly hash: string; readonly bytes: Uint8Array }> {
  const found = await toolRecords.module(name, revision);
  const { name: shown, revision: number, moduleHash } = found.revision;
  return { name: shown, revision: number, hash: moduleHash, bytes: found.bytes };
}

const WAITING_LINES_MAX = 1_000;

/**
 * What a server writes to its log: first what is kept, then each line as it comes, whichever revision writes it. A reader
 * who is too slow is told how many lines were left out. Throws ToolServerNotFoundError.
 */
export async function* watchToolLog(
  { toolServers, toolHost }: ToolServerServices,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Streamed<contract.ToolLogEvent>, void, undefined> {
  const { name: server } = toolServers.runner.get(name);
  const waiting: ToolLogLine[] = [];
  let missed = 0;
  let wake: (() => void) | undefined;
  using watching = toolHost.watchLog(server, (line) => {
    waiting.push(line);
    if (waiting.length > WAITING_LINES_MAX) {
      waiting.shift();
      missed += 1;
    }
    wake?.();
  });
  void watching;
  signal.addEventListener("abort", () => wake?.(), { once: true });
  for (const line of toolServers.runner.logs(server)) yield lineEvent(line);
  while (!signal.aborted) {
    if (missed > 0) {
      yield { id: undefined, event: { type: "gap", lines: missed } };
      missed = 0;
    }
    for (const line of waiting.splice(0)) yield lineEvent(line);
    if (waiting.length > 0 || signal.aborted) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    await promise;
  }
}

const lineEvent = ({ atMs, text }: ToolLogLine): Streamed<contract.ToolLogEvent> => ({
  id: undefined,
  event: { type: "line", at: instant(atMs), text },
});
