import type { Task } from "../../../src/api/contract/index.ts";
import { oneOf, type Raw, words } from "./values.ts";

export const TASK_STATUSES = [
  "created",
  "collecting",
  "evaluating",
  "working",
  "done",
  "failed",
  "cancelled",
] as const satisfies readonly Task["status"][];

export type TasksSearch = { readonly status?: Task["status"] | undefined; readonly owner?: string | undefined };
export const tasksSearch = (raw: Raw): TasksSearch => ({
  status: oneOf(TASK_STATUSES, raw["status"]),
  owner: words(raw["owner"]),
});
