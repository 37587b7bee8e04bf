import * as fc from "fast-check";
import { expect, test } from "vitest";
import { writeToml } from "../../../text/documents/index.ts";
import { convertDefinition } from "./convert.ts";
import { readDefinition } from "../reading.ts";

// verifies("definition.markdown", "definition.convert")

const converted = (source: string, fileName: string): string => {
  const result = convertDefinition(source, fileName);
  if (result.type === "invalid") throw new Error(JSON.stringify(result.problems));
  return result.text;
};

test("a definition in TOML becomes Markdown whose body is the prompt", () => {
  const source = `[execution]
max_steps = 5
[parameters]
tone = "dry"
`;
  const head = `system_prompt = '''
Be {{tone}}.

Always.
'''
version = "1.0.0"
name = "writer"
capabilities = ["writing"]
`;
  expect(converted(head + source, "writer.toml")).toBe(`---
name: writer
version: 1.0.0
capabilities:
  - writing
parameters:
  tone: dry
execution:
  max_steps: 5
---

Be {{tone}}.

Always.
`);
});

test("an agent of another program becomes a definition that needs no repair", () => {
  const text = converted(
    "---\nname: helper-one\ndescription: Use: always\nmodel: opus\n---\n\nHelp '''them''' now.\n",
    "helper-one.md",
  );
  expect(text).toBe(`name = "helper-one"
version = "1.0.0"
description = "Use: always"
capabilities = [ "helper-one" ]
tools = [ "*" ]
system_prompt = """
Help '''them''' now.
"""

[permissions]
read_only = true
`);
  expect(readDefinition(text, "helper-one.toml").problems).toEqual([]);
});

test("a definition with errors is not converted", () => {
  expect(convertDefinition("name = 1\n", "x.toml").type).toBe("invalid");
});

const read = (source: string, fileName: string) => {
  const reading = readDefinition(source, fileName);
  return reading.type === "valid" ? reading.definition : reading.problems;
};

const prompt = fc
  .string({
    unit: fc.constantFrom("a", "B", " ", "\n", "'", '"', "\\", "-", "#", ":", "`", "é", "\t"),
    minLength: 1,
    maxLength: 40,
  })
  .filter((text) => text.trim() !== "");
const definition = fc.record(
  {
    name: fc.constantFrom("writer", "data-analyzer", "a1"),
    version: fc.constantFrom("1.0.0", "2.1.3-beta"),
    capabilities: fc.constantFrom(["writing"], ["a", "b.c:v1"]),
    system_prompt: prompt,
    description: fc.string({ maxLength: 30 }),
    documentation: prompt,
    user_prompt_template: prompt,
    tools: fc.constantFrom([], ["csv_parser", "x.y"], ["*"]),
    tags: fc.array(fc.string({ maxLength: 8 }), { maxLength: 2 }),
    parameters: fc.dictionary(fc.stringMatching(/^[a-d]{1,3}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
      noNullPrototype: true,
      maxKeys: 3,
    }),
    llm: fc.record({ model: fc.constant("mock"), temperature: fc.constantFrom(0, 0.5, 2) }, { requiredKeys: [] }),
    execution: fc.record({ max_steps: fc.integer({ min: 1, max: 1000 }) }),
  },
  { requiredKeys: ["name", "version", "capabilities", "system_prompt"] },
);

test("TOML to Markdown and back is the same agent, its prompts to the character", () => {
  fc.assert(
    fc.property(definition, (fields) => {
      const toml = writeToml(fields);
      const markdown = converted(toml, "a.toml");
      const again = converted(markdown, "a.md");
      expect(read(toml, "a.toml")).toMatchObject({ name: fields.name, systemPrompt: fields.system_prompt });
      expect(read(markdown, "a.md")).toEqual(read(toml, "a.toml"));
      expect(read(again, "a.toml")).toEqual(read(toml, "a.toml"));
    }),
    { numRuns: 150 },
  );
});
