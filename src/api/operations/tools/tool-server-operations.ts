import type { Principal } from "../../../access/index.ts";
import { SignInNotConfiguredError, type ToolServers } from "../../../tools/servers/index.ts";
import { manifestFor, type ToolLogLine } from "../../../tools/catalogue/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { idempotent } from "../idempotent.ts";
import { pageByKey, pageOfStore } from "../page.ts";
import {
  presentChange,
  presentDeployment,
  presentHealth,
  presentRecord,
  presentSummary,
  presentVersion,
} from "./present-tool-server.ts";
import type { ApiServices } from "../api-services.ts";
import { type Call, implement, type Streamed } from "../perform.ts";
import { ownTools } from "./own-tools.ts";
import { logLines } from "./tool-operations.ts";
import { instant } from "../instant.ts";

const VERSIONS_SHOWN = 10;

const list = implement(operations.toolServer.list, ({ tools }, { state, origin, q = "", ...query }, { principal }) => {
  const sought = q.toLowerCase();
  const fits = (texts: readonly string[]): boolean => texts.some((text) => text.toLowerCase().includes(sought));
  const found = tools.workspaces
    .list(principal.workspace)
    .filter(({ view }) => state === undefined || view.state === state)
    .filter(({ entry }) => origin === undefined || entry.origin === origin)
    .filter(({ view }) => fits([view.name, view.description, ...view.tools.map(({ name }) => name)]));
  const { items, next } = pageByKey(found, ({ view }) => view.name, query, cursors.toolServers);
  return { items: items.map(({ view, entry, health }) => presentSummary(view, entry, health)), next };
});

/** Throws ToolServerNotFoundError. */
async function recordOf(
  { tools, server }: ApiServices,
  name: string,
  { principal: { workspace } }: Call,
): Promise<contract.ToolServerRecord> {
  const { records } = tools.workspaces.having(workspace, name);
  const record = await records.get(name);
  const { items } = await records.versions(name, { limit: VERSIONS_SHOWN });
  return presentRecord(record, { sinceMs: server.startedAtMs, versions: items });
}

const get = implement(operations.toolServer.get, async (services, { name }, call) => recordOf(services, name, call));

/** Throws ToolManifestInvalidError, signature errors, ToolServerRefusedError, ToolServerNameTakenError, ToolServerBuiltInError. */
const deploy = implement(operations.toolServer.deploy, async (services, input, { principal, signal }) => {
  const { module, manifest, file = "", signature, dry_run: dryRun, accept: isAccepted } = input;
  const { servers, records } = services.tools.workspaces.of(principal.workspace);
  const text = manifest ?? manifestFor(file);
  const request = { module, manifest: text, signature, origin: "uploaded", accept: isAccepted } as const;
  const { workspace } = principal;
  const quota = services.access.workspaces.stock("tool_servers");
  const deployed = async () => {
    const uploaded = records.list().filter(({ entry }) => entry.origin === "uploaded").length;
    if (!quota.hasRoom(workspace, uploaded + 1)) {
      // A version of a server that is deployed already needs no room.
      const { outcome } = await servers.deploy({ ...request, dryRun: true }, signal);
      if (outcome === "created") quota.require(workspace, uploaded + 1);
    }
    return servers.deploy({ ...request, dryRun }, signal);
  };
  const deployment = quota.hasQuota(workspace) ? quota.fill(workspace, deployed) : deployed();
  return presentDeployment(await deployment, dryRun);
});

/** Throws ToolServerNotFoundError. */
const versions = implement(operations.toolServer.versions, async ({ tools }, { name, ...query }, { principal }) => {
  const { records } = tools.workspaces.having(principal.workspace, name);
  const { items, next } = await pageOfStore(cursors.toolServerVersions, query, (own) => records.versions(name, own));
  return { items: items.map(presentVersion), next };
});

/** Throws ToolServerNotFoundError, ToolRevisionNotFoundError. */
const diff = implement(operations.toolServer.diff, async ({ tools }, { name, ...range }, { principal }) => {
  const { records } = tools.workspaces.having(principal.workspace, name);
  const found = await records.difference(name, range);
  return { ...found, asks: found.changes.some(({ asks }) => asks), changes: found.changes.map(presentChange) };
});

/** Throws ToolServerNotPendingError. */
const accept = implement(operations.toolServer.accept, async (services, { name, revision }, call) => {
  const record = () => recordOf(services, name, call);
  const { servers } = ownTools(services.tools, name, { principal: call.principal, what: "accept a version of it" });
  return idempotent(
    call.asked,
    async () => {
      await servers.accept(name, revision);
      return record();
    },
    async () => {
      const { revision: serving, pending } = await record();
      return pending === null && (revision === undefined || revision === serving) ? record() : undefined;
    },
  );
});

/** Throws ToolRevisionNotFoundError, ToolModuleDamagedError. */
const activate = implement(operations.toolServer.activate, async (services, { name, revision }, call) => {
  const { servers } = ownTools(services.tools, name, { principal: call.principal, what: "activate a revision of it" });
  await servers.activate(name, revision);
  return recordOf(services, name, call);
});

/** Throws ToolServerStateError. */
const pause = implement(operations.toolServer.pause, async (services, { name, reason }, call) => {
  const record = () => recordOf(services, name, call);
  const { servers } = ownTools(services.tools, name, { principal: call.principal, what: "pause it" });
  return idempotent(
    call.asked,
    async () => {
      await servers.pause(name, reason);
      return record();
    },
    async () => ((await record()).state === "paused" ? record() : undefined),
  );
});

