import { type Database, SqliteTaskStore } from "../storage/index.ts";
import { TimerQueue } from "../kernel/timer-queue.ts";
import type { Clock } from "../kernel/clock.ts";
import { type Directory, type Router, taken } from "../messaging/router/index.ts";
import { type Config, tasksOptions } from "./config/index.ts";
import { Tasks, TASKS_PARTICIPANT } from "../messaging/tasks/index.ts";

/** Where late answers are taken also while no task is under way. */
const WORKSPACE = "default";

/** Tasks over what is on disk, with those that were under way. The stack ends what they wait for. */
export function openTasks(
  stack: AsyncDisposableStack,
  config: Config,
  parts: {
    readonly database: Database;
    readonly router: Router;
    readonly directory: Directory;
    readonly clock: Clock;
  },
): Tasks {
  const { database, router, directory, clock } = parts;
  const alarm = stack.use(new TimerQueue(clock));
  const attached = stack.use(new DisposableStack());
  const tasks = new Tasks({
    store: new SqliteTaskStore(database),
    post: router,
    records: router.records,
    taken: (...delivery) => taken(router, ...delivery),
    directory,
    clock,
    alarm,
    options: tasksOptions(config.tasks, config.messages.rounds_max),
    attach: (workspace, handler) => void attached.use(router.attach(workspace, TASKS_PARTICIPANT, handler)),
  });
  tasks.resume([WORKSPACE]);
  return tasks;
}
