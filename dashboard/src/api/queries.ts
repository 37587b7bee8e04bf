import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  fillRoute,
  ROUTES,
  type AgentDetail,
  type AgentSummary,
  type ApprovalPage,
  type RevisionSummary,
  type RunDetail,
  type RunDiff,
  type RunSummary,
  type Status,
  type ToolServerDetail,
  operations,
  type Usage,
} from "../../../src/api/contract/index.ts";
import { ask, call, ProblemError } from "./client.ts";
import type { Page, RunFilter } from "./page.ts";

const PAGE_SIZE = 50;

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
    const status = await ask<Status>(ROUTES.status, { signal });
    return { ...status, receivedAtMs: Date.now() };
  },
  refetchInterval: 15_000,
});

export const agentsQuery = infiniteQueryOptions({
  queryKey: ["agents"],
  queryFn: ({ pageParam, signal }) =>
    ask<Page<AgentSummary>>(withQuery(ROUTES.agents, { cursor: pageParam, limit: 200 }), { signal }),
  initialPageParam: "",
  getNextPageParam: (last) => last.next,
});

export const agentQuery = (name: string) =>
  queryOptions({
    queryKey: ["agent", name],
    queryFn: ({ signal }) => ask<AgentDetail>(fillRoute("agent", { name }), { signal }),
    retry: retryUnlessRefused,
  });

export const revisionsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ["revisions", name],
    queryFn: ({ pageParam, signal }) =>
      ask<Page<RevisionSummary>>(
        withQuery(fillRoute("agentRevisions", { name }), { cursor: pageParam, limit: PAGE_SIZE }),
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });

export const revisionQuery = (name: string, revision: number) =>
  queryOptions({
    queryKey: ["revision", name, revision],
    queryFn: ({ signal }) => ask<AgentDetail>(fillRoute("agentRevision", { name, revision }), { signal }),
    // A revision never changes.
    staleTime: Number.POSITIVE_INFINITY,
    retry: retryUnlessRefused,
  });

export const runsQuery = ({ agent, state }: RunFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ["runs", { agent, state }] as const,
    queryFn: ({ pageParam, signal }) =>
      ask<Page<RunSummary>>(withQuery(ROUTES.runs, { agent, state, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => ask<RunDetail>(fillRoute("run", { id }), { signal }),
    retry: retryUnlessRefused,
  });

/** Calls that wait for a person, the oldest first; also how many there are in all. */
export const approvalsQuery = queryOptions({
  queryKey: ["approvals", "open"],
  queryFn: ({ signal }) =>
    ask<ApprovalPage>(withQuery(ROUTES.approvals, { state: "open", limit: PAGE_SIZE }), { signal }),
  retry: retryUnlessRefused,
});

/** Calls that were answered, or can no longer be. */
export const answeredApprovalsQuery = queryOptions({
  queryKey: ["approvals", "all"],
  queryFn: ({ signal }) => ask<ApprovalPage>(withQuery(ROUTES.approvals, { limit: PAGE_SIZE }), { signal }),
  retry: retryUnlessRefused,
});

/** Runs in which a tool asks something while it works. */
export const askingRunsQuery = queryOptions({
  queryKey: ["approvals", "asking"],
  queryFn: ({ signal }) =>
    ask<Page<RunSummary>>(withQuery(ROUTES.runs, { state: "awaiting-approval", limit: PAGE_SIZE }), { signal }),
  retry: retryUnlessRefused,
});

/** Of runs that wait for answers those in which a tool asks: the others rest, for calls to be approved. */
export const runsThatAsk = ({ items }: Page<RunSummary>): readonly RunSummary[] =>
  items.filter(({ resting }) => !resting);

export const diffQuery = (id: string, other: string) =>
  queryOptions({
    queryKey: ["diff", id, other],
    queryFn: ({ signal }) => ask<RunDiff>(fillRoute("diffRuns", { id, other }), { signal }),
    retry: retryUnlessRefused,
  });

export const toolServersQuery = queryOptions({
  queryKey: ["tools"],
  queryFn: ({ signal }) => ask<Page<ToolServerDetail>>(ROUTES.tools, { signal }),
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

/** Whether a request failed because nobody answered: it heals by itself once somebody does. */
export const isAway = (error: Error | null): boolean => error instanceof ProblemError && error.problem.status === 0;

/** Asking again helps when the server was away, not when it said no, nor when what it keeps is damaged. */
export function retryUnlessRefused(failures: number, error: Error): boolean {
  const { status, code } = error instanceof ProblemError ? error.problem : { status: 500, code: "" };
  return failures < 2 && (status === 0 || status >= 500) && code !== "MEMORY_FILE_DAMAGED";
}
