import { type Database, SqliteTaskStore } from "../backends/sqlite/index.ts";
import { Alarm } from "../kernel/alarm.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Directory, Router } from "../router/index.ts";
import { Tasks, TASKS_PARTICIPANT } from "../tasks/index.ts";

const WORKSPACE = "default";

/** Tasks over what is on disk, with those that were under way. The stack ends what they wait for. */
export function openTasks(
  stack: AsyncDisposableStack,
  parts: {
    readonly database: Database;
    readonly router: Router;
    readonly participants: Directory;
    readonly clock: Clock;
  },
): Tasks {
  const { database, router, participants: directory, clock } = parts;
  const alarm = stack.use(new Alarm(clock));
  const tasks = new Tasks({ store: new SqliteTaskStore(database), post: router, directory, clock, alarm });
  stack.use(router.attach(WORKSPACE, TASKS_PARTICIPANT, tasks));
  tasks.resume();
  return tasks;
}
