import { expect, test } from "vitest";
import type { RunPlan } from "../record/index.ts";
import { requestedOf } from "./run-models.ts";

const own: Pick<RunPlan, "model" | "settings"> = {
  model: { model: "openai/gpt-5-mini", baseUrl: undefined, apiKey: "sk-own", keys: ["OPENAI_API_KEY"] },
  settings: { temperature: undefined, outputTokensMax: undefined, headers: { "x-team": "a" }, timeoutMs: 1_000 },
};

test("a run that asks for another provider's model takes neither key nor headers of the definition along", () => {
  const other = requestedOf(own, "mistral/large");
  expect(other.choice).toEqual({
    model: "mistral/large",
    baseUrl: undefined,
    apiKey: undefined,
    roles: undefined,
    workspace: undefined,
  });
  expect(other.settings.headers).toEqual({});
  expect(requestedOf(own, "openai/gpt-9").choice).toMatchObject({ model: "openai/gpt-9", apiKey: "sk-own" });
  expect(requestedOf(own, undefined)).toEqual({ choice: own.model, settings: own.settings });
});
