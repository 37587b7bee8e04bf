import * as z from "zod";
import { Download, operation } from "../operation.ts";
import { RUN_CONTENT } from "../runs/run-content.ts";
import { RunStreamEvent } from "../runs/runs.ts";
import {
  CreateThreadBody,
  ExportThreadQuery,
  ForkThreadBody,
  SendBody,
  Sent,
  Thread,
  ThreadPage,
  ThreadQuery,
  TurnPage,
  TurnQuery,
  UpdateThreadBody,
} from "./threads.ts";

const COMMON = { tags: ["threads"], surfaces: ["rest", "cli"], narrowed: { by: ["agents"] } } as const;
const READ = { ...COMMON, permission: "runs:read-content", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "runs:execute", effect: "write" } as const;
const POST = { ...WRITE, retry: "by-key" } as const;
const params = z.object({ id: z.string() });
const withoutTitle = (thread: Thread): Thread => ({ ...thread, title: "", tags: [], key: null });
/** Titles, tags and keys say what a dialogue is about. */
const CONTENT = { permission: RUN_CONTENT.permission, hide: withoutTitle } as const;
const location = ({ id }: Thread) => ({ location: `/api/v1/threads/${id}` });

export const create = operation({
  ...POST,
  name: "thread.create",
  narrowed: { by: ["agents"], name: ({ agent }) => agent },
  created: "id",
  summary: "Create a thread with an agent",
  http: { method: "POST", path: "/api/v1/threads", status: 201, headers: location },
  body: CreateThreadBody,
  output: Thread,
  content: CONTENT,
});

export const list = operation({
  ...READ,
  name: "thread.list",
  summary: "List threads, the last used first",
  http: { method: "GET", path: "/api/v1/threads" },
  query: ThreadQuery,
  output: ThreadPage,
});

export const get = operation({
  ...READ,
  name: "thread.get",
  summary: "Get a thread",
  http: { method: "GET", path: "/api/v1/threads/:id" },
  params,
  output: Thread,
});

export const turns = operation({
  ...READ,
  name: "thread.turns",
  summary: "List the turns of a branch with their messages, newest first",
  http: { method: "GET", path: "/api/v1/threads/:id/turns" },
  params,
  query: TurnQuery,
  output: TurnPage,
});

const exportThread = operation({
  ...READ,
  name: "thread.export",
  summary: "Export a branch of a thread",
  description:
    "jsonl: a line with the thread, one for each turn with its messages, oldest first, one with messages that were added after the last turn, and a last line `end`; without it the export is truncated. markdown: the dialogue to read. Files are named, not included.",
  http: { method: "GET", path: "/api/v1/threads/:id/export" },
  params,
  query: ExportThreadQuery,
  output: Download,
});

export const send = operation({
  ...POST,
  name: "thread.send",
  summary: "Send a message to the agent of a thread",
  description:
    "The message becomes a turn, or joins the one in progress. Returns 202 at once, 200 at the turn's end with `wait`, or streams RunStreamEvents if the request accepts text/event-stream.",
  http: {
    method: "POST",
    path: "/api/v1/threads/:id/messages",
    status: 202,
    otherStatuses: [200],
    statusOf: (_sent, { wait }) => (wait ? 200 : 202),
    headers: ({ run }) => ({ location: `/api/v1/runs/${run.id}` }),
  },
  params,
  body: SendBody,
  output: Sent,
  content: {
    permission: RUN_CONTENT.permission,
    hide: (sent) => ({ ...sent, thread: withoutTitle(sent.thread), run: RUN_CONTENT.hide(sent.run) }),
  },
  events: RunStreamEvent,
});

export const update = operation({
  ...WRITE,
  name: "thread.update",
  summary: "Change a thread: title, tags, expiry, revision, agent, or the branch that is shown",
  http: { method: "PATCH", path: "/api/v1/threads/:id" },
  params,
  body: UpdateThreadBody,
  output: Thread,
  content: CONTENT,
});

export const fork = operation({
  ...POST,
  name: "thread.fork",
  created: "id",
  summary: "Create a thread that shares the turns of another up to one of them",
  http: { method: "POST", path: "/api/v1/threads/:id/fork", status: 201, headers: location },
  params,
  body: ForkThreadBody,
  isBodyOptional: true,
  output: Thread,
  content: CONTENT,
});

export const cancel = operation({
  ...POST,
  name: "thread.cancel",
  isUrgent: true,
  summary: "Cancel the turn in progress and those that wait",
  http: { method: "POST", path: "/api/v1/threads/:id/cancel" },
  params,
  output: Thread,
  content: CONTENT,
});

const remove = operation({
  ...COMMON,
  name: "thread.delete",
  summary: "Delete a thread with its turns, except those that forks of it share",
  http: { method: "DELETE", path: "/api/v1/threads/:id", status: 204 },
  permission: "runs:delete",
  effect: "destroy",
  params,
  output: z.null(),
});

export { exportThread as export, remove as delete };
