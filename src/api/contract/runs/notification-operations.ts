import * as z from "zod";
import { operation } from "../operation.ts";
import { Notification, NotificationName, NotificationPage, SetNotificationBody } from "./notifications.ts";

const COMMON = {
  tags: ["runs"],
  surfaces: ["rest"],
  permission: "runs:execute",
  narrowed: { by: ["agents"] },
} as const;
const params = z.object({ id: z.string(), name: NotificationName });

export const list = operation({
  ...COMMON,
  effect: "read",
  name: "notification.list",
  summary: "List who is notified of a run, the oldest first",
  http: { method: "GET", path: "/api/v1/runs/:id/notifications" },
  params: params.pick({ id: true }),
  output: NotificationPage,
});

export const set = operation({
  ...COMMON,
  effect: "write",
  name: "notification.set",
  summary: "Notify a URL when the state of a run changes",
  description:
    "Each change is a POST in the form of Agent2Agent, repeated until it arrives. Replaces the notification of the same name. Nothing is sent once the principal may not read the content of the run any more.",
  http: { method: "PUT", path: "/api/v1/runs/:id/notifications/:name" },
  params,
  body: SetNotificationBody,
  output: Notification,
});

const remove = operation({
  ...COMMON,
  effect: "destroy",
  name: "notification.delete",
  summary: "Stop notifying a URL of a run",
  http: { method: "DELETE", path: "/api/v1/runs/:id/notifications/:name" },
  params,
  output: params,
});

export { remove as delete };
