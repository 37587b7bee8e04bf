import * as z from "zod";
import { operation } from "../operation.ts";
import { ListQuery } from "../problem.ts";
import {
  CreateTriggerBody,
  FireTriggerBody,
  HookSecret,
  PreviewTriggerBody,
  TriggerPreview,
  Trigger,
  TriggerFire,
  TriggerFirePage,
  TriggerPage,
  TriggerQuery,
  UpdateTriggerBody,
} from "./triggers.ts";

const COMMON = { tags: ["triggers"], surfaces: ["rest", "cli"], narrowed: { by: ["agents"] } } as const;
const READ = { ...COMMON, permission: "triggers:read", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "triggers:write", effect: "write" } as const;
const params = z.object({ id: z.string().meta({ description: "Id of the trigger, or agent/name" }) });

export const list = operation({
  ...READ,
  name: "trigger.list",
  summary: "List triggers by agent and name",
  http: { method: "GET", path: "/api/v1/triggers" },
  query: TriggerQuery,
  output: TriggerPage,
});

export const create = operation({
  ...WRITE,
  name: "trigger.create",
  created: "id",
  summary: "Create a trigger that starts runs of an agent",
  description: "Its runs have the rights of the principal that creates it or changes it last.",
  http: { method: "POST", path: "/api/v1/triggers" },
  retry: "by-key",
  body: CreateTriggerBody,
  output: Trigger,
});

export const get = operation({
  ...READ,
  name: "trigger.get",
  summary: "Get a trigger",
  http: { method: "GET", path: "/api/v1/triggers/:id" },
  params,
  output: Trigger,
});

export const update = operation({
  ...WRITE,
  name: "trigger.update",
  summary: "Change, enable or disable a trigger",
  description: "The principal becomes the owner of the trigger. A trigger that stopped continues.",
  http: { method: "PATCH", path: "/api/v1/triggers/:id" },
  params,
  body: UpdateTriggerBody,
  output: Trigger,
});

const remove = operation({
  ...WRITE,
  name: "trigger.delete",
  summary: "Delete a trigger with its history; its runs continue",
  http: { method: "DELETE", path: "/api/v1/triggers/:id" },
  effect: "destroy",
  params,
  output: params,
});

export const preview = operation({
  ...READ,
  surfaces: ["rest"],
  name: "trigger.preview",
  summary: "List the next five times of a trigger that is not created",
  http: { method: "POST", path: "/api/v1/triggers/preview" },
  retry: "never",
  body: PreviewTriggerBody,
  output: TriggerPreview,
});

export const rotateSecret = operation({
  ...WRITE,
  name: "trigger.rotateSecret",
  summary: "Create or replace the secret of a webhook",
  description:
    "Only this response contains the secret; the previous one is not accepted any more. The principal becomes the owner of the trigger.",
  http: { method: "POST", path: "/api/v1/triggers/:id/rotate-secret" },
  retry: "never",
  params,
  output: HookSecret,
  sentOnce: ["secret"],
});

export const fire = operation({
  ...WRITE,
  name: "trigger.fire",
  summary: "Fire a trigger now",
  description: "The run has the rights that the principal and the owner of the trigger both have.",
  http: { method: "POST", path: "/api/v1/triggers/:id/fire" },
  retry: "by-key",
  params,
  body: FireTriggerBody,
  isBodyOptional: true,
  output: TriggerFire,
});

export const fires = operation({
  ...READ,
  name: "trigger.fires",
  summary: "List the events of a trigger with their runs, newest first",
  http: { method: "GET", path: "/api/v1/triggers/:id/fires" },
  params,
  query: ListQuery,
  output: TriggerFirePage,
});

export { remove as delete };
