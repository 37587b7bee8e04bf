// Runs every benchmark beside its peer, prints the table and writes bench/RESULTS.md. `npm run bench [name …]` runs some.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { type Row, mib, table } from "./table.ts";

type Benchmark = { readonly run: () => Promise<readonly Row[]> };

const BENCHMARKS: { readonly [name: string]: () => Promise<Benchmark> } = {
  startup: () => import("./startup.ts"),
  "run-overhead": () => import("./run-overhead.ts"),
  "tool-call": () => import("./tool-call.ts"),
  start: () => import("./start.ts"),
  idle: () => import("./idle.ts"),
  recovery: () => import("./recovery.ts"),
  meter: () => import("./meter.ts"),
  agents: () => import("./agents.ts"),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0)
  throw new Error(`no benchmark ${unknown.join(", ")}; there are ${Object.keys(BENCHMARKS).join(", ")}`);

const peers = join(import.meta.dirname, "peers");
if (!existsSync(join(peers, "node_modules"))) {
  process.stdout.write("installing the peers …\n");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: peers, stdio: "inherit" });
}

const rows: Row[] = [];
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${name} …\n`);
  const { run } = await load();
  rows.push(...(await run()));
}
const printed = table(rows);
process.stdout.write(`\n${printed}\n`);
if (wanted.length === 0) writeFileSync(join(import.meta.dirname, "RESULTS.md"), report(printed));

function report(text: string): string {
  const [first] = cpus();
  return `# Benchmark results

Written by \`npm run bench\`. Peers run beside Caxton in the same run, on the same machine; the ratio is the claim, not the times.

${text}

Machine: ${cpus().length} × ${first?.model ?? "unknown"}, ${mib(totalmem())} of memory, Node ${process.versions.node}, ${process.platform}.
Peer: Mastra (\`@mastra/core\` 1.71.0) without storage, with an equal scripted model and tool; Caxton journals each step on disk and runs the
tool in its sandbox.
`;
}
