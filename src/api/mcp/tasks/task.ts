import type { ClientCapabilities, InputRequest } from "@modelcontextprotocol/server";
import { type RunSummary, waitsForPerson } from "../../contract/index.ts";

/** The extension of 2026-07-28; tasks of 2025-11-25 are a part of the protocol. */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";
export const RELATED_TASK = "io.modelcontextprotocol/related-task";

/** Interval at which clients are asked to poll. */
const POLL_MS = 1_000;

type Status = "working" | "input_required" | "completed" | "failed" | "cancelled";
type Run = Pick<RunSummary, "id" | "state" | "created_at" | "started_at" | "ended_at">;

/** Whether a client can be given tasks of 2026-07-28. */
export const takesTasks = ({ extensions }: ClientCapabilities = {}): boolean =>
  extensions?.[TASKS_EXTENSION] !== undefined;

/** The status of a task of 2025-11-25: a run that fails is a result with an error. */
export function statusOf(run: Run): Status {
  const { state } = run;
  if (state === "completed" || state === "failed" || state === "cancelled") return state;
  return waitsForPerson(run) ? "input_required" : "working";
}

const common = ({ id, state, created_at: createdAt, started_at: startedAt, ended_at: endedAt }: Run) => ({
  taskId: id,
  statusMessage: `run ${id}: ${state}`,
  createdAt,
  lastUpdatedAt: endedAt ?? startedAt ?? createdAt,
});

/** A run as a task of 2025-11-25. Runs are kept until they are deleted, so it has no end of life. */
export const taskOf = (run: Run) => ({
  ...common(run),
  status: statusOf(run),
  ttl: null,
  pollInterval: POLL_MS,
});

export type Asked = Readonly<Record<string, InputRequest>>;

/** A run as a task of the extension. Only what the client can be asked is a need of input; a failed run is a result. */
export function extensionTaskOf(run: Run, asked: Asked) {
  const status = statusOf(run);
  const isAsking = Object.keys(asked).length > 0;
  return {
    ...common(run),
    status: status === "failed" ? "completed" : status === "input_required" && !isAsking ? "working" : status,
    ttlMs: null,
    pollIntervalMs: POLL_MS,
  };
}
