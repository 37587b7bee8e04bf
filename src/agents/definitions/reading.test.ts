import * as fc from "fast-check";
import { expect, test } from "vitest";
import type * as z from "zod";
import { renderProblem } from "../../text/documents/index.ts";
import { TEMPLATES } from "./catalogue.ts";
import { DefinitionFile } from "./formats/definition-file.ts";
import { INACTIVE, UNSUPPORTED } from "./formats/inactive.ts";
import { readDefinition, type ReadOptions } from "./reading.ts";

// verifies("definition.toml", "definition.yaml", "definition.markdown", "definition.claude-code")
// verifies("definition.tools-tolerant", "definition.no-silent-effects", "definition.hoist", "definition.all-problems")
// verifies("definition.hostile-text", "definition.secret-refused")

const knownTools = () => ["csv_parser", "csv_parser.group", "csv_parser.filter", "chart_generator", "file_system"];

const HEAD = `name = "writer"
version = "1.0.0"
capabilities = ["writing"]
`;
const WHOLE = `${HEAD}system_prompt = "You write."
`;

const read = (source: string, fileName = "writer.toml", options: ReadOptions = { knownTools }) => {
  const reading = readDefinition(source, fileName, options);
  const found = reading.problems.map(({ line, column, code, path }) => `${line}:${column} ${code} ${path}`);
  return { found, problems: reading.problems, definition: reading.type === "valid" ? reading.definition : undefined };
};

const named = (name: string) => read(WHOLE.replace("writer", name)).found;
const listed = (text: string) => read(WHOLE.replace('["writing"]', text));
const DELETE = "file_system.delete_file";
const WRITES = ["write_file", "append_file", "create_directory", "move_file", "delete_file"].map(
  (tool) => `file_system.${tool}`,
);
const foreignTools = (line: string) =>
  read(`---\nname: helper-one\n${line}---\nHelp.\n`, "helper-one.md").definition?.tools;

const prefixed = (table: string, schema: z.ZodOptional<z.ZodObject>): object =>
  Object.fromEntries(Object.keys(schema.unwrap().shape).map((key) => [`${table}.${key}`, true]));

const memoryProblems = (memory: string) =>
  readDefinition(
    `name = "scribe"\nversion = "1.0.0"\ncapabilities = ["notes"]\nsystem_prompt = "Write."\n[memory]\n${memory}`,
    "scribe.toml",
  ).problems.map(({ line, code }) => `${line} ${code}`);

test("what is kept of runs has to be switched on, and to be read by another agent", () => {
  expect(memoryProblems("auto_store = true\n")).toEqual(["6 NO_EFFECT"]);
  expect(memoryProblems('enabled = true\nextract_with = "distiller"\n')).toEqual(["7 NO_EFFECT"]);
  expect(memoryProblems('enabled = true\nauto_store = true\nextract_with = "scribe"\n')).toEqual(["8 BAD_FORMAT"]);
  expect(memoryProblems('enabled = true\nauto_store = true\nextract_with = "distiller"\n')).toEqual([]);
  expect(memoryProblems('enabled = true\nstore_scope = "global"\n')).toEqual(["7 NO_EFFECT"]);
});

const keeps = (memory: string) => read(`${WHOLE}[memory]\nenabled = true\nauto_store = true\n${memory}`).definition;

test("auto_store writes to the agent's own memory, unless store_scope says otherwise", () => {
  expect(keeps('scope = "global"\n')?.memory).toMatchObject({ scope: "global", keeps: { scope: "agent-only" } });
  expect(keeps('store_scope = "session"\n')?.memory).toMatchObject({ keeps: { scope: "conversation" } });
  expect(memoryProblems('enabled = true\nauto_store = true\nscope = "conversation"\n')).toEqual(["8 NO_EFFECT"]);
});

