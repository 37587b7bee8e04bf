import * as z from "zod";
import { operation } from "../operation.ts";
import {
  CreateTaskBody,
  DistributeBody,
  PerformanceList,
  Task,
  TaskDistribution,
  TaskListQuery,
  TaskPage,
  TaskQuery,
} from "./tasks.ts";

const COMMON = { tags: ["tasks"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "tasks:read", effect: "read" } as const;
const EXECUTE = { ...COMMON, permission: "tasks:execute", effect: "write", retry: "by-key" } as const;
const params = z.object({ id: z.string() });

export const create = operation({
  ...EXECUTE,
  name: "task.create",
  created: "id",
  summary: "Create a task, optionally distribute it at once",
  description: "Stored when answered. With `distribute`, the response does not wait for proposals.",
  http: { method: "POST", path: "/api/v1/tasks", status: 201 },
  body: CreateTaskBody,
  output: Task,
});

export const list = operation({
  ...READ,
  name: "task.list",
  summary: "List tasks, newest first",
  http: { method: "GET", path: "/api/v1/tasks" },
  query: TaskListQuery,
  output: TaskPage,
});

export const get = operation({
  ...READ,
  name: "task.get",
  summary: "Get a task, optionally once it has changed",
  http: { method: "GET", path: "/api/v1/tasks/:id" },
  params,
  query: TaskQuery,
  output: Task,
});

export const distribute = operation({
  ...EXECUTE,
  name: "task.distribute",
  summary: "Call for proposals and award a task",
  description:
    "Responds when the task is awarded or has failed. The task continues if the client disconnects. 409 TASK_STATE: it was already distributed.",
  http: { method: "POST", path: "/api/v1/tasks/:id/distribute" },
  params,
  body: DistributeBody,
  isBodyOptional: true,
  output: TaskDistribution,
});

export const cancel = operation({
  ...EXECUTE,
  name: "task.cancel",
  isUrgent: true,
  summary: "Cancel a task",
  http: { method: "POST", path: "/api/v1/tasks/:id/cancel" },
  params,
  output: Task,
});

export const performance = operation({
  ...READ,
  name: "task.performance",
  summary: "List the task performance of providers; recent tasks count more",
  http: { method: "GET", path: "/api/v1/performance" },
  permission: "usage:read",
  output: PerformanceList,
});
