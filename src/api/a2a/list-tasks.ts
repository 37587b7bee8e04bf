import { type ListTasksRequest, TaskState } from "@a2a-js/sdk";
import { RequestMalformedError } from "@a2a-js/sdk/errors";
import { operations, type RunSummary } from "../contract/index.ts";
import { blockerOf, type Caller } from "../operations/index.ts";
import type { Contexts } from "./contexts.ts";
import { runStatesOf } from "./present-task.ts";

/** Runs that one request for a list reads at most. */
const SCANNED_MAX = 1_000;

/** Follows hand-offs to the run that answers last. */
export async function lastOf<Run extends RunSummary>(caller: Caller, run: Run): Promise<Run | RunSummary> {
  let last: Run | RunSummary = run;
  while (last.handed_to !== null) last = await caller.perform(operations.run.get, { id: last.handed_to });
  return last;
}

type Wanted = { readonly states: ReadonlySet<string> | undefined; readonly sinceMs: number };

/** Throws RequestMalformedError. */
function wantedOf({ status, statusTimestampAfter }: ListTasksRequest): Wanted {
  if (status === TaskState.UNRECOGNIZED) throw new RequestMalformedError("status: it is not a state of tasks");
  const sinceMs = statusTimestampAfter === undefined ? 0 : Date.parse(statusTimestampAfter);
  if (Number.isNaN(sinceMs)) throw new RequestMalformedError("statusTimestampAfter: it is not a time");
  return { states: status === TaskState.TASK_STATE_UNSPECIFIED ? undefined : new Set(runStatesOf(status)), sinceMs };
}

/** Returns the first runs of the tasks that a list selects, newest first, among the newest runs that one request reads. */
export async function matchingTasks(
  caller: Caller,
  request: ListTasksRequest,
  { agent, contexts }: { readonly agent: string | undefined; readonly contexts: Contexts },
): Promise<readonly RunSummary[]> {
  const wanted = wantedOf(request);
  const { contextId } = request;
  const thread = contextId === "" ? undefined : (await contexts.find(agent, contextId))?.id;
  if (contextId !== "" && thread === undefined) return [];
  const found: RunSummary[] = [];
  let cursor: string | undefined;
  for (let scanned = 0; scanned < SCANNED_MAX;) {
    const page = await caller.perform(operations.run.list, {
      limit: 100,
      ...(thread !== undefined && { thread }),
      ...(agent !== undefined && { agent }),
      ...(cursor !== undefined && { cursor }),
    });
    for (const run of page.items) if (await fits(caller, run, wanted)) found.push(run);
    scanned += page.items.length;
    if (page.next === null) break;
    cursor = page.next;
  }
  if (thread !== undefined || caller.principal.kind === "local") return found;
  const own = await contexts.ownOf(found);
  return found.filter((run) => run.thread !== null && own.has(run.thread.id));
}

/** Whether a run is a task that is selected. Its state is that of the last run, if agents handed it off. */
async function fits(caller: Caller, run: RunSummary, { states, sinceMs }: Wanted): Promise<boolean> {
  if (run.handed_from !== null) return false;
  const last = await lastOf(caller, run);
  const { ended_at, started_at, created_at } = last;
  if (Date.parse(ended_at ?? started_at ?? created_at) < sinceMs) return false;
  return states === undefined || states.has(((await blockerOf(caller, last)) ?? last).state);
}
