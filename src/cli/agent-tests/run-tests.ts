import type { RunDetail } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { type Finding, findingsOf } from "./expectations.ts";
import type { Verdict } from "./judge.ts";
import type { AgentTestFile, Scenario } from "../../agents/test-files/index.ts";

/** One run of a scenario. */
export type Attempt = {
  readonly run: RunDetail | undefined;
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
  /** Runs a scenario once, until it ends or waits for a user. Returns the reason as a string if this host cannot run it. */
  readonly run: (scenario: Scenario, signal: AbortSignal) => Promise<RunDetail | string>;
  /** Marks an answer; undefined where no judge is configured. */
  readonly judge: ((run: RunDetail, rubric: string, signal: AbortSignal) => Promise<Verdict | string>) | undefined;
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
  const judgeless = scenario.judge !== undefined && host.judge === undefined;
  return {
    ...about,
    outcome: passRate >= about.passRateMin ? "passed" : "failed",
    note: judgeless ? "not judged: no judge is configured" : "",
    attempts: done,
    passRate,
  };
}

async function attempt(host: ScenarioHost, scenario: Scenario, signal: AbortSignal): Promise<Attempt | string> {
  signal.throwIfAborted();
  const run = await runOn(host, scenario, signal);
  if (typeof run === "string" || "findings" in run) return run;
  const findings = [...findingsOf(run, scenario.expect)];
  const { judge } = scenario;
  const verdict =
    judge === undefined || host.judge === undefined || findings.length > 0
      ? undefined
      : await host.judge(run, judge.rubric, signal);
  const marked = typeof verdict === "string" ? undefined : verdict;
  if (typeof verdict === "string")
    findings.push({ expectation: "judge", expected: "a mark", happened: [verdict], steps: [] });
  else if (judge !== undefined && marked !== undefined && marked.score < judge.threshold)
    findings.push({
      expectation: "judge.threshold",
      expected: `at least ${judge.threshold}`,
      happened: [`${marked.score}: ${marked.reason}`],
      steps: [],
    });
  return { run, findings, verdict: marked, passed: findings.length === 0 };
}

/** A run that cannot even begin fails its scenario, not the others. */
async function runOn(
  host: ScenarioHost,
  scenario: Scenario,
  signal: AbortSignal,
): Promise<RunDetail | string | Attempt> {
  try {
    return await host.run(scenario, signal);
  } catch (error) {
    if (!(error instanceof CaxtonError) || signal.aborted) throw error;
    const happened = [`${error.code}: ${error.message}`, ...(error.hint === "" ? [] : [error.hint])];
    const findings = [{ expectation: "run", expected: "a run", happened, steps: [] }];
    return { run: undefined, findings, verdict: undefined, passed: false };
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
