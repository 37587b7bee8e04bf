import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import type { ModelChoice, ModelPart } from "../../runs/index.ts";
import { ScriptInvalidError, UnknownModelError } from "./errors.ts";
import { Models, type ModelsOptions } from "./models.ts";

const models = (environment: Readonly<Record<string, string>> = {}, options: ModelsOptions = {}) =>
  new Models({ clock: systemClock, environment }, options);

const choice = (model?: string, more: Partial<ModelChoice> = {}): ModelChoice => ({
  model,
  baseUrl: undefined,
  apiKey: undefined,
  ...more,
});

const request = {
  system: "",
  messages: [{ role: "user", text: "hello" }],
  tools: [],
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 10_000 },
} as const;

describe("the default model", () => {
  test.each([
    [{}, "mock"],
    [{ OPENAI_API_KEY: "" }, "mock"],
    [{ OPENAI_MODEL: "gpt-9" }, "mock"],
    [{ OPENAI_API_KEY: "k" }, "openai/gpt-5-mini"],
    [{ OPENAI_BASE_URL: "http://127.0.0.1:1/v1" }, "openai/gpt-5-mini"],
    [{ OPENAI_API_KEY: "k", OPENAI_MODEL: "gpt-9" }, "openai/gpt-9"],
  ])("with the environment %j is %s", (environment, expected) => {
    expect(models(environment).defaultModel).toBe(expected);
  });

  test("is what the options say, whatever the environment", async () => {
    const catalogue = models({ OPENAI_API_KEY: "k" }, { defaultModel: "ollama/llama3.1:8b" });
    expect((await catalogue.resolve(choice())).id).toBe("ollama/llama3.1:8b");
  });

  test("that is no model is refused when the catalogue is made", () => {
    expect(() => models({}, { defaultModel: "gpt5" })).toThrow(UnknownModelError);
  });
});

describe("a model string", () => {
  test.each([
    ["mock", undefined, "mock"],
    ["ollama/llama3.1:8b", undefined, "ollama/llama3.1:8b"],
    ["OpenAI/gpt-9", undefined, "openai/gpt-9"],
    ["vllm/meta-llama/Llama-3", undefined, "vllm/meta-llama/Llama-3"],
    ["meta-llama/llama-3", "https://gateway.example/v1", "openai-compatible/meta-llama/llama-3"],
    ["llama3", "https://gateway.example/v1", "openai-compatible/llama3"],
    ["openai-compatible/openai/gpt-9", "https://gateway.example/v1", "openai-compatible/openai/gpt-9"],
  ])("%s with base_url %s is %s", async (model, baseUrl, id) => {
    expect((await models().resolve(choice(model, { baseUrl, apiKey: "k" }))).id).toBe(id);
  });

  test.each([
    ["gpt5", undefined],
    ["nobody/gpt", undefined],
    ["openai/", undefined],
    ["openai-compatible/x", undefined],
    ["mock/large", undefined],
    ["mock", "http://127.0.0.1:1"],
    ["scripted", undefined],
    ["", undefined],
    ["openai/gpt-9", "ftp://example.com"],
    ["openai/gpt-9", "https://user:secret@example.com/v1"],
  ])("%s with base_url %s is refused by name", async (model, baseUrl) => {
    const refusal = models().resolve(choice(model, { baseUrl }));
    await expect(refusal).rejects.toThrow(UnknownModelError);
    await expect(refusal).rejects.not.toThrow(/secret/);
  });

  test("that is unknown is refused with the providers that are known", async () => {
    await expect(models().resolve(choice("nobody/gpt"))).rejects.toMatchObject({
      hint: expect.stringContaining("mock, scripted, openai, ollama"),
    });
  });
});

test("a missing key is a failure of the call that says which variable to set", async () => {
  const model = await models().resolve(choice("openai/gpt-9"));
  const parts: ModelPart[] = [];
  for await (const part of model.stream(request, new AbortController().signal)) parts.push(part);
  expect(parts).toMatchObject([
    { type: "error", failure: { class: "auth", message: expect.stringContaining("OPENAI_API_KEY") } },
  ]);
});

describe("the list of providers", () => {
  test("says what each would need", () => {
    expect(models().providers()).toMatchObject([
      { name: "mock", ready: true },
      { name: "openai", ready: false, note: "set OPENAI_API_KEY" },
      { name: "ollama", ready: true, note: expect.stringContaining("127.0.0.1:11434") },
      { name: "vllm", ready: true },
      { name: "lmstudio", ready: true },
      { name: "llamacpp", ready: true },
      { name: "openai-compatible", ready: true, note: expect.stringContaining("base_url") },
      { name: "scripted", ready: false },
    ]);
  });

  test("never shows a key", () => {
    const text = JSON.stringify(models({ OPENAI_API_KEY: "sk-very-secret" }).providers());
    expect(text).toContain("OPENAI_API_KEY is set");
    expect(text).not.toContain("very-secret");
  });
});

describe("a scripted model", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "caxton-scripts-"));
    await writeFile(join(directory, "hello.json"), '[{"text": "Hello."}]');
    await writeFile(join(directory, "broken.json"), '[{"txt": "Hello."}]');
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("is read from the directory of scripts", async () => {
    const model = await models({}, { scriptedDirectory: directory }).resolve(choice("scripted/hello.json"));
    expect(model.id).toBe("scripted/hello.json");
    const parts: ModelPart[] = [];
    for await (const part of model.stream(request, new AbortController().signal)) parts.push(part);
    expect(parts).toMatchObject([{ type: "text-delta", text: "Hello." }, { type: "finish" }]);
  });

  test.each(["missing.json", "broken.json", "../hello.json", "a/../../hello.json"])(
    "in the file %s is refused",
    async (file) => {
      const refusal = models({}, { scriptedDirectory: directory }).resolve(choice(`scripted/${file}`));
      await expect(refusal).rejects.toThrow(ScriptInvalidError);
    },
  );

  test("is refused where no directory of scripts is configured", async () => {
    await expect(models().resolve(choice("scripted/hello.json"))).rejects.toThrow(/no directory/);
  });
});
