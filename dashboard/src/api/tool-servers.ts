import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  fillRoute,
  ROUTES,
  type AgentSummary,
  type GrantUse,
  type GrantUsePage,
  type RouteName,
  type ToolServerDeletion,
  type ToolServerDeployment,
  type ToolServerDifference,
  type ToolServerHealth,
  type ToolServerRecord,
  type ToolServerSummary,
  type ToolServerVersion,
} from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import type { Page } from "./page.ts";
import { retryUnlessRefused, withQuery } from "./queries.ts";

/** Calls are counted without an event for each, so figures are read again while someone looks at them. */
const FIGURES_EVERY_MS = 5_000;
const PAGE_SIZE = 50;

/** What is cached about one tool server, and the lists it stands in. */
export const toolServerKeys = (name: string): readonly (readonly string[])[] => [
  ["tools"],
  ["tool-servers"],
  ["tool-server", name],
];

/** Every item of a list, page after page. */
async function wholeList<Item>(path: string, signal: AbortSignal): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | null = "";
  do {
    const page: Page<Item> = await ask<Page<Item>>(withQuery(path, { cursor, limit: 200 }), { signal });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

/** Every tool server by name: there are dozens at most, and filters then need no answer of the server. */
export const toolServerListQuery = queryOptions({
  queryKey: ["tool-servers"],
  queryFn: ({ signal }) => wholeList<ToolServerSummary>(ROUTES.toolServers, signal),
  refetchInterval: FIGURES_EVERY_MS,
});

/** Names of the agents whose definitions list the server, one of its tools, or all there is. */
export const dependentsQuery = (server: string) =>
  queryOptions({
    queryKey: ["agents", "dependents", server],
    queryFn: async ({ signal }) => {
      const agents = await wholeList<AgentSummary>(ROUTES.agents, signal);
      return agents
        .filter(({ tools }) => tools.some((tool) => tool === "all" || tool.split(".")[0] === server))
        .map(({ name }) => name);
    },
  });

export const toolServerRecordQuery = (name: string) =>
  queryOptions({
    queryKey: ["tool-server", name],
    queryFn: ({ signal }) => ask<ToolServerRecord>(fillRoute("managedToolServer", { name }), { signal }),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? FIGURES_EVERY_MS : false),
  });

export const toolServerVersionsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ["tool-server", name, "versions"],
    queryFn: ({ pageParam, signal }) =>
      ask<Page<ToolServerVersion>>(
        withQuery(fillRoute("toolServerVersions", { name }), { cursor: pageParam, limit: PAGE_SIZE }),
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });

export const toolServerDifferenceQuery = (name: string, from: number, to: number) =>
  queryOptions({
    queryKey: ["tool-server", name, "difference", from, to],
    queryFn: ({ signal }) =>
      ask<ToolServerDifference>(withQuery(fillRoute("toolServerDifference", { name }), { from, to }), { signal }),
    retry: retryUnlessRefused,
  });

export type UseFilter = {
  readonly outcome?: GrantUse["outcome"] | undefined;
  readonly kind?: GrantUse["kind"] | undefined;
};

export const grantUsesQuery = (name: string, { outcome, kind }: UseFilter) =>
  infiniteQueryOptions({
    queryKey: ["tool-server", name, "uses", { outcome, kind }],
    queryFn: ({ pageParam, signal }) =>
      ask<GrantUsePage>(
        withQuery(fillRoute("toolServerUses", { name }), { outcome, kind, cursor: pageParam, limit: PAGE_SIZE }),
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_EVERY_MS,
  });

const steer = (route: RouteName, name: string, json: object) =>
  ask<ToolServerRecord>(fillRoute(route, { name }), { method: "POST", json });

export const pauseToolServer = (name: string, reason: string) => steer("pauseToolServer", name, { reason });

export const resumeToolServer = (name: string) => steer("resumeToolServer", name, {});

/** Refused when another revision waits by now than the one that was looked at. */
export const acceptToolServer = (name: string, revision: number | undefined) =>
  steer("acceptToolServer", name, { revision });

export const activateToolServer = (name: string, revision: number) => steer("activateToolServer", name, { revision });

export const deleteToolServer = (name: string) =>
  ask<ToolServerDeletion>(fillRoute("managedToolServer", { name }), { method: "DELETE" });

/** Has it started apart and asked for its tools. */
export const checkToolServer = (name: string) => ask<ToolServerHealth>(fillRoute("toolServerHealth", { name }));

export type ToolServerUpload = {
  readonly module: File;
  readonly manifest: string;
  readonly signature: string | undefined;
};

export function deployToolServer(
  { module, manifest, signature }: ToolServerUpload,
  { dryRun, accept = false, signal }: { readonly dryRun: boolean; readonly accept?: boolean; signal?: AbortSignal },
): Promise<ToolServerDeployment> {
  const form = new FormData();
  form.set("module", module);
  if (manifest.trim() !== "") form.set("manifest", manifest);
  if (signature !== undefined) form.set("signature", signature);
  form.set("dry_run", String(dryRun));
  form.set("accept", String(accept));
  return ask<ToolServerDeployment>(ROUTES.toolServers, { method: "POST", form, signal });
}
