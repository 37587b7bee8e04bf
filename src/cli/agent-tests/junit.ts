import type { Finding } from "./expectations.ts";
import type { ScenarioResult } from "./run-tests.ts";

/** Results as JUnit XML, which CI systems read. */
export function junitOf(results: readonly ScenarioResult[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) =>
    suite(
      file,
      results.filter((result) => result.file === file),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts(results)}>\n${suites.join("")}</testsuites>\n`;
}

const suite = (file: string, results: readonly ScenarioResult[]): string =>
  `  <testsuite name="${escaped(file)}" ${counts(results)}>\n${results.map(testCase).join("")}  </testsuite>\n`;

function counts(results: readonly ScenarioResult[]): string {
  const of = (outcome: ScenarioResult["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  return `tests="${results.length}" failures="${of("failed")}" skipped="${of("skipped")}" time="${seconds(results)}"`;
}

const seconds = (results: readonly ScenarioResult[]): string => {
  const ms = results
    .flatMap(({ attempts }) => attempts)
    .flatMap(({ runs }) => runs)
    .reduce((sum, run) => sum + (run.duration_ms ?? 0), 0);
  return (ms / 1_000).toFixed(3);
};

function testCase(result: ScenarioResult): string {
  const head = `    <testcase classname="${escaped(result.agent)}" name="${escaped(result.name)}" time="${seconds([result])}"`;
  if (result.outcome === "passed") return `${head}/>\n`;
  if (result.outcome === "skipped")
    return `${head}>\n      <skipped message="${escaped(result.note)}"/>\n    </testcase>\n`;
  const findings = result.attempts.flatMap((attempt) => attempt.findings);
  const text = findings.map(lines).join("\n\n");
  const message = findings[0] === undefined ? "" : `${findings[0].expectation}: expected ${findings[0].expected}`;
  return `${head}>\n      <failure message="${escaped(message)}">${escaped(text)}</failure>\n    </testcase>\n`;
}

const lines = ({ expectation, expected, happened }: Finding): string =>
  `${expectation}\n  expected  ${expected}\n  happened  ${happened.join("\n            ")}`;

const NAMED: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Text for an element or an attribute; what XML 1.0 cannot hold at all becomes a question mark. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"]/g, (character) => NAMED[character] ?? character)
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF\uFFFE\uFFFF]/gu, "?");
