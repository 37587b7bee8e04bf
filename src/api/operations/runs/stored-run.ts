import { RunId } from "../../../kernel/ids.ts";
import {
  type ArtifactStore,
  type RunJournal,
  type MemoryOutbox,
  type OpenRuns,
  type RunSummary,
  type UploadStore,
  RunNotFoundError,
} from "../../../runs/index.ts";
import type * as contract from "../../contract/index.ts";
import { presentRun } from "./present-run.ts";

export type RunServices = {
  readonly runs: OpenRuns["runs"];
  readonly journal: RunJournal;
  readonly artifacts: ArtifactStore;
  readonly uploads: UploadStore;
  readonly memoryOutbox: Pick<MemoryOutbox, "get">;
};

/** Parses an id; text that is not an id names no run. Throws RunNotFoundError. */
export function runId(text: string): RunId {
  const parsed = RunId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new RunNotFoundError(`there is no run ${text}`, "`caxton run list` shows the runs there are.", { id: text });
}

/** A run with all its steps. Throws RunNotFoundError. */
export function getRun(services: RunServices, id: RunId): contract.RunDetail {
  const { runs, journal, artifacts, memoryOutbox } = services;
  const view = runs.view(id);
  const summary = summaryOf(services, id);
  return presentRun(summary, view, {
    artifacts: artifacts.ofRun(id),
    madeFromIt: journal.madeFrom(id),
    remembered: memoryOutbox.get(id),
  });
}

/** A run's row. Throws RunNotFoundError. */
export function summaryOf({ journal }: RunServices, id: RunId): RunSummary {
  const summary = journal.summary(id);
  if (summary) return summary;
  throw new RunNotFoundError(`there is no run ${id}`, "`caxton run list` shows the runs there are.", { id });
}
