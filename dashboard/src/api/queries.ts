import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { operations, type Usage } from "../../../src/api/contract/index.ts";
import { call, ProblemError } from "./client.ts";
import { timesOf } from "../search/time-range.ts";
import { pagesFrom, type RunFilter } from "./page.ts";

const PAGE_SIZE = 50;
const SEARCH_AGAIN_MS = 10_000;

/** A path with the parameters that have a value. */
export const withQuery = (
  path: string,
  query: { readonly [key: string]: string | number | undefined | null },
): string => {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  return search.size === 0 ? path : `${path}?${search}`;
};

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: async ({ signal }) => {
    const status = await call(operations.server.status, {}, signal);
    return { ...status, receivedAtMs: Date.now() };
  },
  refetchInterval: 15_000,
});

export const agentsQuery = infiniteQueryOptions({
  queryKey: ["agents"],
  ...pagesFrom((cursor, signal) => call(operations.agent.list, { cursor, limit: 200 }, signal)),
});

export const agentQuery = (name: string) =>
  queryOptions({
    queryKey: ["agent", name],
    queryFn: ({ signal }) => call(operations.agent.get, { name }, signal),
    retry: retryUnlessRefused,
  });

export const revisionsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ["revisions", name],
    ...pagesFrom((cursor, signal) => call(operations.agent.revisions, { name, cursor, limit: PAGE_SIZE }, signal)),
  });

export const revisionQuery = (name: string, revision: number) =>
  queryOptions({
    queryKey: ["revision", name, revision],
    queryFn: ({ signal }) => call(operations.agent.revision, { name, revision }, signal),
    // A revision never changes.
    staleTime: Number.POSITIVE_INFINITY,
    retry: retryUnlessRefused,
  });

export const runsQuery = ({ agent, state, tag, q, since, until }: RunFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ["runs", { agent, state, tag, q, since, until }] as const,
    ...pagesFrom((cursor, signal) => {
      const times = timesOf({ since, until }, Date.now());
      const filter = { agent, state, tag, search: q?.trim() || undefined, ...times };
      return call(operations.run.list, { ...filter, cursor, limit: PAGE_SIZE }, signal);
    }),
    placeholderData: keepPreviousData,
    // Whether a new run has the words is known to the server alone.
    refetchInterval: q === undefined ? false : SEARCH_AGAIN_MS,
    retry: retryUnlessRefused,
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => call(operations.run.get, { id }, signal),
    retry: retryUnlessRefused,
  });

const TREE_AGAIN_MS = 2_000;

/** A run with those below it, read again while any of them is in progress. */
export const runTreeQuery = (id: string) =>
  queryOptions({
    queryKey: ["run-tree", id],
    queryFn: ({ signal }) => call(operations.run.tree, { id }, signal),
    refetchInterval: ({ state: { data } }) =>
      data?.items.every(({ ended_at: at }) => at !== null) === true ? false : TREE_AGAIN_MS,
    retry: retryUnlessRefused,
  });

/** Calls that wait for a person, the oldest first; also how many there are in all. */
export const approvalsQuery = queryOptions({
  queryKey: ["approvals", "open"],
  queryFn: ({ signal }) => call(operations.approval.list, { state: "open", limit: PAGE_SIZE }, signal),
  retry: retryUnlessRefused,
});

/** Calls that were answered, or can no longer be. */
export const answeredApprovalsQuery = queryOptions({
  queryKey: ["approvals", "all"],
  queryFn: ({ signal }) => call(operations.approval.list, { limit: PAGE_SIZE }, signal),
  retry: retryUnlessRefused,
});

/** Runs whose model asks something, or in which a tool asks while it works. */
export const askingRunsQuery = queryOptions({
  queryKey: ["approvals", "asking"],
  queryFn: ({ signal }) => call(operations.run.list, { state: "awaiting-input", limit: PAGE_SIZE }, signal),
  retry: retryUnlessRefused,
});

export const diffQuery = (id: string, other: string) =>
  queryOptions({
    queryKey: ["diff", id, other],
    queryFn: ({ signal }) => call(operations.run.compare, { id, other }, signal),
    retry: retryUnlessRefused,
  });

export const toolServersQuery = queryOptions({
  queryKey: ["tools"],
  queryFn: ({ signal }) => call(operations.tool.list, {}, signal),
});

export const budgetsQuery = queryOptions({
  queryKey: ["budgets"],
  queryFn: ({ signal }) => call(operations.budget.list, {}, signal),
  refetchInterval: 15_000,
});

export type UsageGroup = Usage["by"];

export const usageQuery = (by: UsageGroup) =>
  queryOptions({
    queryKey: ["usage", by],
    queryFn: ({ signal }) => call(operations.budget.usage, { by }, signal),
    refetchInterval: 60_000,
  });

/** Whether a request failed because the server is unreachable: it recovers when the server responds. */
export const isAway = (error: Error | null): boolean => error instanceof ProblemError && error.problem.status === 0;

/** Asking again helps when the server was away, not when it said no, nor when what it keeps is damaged. */
export function retryUnlessRefused(failures: number, error: Error): boolean {
  const { status, code } = error instanceof ProblemError ? error.problem : { status: 500, code: "" };
  return failures < 2 && (status === 0 || status >= 500) && code !== "MEMORY_FILE_DAMAGED";
}