test("the smallest definition gets every default", () => {
  const { definition, found } = read(WHOLE);
  expect(found).toEqual([]);
  expect(definition).toEqual({
    name: "writer",
    version: "1.0.0",
    description: "",
    capabilities: ["writing"],
    tools: [],
    deferredTools: [],
    agents: [],
    handoffs: [],
    systemPrompt: "You write.",
    userPromptTemplate: "{{request}}",
    documentation: "",
    parameters: {},
    llm: { headers: {}, fallback: [] },
    maxSteps: 20,
    budget: { run: {}, perDay: {} },
    context: {},
    limits: {},
    messaging: { autoRespond: true, runsOnFailure: false, whenBusy: "queue", turnsMax: 50, templates: {} },
    triggers: [],
    toolsAtOnceMax: 3,
    author: "",
    license: "",
    tags: [],
    created: "",
    updated: "",
  });
});

test("settings are carried over in the units of the server", () => {
  const { definition, found } = read(`${WHOLE}tools = ["csv_parser", "csv_parser.group", "*"]
deferred_tools = ["csv_parser"]
created = 2026-11-20
[llm]
provider = "openai"
model = "gpt-5-mini"
base_url = "http://localhost:11434/v1"
api_key = "\${env:OPENAI_API_KEY}"
temperature = 0.2
max_tokens = 100
timeout = "1m"
headers = { x-team = "a", authorization = "Bearer \${file:/run/secrets/key}" }
[execution]
max_steps = 5
timeout = "10m"
[performance]
concurrent_tools = 8
`);
  expect(found).toEqual([]);
  expect(definition).toMatchObject({
    tools: ["csv_parser", "csv_parser.group", "*"],
    deferredTools: ["csv_parser"],
    created: "2026-11-20",
    llm: {
      model: "openai/gpt-5-mini",
      baseUrl: "http://localhost:11434/v1",
      apiKey: "${env:OPENAI_API_KEY}",
      temperature: 0.2,
      outputTokensMax: 100,
      timeoutMs: 60_000,
      headers: { "x-team": "a", authorization: "Bearer ${file:/run/secrets/key}" },
    },
    maxSteps: 5,
    timeoutMs: 600_000,
    toolsAtOnceMax: 8,
  });
});

test("lazy tool loading is every tool deferred", () => {
  expect(read(`${WHOLE}[performance]\nlazy_tool_loading = true\n`)).toMatchObject({
    definition: { deferredTools: ["*"] },
    found: [],
  });
});

test("a deferred tool that does not exist is found where it stands", () => {
  expect(read(`${WHOLE}deferred_tools = ["csv_parsr"]\n`).found).toEqual(["5:19 UNKNOWN_TOOL deferred_tools.0"]);
});

test("a model is named once: short, whole, or by provider and model", () => {
  const model = (text: string) => read(WHOLE + text).definition?.llm.model;
  expect(model('model = "mock"\n')).toBe("mock");
  expect(model('[llm]\nmodel = "openrouter/meta/llama"\n')).toBe("openrouter/meta/llama");
  expect(model('[llm]\nprovider = "openrouter"\nmodel = "meta/llama"\n')).toBe("openrouter/meta/llama");
  expect(model('[llm]\nprovider = "openai"\nmodel = "openai/gpt-5"\n')).toBe("openai/gpt-5");
  expect(model('[llm]\nprovider = "mock"\n')).toBe("mock");
  expect(model('[llm]\nmodel = "llama3.1:8b"\nbase_url = "http://localhost:8000/v1"\n')).toBe("llama3.1:8b");
  expect(read(`${WHOLE}model = "mock"\n[llm]\nmodel = "mock"\n`).found).toEqual(["5:9 DUPLICATE_KEY model"]);
  expect(read(`${WHOLE}[llm]\nprovider = "openai"\n`).found).toEqual(["6:12 MISSING_KEY llm.provider"]);
  expect(read(`${WHOLE}[llm]\nmodel = "gpt-5"\n`).found).toEqual(["6:9 BAD_FORMAT llm.model"]);
  expect(read(`${WHOLE}model = "gpt-5"\n`).found).toEqual(["5:9 BAD_FORMAT model"]);
  expect(read(`${WHOLE}[model]\ntemperature = 1\n`).found).toEqual(["5:2 WRONG_TYPE model"]);
});

