import * as z from "zod";
import { operation } from "../operation.ts";
import { CreatedLoginLink, CreateLoginLinkBody, User, UserPage, UserQuery } from "./users.ts";

const COMMON = { tags: ["access"], surfaces: ["rest", "cli"] } as const;
const WRITE = { ...COMMON, permission: "access:admin", effect: "write", retry: "by-key" } as const;
const params = z.object({ id: z.string().max(400) });

export const list = operation({
  ...COMMON,
  name: "user.list",
  summary: "List users who logged in, the oldest first",
  http: { method: "GET", path: "/api/v1/users" },
  permission: "access:read",
  effect: "read",
  query: UserQuery,
  output: UserPage,
});

export const disable = operation({
  ...WRITE,
  name: "user.disable",
  summary: "Disable a user",
  description:
    "Ends the user's sessions, refuses the user's tokens from the next request on, and ends event streams and WebSockets within a second.",
  http: { method: "POST", path: "/api/v1/users/:id/disable" },
  params,
  output: User,
});

export const enable = operation({
  ...WRITE,
  name: "user.enable",
  summary: "Enable a disabled user",
  description: "The user can log in again.",
  http: { method: "POST", path: "/api/v1/users/:id/enable" },
  params,
  output: User,
});

export const link = operation({
  ...WRITE,
  retry: "never",
  name: "user.link",
  created: "name",
  summary: "Create a one-time login link",
  description:
    "The link logs a browser in once: its page sends the token as `Authorization: Bearer` to `POST /api/v1/session`. A role with permissions that the caller does not have is refused.",
  http: { method: "POST", path: "/api/v1/login-links" },
  body: CreateLoginLinkBody,
  output: CreatedLoginLink,
  sentOnce: ["token"],
});
