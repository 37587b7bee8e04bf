import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { models, runs } from "../../src/api/contract/index.ts";
import { buildTool } from "../../src/tools/authoring/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { events, refusing, type Seen, vendor } from "../models/vendors/endpoint.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("model.key-origin", "model.as-tool", "model.images");

const repository = join(import.meta.dirname, "../..");
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const chunk = (delta: object, finish: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const saying = (text: string) => events(chunk({ content: text }, "stop"), "[DONE]");

const gemini = (...parts: readonly object[]) =>
  events({ candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }] });

const agent = (model: string, more = "") =>
  `name = "probe"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Answer."\n[llm]\nmodel = "${model}"\n${more}`;

async function probe(server: TestServer, source: string): Promise<void> {
  await server.started.services.agents.agents.deploy("default", { source, fileName: "probe.toml" });
}

async function run(server: TestServer, input: string, files: readonly string[] = []) {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "probe", input, uploads: files, wait: true });
  return runs.RunDetail.parse(body);
}

async function upload({ url }: TestServer, name: string, bytes: Buffer, type = "image/png"): Promise<string> {
  const response = await fetch(`${url}/api/v1/uploads?name=${name}`, {
    method: "POST",
    headers: { "content-type": type },
    body: new Uint8Array(bytes),
  });
  return runs.Upload.parse(await response.json()).id;
}

test("models, providers and what Ollama has are listed, and keys are not", async () => {
  await using ollama = await vendor((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ models: [{ name: "llama3.1:8b", size: 4_900_000_000 }] }));
  });
  await using server = await startServer({
    environment: { ANTHROPIC_API_KEY: "sk-very-secret-key", OLLAMA_BASE_URL: `${ollama.url}/v1`, MY_KEY: "sk-mine" },
    settings: {
      "models.providers": { myproxy: { base_url: "http://127.0.0.1:9/v1", api_key: "${env:MY_KEY}" } },
      "models.facts": { "myproxy/model-x": { context_tokens: 50_000, images: true } },
      "models.roles": { summarizing: "ollama/llama3.1:8b" },
    },
  });
  const plain = models.ModelPage.parse((await server.ask("GET", "/api/v1/models")).body);
  expect(plain).toMatchObject({ default_model: "anthropic/claude-sonnet-4-5", local: [] });
  expect(ollama.seen).toHaveLength(0);
  expect(plain.items).toContainEqual(
    expect.objectContaining({ id: "myproxy/model-x", context_tokens: 50_000, images: true, price: null }),
  );
  expect(plain.items).toContainEqual(expect.objectContaining({ id: "ollama/llama3.1:8b", roles: ["summarizing"] }));
  const { body } = await server.ask("GET", "/api/v1/models?discover=true");
  expect(models.ModelPage.parse(body).local).toEqual([
    {
      provider: "ollama",
      address: ollama.url,
      answers: true,
      models: [{ id: "ollama/llama3.1:8b", bytes: 4_900_000_000 }],
    },
  ]);
  const providers = models.ModelProviderPage.parse((await server.ask("GET", "/api/v1/models/providers")).body);
  expect(providers.items.find(({ name }) => name === "anthropic")).toMatchObject({
    ready: true,
    note: "ANTHROPIC_API_KEY is set",
  });
  expect(JSON.stringify([plain, providers, (await server.ask("GET", "/api/v1/config")).body])).not.toMatch(
    /sk-(?:very|mine)/,
  );
});

test("a model is tested by three small requests, and a failure says what to do", async () => {
  const call = {
    index: 0,
    id: "c",
    type: "function",
    function: { name: "get_weather", arguments: '{"city":"Paris"}' },
  };
  await using endpoint = await vendor(
    saying("OK"),
    events(chunk({ tool_calls: [call] }, "tool_calls"), "[DONE]"),
    saying('{"city":"Paris","millions":2}'),
    saying("OK"),
    saying("I cannot call tools."),
    saying("Paris has two million."),
    refusing(401, { error: { message: "bad key" } }),
  );
  await using server = await startServer({ environment: { VLLM_BASE_URL: `${endpoint.url}/v1` } });
  const check = async (model: string) => server.ask("POST", "/api/v1/models/test", { model });
  const good = models.ModelTest.parse((await check("vllm/m")).body);
  expect(good).toMatchObject({
    model: "vllm/m",
    ok: true,
    checks: [{ state: "ok" }, { state: "ok" }, { state: "ok" }],
  });
  expect(good.checks[0]?.first_part_ms).toBeGreaterThanOrEqual(0);
  // It goes by the gate that runs go by, within the limits of the provider's key.
  const { traffic } = models.ModelPage.parse((await server.ask("GET", "/api/v1/models")).body);
  expect(traffic).toMatchObject([{ model: "vllm/m" }]);
  const weak = models.ModelTest.parse((await check("vllm/m")).body);
  expect(weak).toMatchObject({ ok: true, checks: [{ state: "ok" }, { state: "failed" }, { state: "failed" }] });
  const bad = models.ModelTest.parse((await check("vllm/m")).body);
  expect(bad).toMatchObject({
    ok: false,
    checks: [
      { state: "failed", note: "auth: bad key", fix: expect.stringContaining("key") },
      { state: "skipped" },
      { state: "skipped" },
    ],
  });
  expect(await check("nonexistent/m")).toMatchObject({ status: 400, body: { code: "UNKNOWN_MODEL" } });
});

