import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "definition.yaml",
  "definition.no-silent-effects",
  "definition.prompt-template",
  "documents.variables",
  "api.run-variables",
);

const YAML = (name: string) => `name: ${name}
version: 1.0.0
capabilities: [writing]
system_prompt: You write in a {{tone}} tone.
user_prompt_template: "{{request}} / {{context}} / {{requirements}} / {{tone}}"
parameters:
  tone: dry
`;

const READER = `---
name: reader
description: Reads
---
You read.
`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    files: {
      "examples/agents/listed.yaml": `---\n${YAML("listed")}`,
      "examples/agents/other.yml": YAML("other"),
      "examples/agents/compose.yaml": "services: {}\n",
    },
    script: [
      {
        when: { userIncludes: "write a file" },
        toolCalls: [
          { name: "file_system__write_file", arguments: { path: "output/a.txt", content: "x" } },
          { name: "calculator__evaluate", arguments: { expression: "6*7" } },
        ],
      },
      { text: "done" },
    ],
  });
  await server.started.ready;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const run = async (agent: string, body: object) => {
  const answer = await server.ask("POST", "/api/v1/runs", { agent, input: "Hello", wait: true, ...body });
  return answer.status < 300
    ? contract.runs.RunDetail.parse(answer.body)
    : Promise.reject(new Error(JSON.stringify(answer)));
};

test("YAML files of the agents directory are deployed, with and without a marker", async () => {
  for (const name of ["listed", "other"])
    expect((await server.ask("GET", `/api/v1/agents/${name}`)).body).toMatchObject({ format: "yaml", warnings: [] });
  const { definitions } = await server.started.ready;
  expect(definitions.filter(({ file }) => file.endsWith("compose.yaml"))).toEqual([]);
});

test("over REST the file's name or `format` determines the format", async () => {
  const deploy = (body: object) => server.ask("POST", "/api/v1/agents", body);
  const named = { source: YAML("named-yaml"), file_name: "agents/named.yml" };
  expect(await deploy(named)).toMatchObject({ status: 201, body: { agent: { format: "yaml" } } });
  const bare = { source: YAML("bare-yaml"), format: "yaml" };
  expect(await deploy(bare)).toMatchObject({ status: 201, body: { agent: { file_name: "agent.yaml" } } });
  expect(await deploy({ source: READER, format: "markdown" })).toMatchObject({ status: 201 });
  expect(await deploy({ source: YAML("toml-yaml") })).toMatchObject({ status: 422 });
  expect(await server.ask("POST", "/api/v1/agents/validate", bare)).toMatchObject({ body: { valid: true } });
});

test("a run's variables fill the prompt, are kept with it, and a retry and a fork have them", async () => {
  const done = await run("listed", {
    variables: { context: "spring", requirements: ["short", "plain"], tone: "warm" },
  });
  expect(done.prompt).toBe("Hello / spring / short, plain / warm");
  expect(done.system_prompt).toBe("You write in a dry tone.");
  expect(done.variables).toEqual({ context: "spring", requirements: ["short", "plain"], tone: "warm" });
  const again = await server.ask("POST", `/api/v1/runs/${done.id}/retry`, {});
  const forked = await server.ask("POST", `/api/v1/runs/${done.id}/fork`, { at: 1, input: "Bye" });
  for (const [made, prompt] of [
    [again, "Hello / spring / short, plain / warm"],
    [forked, "Bye / spring / short, plain / warm"],
  ] as const) {
    const { id } = contract.runs.RunSummary.parse(made.body);
    expect((await server.ask("GET", `/api/v1/runs/${id}`)).body).toMatchObject({ prompt, variables: done.variables });
  }
  expect((await run("listed", {})).prompt).toBe("Hello /  /  / dry");
});

const refused = (variables: object) =>
  server.ask("POST", "/api/v1/runs", { agent: "listed", input: "Hello", variables });

test("a variable that the agent does not have, or does not use, is refused by name", async () => {
  expect(await refused({ contxt: "x" })).toMatchObject({
    status: 422,
    body: { code: "VARIABLE_UNKNOWN", detail: 'agent "listed" has no variable "contxt"; did you mean context?' },
  });
  expect(await refused({ user_id: "x" })).toMatchObject({
    body: { code: "VARIABLE_UNKNOWN", detail: expect.stringContaining("no prompt template") },
  });
  // What the server itself fills in cannot be given.
  expect(await refused({ agent_name: "x" })).toMatchObject({ status: 422 });
});

test("a message brings variables among its parameters", async () => {
  const send = async (variables: object) => {
    const message = { receiver: "listed", performative: "request", content: "Hello", sender: "user" };
    return server.ask("POST", "/api/v1/messages?wait=20", { ...message, parameters: { variables } });
  };
  const { body } = await send({ context: "spring" });
  expect(body).toMatchObject({ reply: { performative: "inform", content: "done" } });
  const list = await server.ask("GET", "/api/v1/runs?agent=listed&limit=1");
  const [latest] = contract.runs.RunPage.parse(list.body).items;
  expect((await server.ask("GET", `/api/v1/runs/${latest?.id}`)).body).toMatchObject({
    prompt: expect.stringMatching(/Hello[^]* \/ spring \/ {2}\/ dry$/),
    variables: { context: "spring" },
  });
  const failed = await send({ nonsense: 1 });
  expect(failed.body).toMatchObject({ reply: { performative: "failure" } });
  expect(JSON.stringify(failed.body)).toContain('has no variable \\"nonsense\\"');
});

test("an agent that lists no tools is not given those with side effects", async () => {
  await server.ask("POST", "/api/v1/agents", { source: READER, file_name: "reader.md" });
  const { step_list: steps } = await run("reader", { input: "write a file" });
  const outcomes = steps.flatMap((step) => (step.kind === "tool" ? [[step.tool, step.outcome]] : []));
  expect(outcomes).toEqual([
    ["file_system__write_file", "unknown-tool"],
    ["calculator.evaluate", "done"],
  ]);
});
