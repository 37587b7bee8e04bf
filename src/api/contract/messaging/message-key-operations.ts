import * as z from "zod";
import { operation } from "../operation.ts";
import { AddMessageKeyBody, MessageKey, MessageKeys } from "./message-keys.ts";

const COMMON = { tags: ["participants"], surfaces: ["rest", "cli"] } as const;
const WRITE = { ...COMMON, permission: "participants:keys", effect: "write" } as const;
const params = z.object({ name: z.string().max(256) });

export const list = operation({
  ...COMMON,
  name: "messageKey.list",
  summary: "List the keys that sign messages of a sender",
  description: "For an agent, `user` and `caxton`: the key with which the server signs their messages.",
  http: { method: "GET", path: "/api/v1/participants/:name/keys" },
  permission: "directory:read",
  effect: "read",
  params,
  output: MessageKeys,
});

export const add = operation({
  ...WRITE,
  name: "messageKey.add",
  created: "key_id",
  summary: "Register a public key for the messages of a program",
  description:
    "Ed25519. A program registers its own keys with its token, which a request without access control needs too. A name such as `writer@lab` is an agent of another FIPA platform.",
  http: { method: "POST", path: "/api/v1/participants/:name/keys" },
  retry: "by-key",
  params,
  body: AddMessageKeyBody,
  output: MessageKey,
});

export const revoke = operation({
  ...WRITE,
  name: "messageKey.revoke",
  isUrgent: true,
  summary: "Revoke a key of a program",
  description: "Messages with the key are refused from the next one on. It cannot be registered again.",
  http: { method: "DELETE", path: "/api/v1/participants/:name/keys/:key_id" },
  params: params.extend({ key_id: z.string().max(43) }),
  output: MessageKey,
});
