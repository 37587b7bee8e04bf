import { ModelPage, ModelProviderPage, ModelQuery, ModelTest, TestModelBody } from "./models.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["models"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "models:read", effect: "read" } as const;

export const list = operation({
  ...READ,
  name: "model.list",
  summary: "List models that can be used by name; other models of a ready provider work as well",
  http: { method: "GET", path: "/api/v1/models" },
  query: ModelQuery,
  output: ModelPage,
});

export const providers = operation({
  ...READ,
  name: "model.providers",
  summary: "List model providers with their requirements",
  http: { method: "GET", path: "/api/v1/models/providers" },
  output: ModelProviderPage,
});

export const test = operation({
  ...COMMON,
  name: "model.test",
  summary: "Test a model: text, a tool call and structured output",
  http: { method: "POST", path: "/api/v1/models/test" },
  permission: "models:admin",
  effect: "write",
  retry: "by-key",
  body: TestModelBody,
  output: ModelTest,
});
