// Messages through the router: parsed, checked, routed, on disk (synchronous=FULL), handed over, settled on disk. Rates and
// times beside an EventEmitter, which keeps nothing, as the limit. Alone: `node bench/messages.ts [seconds]`.
import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { MESSAGE_JOURNAL_DEFAULTS, SqliteMessageJournal } from "../src/backends/sqlite/messages/index.ts";
import { Alarm } from "../src/kernel/alarm.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { expectShortLives } from "../src/kernel/short-lived.ts";
import { Addressing } from "../src/router/addressing/index.ts";
import { Recipients } from "../src/router/mailboxes/index.ts";
import { type Json } from "../src/kernel/json.ts";
import { readMessage } from "../src/messages/index.ts";
import { type AgentHandler, type Directory, type Provider, Router, ROUTER_DEFAULTS } from "../src/router/index.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { ms, perSecond, quantile, type Row, table } from "./table.ts";

const CAPABILITIES = 100;
const TEXTS = 20_000;
/** Messages accepted and not settled, in the closed loop. */
const IN_FLIGHT = 4_000;
const WARM_MS = 1_500;

/** `count` agents; every hundredth provides one capability. */
function directoryOf(count: number): Directory {
  const names = Array.from({ length: count }, (_none, index) => `worker-${index}`);
  const known = new Map(names.map((name) => [name, { name, presence: "agent" } as const]));
  const capabilities = Math.min(CAPABILITIES, count);
  const providers = new Map<string, readonly Provider[]>();
  for (let index = 0; index < capabilities; index += 1) {
    const capability = `cap-${index}`;
    const usual = { capability, version: "1.0.0", priority: 50, status: "active", loadScore: undefined } as const;
    const group = names.filter((_name, at) => at % capabilities === index);
    providers.set(
      capability,
      group.map((name) => ({ ...usual, name })),
    );
  }
  return {
    find: (_workspace, name) => known.get(name),
    names: () => names,
    providers: (_workspace, capability) => providers.get(capability) ?? [],
    descriptions: () => [],
    capabilities: () => providers.keys(),
    watch: () => ({ [Symbol.dispose]: () => {} }),
  };
}

/** Half to agents by name, half by capability; 600 characters each. */
function texts(agents: number): readonly string[] {
  const ids = Array.from({ length: TEXTS }, (_none, index) => index.toString(16).padStart(12, "0"));
  return ids.map((id, index) =>
    JSON.stringify({
      id: `00000000-0000-4000-8000-${id}`,
      performative: "request",
      sender: `planner-${index % 1_000}`,
      ...(index % 2 === 1
        ? { receiver: `worker-${index % agents}` }
        : { capability: `cap-${index % Math.min(CAPABILITIES, agents)}`, routing_strategy: "least_loaded" }),
      language: "json",
      ontology: "caxton",
      conversation_id: `conversation-${index % 5_000}`,
      reply_with: `reply-${index}`,
      content: { task: "summarise", args: { a: 1, b: "two", c: [1, 2, 3] }, text: "x".repeat(230) },
    }),
  );
}

let lap = 0;
/** The texts again and again, each time with other ids: a duplicate would do nothing. */
function next(prepared: readonly string[], count: number): string {
  const index = count % prepared.length;
  if (index === 0) lap += 1;
  const text = prepared[index] ?? "";
  return `${text.slice(0, 7)}${lap.toString(16).padStart(8, "0")}${text.slice(15)}`;
}

type Figures = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly loopMs: number;
  readonly bytesEach: number;
  /** Processor time of a message, in microseconds: of the main thread, and of all. */
  readonly mainUs: number;
  readonly allUs: number;
};

type Load = { readonly agents: number; readonly rate: number; readonly seconds: number };

