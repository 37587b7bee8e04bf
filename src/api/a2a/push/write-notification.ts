import { StreamResponse, type Task } from "@a2a-js/sdk";
import { V03PushNotificationSerializer } from "@a2a-js/sdk/compat/v0_3/server";
import { LIMITS } from "../../../kernel/quantities.ts";
import { operations, runs } from "../../contract/index.ts";
import { type ApiServices, blockerOf, Caller, type WriteNotification } from "../../operations/index.ts";
import { Contexts } from "../contexts.ts";
import { lastOf } from "../list-tasks.ts";
import { statusOf, taskOf, taskStateOf } from "../present-task.ts";

const MEDIA_TYPE = "application/a2a+json";
const ENDED = new Set<string>(["completed", "failed", "cancelled"]);

/**
 * Writes a notification of a task as its owner may read it: its status, and at its end the whole task. One that is too large has the status
 * alone, and its receiver gets the task.
 */
export async function writeNotification(
  services: ApiServices,
  ...[{ id, notification, owner, workspace }, { atMs, data }]: Parameters<WriteNotification>
): ReturnType<WriteNotification> {
  const caller = Caller.standing(services, owner, { workspace, requestId: id });
  if (caller === undefined) return undefined;
  const { run, base, format } = notification;
  const contexts = new Contexts({ caller, base, nowMs: () => services.server.clock.nowMs() });
  const first = await caller.perform(operations.run.get, { id: run });
  const last = await caller.perform(operations.run.get, { id: (await lastOf(caller, first)).id });
  // Needs the permission to read content, as every task does.
  const { items: files } = await caller.perform(operations.run.artifacts, { id: last.id });
  const below = await blockerOf(caller, last);
  const place = await contexts.placeOf(first);
  const state = runs.RunState.parse(data["state"]);
  const now = statusOf(last, place, below);
  // The run may have continued since.
  const isNow = state === last.state;
  const status = {
    state: isNow ? now.state : taskStateOf(state),
    message: isNow ? now.message : undefined,
    timestamp: new Date(atMs).toISOString(),
  };
  const task: Task = { ...taskOf(last, place, { first, below, files }), status };
  const { taskId, contextId } = place;
  const update: Payload = { $case: "statusUpdate", value: { taskId, contextId, status, metadata: undefined } };
  const whole: Payload = ENDED.has(state) ? { $case: "task", value: task } : update;
  if (format === "a2a-0.3") return limited(legacy, task, { ...task, artifacts: [], history: [] });
  return limited(current, whole, update);
}

type Written = { readonly mediaType: string; readonly body: string };
type Payload = NonNullable<StreamResponse["payload"]>;

function limited<Content>(write: (content: Content) => Written, whole: Content, less: Content): Written {
  const written = write(whole);
  return Buffer.byteLength(written.body) <= LIMITS.webhookContentBytesMax ? written : write(less);
}

const current = (payload: Payload): Written => ({
  mediaType: MEDIA_TYPE,
  body: JSON.stringify(StreamResponse.toJSON({ payload })),
});

/** A task, as in version 0.3. */
function legacy(task: Task): Written {
  const payload = { $case: "task", value: task } as const;
  const { contentType, body } = new V03PushNotificationSerializer().serialize({ payload }, task);
  return { mediaType: contentType, body };
}
