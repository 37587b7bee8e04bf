import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { isJsonObject, parseJson } from "../../src/kernel/json.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.definition-limits");

/** Makes the calls that its request lists as JSON, and then ends. */
function obedient(): LanguageModel {
  const base = scripted([{ text: "" }]);
  return {
    id: base.id,
    limits: base.limits,
    stream: (request, signal) => {
      const [first] = request.messages;
      const asked = parseJson(first?.role === "user" ? first.text : "{}");
      const listed = asked.type === "parsed" && isJsonObject(asked.value) ? asked.value : {};
      const toolCalls = Object.entries(listed).map(([name, given]) => ({ name, arguments: JSON.stringify(given) }));
      return scripted([{ toolCalls }, { text: "done" }]).stream(request, signal);
    },
  };
}

const seen: { readonly host: string; readonly agent: string }[] = [];
const site = createServer((request, response) => {
  seen.push({ host: request.headers.host ?? "", agent: request.headers["user-agent"] ?? "" });
  const { port } = new URL(`http://${request.headers.host ?? ""}`);
  if (request.url === "/away") response.writeHead(302, { location: `http://other.test:${port}/` }).end();
  else response.writeHead(200, { "content-type": "text/plain" }).end("x".repeat(2_000));
});
let server: TestServer;
let port = 0;

const agent = (name: string, more: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["work"]\nsystem_prompt = "Work."\ntools = ["http_client", "csv_parser", "calculator"]\n${more}`;

beforeAll(async () => {
  await new Promise<void>((resolve) => void site.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = site.address();
  port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const http = ["allowed", "other"].map((name) => ({
    url: `http://${name}.test:${port}`,
    methods: ["*"],
    private: true,
  }));
  server = await startServer({
    environment: { ELSEWHERE_BASE_URL: "https://far.example/v1" },
    settings: { "tool_servers.http_client.grants.http": http },
    overrides: { models: models(obedient()), resolve: async () => ["127.0.0.1"] },
    files: {
      "examples/data/long.csv": `a,b\n${"1,2\n".repeat(1_000_000)}`,
      "examples/agents/free.toml": agent("free", ""),
      "examples/agents/listed.toml": agent(
        "listed",
        '[security]\nallowed_domains = ["*.test", "ALLOWED.test"]\n[tool_config.http_client]\nallowed_domains = ["allowed.test"]\n',
      ),
      "examples/agents/offline.toml": agent("offline", "[security.sandbox_restrictions]\nnetwork_access = false\n"),
      "examples/agents/fileless.toml": agent(
        "fileless",
        "[security.sandbox_restrictions]\nfile_system_access = false\n",
      ),
      "examples/agents/barred.toml": agent("barred", '[security]\nrestricted_tools = ["calculator"]\n'),
      "examples/agents/hasty.toml": agent(
        "hasty",
        '[security]\nmax_processing_time = "10ms"\n[execution]\nisolation = "worker"\n',
      ),
      "examples/agents/small.toml": agent("small", '[security]\nmax_memory_usage = "2MiB"\n'),
      "examples/agents/tiny.toml": agent("tiny", '[security]\nmax_memory_usage = "1MiB"\n'),
      "examples/agents/modest.toml": agent(
        "modest",
        '[tool_config.http_client]\nmax_response_size = 1000\nfollow_redirects = false\nuser_agent = "Modest/1.0"\n',
      ),
    },
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  site.close();
});

async function call(name: string, tool: string, given: object): Promise<{ outcome: string; text: string }> {
  const body = { agent: name, input: JSON.stringify({ [tool]: given }), wait: true };
  const run = contract.runs.RunDetail.parse((await server.ask("POST", "/api/v1/runs", body)).body);
  const step = run.step_list.find(({ kind }) => kind === "tool");
  return step?.kind === "tool" ? { outcome: step.outcome ?? "", text: step.text } : { outcome: "", text: run.state };
}
const get = (name: string, host: string, path = "/") =>
  call(name, "http_client__get", { url: `http://${host}.test:${port}${path}` });
const validated = async (more: string) => {
  const source = agent("new-agent", more);
  const { body } = await server.ask("POST", "/api/v1/agents/validate", { source, file_name: "new-agent.toml" });
  return JSON.stringify(body);
};

