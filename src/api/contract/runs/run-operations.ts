import * as z from "zod";
import { LIMITS } from "../../../kernel/quantities.ts";
import { ChooseBody } from "../models/model-choice.ts";
import { Download, Events, operation } from "../operation.ts";
import { ListQuery } from "../problem.ts";
import { ExportQuery, ReplayQuery, ReplayReport, RunDiff, RunExport } from "./run-history.ts";
import {
  ArtifactSummary,
  DecideBody,
  ForkBody,
  PruneBody,
  PruneOutcome,
  RetryBody,
  RunDetail,
  RunEventsQuery,
  RunPage,
  RunQuery,
  RunStreamEvent,
  RunTree,
  UpdateRunBody,
  Upload,
  UploadQuery,
} from "./runs.ts";
import { StartRunBody } from "./start-run.ts";
import { InputBody, WaitingInputPage } from "./inputs.ts";
import { RUN_CONTENT, RUN_PAGE_CONTENT, RUN_TREE_CONTENT } from "./run-content.ts";

const COMMON = { tags: ["runs"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "runs:read", effect: "read" } as const;
const READ_CONTENT = { ...READ, permission: "runs:read-content" } as const;
const EXECUTE = { ...COMMON, permission: "runs:execute", effect: "write", retry: "by-key" } as const;
const params = z.object({ id: z.string() });
const location = ({ id }: RunDetail) => ({ location: `/api/v1/runs/${id}` });

export const start = operation({
  ...EXECUTE,
  name: "run.start",
  narrowed: { by: ["agents"], name: ({ agent }) => agent },
  created: "id",
  summary: "Start a run",
  description:
    "Returns 202 at once, 200 at the run's end with `wait`, or streams RunStreamEvents if the request accepts text/event-stream.",
  http: {
    method: "POST",
    path: "/api/v1/runs",
    status: 202,
    otherStatuses: [200],
    statusOf: (_run, { wait }) => (wait ? 200 : 202),
    headers: location,
  },
  body: StartRunBody,
  output: RunDetail,
  content: RUN_CONTENT,
  events: RunStreamEvent,
});

export const list = operation({
  ...READ,
  name: "run.list",
  narrowed: { by: ["agents"] },
  summary: "List runs, newest first",
  http: { method: "GET", path: "/api/v1/runs" },
  query: RunQuery,
  output: RunPage,
  content: RUN_PAGE_CONTENT,
});

export const get = operation({
  ...READ,
  name: "run.get",
  narrowed: { by: ["agents"] },
  summary: "Get a run with its steps",
  http: { method: "GET", path: "/api/v1/runs/:id" },
  params,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const tree = operation({
  ...READ,
  name: "run.tree",
  narrowed: { by: ["agents"] },
  summary: "Get a run with the runs below it",
  description:
    "Runs below a run work for it, because its agent delegated. Of agents that the caller may not use, none is shown.",
  http: { method: "GET", path: "/api/v1/runs/:id/tree" },
  params,
  output: RunTree,
  content: RUN_TREE_CONTENT,
});

export const watch = operation({
  ...READ_CONTENT,
  name: "run.watch",
  narrowed: { by: ["agents"] },
  summary: "Follow a run's events",
  description:
    "Server-sent RunStreamEvents: first the past ones, then live. `Last-Event-ID` resumes, across a restart too.",
  http: { method: "GET", path: "/api/v1/runs/:id/events" },
  params,
  query: RunEventsQuery,
  output: Events,
  events: RunStreamEvent,
});

export const update = operation({
  ...EXECUTE,
  retry: "safe",
  name: "run.update",
  narrowed: { by: ["agents"] },
  summary: "Change the tags of a run",
  http: { method: "PATCH", path: "/api/v1/runs/:id" },
  params,
  body: UpdateRunBody,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const cancel = operation({
  ...EXECUTE,
  name: "run.cancel",
  isUrgent: true,
  narrowed: { by: ["agents"] },
  summary: "Cancel a run",
  http: { method: "POST", path: "/api/v1/runs/:id/cancel" },
  params,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const decide = operation({
  ...EXECUTE,
  name: "run.decide",
  narrowed: { by: ["agents"] },
  summary: "Decide on a tool call whose result was lost",
  http: { method: "POST", path: "/api/v1/runs/:id/decide" },
  params,
  body: DecideBody,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const choose = operation({
  ...EXECUTE,
  name: "run.choose",
  narrowed: { by: ["agents"] },
  summary: "Resolve a model failure: retry, switch or cancel",
  description:
    "For a run that is awaiting-choice: `retry` the same model, `use` another one for the rest of the run, or `cancel`.",
  http: { method: "POST", path: "/api/v1/runs/:id/choose" },
  params,
  body: ChooseBody,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const input = operation({
  ...EXECUTE,
  name: "run.input",
  narrowed: { by: ["agents"] },
  summary: "Answer a question of a run, or give the result of a tool of the client",
  description:
    "`input` is the id of the question or call. Stored when answered, and the run continues. 409 INPUT_CLOSED: it was answered before, or its time is over.",
  http: { method: "POST", path: "/api/v1/runs/:id/inputs/:input" },
  params: params.extend({ input: z.string() }),
  body: InputBody,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const inputs = operation({
  ...READ_CONTENT,
  name: "run.inputs",
  narrowed: { by: ["agents"] },
  summary: "List open questions of models to people, and open calls of tools of clients, oldest first",
  http: { method: "GET", path: "/api/v1/inputs" },
  query: ListQuery,
  output: WaitingInputPage,
});

export const upload = operation({
  ...EXECUTE,
  name: "run.upload",
  narrowed: { by: ["agents"] },
  summary: "Send a file for a run",
  description: "The body is the file's bytes. Its id goes into a run's `uploads`.",
  http: { method: "POST", path: "/api/v1/uploads", status: 201 },
  retry: "never",
  query: UploadQuery,
  receives: ["application/octet-stream"],
  output: Upload,
});

export const file = operation({
  ...READ_CONTENT,
  name: "run.file",
  narrowed: { by: ["agents"] },
  summary: "Download a file that was sent with a run",
  description: "`name` is one of the run's `files`. Images may be shown by a browser; other types are attachments.",
  http: { method: "GET", path: "/api/v1/runs/:id/files/:name" },
  params: params.extend({ name: z.string() }),
  output: Download,
});

export const artifacts = operation({
  ...READ_CONTENT,
  name: "run.artifacts",
  narrowed: { by: ["agents"] },
  summary: "List the files that a run created",
  http: { method: "GET", path: "/api/v1/runs/:id/artifacts" },
  params,
  output: z.object({ items: z.array(ArtifactSummary), next: z.null() }),
});

export const artifact = operation({
  ...READ_CONTENT,
  name: "run.artifact",
  narrowed: { by: ["agents"] },
  summary: "Download a file that a run created",
  http: { method: "GET", path: "/api/v1/artifacts/:id/content" },
  params,
  output: Download,
});

export const fork = operation({
  ...EXECUTE,
  name: "run.fork",
  narrowed: { by: ["agents"] },
  summary: "Start a run from a step of another run",
  http: { method: "POST", path: "/api/v1/runs/:id/fork", status: 202, headers: location },
  params,
  body: ForkBody,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const retry = operation({
  ...EXECUTE,
  name: "run.retry",
  narrowed: { by: ["agents"] },
  summary: "Start a run again with the same request and files",
  http: { method: "POST", path: "/api/v1/runs/:id/retry", status: 202, headers: location },
  params,
  body: RetryBody,
  output: RunDetail,
  content: RUN_CONTENT,
});

export const replay = operation({
  ...EXECUTE,
  name: "run.replay",
  narrowed: { by: ["agents"] },
  summary: "Replay a run from its recording and report divergences",
  description: "With this server's definitions, tools and rules; no model and no tool is called.",
  http: { method: "POST", path: "/api/v1/runs/:id/replay" },
  permission: "runs:read-content",
  effect: "read",
  params,
  query: ReplayQuery,
  output: ReplayReport,
});

export const replayExport = operation({
  ...EXECUTE,
  name: "run.replayExport",
  summary: "Replay an exported run",
  http: { method: "POST", path: "/api/v1/runs/replay", bodyBytesMax: LIMITS.exportBytesMax },
  effect: "read",
  query: ReplayQuery,
  body: RunExport,
  output: ReplayReport,
});

export const compare = operation({
  ...READ_CONTENT,
  name: "run.compare",
  narrowed: { by: ["agents"] },
  summary: "Compare two runs step by step",
  http: { method: "GET", path: "/api/v1/runs/:id/diff/:other" },
  params: params.extend({ other: z.string() }),
  output: RunDiff,
});

const exportRun = operation({
  ...READ_CONTENT,
  name: "run.export",
  narrowed: { by: ["agents"] },
  summary: "Export a run as one document",
  http: {
    method: "GET",
    path: "/api/v1/runs/:id/export",
    headers: ({ run }) => ({ "content-disposition": `attachment; filename="run-${run.id}.json"` }),
  },
  params,
  query: ExportQuery,
  output: RunExport,
});

const remove = operation({
  ...COMMON,
  name: "run.delete",
  narrowed: { by: ["agents"] },
  summary: "Delete an ended run with its steps and files",
  http: { method: "DELETE", path: "/api/v1/runs/:id", status: 204 },
  permission: "runs:delete",
  effect: "destroy",
  params,
  output: z.null(),
});

export const prune = operation({
  ...COMMON,
  name: "run.prune",
  summary: "Delete runs that ended before a given age",
  http: { method: "POST", path: "/api/v1/runs/prune" },
  permission: "runs:admin",
  effect: "destroy",
  retry: "by-key",
  body: PruneBody,
  output: PruneOutcome,
});

export { exportRun as export, remove as delete };
