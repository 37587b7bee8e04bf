import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { fillRoute, ROUTES, type PerformanceList, type Task, type TaskPage } from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import { retryUnlessRefused, withQuery } from "./queries.ts";

const PAGE_SIZE = 50;

export type TaskFilter = { readonly status?: Task["status"] | undefined; readonly owner?: string | undefined };

/** The newest first. */
export const tasksQuery = (filter: TaskFilter) =>
  infiniteQueryOptions({
    queryKey: ["tasks", filter],
    queryFn: ({ pageParam, signal }) =>
      ask<TaskPage>(withQuery(ROUTES.tasks, { ...filter, cursor: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ["task", id],
    queryFn: ({ signal }) => ask<Task>(fillRoute("task", { id }), { signal }),
    retry: retryUnlessRefused,
  });

/** How providers did with tasks so far. */
export const performanceQuery = queryOptions({
  queryKey: ["performance"],
  queryFn: ({ signal }) => ask<PerformanceList>(ROUTES.performance, { signal }),
});

/** Whoever was asked or has it is told. */
export const cancelTask = (id: string) => ask<Task>(fillRoute("cancelTask", { id }), { method: "POST", json: {} });

/** Asks for proposals. It answers when somebody has it; the page shows each step before that. */
export const distributeTask = (id: string) =>
  ask<unknown>(fillRoute("distributeTask", { id }), { method: "POST", json: {} });

export const isTaskOver = ({ status }: Pick<Task, "status">): boolean =>
  status === "done" || status === "failed" || status === "cancelled";