test("a provider of one's own gets its key from where it refers to, and its headers", async () => {
  await using endpoint = await vendor(saying("Hello."));
  await using server = await startServer({
    environment: { MY_KEY: "sk-mine" },
    settings: {
      "models.providers": {
        myproxy: { base_url: `${endpoint.url}/v1`, api_key: "${env:MY_KEY}", headers: { "X-Team": "blue" } },
      },
    },
  });
  await probe(server, agent("myproxy/model-x", 'reasoning = "low"\n[llm.options]\ntop_k = 5\n'));
  expect(await run(server, "hi")).toMatchObject({ state: "completed", output: "Hello.", model: "myproxy/model-x" });
  expect(endpoint.seen[0]).toMatchObject({
    headers: { authorization: "Bearer sk-mine", "x-team": "blue" },
    body: { model: "model-x", reasoning_effort: "low", top_k: 5 },
  });
  await probe(server, agent("other/x", `base_url = "${endpoint.url}/v1"\napi_key = "\${env:MY_KEY}"\n`));
  expect(await server.ask("POST", "/api/v1/runs", { agent: "probe", input: "hi" })).toMatchObject({
    status: 422,
    body: { code: "REFERENCE_UNRESOLVED" },
  });
});

test("a definition sends no key of the server to another origin, and reaches no private address, unless the operator says so", async () => {
  await using endpoint = await vendor(saying("Hello."));
  const environment = { OPENAI_API_KEY: "sk-very-secret-key", TEAM_API_KEY: "sk-team" };
  const own = `base_url = "${endpoint.url}/v1"\n`;
  const key = 'api_key = "${env:OPENAI_API_KEY}"\n';
  const thefts = [
    `${own}${key}`,
    `${own}headers = { authorization = "Bearer \${env:OPENAI_API_KEY}" }\n`,
    `${own}api_key = "\${env:TEAM_API_KEY}"\n`,
    `base_url = "${endpoint.url}/\${env:OPENAI_API_KEY}"\n`,
  ];
  {
    await using server = await startServer({ environment });
    for (const theft of thefts) {
      await probe(server, agent("some/model", theft));
      expect(await server.ask("POST", "/api/v1/runs", { agent: "probe", input: "hi" }), theft).toMatchObject({
        status: 422,
        body: { code: "KEY_ORIGIN_REFUSED", hint: expect.stringContaining(`"${endpoint.url}"]`) },
      });
    }
    await probe(server, agent("some/model", own));
    const failed = await run(server, "hi");
    expect(failed).toMatchObject({ state: "failed" });
    expect(failed.failure?.message).toMatch(/127\.0\.0\.1, which is of this machine.*private_origins/s);
    expect(endpoint.seen).toEqual([]);
  }
  const listed = { "models.key_origins": { OPENAI_API_KEY: [endpoint.url] } };
  for (const settings of [listed, { "models.private_origins": [endpoint.url] }]) {
    await using server = await startServer({ environment, settings });
    await probe(server, agent("some/model", `${own}${settings === listed ? key : ""}`));
    expect(await run(server, "hi")).toMatchObject({ state: "completed", output: "Hello." });
  }
  expect(endpoint.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer sk-very-secret-key", undefined]);
});

test("a provider that redirects gets the key, and where it redirects to does not", async () => {
  await using elsewhere = await vendor(saying("Hello."));
  await using endpoint = await vendor((response) => {
    response.writeHead(307, { location: `${elsewhere.url}/v1/chat/completions` }).end();
  });
  await using server = await startServer({
    environment: { ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: `${endpoint.url}/v1` },
  });
  await probe(server, agent("anthropic/claude-x"));
  expect((await run(server, "hi")).failure?.message).toContain("redirects");
  expect([endpoint.seen.length, elsewhere.seen.length]).toEqual([1, 0]);
});

const hasImage = ({ body }: Seen): boolean => JSON.stringify(body).includes(PNG.toString("base64"));

test("an image of a request is sent to a model that accepts images, and named to one that does not", async () => {
  await using endpoint = await vendor(saying("A dot."));
  await using server = await startServer({
    environment: { VLLM_BASE_URL: `${endpoint.url}/v1` },
    settings: { "models.facts": { "vllm/seeing": { images: true } } },
  });
  await probe(server, agent("vllm/seeing"));
  expect(await run(server, "what is it?", [await upload(server, "dot.png", PNG)])).toMatchObject({ output: "A dot." });
  await probe(server, agent("vllm/blind"));
  await run(server, "what is it?", [await upload(server, "dot.png", PNG)]);
  expect(endpoint.seen.map(hasImage)).toEqual([true, false]);
  expect(JSON.stringify(endpoint.seen[1]?.body)).toContain("this model does not accept images");
});

const PDF = Buffer.from("%PDF-1.7 a page %%EOF");

test.each([
  ["anthropic", "claude-sonnet-4-5", {}, true],
  ["openai", "gpt-5-mini", { api: "responses" }, true],
  ["google", "gemini-2.5-flash", {}, true],
  ["bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", { region: "eu-central-1" }, true],
  ["mistral", "pixtral-large", {}, false],
  ["openai-compatible", "gpt-4o", {}, false],
] as const)("a PDF that comes with a request is sent to %s, or else only named", async (type, model, more, isSent) => {
  await using endpoint = await vendor(refusing(400, { error: { message: "enough" } }));
  await using server = await startServer({
    environment: { P_KEY: "sk-p" },
    settings: { "models.providers": { p: { type, base_url: endpoint.url, api_key: "${env:P_KEY}", ...more } } },
  });
  await probe(server, agent(`p/${model}`, "max_tokens = 100"));
  const failed = await run(server, "what is it?", [await upload(server, "report.pdf", PDF, "application/pdf")]);
  expect(failed.failure?.code).toBe("MODEL_INVALID_REQUEST");
  const sent = JSON.stringify(endpoint.seen[0]?.body);
  expect(sent.includes(PDF.toString("base64"))).toBe(isSent);
  expect(sent).toContain("report.pdf");
  expect(sent).not.toContain("does not accept images");
});

test("an image that a model makes is an artifact of the run", async () => {
  const data = PNG.toString("base64");
  await using endpoint = await vendor(gemini({ text: "Here it is." }, { inlineData: { mimeType: "image/png", data } }));
  await using server = await startServer({
    environment: { GEMINI_API_KEY: "k", GOOGLE_BASE_URL: `${endpoint.url}/v1beta` },
  });
  await probe(server, agent("google/gemini-2.5-flash-image"));
  const done = await run(server, "draw a dot");
  expect(done).toMatchObject({ state: "completed", output: "Here it is." });
  const [artifact] = done.artifacts;
  expect(artifact).toMatchObject({ name: "image.png", media_type: "image/png", bytes: PNG.byteLength });
  const content = await fetch(`${server.url}/api/v1/artifacts/${artifact?.id}/content`);
  expect(Buffer.from(await content.arrayBuffer()).equals(PNG)).toBe(true);
});

test("what a provider signed goes back to it from the run's journal", async () => {
  const args = { path: "examples/data/penguins.csv" };
  const called = { functionCall: { name: "csv_parser__describe", args }, thoughtSignature: "SIGNED" };
  await using endpoint = await vendor(gemini(called), gemini({ text: "344 penguins." }));
  await using server = await startServer({
    environment: { GEMINI_API_KEY: "k", GOOGLE_BASE_URL: `${endpoint.url}/v1beta` },
  });
  await probe(server, agent("google/gemini-3-pro-preview").replace("[llm]", 'tools = ["csv_parser"]\n[llm]'));
  expect(await run(server, "how many?")).toMatchObject({ state: "completed", output: "344 penguins." });
  expect(endpoint.seen[1]?.body).toMatchObject({
    contents: [{ role: "user" }, { role: "model", parts: [called] }, {}],
  });
});

test("a tool that takes messages answers as a model, from its sandbox", async () => {
  using temp = tempDirectory();
  const project = join(temp.path, "tools", "house-model");
  mkdirSync(project, { recursive: true });
  cpSync(join(repository, "examples/tools/house-model"), project, { recursive: true });
  await buildTool(project, { packageDirectory: repository, report: () => {}, signal: new AbortController().signal });
  await using server = await startServer({ settings: { "tools.directory": join(temp.path, "tools") } });
  await probe(server, agent("tool:house-model.complete/polite"));
  const done = await run(server, "hello");
  expect(done).toMatchObject({
    state: "completed",
    model: "tool:house-model.complete/polite",
    output: "You said: hello Is there anything else?",
    output_tokens: 10,
  });
  await probe(server, agent("tool:house-model.missing"));
  expect(await run(server, "hello")).toMatchObject({
    state: "failed",
    failure: { message: expect.stringContaining('house-model has no tool "missing"') },
  });
});