test("an agent reaches only its allowed domains, also after a redirect, and others reach what is granted", async () => {
  expect(await get("free", "other")).toMatchObject({ outcome: "done" });
  expect(await get("listed", "allowed")).toMatchObject({ outcome: "done" });
  seen.length = 0;
  expect((await get("listed", "other")).text).toContain("other.test is not among the allowed_domains of listed");
  expect(seen).toEqual([]);
  expect((await get("listed", "allowed", "/away")).text).toContain("other.test is not among the allowed_domains");
  expect(seen.map(({ host }) => host)).toEqual([`allowed.test:${port}`]);
});

test("an agent without network access sends nothing, and one without file access opens nothing", async () => {
  seen.length = 0;
  expect((await get("offline", "allowed")).text).toContain("the definition of offline switches network access off");
  expect(seen).toEqual([]);
  const file = { path: "examples/data/penguins.csv" };
  expect(await call("offline", "csv_parser__describe", file)).toMatchObject({ outcome: "done" });
  expect((await call("fileless", "csv_parser__describe", file)).outcome).not.toBe("done");
  expect(await get("fileless", "allowed")).toMatchObject({ outcome: "done" });
});

test("a restricted tool is never called", async () => {
  const sum = { expression: "1 + 1" };
  expect(await call("free", "calculator__evaluate", sum)).toMatchObject({ outcome: "done" });
  expect(await call("barred", "calculator__evaluate", sum)).toMatchObject({ outcome: "forbidden" });
});

test("a call ends after the time of its agent", async () => {
  expect(await call("hasty", "csv_parser__describe", { path: "examples/data/long.csv" })).toMatchObject({
    outcome: "deadline",
    text: expect.stringContaining("within 10 ms"),
  });
});

test("a call has the memory that its agent leaves it, while another agent has that of the tool server", async () => {
  const long = { path: "examples/data/long.csv" };
  const short = { path: "examples/data/penguins.csv" };
  const [small, tiny, free] = await Promise.all([
    call("small", "csv_parser__describe", long),
    call("tiny", "csv_parser__describe", short),
    call("free", "csv_parser__describe", short),
  ]);
  expect(small).toMatchObject({ outcome: "memory", text: expect.stringMatching(/its 2 MiB .*raise max_memory_usage/) });
  expect(tiny).toMatchObject({ outcome: "memory", text: expect.stringContaining("its 1 MiB") });
  expect(free).toMatchObject({ outcome: "done" });
  expect(await call("small", "csv_parser__describe", short)).toMatchObject({ outcome: "done" });
});

test("settings of a tool server apply to the requests of one agent", async () => {
  seen.length = 0;
  expect((await get("modest", "allowed")).outcome).not.toBe("done");
  expect((await get("modest", "allowed", "/away")).text).toContain("302");
  expect(seen).toMatchObject([{ agent: "Modest/1.0" }, { agent: "Modest/1.0" }]);
});

test("a definition whose restrictions cannot be enforced is refused", async () => {
  expect(await validated("[security]\nallowed_domain = []\n")).toContain("allowed_domains");
  expect(await validated('[tool_config.http_client]\ntimeot = "5s"\n')).toContain("timeout");
  expect(await validated("[tool_config.http_client]\nverify_ssl = false\n")).toContain(
    "certificates are always verified",
  );
  expect(await validated('[security]\nmax_memory_usage = "50KB"\n')).toContain("max_memory_usage");
  const far =
    '[llm]\nmodel = "openai/x"\nbase_url = "https://far.example/v1"\n[security]\nallowed_domains = ["near.example"]\n';
  expect(await validated(far)).toContain("far.example is not among the allowed_domains");
});

test("a run whose model is at another host does not start", async () => {
  const source = agent(
    "elsewhere",
    '[llm]\nmodel = "openai/x"\nbase_url = "${env:ELSEWHERE_BASE_URL}"\n[security]\nallowed_domains = ["near.example"]\n',
  );
  await server.ask("POST", "/api/v1/agents", { source, file_name: "elsewhere.toml" });

  const answer = await server.ask("POST", "/api/v1/runs", { agent: "elsewhere", input: "hello" });
  expect(answer).toMatchObject({ status: 422, body: { code: "MODEL_HOST_RESTRICTED" } });
});
