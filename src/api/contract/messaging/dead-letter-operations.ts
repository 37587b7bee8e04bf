import * as z from "zod";
import { DeadLetter, DeadLetterPage, DeadLetterQuery } from "./messages.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["messages"], permission: "messages:admin", surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, effect: "read" } as const;
const params = z.object({ id: z.string() });
const IDS_MAX = 10_000;

export const list = operation({
  ...READ,
  name: "deadLetter.list",
  summary: "List dead letters, newest first",
  http: { method: "GET", path: "/api/v1/dead-letters" },
  query: DeadLetterQuery,
  output: DeadLetterPage,
});

export const get = operation({
  ...READ,
  name: "deadLetter.get",
  summary: "Get a dead letter",
  http: { method: "GET", path: "/api/v1/dead-letters/:id" },
  params,
  output: DeadLetter,
});

export const drop = operation({
  ...COMMON,
  name: "deadLetter.drop",
  summary: "Delete a dead letter",
  http: { method: "DELETE", path: "/api/v1/dead-letters/:id" },
  effect: "destroy",
  params,
  output: z.object({ dropped: z.int() }),
});

// A message that was sent again and failed again would be sent a third time.
export const retry = operation({
  ...COMMON,
  name: "deadLetter.retry",
  summary: "Send dead letters again to their recipients",
  http: { method: "POST", path: "/api/v1/dead-letters/retry" },
  effect: "write",
  retry: "never",
  body: z.strictObject({ ids: z.array(z.string()).min(1).max(IDS_MAX) }),
  output: z.object({ retried: z.int() }),
});
