import { type TaskId } from "../../kernel/ids.ts";
import { type Reputation } from "./history.ts";
import { type Task, type TaskState } from "./task.ts";

/** Which tasks; newest first. */
export type TaskQuery = {
  readonly workspace: string;
  readonly state?: TaskState | undefined;
  readonly owner?: string | undefined;
  readonly parent?: TaskId | undefined;
  /** Only those made before this one. */
  readonly before?: TaskId | undefined;
  readonly limit: number;
};

/** Where tasks are kept. Reads throw storage errors. */
export interface TaskStore {
  /** The task in place of its earlier self, with what was measured by it: both or neither. On disk when resolved. */
  put(task: Task, measured: readonly Reputation[]): Promise<void>;
  find(workspace: string, id: TaskId): Task | undefined;
  list(query: TaskQuery): readonly Task[];
  /** All that are not finished or have messages to send, of every workspace. */
  unfinished(): readonly Task[];
  /** How many of those a workspace has. */
  openCount(workspace: string): number;
  history(workspace: string): readonly Reputation[];
}
