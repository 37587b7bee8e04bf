import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { operations, type Task } from "../../../src/api/contract/index.ts";
import { call } from "./client.ts";
import { pagesFrom } from "./page.ts";
import { retryUnlessRefused } from "./queries.ts";

const PAGE_SIZE = 50;

export type TaskFilter = { readonly status?: Task["status"] | undefined; readonly owner?: string | undefined };

/** The newest first. */
export const tasksQuery = (filter: TaskFilter) =>
  infiniteQueryOptions({
    queryKey: ["tasks", filter],
    ...pagesFrom((cursor, signal) => call(operations.task.list, { ...filter, cursor, limit: PAGE_SIZE }, signal)),
    placeholderData: keepPreviousData,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ["task", id],
    queryFn: ({ signal }) => call(operations.task.get, { id }, signal),
    retry: retryUnlessRefused,
  });

/** How providers did with tasks so far. */
export const performanceQuery = queryOptions({
  queryKey: ["performance"],
  queryFn: ({ signal }) => call(operations.task.performance, {}, signal),
});

/** Cancels a task and notifies invited and awarded participants. */
export const cancelTask = (id: string) => call(operations.task.cancel, { id });

/** Calls for proposals. The response arrives after the award; the page shows each step before that. */
export const distributeTask = (id: string) => call(operations.task.distribute, { id });

export const isTaskOver = ({ status }: Pick<Task, "status">): boolean =>
  status === "done" || status === "failed" || status === "cancelled";
