import { expect, test } from "vitest";
import { agentTestSchema, readAgentTests } from "../../agents/test-files/index.ts";
import { scaffoldTests } from "./scaffold-tests.ts";

test("what init writes is valid, and its schema is that of test files", () => {
  const [tests, schema] = scaffoldTests("hello");
  expect(readAgentTests(tests?.content ?? "", "hello.test.toml")).toMatchObject({ type: "valid", problems: [] });
  expect(JSON.parse(schema?.content ?? "")).toEqual(agentTestSchema());
  expect(schema?.path).toBe(".caxton/schema/agent-test.v1.json");
});
