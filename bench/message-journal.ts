// The journal of messages alone: what it writes in a second when messages come as fast as it takes them, how long a message
// takes to be on disk at a given rate, and how long a server with a million pending deliveries takes to know them again.
// Run it alone with `node bench/message-journal.ts [seconds]`.
import {
  MESSAGE_JOURNAL_DEFAULTS,
  type MessageJournalOptions,
  SqliteMessageJournal,
} from "../src/messaging/journal/index.ts";
import { type JournalBatch, RowsBuilder, wordKey } from "../src/messaging/router/index.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { p50, p99, row, sleep, sorted, us } from "./stage.ts";
import { mib, ms, perSecond, type Row, table } from "./table.ts";

const SECONDS = 5;
const WARM_MS = 1_000;
/** Messages in flight at once when there is no rate to keep to. */
const WINDOW = 4_000;
const BATCH_MAX = 2_000;
const BODIES = 20_000;
const MAILBOXES = 1_000;
const RATES = [1_000, 10_000, 100_000] as const;
const PENDING = 1_000_000;

/** Messages of some 600 characters as JSON, as the router would hand them over. */
const bodies = Array.from({ length: BODIES }, (_none, index) =>
  JSON.stringify({
    id: `0199f0a0-0000-7000-8000-${String(index).padStart(12, "0")}`,
    performative: "request",
    sender: `planner-${index % MAILBOXES}`,
    receiver: [`worker-${index % MAILBOXES}`],
    protocol: "fipa-request",
    language: "json",
    conversation_id: `0199f0a0-1111-7000-8000-${String(index % 5_000).padStart(12, "0")}`,
    reply_with: `rw-${index}`,
    content: { task: "summarise", doc: `doc-${index}`, args: { a: 1, b: "two", c: [1, 2, 3] }, text: "x".repeat(230) },
  }),
);

type Filling = { readonly rows: RowsBuilder; readonly sentMs: number[]; readonly settled: number[] };
const filling = (before?: Filling): Filling => ({ rows: new RowsBuilder(before?.rows), sentMs: [], settled: [] });

const batchOf = ({ rows, settled }: Filling): JournalBatch => ({
  atMs: Date.now(),
  isSynced: true,
  parties: [],
  messages: rows.rows(),
  settlements: {
    seqs: Float64Array.from(settled),
    parties: Uint32Array.from(settled, (seq) => seq % MAILBOXES),
    outcomes: new Uint8Array(settled.length),
    attempts: new Uint32Array(settled.length).fill(1),
  },
  retries: { seqs: [], parties: [], attempts: [], nextAtMs: [], reasons: [], histories: [] },
  dead: [],
  buried: [],
  conversations: [],
});

function add({ rows, sentMs: times }: Filling, seq: number, sentMs: number): void {
  const workspace = "default";
  const conversation = `0199f0a0-1111-7000-8000-${String(seq % 5_000).padStart(12, "0")}`;
  const id = `0199f0a0-0000-7000-8000-${String(seq).padStart(12, "0")}`;
  const size = rows.lines.addText(bodies[seq % BODIES] ?? "");
  rows.add(
    { seq, conversationKey: wordKey(workspace, conversation), priority: 1, expiresAtMs: 0, size },
    { workspace, id, sender: `planner-${seq % MAILBOXES}`, performative: "request", atMs: Date.now() },
    [seq % MAILBOXES],
  );
  times.push(sentMs);
}

type Load = {
  readonly written: number;
  readonly seconds: number;
  readonly batches: number;
  readonly delays: number[];
  /** Microseconds of CPU for each message: of this thread, and of all the others. */
  readonly mainUs: number;
  readonly othersUs: number;
};

/** Microseconds of CPU of this thread and of all others. */
function cpu(): readonly [main: number, others: number] {
  const [own, all] = [process.threadCpuUsage(), process.cpuUsage()];
  return [own.user + own.system, all.user + all.system - own.user - own.system];
}

