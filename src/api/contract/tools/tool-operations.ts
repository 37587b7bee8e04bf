import * as z from "zod";
import { operation } from "../operation.ts";
import { CallToolBody, ToolCallOutcome, ToolLog, ToolServerDetail, ToolServerList } from "./tools.ts";

const COMMON = { tags: ["tools"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "tools:read", effect: "read" } as const;
const params = z.object({ server: z.string() });
const ONE = { by: ["tools"], name: ({ server }: { readonly server: string }) => server } as const;

export const list = operation({
  ...READ,
  name: "tool.list",
  narrowed: { by: ["tools"] },
  summary: "List tool servers with their tools",
  http: { method: "GET", path: "/api/v1/tools" },
  output: ToolServerList,
});

export const get = operation({
  ...READ,
  name: "tool.get",
  narrowed: ONE,
  summary: "Get a tool server with its tools",
  http: { method: "GET", path: "/api/v1/tools/:server" },
  params,
  output: ToolServerDetail,
});

export const logs = operation({
  ...READ,
  name: "tool.logs",
  narrowed: ONE,
  summary: "List the last log lines of a tool server",
  http: { method: "GET", path: "/api/v1/tools/:server/logs" },
  permission: "tools:logs",
  params,
  output: ToolLog,
});

export const call = operation({
  ...COMMON,
  name: "tool.call",
  narrowed: ONE,
  summary: "Call a tool directly",
  description:
    "With an `Idempotency-Key`, a call is repeated after a crash only if the tool is read-only or idempotent.",
  http: { method: "POST", path: "/api/v1/tools/:server/:tool/call" },
  permission: "tools:call",
  effect: "write",
  retry: "by-key",
  params: params.extend({ tool: z.string() }),
  body: CallToolBody,
  output: ToolCallOutcome,
});
