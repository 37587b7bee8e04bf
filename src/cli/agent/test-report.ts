import type { Attempt, Finding, ScenarioResult } from "../agent-tests/index.ts";
import { countOf, oneLine, safeText, showCount, showSpan, type Style, type Terminal } from "../terminal/index.ts";

/** Results as people read them: a line for each scenario, and below those that failed what was expected and what happened. */
export function resultLines(results: readonly ScenarioResult[], style: Style): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const blocks = files.map((file) => {
    const own = results.filter((result) => result.file === file);
    const width = Math.max(...own.map(({ name }) => oneLine(name).length));
    const lines = own.flatMap((result) => scenarioLines(result, width, style));
    return `${style("bold", file)}  ${style("dim", own[0]?.agent ?? "")}\n${lines.map((line) => `  ${line}\n`).join("")}`;
  });
  return `${blocks.join("\n")}\n${summary(results, style)}\n`;
}

function scenarioLines(result: ScenarioResult, width: number, style: Style): readonly string[] {
  const { outcome, attempts, note } = result;
  const name = oneLine(result.name).padEnd(width);
  const marks = { passed: style("green", "✓"), failed: style("red", "✗"), skipped: style("yellow", "–") };
  const facts = [rate(result), used(attempts), note].filter((part) => part !== "").join(" · ");
  const head = `${marks[outcome]} ${name}  ${style("dim", oneLine(facts))}`.trimEnd();
  if (outcome === "skipped") return [head];
  const failed = attempts.find(({ passed }) => !passed);
  // Where enough runs passed, those that did not are still worth a look.
  return [head, ...(failed?.findings ?? []).flatMap((finding) => findingLines(finding, style))];
}

function rate({ attempts, passRate, passRateMin }: ScenarioResult): string {
  if (attempts.length < 2) return "";
  const passed = attempts.filter((attempt) => attempt.passed).length;
  const wanted = passRate < passRateMin ? `, ${Math.ceil(passRateMin * attempts.length)} have to` : "";
  return `${passed} of ${attempts.length} runs passed${wanted}`;
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

type Run = Attempt["runs"][number];

const durationOf = ({ duration_ms: ms }: Run): number => ms ?? 0;
const total = (runs: readonly Run[], of: (run: Run) => number): number => runs.reduce((sum, run) => sum + of(run), 0);

function used(attempts: readonly Attempt[]): string {
  const each = attempts.flatMap(({ runs }) => (runs.length > 0 ? [runs] : []));
  const [first] = each;
  const last = first?.at(-1);
  if (first === undefined || last === undefined) return "";
  // A run that waits for a user has no end yet.
  const took = each.flatMap((runs) =>
    runs.some(({ duration_ms: ms }) => ms === null) ? [] : [total(runs, durationOf)],
  );
  const tokens = mean(each.map((runs) => total(runs, (run) => run.input_tokens + run.output_tokens)));
  return [
    ...(first.length > 1 ? [countOf(first.length, "message")] : []),
    countOf(
      total(first, (run) => run.step_list.length),
      "step",
    ),
    ...(tokens > 0 ? [`${showCount(Math.round(tokens))} tokens`] : []),
    took.length === 0 ? last.state : showSpan(mean(took)),
    ...attempts.flatMap(({ verdict }) => (verdict ? [`judged ${verdict.score}`] : [])).slice(0, 1),
  ].join(" · ");
}

function findingLines({ expectation, expected, happened }: Finding, style: Style): readonly string[] {
  const shown = happened.flatMap((line) => safeText(line).split("\n"));
  return [
    `    ${style("red", expectation)}`,
    `      expected  ${oneLine(expected)}`,
    ...shown.map((line, index) => `      ${index === 0 ? "happened" : "        "}  ${line}`),
  ];
}

function summary(results: readonly ScenarioResult[], style: Style): string {
  const of = (outcome: ScenarioResult["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  const failed = of("failed");
  return [
    style(failed === 0 ? "green" : "dim", `${countOf(of("passed"), "scenario")} passed`),
    ...(failed > 0 ? [style("red", `${failed} failed`)] : []),
    ...(of("skipped") > 0 ? [style("yellow", `${of("skipped")} skipped`)] : []),
  ].join(", ");
}

/** Results as a document for programs. */
export const resultDocument = (results: readonly ScenarioResult[]): object => ({
  passed: results.every(({ outcome }) => outcome !== "failed"),
  scenarios: results.map(({ attempts, passRate, passRateMin, ...result }) => ({
    ...result,
    pass_rate: passRate,
    pass_rate_min: passRateMin,
    runs: attempts.map(({ runs, findings, verdict, passed }) => ({
      passed,
      findings,
      verdict: verdict ?? null,
      run: runs.at(-1) ?? null,
      earlier: runs.slice(0, -1),
    })),
  })),
});

/** Shows progress on a terminal when a scenario has ended. */
export function printProgress(terminal: Terminal, done: number, all: number): void {
  terminal.status(done < all ? `${done} of ${countOf(all, "scenario")}` : undefined);
}
