import * as z from "zod";
import { MailboxList } from "./messages.ts";
import { operation } from "../operation.ts";
import { Handle } from "../problem.ts";
import { AcknowledgeBody, FetchQuery, LeasedMessages } from "./participants.ts";

const COMMON = { tags: ["mailboxes"], surfaces: ["rest", "cli"] } as const;
const params = z.object({ name: z.string() });

export const list = operation({
  ...COMMON,
  name: "mailbox.list",
  summary: "List mailboxes, fullest first",
  http: { method: "GET", path: "/api/v1/mailboxes" },
  permission: "messages:admin",
  effect: "read",
  surfaces: ["rest"],
  output: MailboxList,
});

export const fetch = operation({
  ...COMMON,
  name: "mailbox.fetch",
  summary: "Lease messages of a program's mailbox",
  description:
    "The messages are leased for `lease` seconds. Messages not settled by then are delivered again. With `wait`, the response is sent with the first message, or empty at the end of that time.",
  http: { method: "POST", path: "/api/v1/mailboxes/:name/fetch" },
  permission: "mailboxes:read",
  effect: "write",
  audit: "denials",
  retry: "by-key",
  keepsAnswer: false,
  params,
  query: FetchQuery,
  output: LeasedMessages,
});

export const settle = operation({
  ...COMMON,
  name: "mailbox.settle",
  summary: "Acknowledge or reject leased messages",
  description: "Stored when answered. `late` lists messages whose lease had ended; they are delivered again.",
  http: { method: "POST", path: "/api/v1/mailboxes/:name/settle" },
  permission: "mailboxes:read",
  effect: "write",
  audit: "denials",
  retry: "by-key",
  params,
  body: AcknowledgeBody,
  output: z.object({ late: z.array(Handle) }),
});
