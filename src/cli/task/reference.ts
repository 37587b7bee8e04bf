import { operations, type Task } from "../../api/contract/index.ts";
import { type Context, listUpTo, pagesOf, TaskReferenceError } from "../frame/index.ts";

const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const SEARCHED_MAX = 200;

/** The id meant by a whole id, by `last`, or by the end of one of the newest 200. Throws TaskReferenceError. */
export async function resolveTask({ client }: Context, reference: string): Promise<string> {
  if (WHOLE_ID.test(reference)) return reference.toLowerCase();
  const limit = reference === "last" ? 1 : SEARCHED_MAX;
  const newest = await listUpTo(client, pagesOf(operations.task.list, {}), limit);
  const fitting = newest.value.items.filter(({ id }) => reference === "last" || id.endsWith(reference.toLowerCase()));
  const [only, ...others]: readonly Task[] = fitting;
  if (only && others.length === 0) return only.id;
  throw new TaskReferenceError(
    only ? `"${reference}" fits ${fitting.length} tasks` : `there is no task "${reference}"`,
    "a task is named by its id, by the last characters of it, or by the word last; see: caxton task list",
    { reference },
  );
}
