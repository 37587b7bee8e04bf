// Runs every benchmark beside its peer, prints its table and writes its section of bench/RESULTS.md. `npm run bench [name …]` runs some.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { installPeers } from "./peer.ts";
import { type Row, mib, table } from "./table.ts";

type Benchmark = { readonly run: () => Promise<readonly Row[]> };
type Entry = readonly [what: string, open: () => Promise<Benchmark>];

const BENCHMARKS: { readonly [name: string]: Entry } = {
  startup: ["how long the command takes, and serve until it answers", () => import("./startup.ts")],
  "run-overhead": ["what a run takes besides its model and tools, beside Mastra", () => import("./run-overhead.ts")],
  "http-model": ["a model's turn over HTTP, also while a hundred read the events", () => import("./http-model.ts")],
  "tool-call": ["a tool call, beside Extism and jco", () => import("./tool-call.ts")],
  start: ["deployments, and calls that have to start their instance, by kind of module", () => import("./start.ts")],
  idle: ["what loaded tool servers take while idle", () => import("./idle.ts")],
  recovery: ["calls after a sandbox process was killed", () => import("./recovery.ts")],
  meter: ["what counting fuel costs", () => import("./meter.ts")],
  agents: ["ten thousand idle agents", () => import("./agents.ts")],
  resume: ["runs resumed after a restart", () => import("./resume.ts")],
  journal: ["the journal of runs as it grows", () => import("./journal.ts")],
  isolation: ["runs in the server and in workers", () => import("./isolation.ts")],
  durable: ["durable runs, beside LangGraph.js and Mastra", () => import("./durable.ts")],
  threads: [
    "threads as they grow, beside LangGraph.js and Mastra, and many dormant ones",
    () => import("./threads.ts"),
  ],
  resident: ["memory after very many runs", () => import("./resident.ts")],
  access: ["what access control and its rate limits cost, and 10,000 keys", () => import("./access.ts")],
  limits: ["greedy clients against the default limits, and how long others wait", () => import("./limits.ts")],
  protocols: ["requests over the standard protocols, beside REST", () => import("./protocols.ts")],
  following: ["many who follow one run", () => import("./following.ts")],
  recall: [
    "indexes of vectors, words and relations, beside sqlite-vec, LanceDB and usearch",
    () => import("./recall.ts"),
  ],
  memory: ["memory whole, beside these and the reference memory server", () => import("./memory.ts")],
  "recall-quality": ["how well memory finds the right fact", () => import("./recall-quality.ts")],
  "memory-backends": [
    "memory in PostgreSQL and in Neo4j, where they are installed",
    () => import("./memory-backends.ts"),
  ],
  embedders: ["texts embedded a second, all-MiniLM-L6-v2 beside onnxruntime", () => import("./embedders.ts")],
  message: ["reading and checking a message", () => import("./message.ts")],
  messages: ["messages through the router", () => import("./messages.ts")],
  brokers: ["the same, beside NATS JetStream and BullMQ", () => import("./brokers.ts")],
  "message-journal": ["messages onto disk", () => import("./message-journal.ts")],
  "message-ingress": ["messages over HTTP and WebSocket", () => import("./message-ingress.ts")],
};

if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
  const width = Math.max(...Object.keys(BENCHMARKS).map((name) => name.length));
  const lines = Object.entries(BENCHMARKS).map(([name, [what]]) => `  ${name.padEnd(width)}  ${what}\n`);
  process.stdout.write(
    `npm run bench [-- name …]: measures Caxton beside its peers; without names all of it. Each has its section of bench/RESULTS.md\n\n${lines.join("")}
Some take sizes when they are run alone: node bench/memory.ts 1000000\n`,
  );
  process.exit(0);
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0)
  throw new Error(`no benchmark ${unknown.join(", ")}; there are ${Object.keys(BENCHMARKS).join(", ")}`);

const RESULTS = join(import.meta.dirname, "RESULTS.md");

const PREFACE = `# Benchmark results

Written by \`npm run bench\`, a section for each benchmark. Peers run beside Caxton in the same run, on the same machine; the ratio is the
claim, not the times. Load is how many processes wanted a core, as a mean of a minute: above the number of cores other work took part of the time,
and times are longer than they would be alone.

Peers: Mastra (\`@mastra/core\` 1.71.0) without storage, with an equal scripted model and tool; Caxton journals each step on disk and runs the
tool in its sandbox. Where it says durable, it is Mastra's durable agent with a
checkpoint after each step (\`@mastra/libsql\` 1.23.1); it could not resume runs that were cut off (\`recoverActiveRuns\` failed), so
there is no figure of that. Its threads are in its memory (\`@mastra/memory\` 1.31.0) with the whole thread in each request. LangGraph (\`@langchain/langgraph\` 1.7.3) has its SQLite checkpointer
(\`@langchain/langgraph-checkpoint-sqlite\` 1.0.4, \`better-sqlite3\` 13.2.0) with \`durability: "sync"\`. The tools of both are functions, without
a sandbox. Extism (\`@extism/extism\` 1.0.3) runs the same plug-in without fuel, deadline or limits, in the caller's thread or in a
thread for each plug-in (8 of them); a call in the caller's thread crosses nothing, and nothing can stop it. jco (\`jco-transpile\` 0.10.0) makes
JavaScript of the same component, which runs in the caller's thread likewise. Vectors: \`sqlite-vec\` 0.1.9 and LanceDB (\`@lancedb/lancedb\`
0.39.0, without an index of its own) compare all of them, \`usearch\` 2.26.2 has a graph (connectivity 16). The reference memory server
(\`@modelcontextprotocol/server-memory\` 2026.8.31) looks for a text itself, keeps neither vectors nor history, and syncs nothing.
onnxruntime (\`onnxruntime-node\` 1.30.0) has the same all-MiniLM-L6-v2, made of the same weights with its own operators, int8 by its own
\`quantize_dynamic\`; both are given the tokens, and it fills texts that go through together up to the longest of them.
`;

installPeers();
for (const [name, [what, open]] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`${name} …\n`);
  const loadBefore = load();
  const { run } = await open();
  const printed = table(await run());
  process.stdout.write(`\n${printed}\n\n`);
  // After each: what was measured stays when a later one fails.
  keep(name, sectionOf({ name, what, printed, loadBefore }));
}

/** Processes that wanted a core, as a mean of the last minute. */
function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

type Section = { readonly name: string; readonly what: string; readonly printed: string; readonly loadBefore: string };

function sectionOf({ name, what, printed, loadBefore }: Section): string {
  const [first] = cpus();
  const machine = `${cpus().length} × ${first?.model ?? "unknown"}, ${mib(totalmem())} of memory`;
  return `## ${name}

${what[0]?.toUpperCase()}${what.slice(1)}. ${new Date().toISOString().slice(0, 10)}, load ${loadBefore} before and ${load()} after; ${machine}, Node ${process.versions.node}, ${process.platform}.

${printed}
`;
}

/** Replaces the previous version of a section. Sections are in the order in which they are run. */
function keep(name: string, section: string): void {
  const before = existsSync(RESULTS) ? readFileSync(RESULTS, "utf8") : "";
  const sections = new Map(
    before
      .split(/^(?=## )/mu)
      .filter((each) => each.startsWith("## "))
      .map((each) => [each.slice(3, each.indexOf("\n")), `${each.trimEnd()}\n`]),
  );
  sections.set(name, section);
  const kept = Object.keys(BENCHMARKS).flatMap((each) => sections.get(each) ?? []);
  writeFileSync(RESULTS, [PREFACE, ...kept].join("\n"));
}