test("an empty prompt is one problem", () => {
  expect(read(`${HEAD}system_prompt = ""\n`).found).toEqual(["4:17 OUT_OF_RANGE system_prompt"]);
  expect(read(`${HEAD}system_prompt = " "\n`).found).toEqual(["4:17 INVALID system_prompt"]);
});

test("every problem comes at once, those of the schema and those of its meaning", () => {
  expect(
    read(`nam = "x"
version = 1.0
capabilities = ["Data Analysis"]
tools = ["csv_parsr", "csv_parser.grup"]
user_prompt_template = "{{ reqest }} {{request}}"
runtime = "wasm"
skills = ["x"]
[parameters]
request = "x"
[execution]
max_step = 5
[performance]
max_execution_time = "2 hours"
`).found,
  ).toEqual([
    "1:1 MISSING_KEY system_prompt",
    "1:1 UNKNOWN_KEY nam",
    "2:11 WRONG_TYPE version",
    "3:17 BAD_FORMAT capabilities.0",
    "4:10 UNKNOWN_TOOL tools.0",
    "4:23 UNKNOWN_TOOL tools.1",
    "5:25 UNKNOWN_VARIABLE user_prompt_template",
    "6:1 NOT_SUPPORTED runtime",
    "7:1 NOT_SUPPORTED skills",
    "9:1 PARAMETER_RESERVED parameters.request",
    "11:1 UNKNOWN_KEY execution.max_step",
    "13:22 BAD_FORMAT performance.max_execution_time",
  ]);
});

test("an unknown tool is answered with the nearest ones", () => {
  const { problems } = read(`${WHOLE}tools = ["csv_parser.grup", "chart-generator", "other.filter", "xyz"]\n`);
  expect(problems.map(({ alternatives }) => alternatives)).toEqual([
    ["csv_parser.group", "csv_parser"],
    ["chart_generator"],
    ["csv_parser.filter"],
    undefined,
  ]);
  expect(read(`${WHOLE}tools = ["xyz"]\n`, "writer.toml", {}).found).toEqual([]);
});

test("prompts after a table's header are read as the agent's, with a warning", () => {
  const { definition, found, problems } = read(`${HEAD}
[parameters]
tone = "dry"
system_prompt = '''
Be {{tone}}.
'''
user_prompt_template = "Please: {{request}}"
tags = ["a"]
`);
  expect(found).toEqual([
    "7:1 PROMPT_IN_TABLE parameters.system_prompt",
    "10:1 PROMPT_IN_TABLE parameters.user_prompt_template",
    "11:1 PROMPT_IN_TABLE parameters.tags",
  ]);
  expect(problems.every(({ severity }) => severity === "warning")).toBe(true);
  expect(definition).toMatchObject({
    systemPrompt: "Be {{tone}}.\n",
    userPromptTemplate: "Please: {{request}}",
    tags: ["a"],
    parameters: { tone: "dry" },
  });
});

test("a key that the top of the file has is not extracted from a table", () => {
  const { found } = read(`${WHOLE}[llm]\nsystem_prompt = "x"\n`);
  expect(found).toEqual(["6:1 UNKNOWN_KEY llm.system_prompt"]);
});

test("a problem in a prompt that was moved is placed where it stands", () => {
  const { found } = read(`${WHOLE}[parameters]\na = 1\nuser_prompt_template = '''\n{{a}} and\n  {{b}}\n'''\n`);
  expect(found).toContain("9:3 UNKNOWN_VARIABLE user_prompt_template");
});

test("keys without effect are accepted with a warning, empty ones and defaults without", () => {
  expect(
    read(`${WHOLE}requires = ["translation"]
[memory]
enabled = true
scope = "agent"
[conversation]
temperature = 0.5
[execution]
isolation = "worker"
[performance]
cache_responses = true
[tool_config.http_client]
timeout = "5s"
[messaging]
auto_respond = true
response_format = "natural"
`).found,
  ).toEqual([
    "5:1 NO_EFFECT requires",
    "10:1 NO_EFFECT conversation.temperature",
    "14:1 NO_EFFECT performance.cache_responses",
    "19:1 NO_EFFECT messaging.response_format",
  ]);
  expect(read(`${WHOLE}requires = []\n[memory]\nenabled = false\n[execution]\nisolation = "context"\n`).found).toEqual(
    [],
  );
});

