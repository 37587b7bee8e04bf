// Threads: time and bytes of a turn as a thread grows, beside Mastra's memory and LangGraph's checkpointer, and what a million
// dormant threads cost. Run it alone with `node bench/threads.ts [dormant threads]`.
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { argv, execPath, memoryUsage, stdout } from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as z from "zod";
import { mint, RunId, ThreadId } from "../src/kernel/ids.ts";
import type { LanguageModel } from "../src/models/port/index.ts";
import { scripted } from "../src/models/vendors/index.ts";
import { compose } from "../src/server/compose.ts";
import { loadConfig } from "../src/server/config/config.ts";
import { models } from "../test/helpers/engine.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { installPeers } from "./peer.ts";
import { p50, p99, row, sorted } from "./stage.ts";
import { mib, ms, type Row, table } from "./table.ts";

const LENGTHS = [10, 100, 500];
const ROUNDS = 3;
const [QUESTION, ANSWER] = [120, 300];
/** The turns whose mean counts. */
const LAST = 10;
const PEERS = { mastra: "Mastra", langgraph: "LangGraph" };

const DORMANT = 100_000;
const WAKES = 1_000;
const WAKES_AT_ONCE = 50;
const WAKE_P99_ABOVE_MS = 10;

const AGENT = `name = "bench"
version = "1.0.0"
capabilities = ["benchmark"]
system_prompt = "Answer."
[memory]
enabled = false
`;

/** As in peers/threads.mjs. */
const textOf = (at: number, length: number): string =>
  `${at}: a text that differs in each turn of the thread. `.repeat(20).slice(0, length);

const Measured = z.object({ turnMs: z.number(), bytes: z.number() });
type Measured = z.infer<typeof Measured>;
type Figures = { readonly turnMs: number; readonly bytesPerTurn: number };

/** A server in a directory, whose model answers with a text of its own each time. */
async function serverIn(directory: string) {
  let answers = 0;
  const model: LanguageModel = {
    id: "scripted/scripted",
    limits: undefined,
    stream: (request, signal) => scripted([{ text: textOf(answers++, ANSWER) }]).stream(request, signal),
  };
  const loaded = loadConfig({ settings: { "data.directory": directory } }, {}, directory);
  const caxton = await compose(loaded, { models: models(model) });
  await caxton.tools.start();
  const { runs } = caxton.runs;
  runs.resumeUnfinished();
  await caxton.agents.agents.deploy("default", { source: AGENT, fileName: "bench.toml" });
  const { threads } = caxton.runs;
  const create = async () => {
    const given = { workspace: "default", agent: "bench", revision: 1, owner: "ann", title: "a thread", tags: [] };
    return (await threads.create({ ...given, expiresAfterMs: null })).id;
  };
  /** Milliseconds of a turn, from the message to the end of its run. */
  const turn = async (thread: ThreadId, at: number): Promise<number> => {
    const begunMs = performance.now();
    const sent = await threads.send(thread, {
      id: mint(RunId),
      input: textOf(at, QUESTION),
      author: "ann",
      whenBusy: "queue",
      isRepeated: false,
      model: undefined,
      files: [],
    });
    const { state } = await sent.ended;
    if (state !== "completed")
      throw new Error(`turn ${at} is ${state}: ${JSON.stringify(runs.view(sent.run).failure)}`);
    return performance.now() - begunMs;
  };
  return { create, turn, [Symbol.asyncDispose]: () => caxton[Symbol.asyncDispose]() };
}

/** Bytes of the databases in a directory after all is in their main files. */
function bytesIn(directory: string): number {
  let sum = 0;
  for (const name of readdirSync(directory).filter((each) => each.endsWith(".db"))) {
    using database = new DatabaseSync(join(directory, name));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    sum += statSync(join(directory, name)).size;
  }
  return sum;
}

async function grown(turns: number): Promise<Measured> {
  using directory = tempDirectory();
  const times: number[] = [];
  {
    await using server = await serverIn(directory.path);
    const thread = await server.create();
    for (let at = 0; at < turns; at += 1) times.push(await server.turn(thread, at));
  }
  const last = times.slice(-LAST);
  return { turnMs: last.reduce((sum, time) => sum + time, 0) / last.length, bytes: bytesIn(directory.path) };
}

