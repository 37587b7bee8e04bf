import type { Admission } from "../../../access/index.ts";
import { RunId } from "../../../kernel/ids.ts";
import {
  type ArtifactStore,
  type MemoryOutbox,
  type RunJournal,
  RunNotFoundError,
  type RunServices,
  type RunSummary,
} from "../../../runs/index.ts";
import type * as contract from "../../contract/index.ts";
import { presentRun } from "./present-run.ts";

/** What reads stored runs. */
export type RunReading = Pick<RunServices, "runs"> & {
  readonly stores: {
    readonly journal: RunJournal;
    readonly artifacts: ArtifactStore;
    readonly memoryOutbox: Pick<MemoryOutbox, "get">;
  };
};

/** Returns the id of a run that the operation may use; one of another workspace, or outside the caller's grants, is not found. Throws RunNotFoundError. */
export function ownRun(
  { stores: { journal } }: Pick<RunReading, "stores">,
  admission: Pick<Admission, "principal" | "covers">,
  text: string,
): RunId {
  const parsed = RunId.safeParse(text);
  const found = parsed.success ? journal.summary(parsed.data) : undefined;
  if (found?.workspace === admission.principal.workspace && admission.covers("agents", found.agent)) return found.id;
  throw new RunNotFoundError(`there is no run ${text}`, "`caxton run list` shows the runs there are.", { id: text });
}

/** A run with all its steps. Throws RunNotFoundError. */
export function getRun(reading: RunReading, id: RunId): contract.RunDetail {
  const { journal, artifacts, memoryOutbox } = reading.stores;
  const view = reading.runs.view(id);
  const summary = summaryOf(reading, id);
  return presentRun(summary, view, {
    artifacts: artifacts.ofRun(id),
    madeFromIt: journal.madeFrom(id),
    remembered: memoryOutbox.get(id),
  });
}

/** A run's row. Throws RunNotFoundError. */
export function summaryOf({ stores: { journal } }: RunReading, id: RunId): RunSummary {
  const summary = journal.summary(id);
  if (summary) return summary;
  throw new RunNotFoundError(`there is no run ${id}`, "`caxton run list` shows the runs there are.", { id });
}