test("keys without effect are still checked", () => {
  const { found } = read(`${WHOLE}[memory]\nenabled = true\nscope = "planet"\nsemantic_serch = true\n`);
  expect(found).toEqual(["7:9 NOT_ALLOWED memory.scope", "8:1 UNKNOWN_KEY memory.semantic_serch"]);
});

test("a key in the clear is refused and never repeated", () => {
  const source = `${WHOLE}[llm]\napi_key = "sk-123456"\n[llm.headers]\nauthorization = "Bearer sk-123456"\n`;
  const { found, problems } = read(source);
  expect(found).toEqual(["6:11 SECRET_IN_FILE llm.api_key", "8:17 SECRET_IN_FILE llm.headers.authorization"]);
  const shown = problems.map((problem) => renderProblem(problem, source, { colour: false })).join("\n");
  expect(shown + JSON.stringify(problems)).not.toContain("sk-123456");
});

test("names are permissive, and warned about", () => {
  expect(named("DataAnalyzer")).toEqual(["1:8 NAME_STYLE name"]);
  expect(named("a.b_c-9")).toEqual(["1:8 NAME_STYLE name"]);
  for (const wrong of ["x", "9lives", "has space", "ends-", "a".repeat(65)])
    expect(named(wrong)).toEqual(["1:8 BAD_FORMAT name"]);
});

test("capabilities are trimmed, lower-cased, versioned or dotted, and listed once", () => {
  expect(listed('[" Writing ", "data-analysis.statistical", "a:v2.0"]').definition?.capabilities).toEqual([
    "writing",
    "data-analysis.statistical",
    "a:v2.0",
  ]);
  expect(listed("[]").found).toEqual(["3:16 OUT_OF_RANGE capabilities"]);
  expect(listed('["a", "A"]').found).toEqual(["3:16 INVALID capabilities"]);
  expect(listed('["snake_case"]').found).toEqual(["3:17 BAD_FORMAT capabilities.0"]);
});

test("a parameter that no prompt uses is pointed out", () => {
  expect(read(`${WHOLE}[parameters]\nmax_file_size = "10MB"\n`).found).toEqual([
    "6:1 PARAMETER_UNUSED parameters.max_file_size",
  ]);
  expect(read(`${WHOLE.replace("write.", "write {{ words }}.")}[parameters]\nwords = 3\n`).found).toEqual([]);
  // Prompts for messages count too.
  const handler = '[prompt_templates]\ncfp_handler = "{{request}} in {{words}} words"\n';
  expect(read(`${WHOLE}[parameters]\nwords = 3\n${handler}`).found).toEqual([]);
});

test("a system prompt may name parameters and the agent, not what differs from run to run", () => {
  const { found, definition } = read(`${HEAD}system_prompt = "{{agent_name}} {{request}}"\n`);
  expect(found).toEqual(["4:33 VARIABLE_NOT_HERE system_prompt"]);
  expect(definition).toBeUndefined();
  expect(read(`${HEAD}system_prompt = "Write {{ mustache }}"\n`).found).toEqual([
    "4:24 UNKNOWN_VARIABLE system_prompt",
  ]);
});

test("variables that a request fills in are no problem", () => {
  expect(read(`${WHOLE}user_prompt_template = "{{request}} {{context}} {{requirements}}"\n`).found).toEqual([]);
});

test("what is recalled is empty only where nothing is recalled", () => {
  const template = `${WHOLE}user_prompt_template = "{{request}} {{memory_context}}"\n`;
  expect(read(template).found).toEqual(["5:39 VARIABLE_EMPTY user_prompt_template"]);
  expect(read(`${template}[memory]\nenabled = true\n`).found).toEqual([]);
});

