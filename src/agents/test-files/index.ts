/** Test files of agents: their format, its JSON Schema, and reading them. */
export { isTestFile, readAgentTests, testFileStem } from "./read-tests.ts";
export {
  AGENT_TEST_SCHEMA_ID,
  type AgentTestFile,
  agentTestSchema,
  type Expectations,
  type Scenario,
  type Stub,
} from "./test-file.ts";
