import * as z from "zod";
import { operation } from "../operation.ts";
import {
  Participant,
  ParticipantPage,
  ParticipantQuery,
  RegisteredParticipant,
  RegisterParticipantBody,
} from "./participants.ts";

const COMMON = { tags: ["participants"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "participants:read", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "participants:admin", effect: "write" } as const;
const params = z.object({ name: z.string() });

export const list = operation({
  ...READ,
  name: "participant.list",
  summary: "List registered programs, by name",
  http: { method: "GET", path: "/api/v1/participants" },
  query: ParticipantQuery,
  output: ParticipantPage,
});

export const get = operation({
  ...READ,
  name: "participant.get",
  summary: "Get a registered program",
  http: { method: "GET", path: "/api/v1/participants/:name" },
  surfaces: ["rest"],
  params,
  output: Participant,
});

export const register = operation({
  ...WRITE,
  name: "participant.register",
  created: "name",
  summary: "Register a program, or change its description",
  description:
    "The program gets a mailbox and a token, which only this response contains. With the token as `Authorization: Bearer`, it sends, fetches and settles messages.",
  http: { method: "POST", path: "/api/v1/participants" },
  retry: "by-key",
  body: RegisterParticipantBody,
  output: RegisteredParticipant,
  sentOnce: ["token"],
});

const remove = operation({
  ...WRITE,
  name: "participant.delete",
  summary: "Delete a program with its registrations",
  http: { method: "DELETE", path: "/api/v1/participants/:name" },
  effect: "destroy",
  params,
  output: params,
});

export const rotateToken = operation({
  ...WRITE,
  name: "participant.rotateToken",
  summary: "Replace a program's token",
  description:
    "The previous token is invalid at once. If the program has a token, the request needs it as `Authorization: Bearer`.",
  http: { method: "POST", path: "/api/v1/participants/:name/token" },
  retry: "by-key",
  params,
  output: RegisteredParticipant,
  sentOnce: ["token"],
});

export const revokeToken = operation({
  ...WRITE,
  name: "participant.revokeToken",
  isUrgent: true,
  summary: "Revoke a program's token",
  description:
    "The program cannot act until it gets a new token. The request needs the token as `Authorization: Bearer`.",
  http: { method: "DELETE", path: "/api/v1/participants/:name/token" },
  params,
  output: Participant,
});

export { remove as delete };
