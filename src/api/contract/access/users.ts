import * as z from "zod";
import { ALL_WORKSPACES } from "../../../access/permissions/index.ts";
import { ListQuery, page } from "../problem.ts";
import { Narrowing } from "./keys.ts";
import { WorkspaceName } from "./workspaces.ts";

const Instant = z.iso.datetime();
const HOUR_S = 3_600;

/** A user of an identity provider or of a login link. */
export const User = z
  .object({
    id: z.string().meta({ description: "user_<issuer>:<subject>" }),
    issuer: z.string().meta({ description: "Name of the issuer in the configuration; local for login links" }),
    subject: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    grants: z
      .array(z.object({ workspace: z.string(), role: z.string(), only: Narrowing.nullable() }))
      .meta({ description: "Roles at the last login or request; the workspace * stands for all" }),
    state: z.enum(["active", "disabled"]),
    created_at: Instant,
    last_seen_at: Instant.meta({ description: "Last login, or request with a token; rounded to the minute" }),
    disabled_at: Instant.nullable(),
  })
  .meta({ id: "User" });
export type User = z.infer<typeof User>;
export const UserPage = page(User).meta({ id: "UserPage" });
export const UserQuery = ListQuery;

export const CreateLoginLinkBody = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional().meta({ description: "Name of the user. Default: the caller's" }),
    role: z.string().min(1).max(100).optional().meta({ description: "Role of the user. Default: the caller's" }),
    workspace: z
      .union([WorkspaceName, z.literal(ALL_WORKSPACES)])
      .optional()
      .meta({ description: "Workspace of the user, * for all. Default: the one of the request" }),
    expires_in: z
      .int()
      .min(60)
      .max(7 * 24 * HOUR_S)
      .default(HOUR_S)
      .meta({ description: "Seconds until the link expires. Default: 3600" }),
  })
  .meta({ id: "CreateLoginLink" });

/** A link with its token, which is sent once. */
export const CreatedLoginLink = z
  .object({
    name: z.string(),
    role: z.string(),
    workspace: z.string(),
    expires_at: Instant,
    page: z.url().nullable().meta({ description: "The login page; null if `server.public_url` is not set" }),
    token: z.string().nullable().meta({
      description:
        "The link is `page`#<token>, or /ui/login#<token> of the server. Sent once, and stored only as a hash. null in the answer to a repeated request",
    }),
  })
  .meta({ id: "CreatedLoginLink" });