/** Batches as the router makes them: one is written while the next one fills. Each message is settled in a later batch. */
async function load(journal: SqliteMessageJournal, rate: number, seconds: number): Promise<Load> {
  const startMs = performance.now();
  const endMs = startMs + WARM_MS + seconds * 1_000;
  let usedBefore = cpu();
  let [seq, settledUntil, written, batches, measuredFromMs] = [0, 0, 0, 0, 0];
  const delays: number[] = [];
  let writing: Promise<void> | undefined;
  let filled = filling();
  while (performance.now() < endMs) {
    filled = filling(filled);
    const nowMs = performance.now();
    const due = rate > 0 ? Math.floor(((nowMs - startMs) / 1_000) * rate) : seq + Math.min(BATCH_MAX, WINDOW);
    while (seq < due && filled.rows.count < BATCH_MAX) {
      seq += 1;
      add(filled, seq, rate > 0 ? startMs + (seq * 1_000) / rate : nowMs);
    }
    if (measuredFromMs === 0 && nowMs - startMs >= WARM_MS) {
      [measuredFromMs, written, batches] = [nowMs, 0, 0];
      usedBefore = cpu();
    }
    if (filled.rows.count === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    await writing;
    while (settledUntil < seq - filled.rows.count) filled.settled.push(++settledUntil);
    const { rows, sentMs: times } = filled;
    writing = journal.append(batchOf(filled)).then(() => {
      const doneMs = performance.now();
      written += rows.count;
      batches += 1;
      if (measuredFromMs > 0) for (const sentMs of times) delays.push(doneMs - sentMs);
      return undefined;
    });
    if (rate > 0) await writing;
  }
  await writing;
  const used = cpu().map((now, index) => (now - (usedBefore[index] ?? 0)) / written);
  const took = (performance.now() - measuredFromMs) / 1_000;
  return { written, seconds: took, batches, delays, mainUs: used[0] ?? 0, othersUs: used[1] ?? 0 };
}

async function loaded(rate: number, seconds: number, options: Partial<MessageJournalOptions> = {}): Promise<Load> {
  using directory = tempDirectory();
  const journal = new SqliteMessageJournal({
    ...MESSAGE_JOURNAL_DEFAULTS,
    directory: directory.path,
    synchronous: "full",
    ...options,
  });
  try {
    return await load(journal, rate, seconds);
  } finally {
    await journal.close();
  }
}

async function recovery(): Promise<readonly Row[]> {
  using directory = tempDirectory();
  const options = { ...MESSAGE_JOURNAL_DEFAULTS, directory: directory.path, synchronous: "normal" } as const;
  const journal = new SqliteMessageJournal(options);
  for (let seq = 0; seq < PENDING;) {
    const filled = filling();
    for (let count = 0; count < BATCH_MAX && seq < PENDING; count += 1) add(filled, ++seq, 0);
    await journal.append(batchOf(filled));
  }
  await journal.close();
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const again = new SqliteMessageJournal(options);
  const startMs = performance.now();
  const { pending } = await again.recover({ sinceMs: Date.now() + 1 });
  const tookMs = performance.now() - startMs;
  const rss = process.memoryUsage().rss - before;
  const readMs = performance.now();
  const seqs = Array.from({ length: 1_000 }, (_none, index) => 1 + ((index * 7_919) % PENDING));
  for (const seq of seqs) await again.read([seq]);
  const eachMs = (performance.now() - readMs) / seqs.length;
  const batchMs = performance.now();
  await again.read(seqs);
  const togetherMs = (performance.now() - batchMs) / seqs.length;
  await again.close();
  const many = pending.seqs.length.toLocaleString("en");
  return [
    row(`${many} pending deliveries known again`, ms(tookMs), "≤ 5 s", tookMs <= 5_000),
    row("memory that took, the thread's included", mib(rss)),
    row("a body read alone; of 1,000 together", `${ms(eachMs)}; ${ms(togetherMs)}`),
  ];
}

export async function run(seconds = SECONDS): Promise<readonly Row[]> {
  const most = await loaded(0, seconds);
  const rows = [
    row(
      "message journal: written and settled, synchronous=full",
      `${perSecond(most.written / most.seconds)} (${(most.written / most.batches).toFixed(0)} a batch)`,
      "≥ 250,000/s",
      most.written / most.seconds >= 250_000,
    ),
    row(
      "message journal: CPU for each message, main thread and writer",
      `${us(most.mainUs / 1_000)}, ${us(most.othersUs / 1_000)}`,
    ),
  ];
  for (const rate of RATES) {
    const { delays, written, seconds: took } = await loaded(rate, seconds);
    const times = sorted(delays);
    const target = rate === 10_000 ? 1 : rate === 100_000 ? 10 : undefined;
    rows.push(
      row(
        `message journal: on disk at ${rate.toLocaleString("en")}/s (${perSecond(written / took)}), p50 and p99`,
        `${ms(p50(times))}, ${ms(p99(times))}`,
        target === undefined ? "" : `p99 < ${target} ms`,
        target === undefined ? undefined : p99(times) < target,
      ),
    );
  }
  await sleep(100);
  return [...rows, ...(await recovery())];
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? SECONDS)))}\n`);
