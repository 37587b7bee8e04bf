import { expect, test } from "vitest";
import { isTestFile, readAgentTests, testFileStem } from "./read-tests.ts";

test("every problem is reported with its line, in TOML, YAML and JSON", () => {
  const toml = readAgentTests('[[scenario]]\nname = "x"\ninputt = "y"\n', "a.test.toml");
  expect(toml.problems.map(({ code, line, path }) => [code, line, path])).toEqual([
    ["UNKNOWN_KEY", 3, "scenario.0.inputt"],
  ]);
  const yaml = readAgentTests("scenario:\n  - name: x\n    input: y\n    repeat: 0\n", "a.test.yaml");
  expect(yaml.problems).toMatchObject([{ code: "OUT_OF_RANGE", line: 4 }]);
  const json = readAgentTests('{\n  "scenario": [\n    {"name": "x", "input": 5}\n  ]\n}', "a.test.json");
  expect(json.problems).toMatchObject([{ code: "WRONG_TYPE", line: 3 }]);
});

test("two scenarios of one name are refused: recordings are kept by it", () => {
  const one = '[[scenario]]\nname = "x"\ninput = "y"\n';
  expect(readAgentTests(one + one, "a.test.toml").problems).toMatchObject([{ code: "NAME_TAKEN", line: 5 }]);
});

test("reports an invalid regular expression", () => {
  const text = '[[scenario]]\nname = "x"\ninput = "y"\nexpect.matches = ["("]\n';
  expect(readAgentTests(text, "a.test.toml").problems).toMatchObject([{ path: "scenario.0.expect.matches.0" }]);
});

test("the same scenario is the same in each format", () => {
  const toml = readAgentTests('[[scenario]]\nname = "x"\ninput = "y"\nexpect.called = ["a.b"]\n', "a.test.toml");
  const json = readAgentTests('{"scenario":[{"name":"x","input":"y","expect":{"called":["a.b"]}}]}', "a.test.json");
  const yaml = readAgentTests("scenario:\n- name: x\n  input: y\n  expect: { called: [a.b] }\n", "a.test.yml");
  expect([toml.type, json, yaml]).toEqual(["valid", toml, toml]);
});

test("files of tests are recognized by their name", () => {
  expect(["a.test.toml", "b/a.test.json", "a.toml", "test.toml", "a.test.md"].map(isTestFile)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(testFileStem("b/a.test.toml")).toBe("b/a");
});
