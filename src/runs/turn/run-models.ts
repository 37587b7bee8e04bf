import { thrownFailure } from "./failure.ts";
import type { LanguageModel, ModelCatalogue, ModelChoice, ModelSettings } from "../../models/port/index.ts";
import type { RunPlan, RunView } from "../record/index.ts";
import type { ModelInUse } from "./model-turn.ts";

type Models = Pick<ModelCatalogue, "resolve">;

/**
 * The model with which a run continues: the backup it switched to, else the one that summarizes for a run without tools,
 * else the requested one, else the definition's.
 * Throws UnknownModelError.
 */
export async function modelOf(models: Models, plan: RunPlan, view: RunView): Promise<ModelInUse> {
  if (view.modelInUse !== null) return backupOf(models, plan, view.modelInUse);
  if (view.isTextOnly) {
    const { id } = await summarizerOf(models, plan, view);
    const text = settingsFor(plan, id);
    return { model: await models.resolve(text.choice), settings: text.settings };
  }
  const { choice, settings } = requestedOf(plan, view.requestedModel ?? undefined);
  return { model: await models.resolve(choice), settings };
}

/** The model that writes summaries for a run: the one for that role, else the run's own. Throws UnknownModelError. */
export async function summarizerOf(models: Models, plan: RunPlan, view: RunView): Promise<LanguageModel> {
  const name = view.modelInUse ?? view.requestedModel;
  return models.resolve(requestedOf(plan, name ?? undefined).choice, "summarizing");
}

/** The model that a run asked for instead of the definition's, and how it is called. */
export const requestedOf = (
  plan: Pick<RunPlan, "model" | "settings">,
  name: string | undefined,
): { readonly choice: ModelChoice; readonly settings: ModelSettings } =>
  name === undefined ? { choice: plan.model, settings: plan.settings } : settingsFor(plan, name);

/** Another model for a plan. Never rejects: an unknown model fails when it is called. */
export async function backupOf(models: Models, plan: RunPlan, name: string): Promise<ModelInUse> {
  const { choice, settings } = settingsFor(plan, name);
  try {
    return { model: await models.resolve(choice), settings };
  } catch (error) {
    return { model: unusable(name, thrownFailure(error).message), settings };
  }
}

/**
 * How a model of another name than the definition's is called. Address, key, headers and options of the definition belong to
 * its own provider, so another provider's model is called with what the server has for that one.
 */
export function settingsFor(
  { model, settings }: Pick<RunPlan, "model" | "settings">,
  name: string,
): { readonly choice: ModelChoice; readonly settings: ModelSettings } {
  if (providerOf(name) === providerOf(model.model ?? "")) return { choice: { ...model, model: name }, settings };
  return {
    choice: { model: name, baseUrl: undefined, apiKey: undefined, roles: model.roles, workspace: model.workspace },
    settings: { ...settings, headers: {}, options: undefined },
  };
}

export const providerOf = (name: string): string => name.split("/")[0] ?? "";

/**
 * Replaces a model that does not exist: each attempt fails with the reason, so that a run continues with its next
 * backup.
 */
const unusable = (name: string, message: string): LanguageModel => ({
  id: name,
  limits: undefined,
  async *stream() {
    const failure = { class: "invalid_request", message, status: 404, retryAfterMs: undefined } as const;
    yield { type: "error", failure };
  },
});