/** What the turns after the first take on disk, so that the empty database does not count. */
async function figuresOf(side: (turns: number) => Measured | Promise<Measured>, turns: number): Promise<Figures> {
  const first = await side(1);
  const { turnMs, bytes } = await side(turns);
  return { turnMs, bytesPerTurn: (bytes - first.bytes) / (turns - 1) };
}

function peerOf(name: string, turns: number): Measured {
  const script = join(import.meta.dirname, "peers/threads.mjs");
  const words = ["--no-warnings", script, name, String(turns), String(QUESTION), String(ANSWER)];
  return Measured.parse(
    JSON.parse(execFileSync(execPath, words, { encoding: "utf8" }).trim().split("\n").at(-1) ?? ""),
  );
}

const median = (all: readonly Figures[], of: (figures: Figures) => number): number => p50(sorted(all.map(of)));

async function growth(): Promise<readonly Row[]> {
  installPeers();
  const rows: Row[] = [];
  for (const turns of LENGTHS) {
    const sides: { [name: string]: Figures[] } = { caxton: [], mastra: [], langgraph: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      sides["caxton"]?.push(await figuresOf(grown, turns));
      for (const name of Object.keys(PEERS))
        sides[name]?.push(await figuresOf((length) => peerOf(name, length), turns));
    }
    for (const [name, shown] of Object.entries(PEERS))
      for (const [what, show, of] of [
        [`time of a turn`, ms, ({ turnMs }: Figures) => turnMs],
        [
          `bytes of a turn`,
          (value: number) => `${Math.round(value).toLocaleString("en")} B`,
          ({ bytesPerTurn }: Figures) => bytesPerTurn,
        ],
      ] as const) {
        const [ours, theirs] = [median(sides["caxton"] ?? [], of), median(sides[name] ?? [], of)];
        rows.push({
          what: `thread of ${turns} turns: ${what}`,
          caxton: show(ours),
          peer: `${show(theirs)} (${shown})`,
          ratio: `${(theirs / ours).toFixed(1)}×`,
          target: "",
          met: undefined,
        });
      }
  }
  return rows;
}

/** Copies a thread of one turn, with its journal, under ids of its own. */
function fill(directory: string, from: ThreadId, count: number): void {
  using database = new DatabaseSync(join(directory, "caxton.db"));
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY");
  database.exec("CREATE TEMP TABLE ids (run TEXT NOT NULL, thread TEXT NOT NULL, id INTEGER PRIMARY KEY)");
  const insert = database.prepare("INSERT INTO ids (run, thread) VALUES (?, ?)");
  database.exec("BEGIN");
  for (let at = 0; at < count; at += 1) insert.run(mint(RunId), mint(ThreadId));
  const copy = (name: string, where: string, changed: Readonly<Record<string, string>>) => {
    const columns = database
      .prepare(`SELECT name FROM pragma_table_info(?)`)
      .all(name)
      .map((each) => String(each["name"]));
    const values = columns.map((column) => changed[column] ?? `o.${column}`);
    const order = name === "journal" ? "ORDER BY n.id, o.seq" : "";
    database.exec(
      `INSERT INTO ${name} (${columns.join()}) SELECT ${values.join()} FROM ids n CROSS JOIN ${name} o WHERE ${where} ${order}`,
    );
  };
  const only = String(database.prepare("SELECT id FROM runs WHERE thread = ?").get(from)?.["id"]);
  copy("threads", `o.id = '${from}'`, { n: "NULL", id: "n.thread", head: "n.run" });
  copy("runs", `o.id = '${only}'`, { id: "n.run", thread: "n.thread" });
  copy("past_runs", `o.run_id = '${only}'`, { run_id: "n.run" });
  copy("journal", `o.run_id = '${only}'`, {
    seq: "NULL",
    run_id: "n.run",
    body: `replace(replace(o.body, '${only}', n.run), '${from}', n.thread)`,
  });
  database.exec("COMMIT");
}

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
function held(): number {
  if (typeof collect === "function") collect();
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}

