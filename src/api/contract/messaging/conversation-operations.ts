import * as z from "zod";
import {
  ArchiveBody,
  ArchiveReport,
  Conversation,
  ConversationPage,
  ConversationQuery,
  MergeBody,
  ProtocolList,
} from "./conversations.ts";
import { MessageEvent, MessagePage, MessageQuery, TailQuery } from "./messages.ts";
import { Events, operation } from "../operation.ts";

const COMMON = { tags: ["conversations"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "messages:read", effect: "read" } as const;
const CHANGE = { ...COMMON, permission: "messages:admin", effect: "write", retry: "by-key" } as const;
const params = z.object({ id: z.string() });

export const list = operation({
  ...READ,
  name: "conversation.list",
  summary: "List conversations, last changed first",
  description:
    "Last come conversations of one message without a protocol that are no longer in memory. The server finds them by reading up to 100,000 messages per page. Such a page may have few or no items and still a `next`.",
  http: { method: "GET", path: "/api/v1/conversations" },
  query: ConversationQuery,
  output: ConversationPage,
});

export const get = operation({
  ...READ,
  name: "conversation.get",
  summary: "Get a conversation with what its protocol expects next",
  http: { method: "GET", path: "/api/v1/conversations/:id" },
  params,
  output: Conversation,
});

export const messages = operation({
  ...READ,
  name: "conversation.messages",
  summary: "List the messages of a conversation, newest first",
  http: { method: "GET", path: "/api/v1/conversations/:id/messages" },
  params,
  query: MessageQuery.omit({ conversation_id: true }),
  output: MessagePage,
});

export const watch = operation({
  ...READ,
  name: "conversation.watch",
  summary: "Follow the messages of a conversation",
  description: "Server-sent MessageEvents. `Last-Event-ID` resumes, across a restart too.",
  http: { method: "GET", path: "/api/v1/conversations/:id/events" },
  params,
  query: TailQuery.omit({ conversation_id: true }),
  output: Events,
  events: MessageEvent,
});

export const archive = operation({
  ...CHANGE,
  name: "conversation.archive",
  summary: "Archive an ended conversation",
  http: { method: "POST", path: "/api/v1/conversations/:id/archive" },
  params,
  output: Conversation,
});

export const end = operation({
  ...CHANGE,
  name: "conversation.end",
  summary: "End a conversation; it accepts no further messages",
  http: { method: "POST", path: "/api/v1/conversations/:id/end" },
  params,
  output: Conversation,
});

export const merge = operation({
  ...CHANGE,
  name: "conversation.merge",
  summary: "Merge a conversation into another one",
  http: { method: "POST", path: "/api/v1/conversations/:id/merge" },
  params,
  body: MergeBody,
  output: Conversation,
});

export const archiveInactive = operation({
  ...CHANGE,
  name: "conversation.archiveInactive",
  summary: "Archive ended conversations without messages for a given time",
  http: { method: "POST", path: "/api/v1/conversations/archive" },
  body: ArchiveBody,
  output: ArchiveReport,
});

export const protocols = operation({
  ...READ,
  name: "conversation.protocols",
  summary: "List the interaction protocols with their states and steps",
  http: { method: "GET", path: "/api/v1/protocols" },
  output: ProtocolList,
});