test("Markdown with front matter is the same agent", () => {
  const { definition, found } = read(
    "---\nname: writer\nversion: 1.0.0\ncapabilities: [writing]\ntools: csv_parser, chart_generator\n---\n\nYou write.\n\nWell.\n",
    "writer.md",
  );
  expect(found).toEqual([]);
  expect(definition).toMatchObject({
    systemPrompt: "You write.\n\nWell.\n",
    documentation: "",
    tools: ["csv_parser", "chart_generator"],
  });
  const documented = read(
    "---\nname: writer\nversion: 1.0.0\ncapabilities: [writing]\nsystem_prompt: You write.\n---\n# Manual\n",
    "writer.md",
  );
  expect(documented.definition).toMatchObject({ systemPrompt: "You write.", documentation: "# Manual\n", tools: [] });
  expect(read("---\nname: writer\nversion: 1.0.0\ncapabilities: [writing]\n---\n", "writer.md").found).toEqual([
    "1:1 MISSING_KEY system_prompt",
  ]);
  expect(
    read(
      "---\nname: writer\nversion: 1.0.0\ncapabilities: [writing]\nsystem_prompt: x\ndocumentation: y\n---\nz\n",
      "writer.md",
    ).found,
  ).toEqual(["6:16 DUPLICATE_KEY documentation"]);
});

test("an agent written for another program loads, and says what was left out", () => {
  const source = `---
name: code-reviewer
description: Use this agent when: code is written. Examples: <example>user: "x"</example>
tools: Read, Bash(git add:*, git rm:*), csv_parser
model: sonnet
color: red
maxTurns: 7
---

You review code. Use \${{ secrets.X }} and {{request}}.
`;
  const { definition, found } = read(source, "code-reviewer.md");
  expect(found).toEqual([
    "1:1 DEFAULT_USED version",
    "1:1 DEFAULT_USED capabilities",
    "3:14 FRONT_MATTER_REPAIRED ",
    "4:1 TOOL_MAPPED tools",
    "4:1 TOOL_NOT_USED tools",
    "4:8 TOOL_NOT_USED tools.0",
    "5:1 MODEL_NOT_USED model",
    "6:1 FIELD_NOT_USED color",
    "10:43 VARIABLE_NOT_HERE system_prompt",
  ]);
  expect(definition).toMatchObject({
    name: "code-reviewer",
    version: "1.0.0",
    capabilities: ["code-reviewer"],
    description: 'Use this agent when: code is written. Examples: <example>user: "x"</example>',
    tools: ["csv_parser"],
    maxSteps: 7,
    systemPrompt: "You review code. Use ${{ secrets.X }} and {{request}}.\n",
  });
  expect(definition?.llm.model).toBeUndefined();
});

test("such an agent's tools: absent means all, empty means none", () => {
  expect(foreignTools("")).toEqual(["*"]);
  expect(foreignTools("tools: []\n")).toEqual([]);
  expect(foreignTools("tools: ''\n")).toEqual([]);
  expect(foreignTools("tools:\n")).toEqual([]);
  expect(foreignTools("tools: [csv_parser, Grep]\n")).toEqual(["csv_parser"]);
  expect(foreignTools("tools: csv_parser\nmodel: openai/gpt-5\n")).toEqual(["csv_parser"]);
});

const foreign = (fields: string) => {
  const { definition, found, problems } = read(`---\nname: helper-one\n${fields}---\nHelp.\n`, "helper-one.md", {});
  const { permissions, tools } = definition ?? {};
  return { permissions, tools, found: found.slice(2), messages: problems.map(({ message }) => message) };
};

test("tools of Claude Code are read as the tools that do the same", () => {
  const tools = "tools: Read, Write, Edit, Grep, Glob, WebFetch, mcp__github__create_issue, mcp__jira__*, mcp__docs\n";
  expect(foreign(tools).tools).toEqual([
    "file_system.read_file",
    "file_system.write_file",
    "file_system.create_directory",
    "file_system.search_files",
    "text_tools.search",
    "file_system.list_directory",
    "http_client.get",
    "github.create_issue",
    "jira",
    "docs",
  ]);
  const { tools: rest, messages } = foreign("tools: Bash(git add:*), WebSearch, Read(src/**), json_tools, mcp__a b\n");
  expect(rest).toEqual(["json_tools"]);
  expect(messages.slice(2)).toEqual([
    '"Bash(git add:*)" has no equivalent here and is left out',
    '"WebSearch" has no equivalent here and is left out',
    '"Read(src/**)" is limited to some arguments and is left out',
    '"mcp__a b" has no equivalent here and is left out',
  ]);
});