/** Sends texts through a router over a journal on disk to agents that do nothing, and keeps count. */
class Traffic {
  sent = 0;
  handled = 0;
  /** Milliseconds from when a message was due to its handler, once measuring. */
  readonly delays = new Float64Array(4_000_000);
  delayed = 0;
  isMeasuring = false;
  readonly refused: unknown[] = [];
  /** When each was due, by its number; of more that are under way than have room here times are wrong. */
  readonly #dueMs = new Float64Array(2 ** 20);
  readonly #prepared: readonly string[];
  readonly #router: Router;

  constructor(router: Router, agents: number) {
    this.#router = router;
    this.#prepared = texts(agents);
    const handler: AgentHandler = {
      handle: async ({ seq }) => {
        this.#took(seq);
        return { type: "done" };
      },
    };
    router.attachDeployed(handler);
  }

  #took(seq: number): void {
    this.handled += 1;
    if (!this.isMeasuring || this.delayed >= this.delays.length) return;
    this.delays[this.delayed] = performance.now() - (this.#dueMs[seq % this.#dueMs.length] ?? 0);
    this.delayed += 1;
  }

  send(dueMs: number): void {
    const text = next(this.#prepared, this.sent);
    this.sent += 1;
    const json: Json = JSON.parse(text);
    const read = readMessage(json, {
      workspace: "default",
      nowMs: Date.now(),
      contentBytesMax: 1_048_576,
    });
    if (read.type === "refused") throw new Error(read.error.message);
    // All are accepted, so that their numbers are those of the router.
    this.#dueMs[this.sent % this.#dueMs.length] = dueMs;
    this.#router.post(read.message, (answer) => {
      if (answer.type !== "accepted") this.refused.push(answer);
    });
  }

  /** What is due since `startMs` at that rate; at rate 0 as many as may be under way. */
  offer(rate: number, startMs: number): void {
    const nowMs = performance.now();
    const due = rate > 0 ? ((nowMs - startMs) / 1_000) * rate - this.sent : IN_FLIGHT - (this.sent - this.handled);
    for (let count = 0; count < Math.min(Math.floor(due), 5_000); count += 1)
      this.send(rate > 0 ? startMs + ((this.sent + 1) * 1_000) / rate : performance.now());
  }
}

