import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { parseYaml } from "../../src/text/documents/index.ts";
import { loadConfig } from "../../src/server/index.ts";
import { commandLine, start } from "../cli/caxton.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "documents.definition-keys",
  "documents.variables",
  "documents.commands",
  "documents.environment",
  "documents.cluster-refused",
  "documents.messages",
  "documents.memory-export",
);

// Every example of the Caxton documents, in our own words: it works, or the refusal names what to use instead.
const fixtures = join(repository, "test/fixtures/documents");
const fixture = (name: string): string => readFileSync(join(fixtures, name), "utf8");
const places = { config: join(fixtures, "config.yaml"), agents: join(fixtures, "agents") };
const placed = (text: string): string =>
  text.replaceAll("{config}", places.config).replaceAll("{agents}", places.agents);

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await server.started.ready;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const validate = async (name: string) => {
  const body = { source: fixture(`agents/${name}`), file_name: name };
  return contract.agents.ValidationReport.parse((await server.ask("POST", "/api/v1/agents/validate", body)).body);
};
const deploy = async (name: string) => {
  const body = { source: fixture(`agents/${name}`), file_name: name };
  return contract.agents.DeployOutcome.parse((await server.ask("POST", "/api/v1/agents", body)).body);
};

test.each(["data-analyzer.toml", "data-analyzer.md", "data-analyzer.yaml"])(
  "the sample agent runs: %s",
  async (name) => {
    const { agent } = await deploy(name);
    expect(agent).toMatchObject({ name: "DataAnalyzer", tools: ["http_client", "csv_parser", "chart_generator"] });
    expect(agent.documentation).toContain("Ask for a summary");
    const codes = name.endsWith(".toml") ? ["NAME_STYLE", "PROMPT_IN_TABLE"] : ["NAME_STYLE"];
    expect([...new Set(agent.warnings.map(({ code }) => code))]).toEqual(codes);
    const { body } = await server.ask("POST", "/api/v1/runs", {
      agent: "DataAnalyzer",
      input: "How many rows are in examples/data/penguins.csv?",
      variables: { context: "a field study", requirements: ["one sentence"] },
      wait: true,
    });
    const run = contract.runs.RunDetail.parse(body);
    expect(run).toMatchObject({ state: "completed", output: expect.stringContaining("344") });
    expect(run.system_prompt).toContain("at most 10MB; you read csv, json, xlsx.");
    expect(run.prompt).toContain("Context: a field study\nRequirements: one sentence");
  },
);

test("agents that are not supported are refused with what to write", async () => {
  const fixes = async (name: string) =>
    (await validate(name)).problems
      .filter(({ severity }) => severity === "error")
      .map(({ message, fix }) => `${message}: ${fix}`);
  expect(await fixes("hello-world.toml")).toEqual([
    'there is no tool or tool server "echo": Remove it, or add the tool server.',
  ]);
  expect(await fixes("wasm-agent.toml")).toEqual([
    expect.stringMatching(/WebAssembly agents are not supported yet.*write the agent with system_prompt/),
    expect.stringMatching(/WebAssembly agents are not supported yet/),
  ]);
  expect(await validate("api-sample.md")).toMatchObject({ valid: true, name: "Summarizer" });
});

test("the guide's equivalents of the documents' REST paths exist", () => {
  const guide = readFileSync(join(repository, "docs/guides/caxton-documents.md"), "utf8");
  const section = guide.split("\n## ").find((part) => part.startsWith("REST\n")) ?? "";
  const here = section
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| documents"))
    .map((line) => line.split(" | ")[1] ?? "");
  const named = here.flatMap((cell) =>
    [...cell.matchAll(/`([A-Z]+) (\/api\/v1\/[^`?]+)/g)].map(([, ...route]) => route),
  );
  expect(named.length).toBeGreaterThan(30);
  const routes = Object.values(contract.operations)
    .flatMap((group) => Object.values(group))
    .map(({ http }) => `${http.method} ${http.path.replaceAll(/:(\w+)/g, "{$1}")}`);
  expect(named.map((route) => route.join(" ")).filter((route) => !routes.includes(route))).toEqual([]);
});

const Lines = z.array(z.tuple([z.string(), z.string()]));

test.each(Lines.parse(JSON.parse(fixture("commands.json"))).filter(([, expected]) => expected !== "works"))(
  "caxton %s names %j",
  async (line, expected) => {
    const { code, stdout, stderr } = await commandLine(placed(line).split(" "), { server: server.url });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain("Did you mean");
  },
);

