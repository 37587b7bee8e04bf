// Runs every benchmark beside its peer, prints the table and writes bench/RESULTS.md. `npm run bench [name …]` runs some.
import { writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { installPeers } from "./peer.ts";
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
  resume: () => import("./resume.ts"),
  journal: () => import("./journal.ts"),
  isolation: () => import("./isolation.ts"),
  durable: () => import("./durable.ts"),
  resident: () => import("./resident.ts"),
  following: () => import("./following.ts"),
  recall: () => import("./recall.ts"),
  message: () => import("./message.ts"),
  messages: () => import("./messages.ts"),
  brokers: () => import("./brokers.ts"),
  "message-journal": () => import("./message-journal.ts"),
  "message-ingress": () => import("./message-ingress.ts"),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0)
  throw new Error(`no benchmark ${unknown.join(", ")}; there are ${Object.keys(BENCHMARKS).join(", ")}`);

const loadBefore = load();
installPeers();

const rows: Row[] = [];
for (const [name, open] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${name} …\n`);
  const { run } = await open();
  rows.push(...(await run()));
}
const printed = table(rows);
process.stdout.write(`\n${printed}\n`);
if (wanted.length === 0) writeFileSync(join(import.meta.dirname, "RESULTS.md"), report(printed));

/** Processes that wanted a core, as a mean of the last minute. */
function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

function report(text: string): string {
  const [first] = cpus();
  return `# Benchmark results

Written by \`npm run bench\`. Peers run beside Caxton in the same run, on the same machine; the ratio is the claim, not the times.

${text}

Machine: ${cpus().length} × ${first?.model ?? "unknown"}, ${mib(totalmem())} of memory, Node ${process.versions.node}, ${process.platform}.
Load of the machine (processes that wanted a core, mean of a minute) before and after: ${loadBefore} and ${load()}; above ${cpus().length}
other work took part of the time, and times are longer than they would be alone.

Peers: Mastra (\`@mastra/core\` 1.71.0) without storage, with an equal scripted model and tool; Caxton journals each step on disk and runs the
tool in its sandbox. Where it says durable, it is Mastra's durable agent with a
checkpoint after each step (\`@mastra/libsql\` 1.23.1); it could not go on with runs that were cut off (\`recoverActiveRuns\` failed), so
there is no figure of that. LangGraph (\`@langchain/langgraph\` 1.7.3) has its SQLite checkpointer
(\`@langchain/langgraph-checkpoint-sqlite\` 1.0.4, \`better-sqlite3\` 13.2.0) with \`durability: "sync"\`. The tools of both are functions, without
a sandbox. Extism (\`@extism/extism\` 1.0.3) runs the same plug-in without fuel, deadline or limits, in the caller's thread or in a
thread for each plug-in (8 of them); a call in the caller's thread crosses nothing, and nothing can stop it. jco (\`jco-transpile\` 0.10.0) makes
JavaScript of the same component, which runs in the caller's thread likewise.
`;
}