test("without a list of tools such an agent gets only those that change nothing", () => {
  expect(foreign("")).toMatchObject({
    tools: ["*"],
    permissions: { readOnly: true },
    messages: expect.arrayContaining(["tools are missing; the agent gets every tool that changes nothing"]),
  });
  expect(foreign("allowed-tools: Read\n")).toMatchObject({ tools: ["file_system.read_file"], permissions: undefined });
});

test.each([
  ["disallowedTools: Write\n", { deny: WRITES }],
  ["disallowedTools: [mcp__github__*, mcp__x__y, file_system.delete_file]\n", { deny: ["github", "x.y", DELETE] }],
  ["disallowedTools: [Write(secrets/**), Bash]\npermissions: {deny: [database]}\n", { deny: ["database", ...WRITES] }],
  ["readonly: true\n", { readOnly: true }],
  ["read-only: true\n", { readOnly: true }],
  ["permissionMode: plan\n", { readOnly: true }],
  ["permissionMode: default\n", { askDestructive: true, readOnly: false }],
  [
    "permissionMode: acceptEdits\n",
    { askDestructive: true, allow: expect.arrayContaining(["file_system.write_file"]) },
  ],
])("what restricts such an agent is kept: %j", (fields, expected) => {
  expect(foreign(`tools: "*"\n${fields}`).permissions).toMatchObject(expected);
});

test.each([
  ["permissionMode: dontAsk\n", "3:1 NOT_SUPPORTED permissionMode"],
  ["disallowedTools: 3\n", "3:1 NOT_SUPPORTED disallowedTools"],
  ["readonly: maybe\n", "3:1 NOT_SUPPORTED readonly"],
  ["readonly: true\npermissions: none\n", "4:1 NOT_SUPPORTED permissions"],
])("a restriction that cannot be kept is an error: %j", (fields, problem) => {
  const { found, permissions } = foreign(fields);
  expect(found).toContain(problem);
  expect(permissions).toBeUndefined();
});

test("its long description is cut, its broken fields are still errors", () => {
  const { definition } = read(
    `---\nname: helper-one\ndescription: "${"word ".repeat(80)}"\n---\nHelp.\n`,
    "helper-one.md",
  );
  expect(definition?.description).toHaveLength(200);
  expect(read("---\nname: bad name\ntools: 3\n---\nHelp.\n", "x.md").found).toEqual([
    "1:1 DEFAULT_USED version",
    "1:1 DEFAULT_USED capabilities",
    "2:7 BAD_FORMAT name",
    "3:8 WRONG_TYPE tools",
  ]);
});

test("the format is detected by extension, or by how the file begins", () => {
  expect(read(WHOLE, "stdin").definition?.name).toBe("writer");
  expect(
    read("---\nname: writer\nversion: 1.0.0\ncapabilities: [writing]\n---\nYou write.", "stdin").definition?.name,
  ).toBe("writer");
});

const YAML = "name: writer\nversion: 1.0.0\ncapabilities: [writing]\nsystem_prompt: |\n  You write.\n";

test.each([
  ["bare", YAML],
  ["with a first marker", `---\n${YAML}`],
  ["between markers", `\n---\n${YAML}---\n\n`],
  ["with a comment above", `# An agent\n---\n${YAML}`],
  ["with lines of Windows", `---\n${YAML}`.replaceAll("\n", "\r\n")],
])("a file .yaml or .yml is YAML: %s", (_name, source) => {
  for (const fileName of ["writer.yaml", "writer.YML"])
    expect(read(source, fileName)).toMatchObject({
      found: [],
      definition: { name: "writer", systemPrompt: "You write.\n", tools: [] },
    });
});

