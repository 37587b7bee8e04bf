import type { Clock } from "../../../kernel/clock.ts";
import type { RunId } from "../../../kernel/ids.ts";
import { foldRun, Recorder, RunFold, type RunHub, type RunJournal, type RunView } from "../../record/index.ts";
import { runNotFound } from "../refusals.ts";

/** Opens the records of runs from their journals. */
export class RunRecords {
  readonly #deps: { readonly journal: RunJournal; readonly hub: RunHub; readonly clock: Clock };

  constructor(deps: { readonly journal: RunJournal; readonly hub: RunHub; readonly clock: Clock }) {
    this.#deps = deps;
  }

  /** The record of a run that has no journal yet. */
  create(runId: RunId): Recorder {
    return new Recorder(runId, this.#deps, new RunFold());
  }

  /** The record of a stored run. Throws RunNotFoundError. */
  open(runId: RunId): Recorder {
    const fold = new RunFold();
    for (const entry of this.#deps.journal.read(runId, 0)) fold.apply(entry);
    if (fold.isEmpty) throw runNotFound(runId);
    return new Recorder(runId, this.#deps, fold);
  }

  /** The current view of a run, from its journal. Throws RunNotFoundError. */
  view(runId: RunId): RunView {
    const view = foldRun(this.#deps.journal.read(runId, 0));
    if (view) return view;
    throw runNotFound(runId);
  }
}
