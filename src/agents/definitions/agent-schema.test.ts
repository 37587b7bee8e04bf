import { Validator } from "@cfworker/json-schema";
import { expect, test } from "vitest";
import { parseToml } from "../../text/documents/index.ts";
import { agentSchema } from "./agent-schema.ts";
import { TEMPLATES } from "./catalogue.ts";
import { DefinitionFile } from "./formats/definition-file.ts";

// verifies("definition.json-schema")

const validator = new Validator(agentSchema(), "7", false);
const accepts = (source: string): boolean => {
  const parsed = parseToml(source, "x.toml");
  if (parsed.type === "malformed") throw new Error("malformed");
  return validator.validate(parsed.document.data).valid;
};

test("the schema is draft-07, names itself, and closes every table that is closed", () => {
  expect(agentSchema()).toMatchObject({
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: "/schema/agent.v1.json",
    type: "object",
    required: ["name", "version", "capabilities", "system_prompt"],
    additionalProperties: false,
  });
});

test("editors accept every template and refuse what the reader refuses", () => {
  expect(TEMPLATES.filter(({ source }) => !accepts(source))).toEqual([]);
  const whole = 'name = "writer"\nversion = "1.0.0"\ncapabilities = ["a"]\nsystem_prompt = "x"\n';
  expect(accepts(whole)).toBe(true);
  expect(accepts(`${whole}temprature = 1\n`)).toBe(false);
  expect(accepts(`${whole}runtime = "wasm"\n`)).toBe(false);
  expect(accepts(`${whole}[llm]\ntemperature = 3\n`)).toBe(false);
  expect(accepts(`${whole}[execution]\ntimeout = "soon"\n`)).toBe(false);
  expect(accepts(whole.replace("writer", "9"))).toBe(false);
});

test("every key that people write first is described", () => {
  const { properties } = agentSchema();
  const described = Object.entries(typeof properties === "object" && properties !== null ? properties : {});
  expect(described.length).toBeGreaterThan(20);
  const first = [
    "name",
    "version",
    "description",
    "capabilities",
    "tools",
    "model",
    "system_prompt",
    "user_prompt_template",
  ];
  for (const key of first) expect(DefinitionFile.shape).toHaveProperty(key);
  const silent = described.filter(
    ([key, value]) => first.includes(key) && !JSON.stringify(value).includes('"description"'),
  );
  expect(silent).toEqual([]);
});
