import type { ModelCatalogue } from "../../../models/port/index.ts";
import { operations } from "../../contract/index.ts";
import { presentConditions } from "./model-conditions.ts";
import { checkEmbedder } from "./check-embedder.ts";
import { checkModel } from "./check-model.ts";
import { implement } from "../perform.ts";

const providers = implement(operations.model.providers, ({ models: { models } }, _input, { principal }) => ({
  items: models.providers(principal.workspace).map(({ keyName = null, testModel = null, ...provider }) => ({
    ...provider,
    key_name: keyName,
    test_model: testModel,
  })),
  next: null,
}));

/** Models that can be used by name, and, when asked to discover, those of servers on this machine. */
const list = implement(
  operations.model.list,
  async ({ agents, memory, models: { models, traffic } }, { discover }, { principal: { workspace }, signal }) => {
    const found = discover === "true" ? await models.discover(signal) : [];
    return {
      default_model: models.defaultModel(workspace),
      items: models.known(workspace).map(({ id, provider, limits, images }) => {
        const price = agents.prices.priceOf(id);
        return {
          id,
          provider,
          context_tokens: limits.contextTokens,
          output_tokens: limits.outputTokens,
          images,
          price: price === undefined ? null : { input: price.input, output: price.output },
          roles: rolesOf(models, workspace, id),
        };
      }),
      embedders: memory.embedders
        .known()
        .map(({ model, isReady: ready, isUsed: used, note }) => ({ model, ready, used, note })),
      traffic: presentConditions(traffic),
      local: found.map(({ provider, address, answers, models: own }) => ({
        provider,
        address,
        answers,
        models: own.map(({ id, bytes }) => ({ id, bytes: bytes ?? null })),
      })),
      next: null,
    };
  },
);

/** Asks a model three small things, one after the other, and one of embeddings for three vectors. Throws UnknownModelError, ScriptInvalidError, ReferenceUnresolvedError. */
const test = implement(
  operations.model.test,
  async ({ memory: { embedders }, models, server: { clock } }, { model: id }, { principal: { workspace }, signal }) => {
    if (embedders.known().some(({ model }) => model === id)) {
      const check = await checkEmbedder(() => embedders.open(id), clock, signal);
      return { model: id, ok: check.state === "ok", checks: [check] };
    }
    const model = await models.guarded.resolve({ model: id, baseUrl: undefined, apiKey: undefined, workspace });
    const checks = await checkModel(model, clock, signal);
    return { model: model.id, ok: checks[0]?.state === "ok", checks: [...checks] };
  },
);

function rolesOf(models: ModelCatalogue, workspace: string, id: string): string[] {
  const named = Object.entries(models.roles).flatMap(([role, model]) =>
    model === id && role !== "execution" ? [role] : [],
  );
  return id === models.defaultModel(workspace) ? ["default", ...named] : named;
}

export const modelOperations = [list, providers, test] as const;
