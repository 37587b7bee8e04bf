// Runs the protocol's own scenarios, with nothing but loopback, against our MCP client and our MCP server: npx node scripts/conformance.ts [--record] [scenario...]
// Fails when one fails that test/tools/remote/conformance/expected-failures.yaml (client) or test/api/mcp/conformance/expected-failures.yaml
// (server) does not name, or passes although it does; and when the counts of all scenarios are others than those that `caxton conformance` prints,
// unless --record writes them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import * as z from "zod";
import { lockedVersion, readConformance, recordSuites, type Suite } from "./conformance-record.ts";

const root = join(import.meta.dirname, "..");
const RELEASED = "@modelcontextprotocol/conformance";
const NEXT = "mcp-conformance-next";
const SERVED = join(root, "test/api/mcp/conformance/served.ts");
const CLIENT = `${process.execPath} ${join(root, "test/tools/remote/conformance/client.ts")}`;

type Set = {
  readonly name: string;
  /** The package in node_modules. */
  readonly from: string;
  readonly list: readonly string[];
  /** What the list says of these scenarios. */
  readonly mark?: string;
  readonly version: readonly string[];
};
/** Every released scenario, and of the next release those that apply to each revision of the protocol, and those of its extensions. */
const setsOf = (side: "--client" | "--server"): readonly Set[] => [
  { name: "released", from: RELEASED, list: ["list", side], version: [] },
  ...["2025-11-25", "2026-07-28"].map((revision) => {
    const version = ["--spec-version", revision];
    return { name: revision, from: NEXT, list: ["list", side, ...version], version };
  }),
  { name: "extensions", from: NEXT, list: ["list", side], mark: "[extension]", version: [] },
];
/** Words that run a scenario of a set. */
type Play = (set: Set, scenario: string) => readonly string[];

/** Why a scenario fails, by set and scenario. */
const Expected = z.record(z.string(), z.record(z.string(), z.string().min(10)));
const AT_ONCE = 2;
const SCENARIO_MS = 60_000;

async function output(
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, [...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, text };
}

const programOf = (set: Set): string => join(root, "node_modules", set.from, "dist/index.js");

async function scenariosOf(set: Set, cwd: string): Promise<readonly string[]> {
  const { text } = await output([programOf(set), ...set.list], cwd);
  const [, section = ""] = text.split(/(?:Client|Server) scenarios/);
  const [own = ""] = section.split("Authorization server scenarios");
  const lines = [...own.matchAll(/^\s+- (\S+)(.*)$/gm)];
  return lines.flatMap(([, name, marks = ""]) => (name !== undefined && marks.includes(set.mark ?? "") ? name : []));
}

type Verdict = { readonly scenario: string; readonly passed: boolean; readonly text: string };

async function verdicts(set: Set, play: Play, cwd: string): Promise<readonly Verdict[]> {
  const waiting = (await scenariosOf(set, cwd)).filter((scenario) => chosen.length === 0 || chosen.includes(scenario));
  const done: Verdict[] = [];
  const worker = async () => {
    for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
      const { code, text } = await output([programOf(set), ...play(set, scenario)], cwd);
      done.push({ scenario, passed: code === 0, text });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

type Side = {
  readonly name: string;
  readonly protocol: string;
  readonly sets: readonly Set[];
  readonly expectedFile: string;
  readonly play: Play;
};

/** Plays all scenarios of a side; returns the number of unexpected results. */
async function surprisesOf({ name, protocol, sets, expectedFile, play }: Side, cwd: string): Promise<number> {
  const expected = Expected.parse(parse(readFileSync(expectedFile, "utf8")));
  let surprises = 0;
  for (const set of sets) {
    const reasons = expected[set.name] ?? {};
    const found = await verdicts(set, play, cwd);
    if (found.length === 0 && chosen.length === 0) throw new Error(`${name} ${set.name} lists no scenarios`);
    const failed = found.filter(({ passed }) => !passed);
    const counts = { passed: found.length - failed.length, total: found.length };
    played.push({ protocol, suite: RELEASED, version: lockedVersion(set.from), part: set.name, ...counts });
    process.stdout.write(`${name} ${set.name}: ${counts.passed} of ${counts.total} scenarios pass\n`);
    for (const { scenario, passed, text } of found.toSorted((one, other) =>
      one.scenario.localeCompare(other.scenario, "en"),
    )) {
      const reason = reasons[scenario];
      if (passed === (reason === undefined)) continue;
      surprises += 1;
      process.stdout.write(
        passed
          ? `  UNEXPECTED pass: ${scenario}; take it out of ${expectedFile}\n`
          : `  UNEXPECTED failure: ${scenario}\n${text}\n`,
      );
    }
  }
  return surprises;
}

const clientSide: Side = {
  name: "client",
  protocol: "MCP client",
  sets: setsOf("--client"),
  expectedFile: join(root, "test/tools/remote/conformance/expected-failures.yaml"),
  play: ({ version }, scenario) =>
    ["client", "--scenario", scenario, ...version].concat("--command", CLIENT, "--timeout", String(SCENARIO_MS)),
};
const serverSide = (url: string): Side => ({
  name: "server",
  protocol: "MCP server",
  sets: setsOf("--server"),
  expectedFile: join(root, "test/api/mcp/conformance/expected-failures.yaml"),
  play: ({ version }, scenario) => ["server", "--url", url, "--scenario", scenario, ...version],
});

const chosen = process.argv.slice(2).filter((word) => word !== "--record");
const played: Suite[] = [];
const results = mkdtempSync(join(tmpdir(), "caxton-conformance-"));
const served = spawn(process.execPath, [SERVED], { stdio: ["ignore", "pipe", "inherit"] });
let surprises = 0;
try {
  const [url] = await once(served.stdout.setEncoding("utf8"), "data");
  for (const side of [clientSide, serverSide(String(url).trim())]) surprises += await surprisesOf(side, results);
} finally {
  served.kill();
  rmSync(results, { recursive: true, force: true });
}
if (process.argv.includes("--record") && chosen.length === 0) recordSuites(played);
const isRecorded = played.every((each) => readConformance().suites.some((suite) => isDeepStrictEqual(suite, each)));
if (chosen.length === 0 && !isRecorded)
  process.stdout.write(
    "src/cli/conformance.json has other counts; write these with: npm run conformance -- --record\n",
  );
process.exitCode = surprises === 0 && (isRecorded || chosen.length > 0) ? 0 : 1;
