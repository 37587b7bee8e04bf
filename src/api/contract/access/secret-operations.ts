import * as z from "zod";
import { operation } from "../operation.ts";
import {
  RotatedSecretKey,
  RotateSecretBody,
  Secret,
  SecretName,
  SecretPage,
  SecretPlace,
  SecretQuery,
  SetSecretBody,
} from "./secrets.ts";

const COMMON = { tags: ["access"], surfaces: ["rest", "cli"] } as const;
/** The audit record names the workspace of the secret, which may be another one than the caller's. */
const WRITE = { ...COMMON, permission: "secrets:admin", effect: "write", created: "workspace" } as const;
const ONE = { params: z.object({ name: SecretName }), query: SecretPlace, output: Secret } as const;

export const list = operation({
  ...COMMON,
  name: "secret.list",
  summary: "List the secrets of the workspace and of all workspaces, without values",
  http: { method: "GET", path: "/api/v1/secrets" },
  permission: "secrets:read",
  effect: "read",
  query: SecretQuery,
  output: SecretPage,
});

export const set = operation({
  ...WRITE,
  ...ONE,
  name: "secret.set",
  summary: "Store a secret or replace it",
  description:
    "The value is encrypted and takes effect from the next request on. A secret with the name of a provider's key variable, such as OPENAI_API_KEY, takes precedence over the variable. A secret of all workspaces requires the permission in every one.",
  http: { method: "PUT", path: "/api/v1/secrets/:name" },
  body: SetSecretBody,
});

export const rotate = operation({
  ...WRITE,
  ...ONE,
  name: "secret.rotate",
  summary: "Replace the value of a stored secret; its origins stay",
  http: { method: "PUT", path: "/api/v1/secrets/:name/value" },
  body: RotateSecretBody,
});

const remove = operation({
  ...WRITE,
  ...ONE,
  name: "secret.delete",
  summary: "Delete a secret",
  description: "Runs of agents that name it fail from the next one on, unless a variable of its name is set.",
  http: { method: "DELETE", path: "/api/v1/secrets/:name" },
  effect: "destroy",
});

export const rotateKey = operation({
  ...COMMON,
  name: "secret.rotateKey",
  summary: "Encrypt all secrets with a new master key",
  description: "An interruption leaves every secret readable.",
  http: { method: "POST", path: "/api/v1/secret-key/rotate" },
  permission: "secrets:admin",
  scope: "server",
  effect: "write",
  retry: "by-key",
  isBodyOptional: true,
  output: RotatedSecretKey,
});

export { remove as delete };
