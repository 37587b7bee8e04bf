import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import type { ModelChoice, ModelPart } from "../port/index.ts";
import { ScriptInvalidError, UnknownModelError } from "./errors.ts";
import { Models, type ModelsOptions } from "./models.ts";

// verifies("model.strings", "model.environment", "model.key-origin")

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
    [{ ANTHROPIC_API_KEY: "k" }, "anthropic/claude-sonnet-4-5"],
    [{ ANTHROPIC_API_KEY: "k", OPENAI_API_KEY: "k" }, "openai/gpt-5-mini"],
    [{ GEMINI_API_KEY: "k", MISTRAL_API_KEY: "k" }, "google/gemini-2.5-flash"],
    [{ GOOGLE_GENERATIVE_AI_API_KEY: "k", GOOGLE_MODEL: "gemini-9" }, "google/gemini-9"],
    [{ MISTRAL_API_KEY: "k" }, "mistral/mistral-medium-latest"],
    [{ AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s" }, "mock"],
    [{ AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s", BEDROCK_MODEL: "amazon.nova" }, "bedrock/amazon.nova"],
    [{ OLLAMA_API_KEY: "k" }, "mock"],
  ])("with the environment %j is %s", (environment, expected) => {
    expect(models(environment).defaultModel()).toBe(expected);
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
    ["gemini/gemini-9", undefined, "google/gemini-9"],
    ["anthropic/claude-9", "https://proxy.example/v1", "anthropic/claude-9"],
    ["tool:my_llm.complete/large", undefined, "tool:my_llm.complete/large"],
    ["tool:my_llm.complete", undefined, "tool:my_llm.complete"],
    ["mcp://my_llm/complete/large", undefined, "mcp://my_llm/complete/large"],
  ])("%s with base_url %s is %s", async (model, baseUrl, id) => {
    expect((await models().resolve(choice(model, { baseUrl, apiKey: "k" }))).id).toBe(id);
  });

  test.each([
    ["gpt5", undefined],
    ["unknown/gpt", undefined],
    ["openai/", undefined],
    ["openai-compatible/x", undefined],
    ["llamacpp/qwen3", undefined],
    ["mock/large", undefined],
    ["mock", "http://127.0.0.1:1"],
    ["scripted", undefined],
    ["", undefined],
    ["tool:my_llm", undefined],
    ["tool:my_llm.complete", "http://127.0.0.1:1"],
    ["openai/gpt-9", "ftp://example.com"],
    ["openai/gpt-9", "https://user:secret@example.com/v1"],
  ])("%s with base_url %s is refused by name", async (model, baseUrl) => {
    const refusal = models().resolve(choice(model, { baseUrl }));
    await expect(refusal).rejects.toThrow(UnknownModelError);
    await expect(refusal).rejects.not.toThrow(/secret/);
  });

  test.each(["llamacpp", "openai-compatible"])("of %s needs no base_url where a variable has it", async (name) => {
    const variable = `${name.toUpperCase().replace("-", "_")}_BASE_URL`;
    const model = await models({ [variable]: "http://127.0.0.1:8081/v1" }).resolve(choice(`${name}/qwen3`));
    expect(model.id).toBe(`${name}/qwen3`);
  });

  test("that is unknown is refused with the providers that are known", async () => {
    await expect(models().resolve(choice("unknown/gpt"))).rejects.toMatchObject({
      hint: expect.stringContaining("mock, scripted, openai, anthropic"),
    });
  });
});