/** `rate` messages a second, or as many as go with `IN_FLIGHT` under way when it is 0. */
export async function measure({ agents, rate, seconds }: Load): Promise<Figures> {
  // As the server does.
  expectShortLives();
  using directory = tempDirectory();
  const router = await openRouter(directory.path, agents);
  const traffic = new Traffic(router, agents);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const startMs = performance.now();
  const during = async (untilMs: number) => {
    while (performance.now() < untilMs) {
      traffic.offer(rate, startMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await during(startMs + WARM_MS);
  traffic.isMeasuring = true;
  loop.reset();
  const before = { handled: traffic.handled, atMs: performance.now() };
  const [main, all] = [process.threadCpuUsage(), process.cpuUsage()];
  await during(startMs + WARM_MS + seconds * 1_000);
  const count = traffic.handled - before.handled;
  const took = performance.now() - before.atMs;
  const [mainUs = 0, allUs = 0] = [process.threadCpuUsage(main), process.cpuUsage(all)].map(
    ({ user, system }) => (user + system) / count,
  );
  const loopMs = loop.max / 1e6;
  await router.close(5_000);
  const [first] = traffic.refused;
  if (first !== undefined) throw new Error(`${traffic.refused.length} were not accepted: ${JSON.stringify(first)}`);
  const bytesEach = statSync(join(directory.path, "messages.db")).size / traffic.sent;
  const sorted = Array.from(traffic.delays.subarray(0, traffic.delayed).toSorted());
  const [p50Ms, p99Ms] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  return { perSecond: (count / took) * 1_000, p50Ms, p99Ms, loopMs, bytesEach, mainUs, allUs };
}

function openRouter(directory: string, agents: number): Promise<Router> {
  const bytesMax = 64 * 1024 ** 3;
  const journal = new SqliteMessageJournal({ ...MESSAGE_JOURNAL_DEFAULTS, directory, synchronous: "full", bytesMax });
  const options = { ...ROUTER_DEFAULTS, mailboxMessagesMax: 1_000_000, dedupMessagesMax: 100_000 };
  const alarm = new Alarm(systemClock);
  return Router.open({ journal, directory: directoryOf(agents), clock: systemClock, alarm, options });
}

/** Nothing is kept: an event for each message, parsed as above. */
function emitterPerSecond(): number {
  const emitter = new EventEmitter();
  let got = 0;
  for (let index = 0; index < 1_000; index += 1) emitter.on(`worker-${index}`, () => (got += 1));
  const prepared = texts(1_000);
  const startMs = performance.now();
  for (let count = 0; count < 1_000_000; count += 1) {
    const message: unknown = JSON.parse(next(prepared, count));
    emitter.emit(`worker-${count % 1_000}`, message);
  }
  return (got / (performance.now() - startMs)) * 1_000;
}

/** Choosing one of `count` providers, in nanoseconds. */
async function decisionNs(count: number): Promise<number> {
  const directory = directoryOf(count * CAPABILITIES);
  const recipients = new Recipients({ options: ROUTER_DEFAULTS, directory, named: () => {} });
  const shared = { options: ROUTER_DEFAULTS, directory, recipients, clock: systemClock, chance: Math.random };
  const addressing = new Addressing({ ...shared, subscribers: () => [] });
  const messages = texts(count * CAPABILITIES).flatMap((text, index) => {
    if (index % 2 === 1) return [];
    const read = readMessage(JSON.parse(text), { workspace: "default", nowMs: 0, contentBytesMax: 1_048_576 });
    return read.type === "message" ? [read.message] : [];
  });
  let best = Infinity;
  for (let round = 0; round < 20; round += 1) {
    const startMs = performance.now();
    for (const message of messages) addressing.route(message);
    best = Math.min(best, ((performance.now() - startMs) * 1e6) / messages.length);
  }
  return best;
}

const times = ({ p50Ms, p99Ms, loopMs }: Figures) => `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, longest turn ${ms(loopMs)}`;

export async function run(seconds = 4): Promise<readonly Row[]> {
  const limit = emitterPerSecond();
  const rows: Row[] = [];
  for (const agents of [1, 1_000]) {
    const most = await measure({ agents, rate: 0, seconds });
    rows.push({
      what: `messages of 600 characters, ${agents} agents: parsed, on disk, delivered, settled`,
      caxton: `${perSecond(most.perSecond)}; ${most.mainUs.toFixed(1)} µs of the main thread, ${most.allUs.toFixed(1)} of all; ${Math.round(most.bytesEach)} B on disk`,
      peer: `${perSecond(limit)}: EventEmitter, parsed, nothing kept`,
      ratio: `${(most.perSecond / limit).toFixed(2)}×`,
      target: "250,000/s",
      met: most.perSecond >= 250_000,
    });
  }
  for (const [offered, p99Ms] of [
    [1_000, 1],
    [10_000, 1],
    [100_000, 10],
  ] as const) {
    const figures = await measure({ agents: 1_000, rate: offered, seconds });
    rows.push({
      what: `${perSecond(offered)} offered, 1,000 agents: until delivered`,
      caxton: `${times(figures)}; came to ${perSecond(figures.perSecond)}`,
      peer: "",
      ratio: "",
      target: `p99 ${ms(p99Ms)}`,
      met: figures.p99Ms <= p99Ms,
    });
  }
  for (const providers of [1, 10]) {
    const ns = await decisionNs(providers);
    rows.push({
      what: `choosing one of ${providers} providers, the least loaded`,
      caxton: `${Math.round(ns)} ns`,
      peer: "",
      ratio: "",
      target: "100 ns",
      met: ns <= 100,
    });
  }
  return rows;
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? 4)))}\n`);
