import * as z from "zod";
import {
  BatchReceipt,
  MessageCheck,
  MessageEvent,
  MessagePage,
  MessageQuery,
  MessageReceipt,
  MessageTrace,
  SendBatchBody,
  SendMessageBody,
  SendQuery,
  TailQuery,
  VerifiedMessage,
} from "./messages.ts";
import { Download, Events, operation } from "../operation.ts";

const COMMON = { tags: ["messages"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "messages:read", effect: "read" } as const;
const SEND = { ...COMMON, permission: "messages:send", effect: "write", retry: "by-key", audit: "denials" } as const;
const params = z.object({ id: z.string() });
/** The message as one field, since its keys are the sender's. */
const body = SendMessageBody.transform((message) => ({ message }));

export const send = operation({
  ...SEND,
  name: "message.send",
  narrowed: { by: ["agents", "capabilities"] },
  summary: "Send a message",
  description:
    "Stored when answered (202), as its durability states. With `wait`, the receipt contains the reply. An undeliverable message is stored too, and its sender receives a failure. 429 MAILBOX_FULL states when to retry.",
  http: { method: "POST", path: "/api/v1/messages", status: 202 },
  query: SendQuery,
  body,
  output: MessageReceipt,
});

export const sendBatch = operation({
  ...SEND,
  name: "message.sendBatch",
  summary: "Send up to 1,000 messages",
  description: "Each message is accepted or refused separately.",
  http: { method: "POST", path: "/api/v1/messages/batch", status: 202 },
  surfaces: ["rest"],
  body: SendBatchBody,
  output: BatchReceipt,
});

export const validate = operation({
  ...READ,
  name: "message.validate",
  summary: "Check a message and find its recipients without sending it",
  http: { method: "POST", path: "/api/v1/messages/validate" },
  retry: "by-key",
  body,
  output: MessageCheck,
});

export const replay = operation({
  ...SEND,
  name: "message.replay",
  summary: "Send a stored message again, with a new id and in a new conversation",
  http: { method: "POST", path: "/api/v1/messages/:id/replay", status: 202 },
  permission: "messages:admin",
  params,
  query: SendQuery,
  output: MessageReceipt,
});

export const list = operation({
  ...READ,
  name: "message.list",
  summary: "List stored messages, newest first",
  http: { method: "GET", path: "/api/v1/messages" },
  query: MessageQuery,
  output: MessagePage,
});

export const get = operation({
  ...READ,
  name: "message.get",
  summary: "Get a message with its deliveries",
  http: { method: "GET", path: "/api/v1/messages/:id" },
  params,
  output: VerifiedMessage,
});

export const content = operation({
  ...READ,
  name: "message.content",
  summary: "Get offloaded content by the id in its reference",
  description:
    'A message whose content has more than 64 KiB carries `{"$artifact": {id, media_type, bytes, hash}}` instead. `media_type` states whether the bytes are text or JSON. `hash` is their SHA-256.',
  http: { method: "GET", path: "/api/v1/messages/content/:id" },
  params,
  output: Download,
});

export const trace = operation({
  ...READ,
  name: "message.trace",
  summary: "List all messages of a message's trace, oldest first",
  http: { method: "GET", path: "/api/v1/messages/:id/trace" },
  params,
  output: MessageTrace,
});

export const watch = operation({
  ...READ,
  name: "message.watch",
  summary: "Follow messages",
  description:
    "Server-sent MessageEvents. `Last-Event-ID` resumes, across a restart too. A slow reader receives the number of events that it missed.",
  http: { method: "GET", path: "/api/v1/messages/events" },
  query: TailQuery,
  output: Events,
  events: MessageEvent,
});
