import { expect, test } from "vitest";
import type { ScenarioResult } from "../../src/cli/agent-tests/index.ts";
import type { RunDetail } from "../../src/api/contract/index.ts";
import { resultLines } from "../../src/cli/agent/test-report.ts";
import { runDetail } from "./fake-server.ts";

const result = (...runs: readonly RunDetail[]): ScenarioResult => ({
  file: "payer.test.toml",
  agent: "payer",
  name: "asks first",
  outcome: "passed",
  note: "",
  attempts: runs.map((run) => ({ runs: [run], findings: [], verdict: undefined, passed: true })),
  passRate: 1,
  passRateMin: 1,
});
const lines = (...runs: readonly RunDetail[]): string => resultLines([result(...runs)], (_tone, text) => text);

test("a run that waits for a person is reported as waiting, without a duration", () => {
  const waiting = runDetail({ state: "awaiting-approval", duration_ms: null, ended_at: null });
  expect(lines(waiting)).toMatch(/ · awaiting-approval$/m);
  expect(lines(waiting, runDetail())).toMatch(/ · 42(\.0)? ms$/m);
});
