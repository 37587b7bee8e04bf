import type { ToolHost, ToolServerRecords, ToolServers } from "../../../tools/servers/index.ts";
import { manifestFor, type ToolLogLine } from "../../../tools/catalogue/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { idempotent } from "../idempotent.ts";
import {
  presentChange,
  presentDeployment,
  presentHealth,
  presentRecord,
  presentSummary,
  presentVersion,
} from "./present-tool-server.ts";
import { instant } from "../runs/present-run.ts";
import type { ServerFacts } from "../server/system-operations.ts";
import { implement, type Streamed } from "../perform.ts";
import { logLines, type ToolServices } from "./tool-operations.ts";

export type ToolServerServices = {
  readonly toolServers: ToolServers;
  readonly toolRecords: ToolServerRecords;
  readonly toolHost: Pick<ToolHost, "watchLog">;
  readonly facts: Pick<ServerFacts, "startedAtMs">;
};

const VERSIONS_SHOWN = 10;

const list = implement(
  operations.toolServer.list,
  ({ toolRecords }: ToolServerServices, { cursor = "", limit, state, origin, q = "" }) => {
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
  },
);

/** Throws ToolServerNotFoundError. */
async function recordOf({ toolRecords, facts }: ToolServerServices, name: string): Promise<contract.ToolServerRecord> {
  const record = await toolRecords.get(name);
  const { items } = await toolRecords.versions(name, { limit: VERSIONS_SHOWN });
  return presentRecord(record, { sinceMs: facts.startedAtMs, versions: items });
}

const get = implement(operations.toolServer.get, async (services: ToolServerServices, { name }) =>
  recordOf(services, name),
);

/** Throws ToolManifestInvalidError, signature errors, ToolServerRefusedError, ToolServerNameTakenError, ToolServerBuiltInError. */
const deploy = implement(operations.toolServer.deploy, async (services: ToolServerServices, input, { signal }) => {
  const { module, manifest, file = "", signature, dry_run: dryRun, accept: isAccepted } = input;
  const deployed = await services.toolServers.deploy(
    { module, manifest: manifest ?? manifestFor(file), signature, origin: "uploaded", dryRun, accept: isAccepted },
    signal,
  );
  return presentDeployment(deployed, dryRun);
});

/** Throws ToolServerNotFoundError. */
const versions = implement(
  operations.toolServer.versions,
  async ({ toolRecords }: ToolServerServices, { name, ...query }) => {
    const { items, next } = await toolRecords.versions(name, query);
    return { items: items.map(presentVersion), next: next ?? null };
  },
);

/** Throws ToolServerNotFoundError, ToolRevisionNotFoundError. */
const diff = implement(operations.toolServer.diff, async ({ toolRecords }: ToolServerServices, { name, ...range }) => {
  const found = await toolRecords.difference(name, range);
  return { ...found, asks: found.changes.some(({ asks }) => asks), changes: found.changes.map(presentChange) };
});

/** Throws ToolServerNotPendingError. */
const accept = implement(
  operations.toolServer.accept,
  async (services: ToolServerServices, { name, revision }, { asked }) => {
    const record = () => recordOf(services, name);
    return idempotent(
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
  },
);

/** Throws ToolRevisionNotFoundError, ToolModuleDamagedError. */
const activate = implement(operations.toolServer.activate, async (services: ToolServerServices, { name, revision }) => {
  await services.toolServers.activate(name, revision);
  return recordOf(services, name);
});

/** Throws ToolServerStateError. */
const pause = implement(operations.toolServer.pause, async (services: ToolServerServices, { name, reason }, call) => {
  const record = () => recordOf(services, name);
  return idempotent(
    call.asked,
    async () => {
      await services.toolServers.pause(name, reason);
      return record();
    },
    async () => ((await record()).state === "paused" ? record() : undefined),
  );
});

/** Throws ToolServerStateError. */
const resume = implement(operations.toolServer.resume, async (services: ToolServerServices, { name }, { asked }) => {
  const record = () => recordOf(services, name);
  return idempotent(
    asked,
    async () => {
      await services.toolServers.resume(name);
      return record();
    },
    async () => ((await record()).state === "paused" ? undefined : record()),
  );
});

/** Throws ToolServerBuiltInError, ToolServerConfiguredError, ToolServerStateError. */
const remove = implement(operations.toolServer.delete, async ({ toolServers }: ToolServerServices, { name }) => {
  const { name: shown } = toolServers.runner.get(name);
  const { callsInFlight } = await toolServers.delete(name);
  return {
    name: shown,
    state: callsInFlight === 0 ? ("unloaded" as const) : ("draining" as const),
    calls_under_way: callsInFlight,
  };
});

/** Throws ToolServerNotFoundError. */
const check = implement(
  operations.toolServer.check,
  async ({ toolRecords }: ToolServerServices, { name }, { signal }) => {
    const { entry, ...report } = await toolRecords.check(name, signal);
    return presentHealth(report, entry);
  },
);

/** Throws ToolServerNotFoundError, ToolRevisionNotFoundError. */
const module = implement(operations.toolServer.module, async ({ toolRecords }: ToolServerServices, input) => {
  const { revision: found, bytes } = await toolRecords.module(input.name, input.revision);
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
const logs = implement(
  operations.toolServer.logs,
  (services: ToolServerServices & Pick<ToolServices, "tools">, { name }) => logLines(services, name),
  {
    stream: (services, { name }, { signal }) => {
      const { name: server } = services.toolServers.runner.get(name);
      return { events: watchLog(services, server, signal) };
    },
  },
);

const WAITING_LINES_MAX = 1_000;

/**
 * Yields the stored lines of a server's log, then each new line, of any revision. A reader that is too slow receives the number
 * of lines that were left out.
 */
async function* watchLog(
  { toolServers, toolHost }: ToolServerServices,
  server: string,
  signal: AbortSignal,
): AsyncGenerator<Streamed<contract.ToolLogEvent>, void, undefined> {
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
  remove,
  logs,
] as const;