test("mistakes in YAML have their places, and what is plain is repaired", () => {
  expect(read(`${YAML}sytem: 1\n`, "writer.yaml").found).toEqual(["6:1 UNKNOWN_KEY sytem"]);
  expect(read(`---\n${YAML}tols: 1\n---\n`, "writer.yml").found).toEqual(["7:1 UNKNOWN_KEY tols"]);
  expect(read("---\nname: writer\n", "writer.yaml").found).toContain("1:1 MISSING_KEY version");
  expect(read(`${YAML}description: Use: always\n`, "writer.yaml").found).toEqual(["6:14 FRONT_MATTER_REPAIRED "]);
  expect(read(`---\n${YAML}---\nYou write.\n`, "writer.yaml").problems).toMatchObject([
    { code: "SYNTAX", fix: expect.stringContaining("needs a .md file") },
  ]);
});

test("every key without effect and every refused key is one of the file's", () => {
  const { execution, performance, conversation, messaging, memory, security, ...top } = DefinitionFile.shape;
  const nested = {
    ...top,
    execution,
    conversation,
    messaging,
    performance,
    security,
    ...prefixed("security", security),
    ...prefixed("execution", execution),
    ...prefixed("conversation", conversation),
    ...prefixed("messaging", messaging),
    ...prefixed("performance", performance),
    ...prefixed("memory", memory),
  };
  const unknown = [...Object.keys(INACTIVE), ...Object.keys(UNSUPPORTED)].filter((key) => !Object.hasOwn(nested, key));
  expect(unknown).toEqual([]);
});

test("reports a key in the wrong table and where it belongs", () => {
  const { problems } = read(`${WHOLE}[llm]\ntools = ["csv_parser"]\n[parameters]\ncapabilities = ["x"]\n`);
  expect(problems.map(({ fix }) => fix)).toEqual([
    "Move tools above the first [table] of the file.",
    "If capabilities was meant as a key of the agent, move it above the first [table] of the file.",
  ]);
});

const SEEDS = [
  ...TEMPLATES.map(({ source }) => ({ source, fileName: "a.toml" })),
  {
    source: "---\nname: a-b\ndescription: x: y\ntools: Read, b(c, d)\nmaxTurns: 3\n---\n\nBody {{x}}.\n",
    fileName: "a.md",
  },
];
const cut = fc.record({
  seed: fc.constantFrom(...SEEDS),
  at: fc.nat(4_000),
  length: fc.nat(40),
  insert: fc.string({
    unit: fc.constantFrom("\n", "[", "]", "{{", "}}", "{%", '"', "'", "=", ":", " ", "x", "-", "null", "\t", "é"),
    maxLength: 4,
  }),
});