describe("a key of the server", () => {
  const environment = {
    OPENAI_API_KEY: "k",
    ANTHROPIC_BASE_URL: "https://proxy.example/anthropic",
    TEAM_API_KEY: "k",
    GATEWAY_API_KEY: "k",
    GATEWAY_BASE_URL: "https://gateway.example/v1",
    LISTED: "k",
  };
  const catalogue = models(environment, {
    providers: { mine: { baseUrl: "https://mine.example/v1", apiKey: "${env:MINE_KEY:-none}" } },
    keyOrigins: { LISTED: ["https://listed.example"], "file:key": ["https://listed.example"] },
  });
  const attacker = "https://attacker.example/v1";

  test.each([
    ["openai/m", undefined, "OPENAI_API_KEY"],
    ["openai/m", "https://api.openai.com/v1/other", "OPENAI_API_KEY"],
    ["anthropic/m", "https://proxy.example/v1", "ANTHROPIC_API_KEY"],
    ["anthropic/m", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"],
    ["m", "https://gateway.example/v2", "GATEWAY_API_KEY"],
    ["m", "https://gateway.example/v2", "GATEWAY_BASE_URL"],
    ["m", "https://listed.example/v1", "LISTED"],
    ["m", "https://listed.example/v1", "file:key"],
    ["mine/m", undefined, "MINE_KEY"],
    // A second key for the same provider: only the server's configuration says where it goes.
    ["openai/m", undefined, "TEAM_API_KEY"],
    ["vllm/m", "http://localhost:8000/v1", "TEAM_API_KEY"],
  ])("may be sent with %s at %s: %s", async (model, baseUrl, key) => {
    await expect(catalogue.resolve(choice(model, { baseUrl, apiKey: "k", keys: [key] }))).resolves.toBeDefined();
  });

  // vendors.origins.O1
  test.each([
    ["m", attacker, "OPENAI_API_KEY"],
    ["openai/m", attacker, "OPENAI_API_KEY"],
    ["openai/m", "http://api.openai.com/v1", "OPENAI_API_KEY"],
    ["openai/m", "https://api.openai.com:8443/v1", "OPENAI_API_KEY"],
    ["openai/m", "https://api.openai.com.attacker.example/v1", "OPENAI_API_KEY"],
    ["anthropic/m", undefined, "OPENAI_API_KEY"],
    ["ollama/m", undefined, "OPENAI_API_KEY"],
    ["m", attacker, "TEAM_API_KEY"],
    ["m", attacker, "GATEWAY_BASE_URL"],
    ["m", "https://mine.example/v1", "LISTED"],
    ["m", attacker, "file:key"],
    ["m", attacker, "file:other"],
    ["m", attacker, "MINE_KEY"],
  ])("is not sent with %s at %s: %s", async (model, baseUrl, key) => {
    const refusal = catalogue.resolve(choice(model, { baseUrl, apiKey: "k", keys: [key] }));
    await expect(refusal).rejects.toMatchObject({
      code: "KEY_ORIGIN_REFUSED",
      message: expect.stringContaining(key),
      hint: expect.stringContaining("[models.key_origins]"),
    });
  });
});

/** How a call of an address of a definition's own fails. */
const failureOf = async (answer: typeof fetch) => {
  const catalogue = new Models({ clock: systemClock, environment: {}, foreignFetch: answer });
  const model = await catalogue.resolve(choice("m", { baseUrl: "http://10.0.0.1/v1", apiKey: "k" }));
  for await (const part of model.stream(request, new AbortController().signal))
    if (part.type === "error") return part.failure;
  return undefined;
};

describe("an address that only a definition names", () => {
  const body = JSON.stringify({ error: { message: "the secret page", code: "context_length_exceeded" } });
  test.each([
    ["an error", () => new Response(body, { status: 400 })],
    ["another page", () => new Response("the secret page", { status: 200 })],
    ["an event", () => new Response(`data: ${body}\n\n`, { headers: { "content-type": "text/event-stream" } })],
    ["a header", () => new Response("", { status: 500, statusText: "the secret page" })],
  ])("repeats nothing of %s that it answers with", async (_what, answer) => {
    const failure = await failureOf(async () => answer());
    expect(failure?.message).toContain("http://10.0.0.1");
    expect(JSON.stringify(failure)).not.toContain("secret");
  });

  // vendors.origins.O2
  test("is not called where nothing checks it", async () => {
    const catalogue = models();
    const model = await catalogue.resolve(choice("m", { baseUrl: "http://127.0.0.1:9/v1" }));
    for await (const part of model.stream(request, new AbortController().signal))
      expect(part).toMatchObject({ failure: { class: "bad_response" } });
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
    expect(
      models()
        .providers()
        .map(({ name, ready, note }) => `${name} ${ready}: ${note}`),
    ).toEqual([
      "mock true: no key needed; built-in rules, not a language model",
      "openai false: set OPENAI_API_KEY",
      "anthropic false: set ANTHROPIC_API_KEY",
      "google false: set GOOGLE_GENERATIVE_AI_API_KEY or GEMINI_API_KEY",
      "mistral false: set MISTRAL_API_KEY",
      "bedrock false: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_REGION",
      "ollama true: no key needed; expected at http://127.0.0.1:11434/v1",
      "vllm true: no key needed; expected at http://127.0.0.1:8000/v1",
      "lmstudio true: no key needed; expected at http://127.0.0.1:1234/v1",
      "llamacpp false: set LLAMACPP_BASE_URL, or give base_url with the model",
      "openai-compatible false: set OPENAI_COMPATIBLE_BASE_URL, or give base_url with the model",
      "scripted false: no directory of scripts is configured",
    ]);
  });

  test.each([
    [{ GEMINI_API_KEY: "k" }, "google", true],
    [{ AWS_BEARER_TOKEN_BEDROCK: "k" }, "bedrock", false],
    [{ AWS_BEARER_TOKEN_BEDROCK: "k", AWS_REGION: "eu-central-1" }, "bedrock", true],
    [{ AWS_ACCESS_KEY_ID: "k", AWS_REGION: "eu-central-1" }, "bedrock", false],
    [{ AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s", AWS_DEFAULT_REGION: "eu-central-1" }, "bedrock", true],
  ])("with the environment %j says of %s that ready is %s", (environment, name, ready) => {
    const found = models(environment)
      .providers()
      .find((provider) => provider.name === name);
    expect(found).toMatchObject({ ready });
  });

  test("holds the operator's own, whose models are then known by name", async () => {
    const catalogue = models(
      {},
      {
        providers: { myproxy: { baseUrl: "http://127.0.0.1:1/v1" } },
        facts: {
          nonsense: { images: true },
          "openai-compatible/elsewhere": { images: true },
          "myproxy/model-x": { contextTokens: 50_000, outputTokens: 2_000, images: true },
        },
      },
    );
    expect(catalogue.known().map(({ id }) => id)).toEqual(["myproxy/model-x"]);
    expect(catalogue.providers()).toContainEqual({
      name: "myproxy",
      type: "openai-compatible",
      ready: true,
      note: "models.providers.myproxy is configured",
    });
    const limits = { contextTokens: 50_000, outputTokens: 2_000 };
    expect(catalogue.known()).toContainEqual({ id: "myproxy/model-x", provider: "myproxy", limits, images: true });
    expect(await catalogue.resolve(choice("myproxy/model-x"))).toMatchObject({ id: "myproxy/model-x", limits });
  });

  test("never shows a key", () => {
    const text = JSON.stringify(models({ OPENAI_API_KEY: "sk-very-secret" }).providers());
    expect(text).toContain("OPENAI_API_KEY is set");
    expect(text).not.toContain("very-secret");
  });
});

describe("the model of a role", () => {
  const catalogue = models({ OPENAI_API_KEY: "k" }, { roles: { summarizing: "openai/gpt-5-nano" } });
  const own = choice("vllm/large", { baseUrl: "http://127.0.0.1:1/v1", apiKey: "k" });

  test.each([
    ["execution", undefined, "vllm/large"],
    ["routing", undefined, "vllm/large"],
    ["summarizing", undefined, "openai/gpt-5-nano"],
    ["summarizing", { summarizing: "ollama/small" }, "ollama/small"],
  ] as const)("for %s with %j of the definition's own is %s", async (role, roles, expected) => {
    expect((await catalogue.resolve({ ...own, roles }, role)).id).toBe(expected);
  });

  test("execution is the default of definitions that name none", async () => {
    const standard = models({ OPENAI_API_KEY: "k" }, { roles: { execution: "ollama/small" } });
    expect(standard.defaultModel()).toBe("ollama/small");
  });

  test("an invalid one is refused when the catalogue is created", () => {
    expect(() => models({}, { roles: { routing: "nonsense" } })).toThrow(UnknownModelError);
  });
});

test.each([
  ["openai/gpt-5-mini-2025-08-07", { contextTokens: 400_000, outputTokens: 128_000 }],
  ["openai/gpt-4o", { contextTokens: 128_000, outputTokens: 16_384 }],
  ["anthropic/claude-opus-4-1", { contextTokens: 200_000, outputTokens: 32_000 }],
  ["bedrock/us.anthropic.claude-3-haiku-20240307-v1:0", { contextTokens: 200_000, outputTokens: 4_096 }],
  ["google/gemini-2.5-pro", { contextTokens: 1_048_576, outputTokens: 65_536 }],
  ["ollama/llama3.1:8b", { contextTokens: 8_192, outputTokens: 2_048 }],
  ["vllm/meta-llama/Llama-3", { contextTokens: 32_768, outputTokens: 4_096 }],
  ["tool:a.b", { contextTokens: 32_768, outputTokens: 4_096 }],
])("the limits of %s are known, or taken as %j", async (model, limits) => {
  const environment = {
    OPENAI_API_KEY: "k",
    ANTHROPIC_API_KEY: "k",
    GEMINI_API_KEY: "k",
    AWS_BEARER_TOKEN_BEDROCK: "k",
    AWS_REGION: "us-east-1",
  };
  expect((await models(environment).resolve(choice(model))).limits).toMatchObject(limits);
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