/** Throws ToolServerStateError. */
const resume = implement(operations.toolServer.resume, async (services, { name }, call) => {
  const record = () => recordOf(services, name, call);
  const { servers } = ownTools(services.tools, name, { principal: call.principal, what: "resume it" });
  return idempotent(
    call.asked,
    async () => {
      await servers.resume(name);
      return record();
    },
    async () => ((await record()).state === "paused" ? undefined : record()),
  );
});

/** Who signs in to which server. Throws ToolServerNotFoundError, ToolServerSharedError, SignInNotConfiguredError. */
function signInOf({ tools }: ApiServices, server: string, principal: Principal, what: string) {
  const { servers } = ownTools(tools, server, { principal, what });
  const { name, origin } = servers.runner.get(server);
  if (tools.remotes === undefined || origin !== "remote") throw new SignInNotConfiguredError(name);
  return { name, remotes: tools.remotes, signIn: tools.remotes.signIn(name), by: principal.id };
}

/** Throws SignInNotConfiguredError, RedirectRefusedError, SignInFailedError. */
const login = implement(
  operations.toolServer.login,
  async (services, { name, redirect_uri: redirectUri }, { principal }) => {
    const { signIn, by } = signInOf(services, name, principal, "sign in to it");
    const { url, expiresAtMs } = await signIn.begin(redirectUri, by);
    return { url, expires_at: instant(expiresAtMs) };
  },
);

/** Throws SignInNotConfiguredError, SignInStateError, SignInFailedError. */
const completeLogin = implement(operations.toolServer.completeLogin, async (services, { name, ...response }, call) => {
  const { signIn, by, name: server, remotes } = signInOf(services, name, call.principal, "sign in to it");
  await signIn.complete(response, by);
  // Runs that wait find its tools.
  await remotes.connected(server, call.signal);
  await services.runs.replies.signedIn(server, call.principal.name);
  return recordOf(services, name, call);
});

/** Throws SignInNotConfiguredError. */
const logout = implement(operations.toolServer.logout, async (services, { name }, { principal }) => {
  const { remotes, name: server } = signInOf(services, name, principal, "sign out of it");
  const { wasSignedIn, isRevoked } = await remotes.signOut(server);
  return { name: server, was_signed_in: wasSignedIn, revoked: isRevoked };
});

/** Throws ToolServerBuiltInError, ToolServerConfiguredError, ToolServerStateError. */
const remove = implement(operations.toolServer.delete, async ({ tools }, { name }, { principal }) => {
  const { servers } = ownTools(tools, name, { principal, what: "delete it" });
  const { name: shown } = servers.runner.get(name);
  const { callsInFlight } = await servers.delete(name);
  return {
    name: shown,
    state: callsInFlight === 0 ? ("unloaded" as const) : ("draining" as const),
    calls_under_way: callsInFlight,
  };
});

/** Throws ToolServerNotFoundError. */
const check = implement(operations.toolServer.check, async ({ tools }, { name }, { principal, signal }) => {
  const { records } = tools.workspaces.having(principal.workspace, name);
  const { entry, ...report } = await records.check(name, signal);
  return presentHealth(report, entry);
});

/** Throws ToolServerNotFoundError, ToolRevisionNotFoundError. */
const module = implement(operations.toolServer.module, async ({ tools }, input, { principal }) => {
  const { records } = tools.workspaces.having(principal.workspace, input.name);
  const { revision: found, bytes } = await records.module(input.name, input.revision);
  return {
    mediaType: "application/wasm",
    content: bytes,
    headers: {
      "content-disposition": `attachment; filename="${found.name}-${found.revision}.wasm"`,
      "x-content-type-options": "nosniff",
      etag: `"${found.moduleHash}"`,
    },
  };
});

/** Throws ToolServerNotFoundError. */
const logs = implement(operations.toolServer.logs, (services, { name }, call) => logLines(services, name, call), {
  stream: (services, { name }, { principal, signal }) => {
    const { servers } = ownTools(services.tools, name, { principal, what: "read its log" });
    const { name: server } = servers.runner.get(name);
    return { events: watchLog(servers, server, signal) };
  },
});

const WAITING_LINES_MAX = 1_000;

/**
 * Yields the stored lines of a server's log, then each new line, of any revision. A reader that is too slow receives the number
 * of lines that were left out.
 */
async function* watchLog(
  servers: ToolServers,
  server: string,
  signal: AbortSignal,
): AsyncGenerator<Streamed<contract.ToolLogEvent>, void, undefined> {
  const waiting: ToolLogLine[] = [];
  let missed = 0;
  let wake: (() => void) | undefined;
  using watching = servers.watchLog(server, (line) => {
    waiting.push(line);
    if (waiting.length > WAITING_LINES_MAX) {
      waiting.shift();
      missed += 1;
    }
    wake?.();
  });
  void watching;
  signal.addEventListener("abort", () => wake?.(), { once: true });
  for (const line of servers.runner.logs(server)) yield lineEvent(line);
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

export const toolServerOperations = [
  list,
  get,
  check,
  versions,
  diff,
  module,
  deploy,
  accept,
  activate,
  pause,
  resume,
  login,
  completeLogin,
  logout,
  remove,
  logs,
] as const;