test("no damage to a file makes the reader throw, and every problem stands inside the file", () => {
  fc.assert(
    fc.property(cut, ({ seed: { source, fileName }, at, length, insert }) => {
      const start = at % source.length;
      const damaged = source.slice(0, start) + insert + source.slice(start + length);
      const lines = damaged.split("\n");
      const { problems } = readDefinition(damaged, fileName, { knownTools });
      const outside = problems.filter(
        ({ line, column }) =>
          line < 1 || line > lines.length || column < 1 || column > (lines[line - 1]?.length ?? 0) + 1,
      );
      expect(outside).toEqual([]);
      expect(problems.filter(({ message, fix }) => message === "" || fix === "")).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("context and limits are taken as they are written, and the older words for context with them", () => {
  const { definition } = read(
    `${WHOLE}[conversation]\nmemory_strategy = "sliding"\ncontext_window = 8192\n[limits]\nrepeated_calls = 0\noutput_bytes = "2MiB"\nrepeat_allowed = ["queue.poll"]\n`,
  );
  expect(definition).toMatchObject({
    context: { strategy: "sliding", window: 8192 },
    limits: { repeated_calls: 0, output_bytes: 2 * 1024 * 1024, repeat_allowed: ["queue.poll"] },
  });
  expect(
    read(`${WHOLE}[conversation]\ncontext_window = 8192\n[context]\nwindow = 16000\n`).found.map((line) =>
      line.slice(-44),
    ),
  ).toEqual([expect.stringContaining("DUPLICATE_KEY conversation.context_window")]);
  expect(read(`${WHOLE}[limits]\nping_pong = 1\n`).found).toHaveLength(1);
});

test("a schema of the answer that is no JSON Schema is refused at its place, in a table and as text", () => {
  const table = read(`${WHOLE}[output.schema]\ntype = "object"\n[output.schema.properties.score]\ntype = "numeral"\n`);
  expect(table.definition).toBeUndefined();
  expect(table.problems[0]).toMatchObject({
    severity: "error",
    line: WHOLE.split("\n").length + 3,
    message: expect.stringContaining("properties.score.type: type is one of"),
  });
  const text = read(`${WHOLE}[output]\nschema = '{"type": "object", "required": "score"}'\n`);
  expect(text.problems[0]).toMatchObject({
    line: WHOLE.split("\n").length + 1,
    message: expect.stringContaining("required: it is a list of texts"),
  });
});

test("how an agent takes part in conversations has defaults, and its prompts for messages are checked as templates", () => {
  expect(read(WHOLE).definition?.messaging).toEqual({
    autoRespond: true,
    runsOnFailure: false,
    whenBusy: "queue",
    turnsMax: 50,
    templates: {},
  });
  const { definition, found } = read(
    `${WHOLE}[conversation]\nmax_turns = 3\n[messaging]\nauto_respond = false\ncontext_window = 2\non_failure = "run"\n[prompt_templates]\ncfp_handler = "{{sender}} calls: {{request}}"\n`,
  );
  expect(found).toEqual([]);
  expect(definition?.messaging).toMatchObject({
    autoRespond: false,
    contextMessages: 2,
    runsOnFailure: true,
    turnsMax: 3,
  });
  expect(read(`${WHOLE}[prompt_templates]\nquery_handler = "{{sendr}}"\n`).found).toEqual([
    "6:17 UNKNOWN_VARIABLE prompt_templates.query_handler",
  ]);
});

const messages = (source: string, fileName = "writer.toml") =>
  read(source, fileName).problems.map(({ line, length, message }) => `${line}+${length} ${message}`);

test("a key that is defined twice names the line of the first", () => {
  expect(messages(`${WHOLE}name = "b"\n`)).toEqual(["5+4 this is already defined on line 1"]);
  expect(messages(`${WHOLE}[llm]\napi = "chat"\n[memory]\n[llm]\n`)).toEqual(["8+5 this is already defined on line 5"]);
  expect(messages(`${WHOLE}[llm]\nname = 1\nname = 2\n`)).toEqual(["7+4 this is already defined on line 6"]);
  expect(messages(`${YAML}memory:\n  enabled: true\n  enabled: false\nname: x\n`, "writer.yaml")).toEqual([
    "8+7 this key is already defined on line 7",
    "9+4 this key is already defined on line 1",
  ]);
});

test("every mistake of a template is reported, and the nearest name with it", () => {
  const { problems } = read(
    `${WHOLE}user_prompt_template = "{{ request | upcse }} {% fr x %} {{ request | jsn }} {% if reqest %}"\n`,
  );
  expect(problems.map(({ message }) => message)).toEqual([
    "templates have no filter upcse; did you mean upcase?",
    "templates have no tag fr; did you mean for?",
    "templates have no filter jsn; did you mean json?",
    "{% if reqest %} is not closed",
  ]);
  expect(read(`${WHOLE}user_prompt_template = "{{ request | upcse }} {{ reqest }}"\n`).found).toEqual([
    "5:25 TEMPLATE_SYNTAX user_prompt_template",
    "5:50 UNKNOWN_VARIABLE user_prompt_template",
  ]);
});

test("a wrong duration is corrected to the one that was meant", () => {
  const fixes = ["5 minutes", "30 Secs", "2hours", 30].map(
    (timeout) => read(`${WHOLE}[execution]\ntimeout = ${JSON.stringify(timeout)}\n`).problems[0]?.fix,
  );
  expect(fixes).toEqual(["5m", "30s", "2h", "30s"].map((meant) => `Write for example: timeout = "${meant}"`));
});
