// Runs the protocol's own client scenarios against our MCP client, with nothing but loopback: npx node scripts/conformance.ts [scenario...]
// Fails when one fails that test/tools/remote/conformance/expected-failures.yaml does not name, or passes although it does.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";

const root = join(import.meta.dirname, "..");
const RELEASED = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const NEXT = join(root, "node_modules/mcp-conformance-next/dist/index.js");
const CLIENT = `${process.execPath} ${join(root, "test/tools/remote/conformance/client.ts")}`;

/** What is run: every released scenario, and those of the next release that apply to each revision of the protocol. */
const SETS = [
  { name: "released", program: RELEASED, list: ["list", "--client"], version: [] },
  {
    name: "2025-11-25",
    program: NEXT,
    list: ["list", "--client", "--spec-version", "2025-11-25"],
    version: ["--spec-version", "2025-11-25"],
  },
  {
    name: "2026-07-28",
    program: NEXT,
    list: ["list", "--client", "--spec-version", "2026-07-28"],
    version: ["--spec-version", "2026-07-28"],
  },
] as const;
type Set = (typeof SETS)[number];

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

async function scenariosOf({ program, list }: Set, cwd: string): Promise<readonly string[]> {
  const { text } = await output([program, ...list], cwd);
  const [, section = ""] = text.split("Client scenarios");
  const [client = ""] = section.split("Authorization server scenarios");
  return [...client.matchAll(/^\s+- (\S+)/gm)].flatMap(([, name]) => name ?? []);
}

type Verdict = { readonly scenario: string; readonly passed: boolean; readonly text: string };

async function verdicts(set: Set, chosen: readonly string[], cwd: string): Promise<readonly Verdict[]> {
  const waiting = (await scenariosOf(set, cwd)).filter((scenario) => chosen.length === 0 || chosen.includes(scenario));
  const done: Verdict[] = [];
  const worker = async () => {
    for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
      const args = [set.program, "client", "--scenario", scenario, ...set.version];
      const { code, text } = await output([...args, "--command", CLIENT, "--timeout", String(SCENARIO_MS)], cwd);
      done.push({ scenario, passed: code === 0, text });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

const chosen = process.argv.slice(2);
const expectedFile = join(root, "test/tools/remote/conformance/expected-failures.yaml");
const expected = Expected.parse(parse(readFileSync(expectedFile, "utf8")));
const results = mkdtempSync(join(tmpdir(), "caxton-conformance-"));
let surprises = 0;
try {
  for (const set of SETS) {
    const reasons = expected[set.name] ?? {};
    const found = await verdicts(set, chosen, results);
    if (found.length === 0 && chosen.length === 0) throw new Error(`${set.name} lists no scenarios`);
    const failed = found.filter(({ passed }) => !passed);
    process.stdout.write(`${set.name}: ${found.length - failed.length} of ${found.length} scenarios pass\n`);
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
} finally {
  rmSync(results, { recursive: true, force: true });
}
process.exitCode = surprises === 0 ? 0 : 1;
