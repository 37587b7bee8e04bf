import { Contents, type Database, SqliteRunArchive, SqliteRunJournal } from "../storage/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { Retention, type RunRetention } from "../runs/index.ts";
import type { Config } from "./config/index.ts";

/** The journal of runs, and what deletes those that are past their time. */
export function openJournal(
  database: Database,
  { config, clock }: { readonly config: Config; readonly clock: Clock },
): { readonly journal: SqliteRunJournal; readonly retention: Retention } {
  const contents = new Contents(database);
  const journal = new SqliteRunJournal(database, contents);
  const archive = new SqliteRunArchive(database, contents);
  return { journal, retention: new Retention({ archive, journal, clock }, { kept: keptRuns(config) }) };
}

/** What `retention` in the configuration says of a workspace's ended runs. */
const keptRuns =
  ({ retention }: Config) =>
  (workspace: string): RunRetention => {
    const own = retention.workspaces[workspace];
    const age = own?.runs ?? retention.runs;
    const count = own?.runs_max ?? retention.runs_max;
    return { ageMs: age === "never" ? undefined : age, count: count === 0 ? undefined : count };
  };
