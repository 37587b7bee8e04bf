import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { agentSchema } from "./agent-schema.ts";
import { findTemplate, TEMPLATES } from "./catalogue.ts";
import { DefinitionInvalidError, TemplateNotFoundError } from "./errors.ts";
import { compilePrompt, fillSystemPrompt } from "./prompts/prompt.ts";
import { readDefinition } from "./reading.ts";
import { scaffold } from "./scaffold.ts";

// verifies("definition.json-schema-init", "definition.templates")

const knownTools = () => ["csv_parser", "chart_generator", "file_system"];

test("there are eleven templates, by name", () => {
  expect(TEMPLATES.map(({ name }) => name)).toEqual([
    "api-client",
    "code-reviewer",
    "content-generator",
    "data-analyzer",
    "data-validator",
    "documentation-builder",
    "memory-extractor",
    "pipeline-coordinator",
    "system-monitor",
    "task-automator",
    "test-runner",
  ]);
});

test.each(TEMPLATES.map((template) => [template.name, template] as const))(
  "the template %s has no problems and fills its prompts",
  (name, template) => {
    const reading = readDefinition(template.source, `${name}.toml`, { knownTools });
    expect(reading.problems).toEqual([]);
    if (reading.type === "invalid") throw new Error("invalid");
    const { definition } = reading;
    expect(definition).toMatchObject({ name, description: template.description });
    const prompt = compilePrompt(definition.userPromptTemplate, definition.parameters);
    const filled = prompt({
      request: "R?",
      agent_name: name,
      timestamp: "",
      files: [{ name: "a.csv", mediaType: "text/csv", bytes: 1 }],
    });
    expect(filled).toContain("R?");
    expect(filled.split("uploads/a.csv")).toHaveLength(2);
    expect(fillSystemPrompt(definition.systemPrompt, name, definition.parameters)).not.toContain("{{");
  },
);

const samples = new URL("../../../examples/agents/", import.meta.url);

test.each(readdirSync(samples).filter((name) => !name.includes(".test.")))(
  "the sample agent %s has no problems",
  (fileName) => {
    expect(readDefinition(readFileSync(new URL(fileName, samples), "utf8"), fileName, { knownTools }).problems).toEqual(
      [],
    );
  },
);

test("a scaffold has a definition under the new name, a manual, scripts and a schema", () => {
  const files = new Map(scaffold("my-helper", "data-analyzer", "npx caxton-server").map((file) => [file.path, file]));
  expect([...files.keys()]).toEqual([
    "my-helper.toml",
    "README.md",
    "examples/basic.sh",
    "examples/advanced.sh",
    "examples/sales.csv",
    "prompts/templates.md",
    ".caxton/schema/agent.v1.json",
  ]);
  const source = files.get("my-helper.toml")?.content ?? "";
  expect(source.startsWith("#:schema ./.caxton/schema/agent.v1.json\n")).toBe(true);
  const reading = readDefinition(source, "my-helper.toml", { knownTools });
  expect(reading).toMatchObject({ type: "valid", definition: { name: "my-helper" }, problems: [] });
  expect(files.get("examples/basic.sh")).toMatchObject({ executable: true });
  expect(files.get("examples/basic.sh")?.content).toContain("caxton run my-helper");
  expect(files.get("examples/sales.csv")?.content.trim().split("\n")).toHaveLength(37);
  const paths = scaffold("my-helper", "code-reviewer", "").map(({ path }) => path);
  expect(paths).not.toContain("examples/sales.csv");
  expect(JSON.parse(files.get(".caxton/schema/agent.v1.json")?.content ?? "")).toEqual(agentSchema());
});

test("a template that is not there, and a name that cannot be, are refused", () => {
  expect(() => findTemplate("data-analyser")).toThrow(TemplateNotFoundError);
  expect(() => scaffold("x", "data-analyzer", "")).toThrow(DefinitionInvalidError);
  expect(() => scaffold('a"b', "data-analyzer", "")).toThrow(DefinitionInvalidError);
  expect(() => scaffold("../escape", "data-analyzer", "")).toThrow(DefinitionInvalidError);
});
