import type { RunJournal } from "../../runs/index.ts";
import { matchOf, RUN_MATCHES } from "./text-index.ts";

type RunQuery = Omit<Parameters<RunJournal["list"]>[0], "limit">;

const DAY_MS = 86_400_000;
/** Time from the id of a run to its creation, at most: a request with a key can be repeated for a day. */
const ID_LEAD_MS = DAY_MS;

/** The lowest id of version 7 that is made at a time. */
function firstId(atMs: number): string {
  const head = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, "0");
  return `${head.slice(0, 8)}-${head.slice(8)}-7000-8000-000000000000`;
}

/** The query of a list of runs, with its values except the limit. Ids are ordered by time, so that an index bounds each condition. */
export function runList(query: RunQuery): { readonly sql: string; readonly values: readonly (string | number)[] } {
  const { workspace, agent, state, conversation, thread, tag, search, sinceMs, untilMs, before } = query;
  const id = tag === undefined ? "r.id" : "t.id";
  const conditions = [
    ["t.kind = 'run' AND t.workspace = ?", tag && workspace],
    ["t.tag = ?", tag],
    ["r.workspace = ?", workspace],
    ["agent = ?", agent],
    ["state = ?", state],
    ["conversation_id = ?", conversation],
    ["thread = ?", thread],
    [RUN_MATCHES, search === undefined ? undefined : matchOf(workspace, search)],
    [`${id} >= ?`, sinceMs === undefined ? undefined : firstId(sinceMs - ID_LEAD_MS)],
    ["created_at_ms >= ?", sinceMs],
    [`${id} < ?`, untilMs === undefined ? undefined : firstId(untilMs)],
    ["created_at_ms < ?", untilMs],
    [`${id} < ?`, before],
  ] as const;
  const set = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  const from = tag === undefined ? "runs r" : "tags t CROSS JOIN runs r ON r.id = t.id";
  return {
    sql: `SELECT r.* FROM ${from} WHERE ${set.map(({ sql }) => sql).join(" AND ")} ORDER BY ${id} DESC LIMIT ?`,
    values: set.map(({ value }) => value),
  };
}
