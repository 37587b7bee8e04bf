import type { Command } from "commander";
import * as z from "zod";
import { act, type Context, examples, type Invocation, watchDirectory } from "../frame/index.ts";
import { build } from "./build.ts";
import { countOf, oneLine, safeText, showBytes, showCount, showSpan } from "../terminal/index.ts";
import type { TestReport, TestRun } from "../../tools/authoring/index.ts";

const EXIT_FAILED = 1;
const LOG_LINES_SHOWN = 20;

const Input = z.object({
  directory: z.string().default("."),
  build: z.boolean().default(false),
  watch: z.boolean().default(false),
});

/** `caxton tool test` */
export function toolTest(command: Command, invocation: Invocation): void {
  command
    .summary("run a tool's tests in the sandbox")
    .description(
      "Run the tests.toml of a directory against the built module in the sandbox, with the limits and grants of its tool.toml. Exits with 1 if a test fails.",
    )
    .argument("[directory]", "directory of the tests.toml (default: here)")
    .option("-b, --build", "build the module first")
    .option("-w, --watch", "rebuild and rerun tests when a file changes");
  examples(command, [
    ["caxton tool test", ""],
    ["caxton tool test tools/unit-price --watch", "while writing"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text", "json"],
    run: async (context, { directory, build: builds, watch }) => {
      if (watch) {
        return watchDirectory(context, directory, async () => {
          await build(context, directory);
          await test(context, directory);
        });
      }
      if (builds) await build(context, directory);
      return test(context, directory);
    },
  });
}

async function test(context: Context, directory: string): Promise<number> {
  const { runTests } = await import("../../tools/authoring/index.ts");
  const { terminal, format } = context;
  terminal.status("deploying the module");
  const run = await runTests(directory, {
    onReport: (report) => {
      terminal.status(undefined);
      if (format === "text") printTest(context, report);
    },
    signal: new AbortController().signal,
  });
  terminal.status(undefined);
  const failed = run.reports.filter(({ failures }) => failures.length > 0).length;
  if (format === "json") terminal.write(`${JSON.stringify(documentOf(run), undefined, 2)}\n`);
  else printRun(context, run, failed);
  return failed === 0 ? 0 : EXIT_FAILED;
}

const documentOf = ({ server, reports, log }: TestRun): object => ({
  server,
  tests: reports.map(({ name, tool, failures, result }) => ({
    name,
    tool,
    outcome: result.type === "done" ? "done" : result.reason,
    failures,
    fuel: result.usage.fuel,
    duration_ms: result.usage.durationMs,
    memory_bytes: result.usage.memoryBytes,
  })),
  log,
});

function printTest({ terminal }: Context, { name, failures, result }: TestReport): void {
  const { style } = terminal;
  const { fuel, durationMs, memoryBytes } = result.usage;
  const used = `${showCount(fuel)} fuel · ${showSpan(durationMs)} · ${showBytes(memoryBytes)}`;
  const mark = failures.length === 0 ? style("green", "✓") : style("red", "✗");
  terminal.write(`${mark} ${oneLine(name)}  ${style("dim", used)}\n`);
  for (const failure of failures) {
    for (const line of safeText(failure).split("\n")) terminal.write(`    ${line}\n`);
  }
}

function printRun({ terminal }: Context, { reports, log }: TestRun, failed: number): void {
  const { style } = terminal;
  if (failed > 0 && log.length > 0) {
    terminal.write(`\n${style("dim", "its log:")}\n`);
    for (const line of log.slice(-LOG_LINES_SHOWN)) terminal.write(`    ${oneLine(line)}\n`);
  }
  const passed = reports.length - failed;
  const summary = failed === 0 ? style("green", countOf(passed, "test")) : style("red", countOf(failed, "test"));
  terminal.write(`\n${summary} ${failed === 0 ? "passed" : `of ${reports.length} failed`}\n`);
}
