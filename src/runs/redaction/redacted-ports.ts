import type { ModelCatalogue } from "../../models/port/index.ts";
import type { RunJournal } from "../record/index.ts";
import { redactedJournal } from "./redacted-journal.ts";
import { redactedModels } from "./redacted-model.ts";
import type { Redactors } from "./redactors.ts";

type Ports = { readonly journal: RunJournal; readonly models: Pick<ModelCatalogue, "resolve"> };

/** What runs are given for a journal and models, so that nothing of what is to be hidden gets through. */
export const redactedPorts = (redactors: Redactors, { journal, models }: Ports): Ports => ({
  journal: redactedJournal(journal, redactors),
  models: redactedModels(models, redactors),
});
