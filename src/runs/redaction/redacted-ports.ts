import type { ModelCatalogue } from "../../models/port/index.ts";
import type { RunJournal } from "../record/index.ts";
import { redactedJournal } from "./redacted-journal.ts";
import { redactedModels } from "./redacted-model.ts";
import type { Redactors } from "./redactors.ts";

type Ports = { readonly journal: RunJournal; readonly models: Pick<ModelCatalogue, "resolve"> };

/** Journal and models that redact confidential text for runs. */
export const redactedPorts = (redactors: Redactors, { journal, models }: Ports): Ports => ({
  journal: redactedJournal(journal, redactors),
  models: redactedModels(models, redactors),
});
