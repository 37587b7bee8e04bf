import * as z from "zod";
import { ALL_PERMISSIONS, ALL_WORKSPACES } from "../../../access/permissions/index.ts";
import { ListQuery, page } from "../problem.ts";
import { WorkspaceName } from "./workspaces.ts";

const Patterns = z
  .array(z.string().min(1).max(200))
  .min(1)
  .max(100)
  .optional()
  .meta({ description: "Names, in which * stands for any characters and ? for one" });

/** What a grant is limited to. */
export const Narrowing = z.strictObject({ agents: Patterns, tools: Patterns, capabilities: Patterns }).meta({
  id: "Narrowing",
  description:
    "Limits a role to agents with their runs and approvals, to tool servers, and to capabilities that receive messages. Operations that cannot be limited are refused",
});

const Instant = z.iso.datetime();
const YEAR_S = 366 * 86_400;

const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .meta({ description: "Purpose of the key, for example the program that uses it" });

/** An API key, without its secret. */
export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.string(),
    workspace: z.string().meta({ description: "* stands for all" }),
    only: Narrowing.nullable(),
    state: z.enum(["active", "expired", "revoked"]),
    created_at: Instant,
    created_by: z.string().meta({ description: "The principal that created it" }),
    expires_at: Instant.nullable(),
    revoked_at: Instant.nullable(),
    last_used_at: Instant.nullable().meta({ description: "Rounded to the minute" }),
    previous_until: Instant.nullable().meta({ description: "Until when the secret before the last rotation is valid" }),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof ApiKey>;
export const ApiKeyPage = page(ApiKey).meta({ id: "ApiKeyPage" });

/** A key with its text, which is sent once. */
export const CreatedApiKey = ApiKey.extend({
  key: z.string().nullable().meta({
    description: "Sent once, and stored only as a hash. null in the answer to a repeated request",
  }),
}).meta({ id: "CreatedApiKey" });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const ApiKeyQuery = ListQuery;

export const CreateApiKeyBody = z
  .strictObject({
    name: Name,
    role: z.string().min(1).max(100),
    workspace: z
      .union([WorkspaceName, z.literal(ALL_WORKSPACES)])
      .optional()
      .meta({
        description: "Workspace in which the key is valid, * for all. Default: the one of the request",
      }),
    only: Narrowing.optional(),
    expires_in: z
      .int()
      .min(60)
      .max(10 * YEAR_S)
      .optional()
      .meta({ description: "Seconds until the key expires. Default: never" }),
  })
  .meta({ id: "CreateApiKey" });

export const RotateApiKeyBody = z
  .strictObject({
    grace: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(0)
      .meta({ description: "Seconds for which the previous secret remains valid. Default: 0" }),
  })
  .meta({ id: "RotateApiKey" });

const PermissionName = z.enum(ALL_PERMISSIONS);

/** Who a request is, and what it may do. */
export const Identity = z
  .object({
    id: z.string().meta({ description: "key_<id>, user_<issuer>:<subject>, participant_<name>, setup, or local" }),
    kind: z.enum(["local", "setup", "key", "user", "certificate", "participant"]).meta({
      description: "local: the server runs without access control",
    }),
    name: z.string(),
    role: z.string().meta({ description: "In the workspace of the request" }),
    workspace: z.string().meta({ description: "The workspace of the request" }),
    grants: z
      .array(z.object({ workspace: z.string(), role: z.string(), only: Narrowing.nullable() }))
      .meta({ description: "Its role in each workspace; * stands for all" }),
    permissions: z.array(PermissionName),
    expires_at: Instant.nullable(),
    session: z
      .object({
        csrf_token: z.string().meta({ description: "For the header X-Caxton-CSRF" }),
        ends_at: Instant.meta({ description: "Earlier after `access.session_idle` without a request" }),
      })
      .nullable()
      .meta({ description: "The browser session of this request" }),
  })
  .meta({ id: "Identity" });
export type Identity = z.infer<typeof Identity>;

export const RoleEntry = z
  .object({
    name: z.string(),
    description: z.string(),
    is_built_in: z.boolean(),
    permissions: z.array(PermissionName),
    patterns: z
      .array(z.object({ pattern: z.string(), permissions: z.array(PermissionName) }))
      .meta({ description: "The patterns of the role, each with the permissions that it grants" }),
  })
  .meta({ id: "Role" });
export const RoleList = z
  .object({
    items: z.array(RoleEntry),
    permissions: z
      .array(z.object({ name: PermissionName, description: z.string() }))
      .meta({ description: "Every permission" }),
  })
  .meta({ id: "RoleList" });
