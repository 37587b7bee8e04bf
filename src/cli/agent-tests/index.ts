/** Tests of agents: scenarios of a file, their expectations and their results. */
export type { Finding } from "./expectations.ts";
export { JUDGE_DEFINITION, JUDGE_NAME, judgeRequest, type Verdict, verdictIn } from "./judge.ts";
export { junitOf } from "./junit.ts";
export {
  NO_RECORDING,
  type RecordedScenario,
  type Recording,
  readRecording,
  recordingFile,
  recordRun,
  scriptOf,
} from "./recording.ts";
export { type Attempt, runAgentTests, type ScenarioHost, type ScenarioResult, type TestPlan } from "./run-tests.ts";
export { scaffoldTests } from "./scaffold-tests.ts";
export { SubstitutedTools } from "./substitutes.ts";
