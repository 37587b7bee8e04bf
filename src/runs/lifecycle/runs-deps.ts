import type { Clock } from "../../kernel/clock.ts";
import type { ToolCatalogues } from "../../tools/catalogue/index.ts";
import type { ArtifactStore, PlanSource, RunJournal } from "../record/index.ts";
import type { ModelCatalogue } from "../../models/port/index.ts";
import type { Accounts } from "../spending/index.ts";
import type { WorkerPool } from "../workers/index.ts";

export type RunsDeps = {
  readonly journal: RunJournal;
  readonly plans: PlanSource;
  readonly models: Pick<ModelCatalogue, "resolve">;
  readonly tools: ToolCatalogues;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  /** Absent limits nothing. */
  readonly accounts?: Accounts | undefined;
  /** For isolated runs; if absent, they execute like all others. */
  readonly workers?: WorkerPool | undefined;
};