type Waking = { readonly active: readonly number[]; readonly woken: readonly number[]; readonly heldBytes: number };

/** A server with dormant threads, and the memory that it takes. */
async function sleeping(directory: string) {
  using database = new DatabaseSync(join(directory, "caxton.db"), { readOnly: true });
  const ids = database.prepare("SELECT id FROM threads ORDER BY substr(id, -6) LIMIT ?").all(WAKES);
  const before = held();
  const server = await serverIn(directory);
  return { server, ids: ids.map(({ id }) => ThreadId.parse(id)), heldBytes: held() - before };
}

/** Second turns in a thread that was just active, and in one that was not since the server started. */
async function waking({ server, ids }: Awaited<ReturnType<typeof sleeping>>, part: number): Promise<number[][]> {
  const [active, woken]: [number[], number[]] = [[], []];
  for (const id of ids.slice(part * WAKES_AT_ONCE, (part + 1) * WAKES_AT_ONCE)) {
    const own = await server.create();
    await server.turn(own, 0);
    active.push(await server.turn(own, 1));
    woken.push(await server.turn(id, 1));
  }
  return [active, woken];
}

async function filled(directory: string, count: number) {
  {
    await using server = await serverIn(directory);
    const from = await server.create();
    await server.turn(from, 0);
    fill(directory, from, count);
  }
  return sleeping(directory);
}

/** Beside few dormant threads and beside many, by turns. */
async function measureDormant(count: number): Promise<{ few: Waking; many: Waking }> {
  using fewDirectory = tempDirectory();
  using manyDirectory = tempDirectory();
  await using opened = new AsyncDisposableStack();
  const few = await filled(fewDirectory.path, WAKES);
  opened.use(few.server);
  const many = await filled(manyDirectory.path, count);
  opened.use(many.server);
  const times: number[][] = [[], [], [], []];
  for (let part = 0; part < WAKES / WAKES_AT_ONCE; part += 1)
    for (const [index, each] of [...(await waking(few, part)), ...(await waking(many, part))].entries())
      times[index]?.push(...each);
  const [fewActive = [], fewWoken = [], manyActive = [], manyWoken = []] = times.map(sorted);
  return {
    few: { active: fewActive, woken: fewWoken, heldBytes: few.heldBytes },
    many: { active: manyActive, woken: manyWoken, heldBytes: many.heldBytes },
  };
}

async function dormant(count: number): Promise<readonly Row[]> {
  const { few, many } = await measureDormant(count);
  const shown = count.toLocaleString("en");
  const ratio = p50(few.active) / p50(many.active);
  const heldBytes = Math.max(0, many.heldBytes - few.heldBytes);
  return [
    {
      what: `second turn of a thread beside ${shown} dormant ones, p50, p99`,
      caxton: `${ms(p50(many.active))}, ${ms(p99(many.active))}`,
      peer: `${ms(p50(few.active))}, ${ms(p99(few.active))} (beside 1,000)`,
      ratio: `${ratio.toFixed(2)}×`,
      target: "≥ 0.95×",
      met: ratio >= 0.95,
    },
    {
      what: `second turn that wakes one of ${shown}, p50, p99`,
      caxton: `${ms(p50(many.woken))}, ${ms(p99(many.woken))}`,
      peer: `${ms(p50(few.woken))}, ${ms(p99(few.woken))} (of 1,000)`,
      ratio: "",
      target: `p99 ≤ ${WAKE_P99_ABOVE_MS} ms above an active one`,
      met: p99(many.woken) - p99(many.active) <= WAKE_P99_ABOVE_MS,
    },
    row(`memory of ${shown} dormant threads above 1,000`, mib(heldBytes), "< 1 byte a thread", heldBytes < count),
  ];
}

export async function run(count = DORMANT): Promise<readonly Row[]> {
  return [...(await growth()), ...(await dormant(count))];
}

if (import.meta.main) stdout.write(`${table(await run(Number(argv[2] ?? DORMANT)))}\n`);
