import type { RunDetail } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { type Finding, findingsOf } from "./expectations.ts";
import type { Verdict } from "./judge.ts";
import type { AgentTestFile, Scenario } from "../../agents/test-files/index.ts";

/** One execution of a scenario. */
export type Attempt = {
  /** A run for each message that was sent. */
  readonly runs: readonly RunDetail[];
  readonly findings: readonly Finding[];
  /** The judge's mark; undefined where none was asked for. */
  readonly verdict: Verdict | undefined;
  readonly passed: boolean;
};

export type ScenarioResult = {
  readonly file: string;
  readonly agent: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was left out, or what of it was. */
  readonly note: string;
  readonly attempts: readonly Attempt[];
  /** Share of the runs that passed, and the share that had to. */
  readonly passRate: number;
  readonly passRateMin: number;
};

/** Where scenarios are run. */
export interface ScenarioHost {
  /**
   * Sends a message and waits until its run ends or waits for a user. A message after the first one continues the run
   * `before`. Returns the reason as a string if this host cannot run it.
   */
  readonly run: (message: Scenario, before: RunDetail | undefined, signal: AbortSignal) => Promise<RunDetail | string>;
  /** Marks the answer of the last of several runs; undefined where no judge is configured. */
  readonly judge:
    | ((runs: readonly RunDetail[], rubric: string, signal: AbortSignal) => Promise<Verdict | string>)
    | undefined;
}

export type TestPlan = {
  readonly file: string;
  readonly agent: string;
  readonly tests: AgentTestFile;
  readonly host: ScenarioHost;
};

export type TestOptions = {
  /** Scenarios with this in their name or file's name; undefined runs all. */
  readonly filter?: string | undefined;
  /** Over what the files say. */
  readonly repeat?: number | undefined;
  /** Runs at the same time. */
  readonly parallel: number;
  /** Called when a scenario has ended. */
  readonly onResult: (result: ScenarioResult) => void;
};

/** Runs every scenario of every plan; results in the order of the files. Throws what the hosts throw. */
export async function runAgentTests(
  plans: readonly TestPlan[],
  options: TestOptions,
  signal: AbortSignal,
): Promise<readonly ScenarioResult[]> {
  const filter = options.filter?.toLowerCase() ?? "";
  const chosen = plans.flatMap((plan) =>
    plan.tests.scenario
      .filter(({ name }) => `${plan.file} ${name}`.toLowerCase().includes(filter))
      .map((scenario) => ({ plan, scenario })),
  );
  const places = new Places(options.parallel);
  return Promise.all(
    chosen.map(async ({ plan, scenario }) => {
      const result = await runScenario(plan, scenario, { ...options, places, signal });
      options.onResult(result);
      return result;
    }),
  );
}

type Running = TestOptions & { readonly places: Places; readonly signal: AbortSignal };

async function runScenario(
  { file, agent, tests, host }: TestPlan,
  scenario: Scenario,
  { places, signal, ...options }: Running,
): Promise<ScenarioResult> {
  const about = { file, agent, name: scenario.name, passRateMin: scenario.pass_rate ?? tests.pass_rate };
  const skipped = (note: string): ScenarioResult => ({ ...about, outcome: "skipped", note, attempts: [], passRate: 0 });
  if (scenario.skip !== undefined) return skipped(scenario.skip);
  const repeat = options.repeat ?? scenario.repeat ?? tests.repeat;
  const attempts = await Promise.all(
    Array.from({ length: repeat }, () => places.use(() => attempt(host, scenario, signal))),
  );
  const refused = attempts.find((each) => typeof each === "string");
  if (refused !== undefined) return skipped(refused);
  const done = attempts.filter((each) => typeof each !== "string");
  const passRate = done.filter(({ passed }) => passed).length / Math.max(1, done.length);
  const judgeless = host.judge === undefined && messagesOf(scenario).some(({ judge }) => judge !== undefined);
  return {
    ...about,
    outcome: passRate >= about.passRateMin ? "passed" : "failed",
    note: judgeless ? "not judged: no judge is configured" : "",
    attempts: done,
    passRate,
  };
}

/** The messages of a scenario, each as a scenario of its own. */
const messagesOf = ({ follow_up: rest, ...first }: Scenario): readonly Scenario[] => [
  { ...first, follow_up: [] },
  ...rest.map((message, index) => ({
    ...first,
    ...message,
    // A key that is not set replaces that of the first message.
    turn: message.turn,
    judge: message.judge,
    name: `${first.name} (message ${index + 2})`,
    follow_up: [],
  })),
];

/** Sends the messages of a scenario until one is not answered as expected. */
async function attempt(host: ScenarioHost, scenario: Scenario, signal: AbortSignal): Promise<Attempt | string> {
  const messages = messagesOf(scenario);
  const runs: RunDetail[] = [];
  let verdict: Verdict | undefined;
  for (const [index, message] of messages.entries()) {
    signal.throwIfAborted();
    const run = await runOn(host, message, runs.at(-1), signal);
    if (typeof run === "string") return run;
    if (!("findings" in run)) runs.push(run);
    const judged = "findings" in run ? run : await judgedOn(host, message, runs, signal);
    verdict = judged.verdict ?? verdict;
    if (judged.findings.length === 0) continue;
    const place = messages.length > 1 ? `message ${index + 1}: ` : "";
    const findings = judged.findings.map((finding) => ({ ...finding, expectation: place + finding.expectation }));
    return { runs, findings, verdict, passed: false };
  }
  return { runs, findings: [], verdict, passed: true };
}

type Judged = Pick<Attempt, "findings" | "verdict">;

/** Compares the last of several runs with what is expected of it. */
async function judgedOn(
  host: ScenarioHost,
  { expect, judge }: Scenario,
  runs: readonly RunDetail[],
  signal: AbortSignal,
): Promise<Judged> {
  const run = runs.at(-1);
  const findings = run === undefined ? [] : [...findingsOf(run, expect)];
  const verdict =
    judge === undefined || host.judge === undefined || findings.length > 0
      ? undefined
      : await host.judge(runs, judge.rubric, signal);
  if (typeof verdict === "string") {
    findings.push({ expectation: "judge", expected: "a mark", happened: [verdict], steps: [] });
    return { findings, verdict: undefined };
  }
  if (judge !== undefined && verdict !== undefined && verdict.score < judge.threshold)
    findings.push({
      expectation: "judge.threshold",
      expected: `at least ${judge.threshold}`,
      happened: [`${verdict.score}: ${verdict.reason}`],
      steps: [],
    });
  return { findings, verdict };
}

/** A run that cannot even begin fails its scenario, not the others. */
async function runOn(
  host: ScenarioHost,
  message: Scenario,
  before: RunDetail | undefined,
  signal: AbortSignal,
): Promise<RunDetail | string | Judged> {
  try {
    return await host.run(message, before, signal);
  } catch (error) {
    if (!(error instanceof CaxtonError) || signal.aborted) throw error;
    const happened = [`${error.code}: ${error.message}`, ...(error.hint === "" ? [] : [error.hint])];
    return { findings: [{ expectation: "run", expected: "a run", happened, steps: [] }], verdict: undefined };
  }
}

/** Lets so many work at once; the others wait in the order they came. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
