import type { PriceTable } from "../../../agents/budgets/index.ts";
import type { Clock } from "../../../kernel/clock.ts";
import type { ModelCatalogue } from "../../../models/port/index.ts";
import { operations } from "../../contract/index.ts";
import { type ModelConditions, presentConditions } from "./model-conditions.ts";
import { checkEmbedder, type EmbedderCatalogue } from "./check-embedder.ts";
import { checkModel } from "./check-model.ts";
import { implement } from "../perform.ts";

export type ModelServices = {
  readonly models: ModelCatalogue;
  readonly modelTraffic: ModelConditions & {
    /** The models within the limits of their providers' keys, as runs have them. */
    guarded(models: Pick<ModelCatalogue, "resolve">): Pick<ModelCatalogue, "resolve">;
  };
  readonly prices: PriceTable;
  readonly embedders: EmbedderCatalogue;
  readonly clock: Clock;
};

const providers = implement(operations.model.providers, ({ models }: ModelServices) => ({
  items: models.providers().map(({ name, type, ready, note }) => ({ name, type, ready, note })),
  next: null,
}));

/** Models that can be used by name, and, when asked to discover, those of servers on this machine. */
const list = implement(operations.model.list, async (services: ModelServices, { discover }, { signal }) => {
  const { models, modelTraffic, prices, embedders } = services;
  const found = discover === "true" ? await models.discover(signal) : [];
  return {
    default_model: models.defaultModel,
    items: models.known().map(({ id, provider, limits, images }) => {
      const price = prices.priceOf(id);
      return {
        id,
        provider,
        context_tokens: limits.contextTokens,
        output_tokens: limits.outputTokens,
        images,
        price: price === undefined ? null : { input: price.input, output: price.output },
        roles: rolesOf(models, id),
      };
    }),
    embedders: embedders.known().map(({ model, isReady: ready, isUsed: used, note }) => ({ model, ready, used, note })),
    traffic: presentConditions(modelTraffic),
    local: found.map(({ provider, address, answers, models: own }) => ({
      provider,
      address,
      answers,
      models: own.map(({ id, bytes }) => ({ id, bytes: bytes ?? null })),
    })),
    next: null,
  };
});

/** Asks a model three small things, one after the other, and one of embeddings for three vectors. Throws UnknownModelError, ScriptInvalidError, ReferenceUnresolvedError. */
const test = implement(operations.model.test, async (services: ModelServices, { model: id }, { signal }) => {
  const { models, modelTraffic, embedders, clock } = services;
  if (embedders.known().some(({ model }) => model === id)) {
    const check = await checkEmbedder(() => embedders.open(id), clock, signal);
    return { model: id, ok: check.state === "ok", checks: [check] };
  }
  const model = await modelTraffic.guarded(models).resolve({ model: id, baseUrl: undefined, apiKey: undefined });
  const checks = await checkModel(model, clock, signal);
  return { model: model.id, ok: checks[0]?.state === "ok", checks: [...checks] };
});

function rolesOf({ defaultModel, roles }: ModelCatalogue, id: string): string[] {
  const named = Object.entries(roles).flatMap(([role, model]) => (model === id && role !== "execution" ? [role] : []));
  return id === defaultModel ? ["default", ...named] : named;
}

export const modelOperations = [list, providers, test] as const;
