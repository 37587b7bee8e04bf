import * as z from "zod";
import { ApiKey, ApiKeyPage, ApiKeyQuery, CreateApiKeyBody, CreatedApiKey, RotateApiKeyBody } from "./keys.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["access"], surfaces: ["rest", "cli"] } as const;
const WRITE = { ...COMMON, permission: "access:admin", effect: "write" } as const;
const params = z.object({ id: z.string().max(100) });

export const list = operation({
  ...COMMON,
  name: "key.list",
  summary: "List API keys, the oldest first",
  http: { method: "GET", path: "/api/v1/keys" },
  permission: "access:read",
  effect: "read",
  query: ApiKeyQuery,
  output: ApiKeyPage,
});

export const create = operation({
  ...WRITE,
  name: "key.create",
  created: "id",
  summary: "Create an API key",
  description:
    "Only this response contains the key. A role with permissions that the caller does not have is refused. The first administrator's key is created with the setup token that the server prints at its start.",
  http: { method: "POST", path: "/api/v1/keys" },
  retry: "never",
  body: CreateApiKeyBody,
  output: CreatedApiKey,
  sentOnce: ["key"],
});

export const rotate = operation({
  ...WRITE,
  name: "key.rotate",
  summary: "Replace the secret of an API key",
  description: "Only this response contains the new key. The previous one is valid for `grace` seconds more.",
  http: { method: "POST", path: "/api/v1/keys/:id/rotate" },
  retry: "never",
  params,
  body: RotateApiKeyBody,
  output: CreatedApiKey,
  sentOnce: ["key"],
});

export const revoke = operation({
  ...WRITE,
  name: "key.revoke",
  isUrgent: true,
  summary: "Revoke an API key",
  description: "The key is refused from the next request on, and its event streams and WebSockets end within a second.",
  http: { method: "DELETE", path: "/api/v1/keys/:id" },
  effect: "destroy",
  params,
  output: ApiKey,
});
