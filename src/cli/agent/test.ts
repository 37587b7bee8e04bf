import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import type { RecordedScenario } from "../agent-tests/index.ts";
import { CancelledError } from "../../kernel/errors.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  onInterrupt,
  commandPath,
  UsageError,
  watchDirectory,
} from "../frame/index.ts";
import { countOf } from "../terminal/index.ts";
import { findTests, type FoundTests } from "./test-files.ts";
import { openHosts, openTestServer, type TestMode, usingServer } from "./test-host.ts";
import { resultDocument, resultLines, printProgress } from "./test-report.ts";

const EXIT_FAILED = 1;

const Input = z.object({
  path: z.array(z.string()).transform((paths) => (paths.length === 0 ? ["."] : paths)),
  filter: z.string().optional(),
  model: z.string().optional(),
  live: z.boolean().default(false),
  record: z.boolean().default(false),
  judgeModel: z.string().optional(),
  repeat: z.coerce.number().int().min(1).max(1_000).optional(),
  parallel: z.coerce.number().int().min(1).max(64).default(4),
  junit: z.string().optional(),
  watch: z.boolean().default(false),
});
type Input = z.infer<typeof Input>;

/** `caxton agent test` */
export function agentTest(command: Command, invocation: Invocation): void {
  command
    .summary("run the tests of agents")
    .description(
      "Run the tests beside definitions (greeter.test.toml for greeter.toml) in a temporary server with empty data. Model output comes from the test, from a recording or from the built-in model, so that every run is the same; --live and --model call a real model. With --server, tests run against the agents of that server and need a real model. Exits with 1 if a test fails or no test ran.",
    )
    .argument("[path...]", "test files, definitions, or directories of them (default: here)")
    .option("--filter <text>", "only scenarios whose name or file contains this")
    .option("--model <provider/model>", "call this model instead of scripts and recordings")
    .option("--live", "call the model of the definition")
    .option("--record", "call a model and record its output beside the test for later runs")
    .option("--judge-model <provider/model>", "judge model; default: only files that name one are judged")
    .option("--repeat <n>", "runs of each scenario; overrides the files")
    .option("--parallel <n>", "maximum concurrent runs (default 4)")
    .option("--junit <file>", "also write the results as JUnit XML")
    .option("-w, --watch", "rerun tests when a file changes");
  examples(command, [
    ["caxton agent test", "all tests below this directory"],
    ["caxton agent test agents/greeter.toml --watch", "while writing"],
    ["caxton agent test --filter refund -o json", "some of them, for programs"],
    ["caxton agent test --record --model openai/gpt-5-mini", "ask once, play from then on"],
    ["caxton agent test --live --repeat 10", "how often does it go well?"],
    ["caxton agent test --junit results.xml", "in continuous integration"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["table", "json"],
    run: async (context, input) => {
      const place = { command: commandPath(command), remote: isServerGiven(command) };
      if (input.record && place.remote)
        throw new UsageError("--record runs on a server of its own; leave --server out", place.command);
      if (!input.watch) return test(context, input, place);
      const [first = "."] = input.path;
      return watchDirectory(context, first.includes(".t") ? dirname(first) : first, () => test(context, input, place));
    },
  });
}

const Globals = z.object({ server: z.string().optional() });
const isServerGiven = (command: Command): boolean => Globals.parse(command.optsWithGlobals()).server !== undefined;

type Place = { readonly command: string; readonly remote: boolean };

async function test(context: Context, input: Input, { command, remote }: Place): Promise<number> {
  const { terminal, format } = context;
  const found = await findTests(input.path, command);
  const stop = new AbortController();
  using interrupt = onInterrupt(() => stop.abort(new CancelledError("the tests")));
  void interrupt;
  terminal.status("starting a server for the tests");
  await using server = remote ? usingServer(context) : await openTestServer(found, liveOf(input) !== undefined);
  const recorded = new Map<FoundTests, Record<string, RecordedScenario>>();
  const { recordRun, runAgentTests } = await import("../agent-tests/index.ts");
  const modeOf = (tests: FoundTests): TestMode => ({
    live: liveOf(input),
    judgeModel: input.judgeModel,
    onRun: (scenario, run) => {
      if (run.state === "completed") recorded.set(tests, { ...recorded.get(tests), [scenario]: recordRun(run) });
    },
  });
  const plans = await openHosts(server, found, modeOf, command);
  const all = found.reduce((sum, { tests }) => sum + tests.scenario.length, 0);
  let done = 0;
  const results = await runAgentTests(
    plans,
    {
      filter: input.filter,
      repeat: input.record ? 1 : input.repeat,
      parallel: input.parallel,
      onResult: () => printProgress(terminal, (done += 1), all),
    },
    stop.signal,
  );
  terminal.status(undefined);
  if (results.length === 0) throw new UsageError(`no scenario has "${input.filter}" in its name or file`, command);
  if (input.record) await writeRecordings(context, recorded);
  if (input.junit !== undefined) {
    const { junitOf } = await import("../agent-tests/index.ts");
    await writeFile(input.junit, junitOf(results));
  }
  if (format === "json") terminal.write(`${JSON.stringify(resultDocument(results), undefined, 2)}\n`);
  else terminal.write(resultLines(results, terminal.style));
  const nothing = results.every(({ outcome }) => outcome === "skipped");
  if (nothing) terminal.note("nothing was tested");
  return nothing || results.some(({ outcome }) => outcome === "failed") ? EXIT_FAILED : 0;
}

function liveOf({ model, live, record }: Input): TestMode["live"] {
  if (model !== undefined) return { model };
  return live || record ? "own" : undefined;
}

async function writeRecordings(
  { terminal }: Context,
  recorded: ReadonlyMap<FoundTests, Readonly<Record<string, RecordedScenario>>>,
): Promise<void> {
  for (const [{ recording, recordingFile }, scenarios] of recorded) {
    const whole = { ...recording, scenarios: { ...recording.scenarios, ...scenarios } };
    await writeFile(recordingFile, `${JSON.stringify(whole, undefined, 2)}\n`);
    terminal.note(`recorded ${countOf(Object.keys(scenarios).length, "scenario")} in ${recordingFile}`);
  }
}