test.each(Lines.parse(JSON.parse(fixture("commands.json"))).filter(([, expected]) => expected === "works"))(
  "caxton %s works",
  async (line) => {
    const { code, stderr } = await commandLine(placed(line).split(" "), { server: server.url });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  },
);

test("caxton serve --config starts with a YAML file, and deploys the sample agents", async () => {
  using directory = tempDirectory();
  const args = ["serve", "--config", places.config, "--port", "0", "--agents", places.agents, "--no-ui", "-o", "json"];
  const { child, ended } = start(args, { cwd: directory.path, environment: { CAXTON_DATA_DIR: directory.path } });
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended.then(() => [""])]);
  child.kill("SIGKILL");
  await ended;
  const Ready = z.object({ definitions: z.array(z.object({ type: z.string(), file: z.string() })) });
  const { definitions } = Ready.parse(JSON.parse(z.string().parse(line)));
  const outcomes = definitions.map(({ type, file }) => [type, basename(file)]);
  expect(outcomes).toContainEqual(["created", "api-sample.md"]);
  expect(outcomes).toContainEqual(["created", "data-analyzer.md"]);
  expect(outcomes.filter(([type]) => type === "refused").map(([, file]) => file)).toEqual([
    // Of three files with one name the first is deployed.
    "data-analyzer.toml",
    "data-analyzer.yaml",
    "hello-world.toml",
    "wasm-agent.toml",
  ]);
});

const Environment = z.record(z.string(), z.string());
const outcomeOf = (environment: z.infer<typeof Environment>): string => {
  try {
    const { warnings, origins } = loadConfig({}, environment, server.directory);
    if (warnings.length > 0) return `warning ${warnings.join("; ")}`;
    const isRead = (name: string) =>
      /CONFIG|PASSWORD/.test(name) || Object.values(origins).some((origin) => origin === name);
    return Object.keys(environment).every(isRead) ? "applied" : "ignored";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
};

test.each(z.array(z.tuple([Environment, z.string()])).parse(JSON.parse(placed(fixture("environment.json")))))(
  "the environment %j: %s",
  (environment, expected) => {
    expect(outcomeOf(environment)).toContain(expected);
  },
);

const load = () => loadConfig({ config: join(fixtures, "config-cluster.yaml") }, {}, server.directory);

test("a cluster and an etcd in the configuration are refused with what to write", () => {
  expect(load).toThrow("a server is one node, and clusters are not supported yet");
  expect(load).toThrow("data is kept in data.directory (CAXTON_DATA_DIR)");
});

test("the variables of the compose files are applied or reported", () => {
  const parsed = parseYaml(fixture("compose.yaml"), "compose.yaml");
  const Compose = z.object({
    services: z.record(z.string(), z.object({ environment: z.union([Environment, z.array(z.string())]) })),
  });
  const { services } = Compose.parse(parsed.type === "parsed" ? parsed.document.data : {});
  const outcomes = Object.entries(services).map(([name, { environment }]) => {
    const pairs = Array.isArray(environment)
      ? environment.map((pair): [string, string] => [pair.split("=")[0] ?? "", pair.slice(pair.indexOf("=") + 1)])
      : Object.entries(environment);
    const mounted = pairs.map(
      ([key, value]) => [key, value.replace("/etc/caxton/config.yaml", places.config)] as const,
    );
    return [name, outcomeOf(Object.fromEntries(mounted))];
  });
  expect(outcomes).toEqual([
    ["caxton", expect.stringMatching(/^warning OTEL_EXPORTER_OTLP_ENDPOINT is ignored/)],
    ["with-graph", "applied"],
  ]);
});

test.each(z.array(Environment.or(z.looseObject({}))).parse(JSON.parse(fixture("messages.json"))))(
  "the message %j is valid",
  async (message) => {
    await deploy("data-analyzer.toml");
    const { body } = await server.ask("POST", "/api/v1/messages/validate", message);
    expect(contract.messages.MessageCheck.parse(body)).toMatchObject({ valid: true, problems: [] });
  },
);

test("a memory export in the documents' form is imported", async () => {
  const file = join(fixtures, "memory-export.json");
  const imported = await commandLine(["memory", "import", file, "--yes"], { server: server.url });
  expect({ code: imported.code, stderr: imported.code === 0 ? "" : imported.stderr }).toEqual({ code: 0, stderr: "" });
  const { stdout } = await commandLine(["memory", "graph", "Ada"], { server: server.url });
  expect(stdout).toContain("Acme");
  expect(stdout).toContain("works_at");
});
