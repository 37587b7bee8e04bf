import * as z from "zod";
import { GrantUsePage, GrantUseQuery } from "./grants.ts";
import { BeginSignInBody, BegunSignIn, SignInResponseBody, SignOut } from "./sign-in.ts";
import { Download, operation } from "../operation.ts";
import {
  AcceptBody,
  ActivateBody,
  DeployToolServerBody,
  DifferenceQuery,
  ModuleQuery,
  PauseBody,
  ToolLog,
  ToolLogEvent,
  ToolServerDeletion,
  ToolServerDeployment,
  ToolServerDifference,
  ToolServerHealth,
  ToolServerPage,
  ToolServerQuery,
  ToolServerRecord,
  ToolServerVersionPage,
  VersionQuery,
} from "./tools.ts";

const COMMON = { tags: ["tool servers"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "tools:read", effect: "read" } as const;
const ADMIN = { ...COMMON, permission: "tools:admin", effect: "write", retry: "by-key" } as const;
const params = z.object({ name: z.string() });
const ONE = { by: ["tools"], name: ({ name }: { readonly name: string }) => name } as const;

export const list = operation({
  ...READ,
  name: "toolServer.list",
  summary: "List tool servers by name",
  http: { method: "GET", path: "/api/v1/tool-servers" },
  query: ToolServerQuery,
  output: ToolServerPage,
});

export const get = operation({
  ...READ,
  name: "toolServer.get",
  narrowed: ONE,
  summary: "Get a tool server: tools, grants, limits, pins, versions, health and usage",
  http: { method: "GET", path: "/api/v1/tool-servers/:name" },
  params,
  output: ToolServerRecord,
});

export const check = operation({
  ...READ,
  name: "toolServer.check",
  narrowed: ONE,
  summary: "Check a tool server: start a separate instance and list its tools",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/health" },
  permission: "tools:admin",
  retry: "by-key",
  keepsAnswer: false,
  params,
  output: ToolServerHealth,
});

export const versions = operation({
  ...READ,
  name: "toolServer.versions",
  narrowed: ONE,
  summary: "List the stored revisions of a tool server, newest first, with their changes",
  http: { method: "GET", path: "/api/v1/tool-servers/:name/versions" },
  params,
  query: VersionQuery,
  output: ToolServerVersionPage,
});

export const diff = operation({
  ...READ,
  name: "toolServer.diff",
  narrowed: ONE,
  summary: "Compare two revisions",
  http: { method: "GET", path: "/api/v1/tool-servers/:name/diff" },
  params,
  query: DifferenceQuery,
  output: ToolServerDifference,
});

export const module = operation({
  ...READ,
  name: "toolServer.module",
  narrowed: ONE,
  summary: "Download the module of a tool server",
  http: { method: "GET", path: "/api/v1/tool-servers/:name/module" },
  permission: "tools:admin",
  params,
  query: ModuleQuery,
  output: Download,
});

export const deploy = operation({
  ...ADMIN,
  name: "toolServer.deploy",
  created: "name",
  summary: "Deploy a tool server, or its next revision",
  description:
    "As multipart/form-data with the file itself, at most 32 MiB, or as JSON of at most 4 MiB with the module in base64. Returns 201 for a new server, 200 for a new or unchanged revision, 202 if the revision is pending.",
  http: {
    method: "POST",
    path: "/api/v1/tool-servers",
    otherStatuses: [201, 202],
    statusOf: ({ outcome, dry_run: dryRun }) => (dryRun ? 200 : STATUSES[outcome]),
  },
  body: DeployToolServerBody,
  output: ToolServerDeployment,
});
const STATUSES = { created: 201, pending: 202, updated: 200, unchanged: 200 } as const;

export const accept = operation({
  ...ADMIN,
  name: "toolServer.accept",
  narrowed: ONE,
  summary: "Accept the pending revision and serve it",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/accept" },
  params,
  body: AcceptBody,
  isBodyOptional: true,
  output: ToolServerRecord,
});

export const activate = operation({
  ...ADMIN,
  name: "toolServer.activate",
  narrowed: ONE,
  summary: "Serve a stored revision",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/activate" },
  params,
  body: ActivateBody,
  output: ToolServerRecord,
});

export const pause = operation({
  ...ADMIN,
  name: "toolServer.pause",
  isUrgent: true,
  narrowed: ONE,
  summary: "Refuse calls until the tool server is resumed",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/pause" },
  params,
  body: PauseBody,
  isBodyOptional: true,
  output: ToolServerRecord,
});

export const resume = operation({
  ...ADMIN,
  name: "toolServer.resume",
  narrowed: ONE,
  summary: "Resume a paused tool server",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/resume" },
  params,
  output: ToolServerRecord,
});

export const login = operation({
  ...ADMIN,
  name: "toolServer.login",
  narrowed: ONE,
  keepsAnswer: false,
  summary: "Begin to sign in to a remote tool server",
  description: "Returns the address to open in a browser. A sign-in to the same server that was begun before is void.",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/login" },
  params,
  body: BeginSignInBody,
  output: BegunSignIn,
});

export const completeLogin = operation({
  ...ADMIN,
  name: "toolServer.completeLogin",
  narrowed: ONE,
  retry: "never",
  summary: "Complete a sign-in with the response of the authorization server",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/login/response" },
  params,
  body: SignInResponseBody,
  output: ToolServerRecord,
});

export const logout = operation({
  ...ADMIN,
  name: "toolServer.logout",
  narrowed: ONE,
  summary: "Sign out of a remote tool server: revoke and delete its tokens",
  http: { method: "POST", path: "/api/v1/tool-servers/:name/logout" },
  params,
  output: SignOut,
});

const remove = operation({
  ...COMMON,
  name: "toolServer.delete",
  narrowed: ONE,
  summary: "Delete a tool server; calls in flight finish",
  http: { method: "DELETE", path: "/api/v1/tool-servers/:name" },
  permission: "tools:admin",
  effect: "destroy",
  params,
  output: ToolServerDeletion,
});

export const logs = operation({
  ...READ,
  name: "toolServer.logs",
  narrowed: ONE,
  summary: "List or follow the log lines of a tool server",
  description: "The last lines; with `accept: text/event-stream` as ToolLogEvents, followed by each new line.",
  http: { method: "GET", path: "/api/v1/tool-servers/:name/logs" },
  permission: "tools:logs",
  params,
  output: ToolLog,
  events: ToolLogEvent,
});

export const uses = operation({
  ...READ,
  name: "toolServer.uses",
  narrowed: ONE,
  summary: "List a tool server's uses of its grants and its denied requests",
  http: { method: "GET", path: "/api/v1/tool-servers/:name/uses" },
  tags: ["tools"],
  params,
  query: GrantUseQuery,
  output: GrantUsePage,
});

export { remove as delete };
