import * as z from "zod";
import { operation } from "../operation.ts";
import { RUN_CONTENT } from "../runs/run-content.ts";
import { AddedMessages, AddMessagesBody } from "./threads.ts";

const COMMON = { tags: ["threads"], surfaces: ["rest"], narrowed: { by: ["agents"] } } as const;

export const create = operation({
  ...COMMON,
  name: "addedMessage.create",
  summary: "Add messages to a thread without a run",
  description:
    "They come after the last turn of the branch that is shown. The next turn there takes them into its request, after a note that the caller sent them, and is not remembered.",
  http: { method: "POST", path: "/api/v1/threads/:id/added-messages", status: 201 },
  permission: "runs:execute",
  effect: "write",
  retry: "never",
  params: z.object({ id: z.string() }),
  body: AddMessagesBody,
  output: AddedMessages,
  content: { permission: RUN_CONTENT.permission, hide: () => ({ items: [] }) },
});

const remove = operation({
  ...COMMON,
  name: "addedMessage.delete",
  summary: "Delete an added message that no turn has taken",
  http: { method: "DELETE", path: "/api/v1/threads/:id/added-messages/:message", status: 204 },
  permission: "runs:delete",
  effect: "destroy",
  params: z.object({ id: z.string(), message: z.string() }),
  output: z.null(),
});

export { remove as delete };
