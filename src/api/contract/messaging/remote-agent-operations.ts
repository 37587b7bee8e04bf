import * as z from "zod";
import { operation } from "../operation.ts";
import {
  AddRemoteAgentBody,
  RemoteAgent,
  RemoteAgentName,
  RemoteAgentPage,
  RemoteAgentQuery,
} from "./remote-agents.ts";

const COMMON = { tags: ["participants"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "participants:read", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "participants:admin", effect: "write" } as const;
const params = z.object({ name: z.string() });

export const list = operation({
  ...READ,
  name: "remoteAgent.list",
  summary: "List agents of other systems, by name",
  http: { method: "GET", path: "/api/v1/remote-agents" },
  query: RemoteAgentQuery,
  output: RemoteAgentPage,
});

export const get = operation({
  ...READ,
  name: "remoteAgent.get",
  summary: "Get an agent of another system",
  http: { method: "GET", path: "/api/v1/remote-agents/:name" },
  params,
  output: RemoteAgent,
});

export const add = operation({
  ...WRITE,
  name: "remoteAgent.add",
  summary: "Add an agent of another system, or change its address",
  description:
    "Reads the agent's card and registers the agent as a participant that provides the skills in it as capabilities. Messages to it become tasks over Agent2Agent.",
  http: { method: "PUT", path: "/api/v1/remote-agents/:name" },
  params: z.object({ name: RemoteAgentName }),
  body: AddRemoteAgentBody,
  output: RemoteAgent,
});

export const refresh = operation({
  ...WRITE,
  name: "remoteAgent.refresh",
  summary: "Read the card of an agent of another system again",
  http: { method: "POST", path: "/api/v1/remote-agents/:name/refresh" },
  retry: "by-key",
  params,
  output: RemoteAgent,
});

const remove = operation({
  ...WRITE,
  name: "remoteAgent.delete",
  summary: "Delete an agent of another system, with its capabilities",
  description: "Its open tasks are not followed any more, and their results are lost.",
  http: { method: "DELETE", path: "/api/v1/remote-agents/:name" },
  effect: "destroy",
  params,
  output: params,
});

export { remove as delete };
