import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type GrantUse, LOGIN_PATHS, operations, type ToolServerDeployment } from "../../../src/api/contract/index.ts";
import { ask, call } from "./client.ts";
import { entriesOf, pagesFrom } from "./page.ts";
import { retryUnlessRefused } from "./queries.ts";

/** Refetch interval of visible statistics: calls send no events. */
const FIGURES_EVERY_MS = 5_000;
const PAGE_SIZE = 50;
const WHOLE_PAGE_SIZE = 200;

/** What is cached about one tool server, and the lists it stands in. */
export const toolServerKeys = (name: string): readonly (readonly string[])[] => [
  ["tools"],
  ["tool-servers"],
  ["tool-server", name],
];

/** Every tool server by name: there are dozens at most, and filters then need no answer of the server. */
export const toolServerListQuery = queryOptions({
  queryKey: ["tool-servers"],
  queryFn: ({ signal }) =>
    entriesOf((cursor) => call(operations.toolServer.list, { cursor, limit: WHOLE_PAGE_SIZE }, signal)),
  refetchInterval: FIGURES_EVERY_MS,
});

/** Names of the agents whose definitions list the server, one of its tools, or all there is. */
export const dependentsQuery = (server: string) =>
  queryOptions({
    queryKey: ["agents", "dependents", server],
    queryFn: async ({ signal }) => {
      const agents = await entriesOf((cursor) =>
        call(operations.agent.list, { cursor, limit: WHOLE_PAGE_SIZE }, signal),
      );
      return agents
        .filter(({ tools }) => tools.some((tool) => tool === "all" || tool.split(".")[0] === server))
        .map(({ name }) => name);
    },
  });

export const toolServerRecordQuery = (name: string) =>
  queryOptions({
    queryKey: ["tool-server", name],
    queryFn: ({ signal }) => call(operations.toolServer.get, { name }, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? FIGURES_EVERY_MS : false),
  });

export const toolServerVersionsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ["tool-server", name, "versions"],
    ...pagesFrom((cursor, signal) => call(operations.toolServer.versions, { name, cursor, limit: PAGE_SIZE }, signal)),
  });

export const toolServerDifferenceQuery = (name: string, from: number, to: number) =>
  queryOptions({
    queryKey: ["tool-server", name, "difference", from, to],
    queryFn: ({ signal }) => call(operations.toolServer.diff, { name, from, to }, signal),
    retry: retryUnlessRefused,
  });

export type UseFilter = {
  readonly outcome?: GrantUse["outcome"] | undefined;
  readonly kind?: GrantUse["kind"] | undefined;
};

export const grantUsesQuery = (name: string, { outcome, kind }: UseFilter) =>
  infiniteQueryOptions({
    queryKey: ["tool-server", name, "uses", { outcome, kind }],
    ...pagesFrom((cursor, signal) =>
      call(operations.toolServer.uses, { name, outcome, kind, cursor, limit: PAGE_SIZE }, signal),
    ),
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_EVERY_MS,
  });

export const pauseToolServer = (name: string, reason: string) => call(operations.toolServer.pause, { name, reason });

/** The browser comes back to this origin. */
export const beginSignIn = (name: string) =>
  call(operations.toolServer.login, {
    name,
    redirect_uri: new URL(LOGIN_PATHS.toolCallback, globalThis.location.origin).href,
  });

export const completeSignIn = (name: string, response: Readonly<Record<string, string>>) =>
  call(operations.toolServer.completeLogin, { state: "", ...response, name });

export const signOut = (name: string) => call(operations.toolServer.logout, { name });

export const resumeToolServer = (name: string) => call(operations.toolServer.resume, { name });

/** Refused when another revision waits by now than the one that was looked at. */
export const acceptToolServer = (name: string, revision: number | undefined) =>
  call(operations.toolServer.accept, { name, revision });

export const activateToolServer = (name: string, revision: number) =>
  call(operations.toolServer.activate, { name, revision });

export const deleteToolServer = (name: string) => call(operations.toolServer.delete, { name });

/** Has it started apart and asked for its tools. */
export const checkToolServer = (name: string) => call(operations.toolServer.check, { name });

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
  return ask<ToolServerDeployment>(operations.toolServer.deploy.http.path, { method: "POST", form, signal });
}
