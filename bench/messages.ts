// Messages through the router: parsed, checked, routed, on disk (synchronous=FULL), delivered, settled on disk. Rates and
// times beside the bare path (bare-path.ts), which puts messages on disk and does no more, and beside an EventEmitter, which
// keeps nothing. Alone: `node bench/messages.ts [seconds]`.
import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { MESSAGE_JOURNAL_DEFAULTS, SqliteMessageJournal } from "../src/messaging/journal/index.ts";
import { TimerQueue } from "../src/kernel/async/timer-queue.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { type Json } from "../src/kernel/json.ts";
import { tuneGarbageCollector } from "../src/kernel/short-lived.ts";
import { readMessage, ROUTING_STRATEGIES } from "../src/messaging/acl/index.ts";
import { Addressing } from "../src/messaging/router/addressing/index.ts";
import { Recipients } from "../src/messaging/router/mailboxes/index.ts";
import {
  type AgentHandler,
  type Directory,
  type Provider,
  Router,
  ROUTER_DEFAULTS,
} from "../src/messaging/router/index.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { measureBare } from "./bare-path.ts";
import { CAPABILITIES, Load, type LoadFigures, messageTexts, nextText } from "./message-load.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

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

type Figures = LoadFigures & { readonly bytesEach: number };
type Offered = { readonly agents: number; readonly rate: number; readonly seconds: number };

/** Through a router over a journal on disk, to agents that do nothing. */
export async function measure({ agents, rate, seconds }: Offered): Promise<Figures> {
  // As the server does.
  tuneGarbageCollector();
  using directory = tempDirectory();
  const router = await openRouter(directory.path, agents);
  const refused: unknown[] = [];
  const load = new Load(agents, (text) => {
    const json: Json = JSON.parse(text);
    const read = readMessage(json, { workspace: "default", nowMs: Date.now(), contentBytesMax: 1_048_576 });
    if (read.type === "refused") throw new Error(read.error.message);
    // All are accepted, so that their numbers are those of the router.
    router.post(read.message, (answer) => {
      if (answer.type !== "accepted") refused.push(answer);
    });
  });
  const handler: AgentHandler = {
    handle: async ({ seq }) => {
      load.took(seq);
      return { type: "done" };
    },
  };
  router.attachDeployed(handler);
  const figures = await load.run(rate, seconds);
  await router.close(5_000);
  const [first] = refused;
  if (first !== undefined) throw new Error(`${refused.length} were not accepted: ${JSON.stringify(first)}`);
  return { ...figures, bytesEach: statSync(join(directory.path, "messages.db")).size / load.sent };
}

function openRouter(directory: string, agents: number): Promise<Router> {
  const bytesMax = 64 * 1024 ** 3;
  const journal = new SqliteMessageJournal({ ...MESSAGE_JOURNAL_DEFAULTS, directory, synchronous: "full", bytesMax });
  const options = { ...ROUTER_DEFAULTS, mailboxMessagesMax: 1_000_000, dedupMessagesMax: 100_000 };
  const alarm = new TimerQueue(systemClock);
  return Router.open({ stores: { journal }, directory: directoryOf(agents), clock: systemClock, alarm, options });
}

/** Nothing is kept: an event for each message, parsed as above. */
function emitterPerSecond(): number {
  const emitter = new EventEmitter();
  let got = 0;
  for (let index = 0; index < 1_000; index += 1) emitter.on(`worker-${index}`, () => (got += 1));
  const prepared = messageTexts(1_000);
  const startMs = performance.now();
  for (let count = 0; count < 1_000_000; count += 1) {
    const message: unknown = JSON.parse(nextText(prepared, count));
    emitter.emit(`worker-${count % 1_000}`, message);
  }
  return (got / (performance.now() - startMs)) * 1_000;
}

type Strategy = (typeof ROUTING_STRATEGIES)[number];
/** Messages that one is chosen for, just read as in a server: so few that the cache holds them. */
const CHOICES = 500;

/** Choosing one of `count` providers, in nanoseconds. */
function decisionNs(count: number, strategy: Strategy): number {
  const directory = directoryOf(count * CAPABILITIES);
  const recipients = new Recipients({ options: ROUTER_DEFAULTS, directory, named: () => {} });
  const shared = { options: ROUTER_DEFAULTS, directory, recipients, clock: systemClock, chance: Math.random };
  const addressing = new Addressing({ ...shared, subscribers: () => [] });
  const messages = messageTexts(count * CAPABILITIES)
    .slice(0, CHOICES * 2)
    .flatMap((text, index) => {
      if (index % 2 === 1) return [];
      const json: Json = { ...JSON.parse(text), routing_strategy: strategy };
      const read = readMessage(json, { workspace: "default", nowMs: 0, contentBytesMax: 1_048_576 });
      return read.type === "message" ? [read.message] : [];
    });
  let best = Infinity;
  for (let round = 0; round < 1_000; round += 1) {
    const startMs = performance.now();
    for (const message of messages) addressing.route(message);
    best = Math.min(best, ((performance.now() - startMs) * 1e6) / messages.length);
  }
  return best;
}

const times = ({ p50Ms, p99Ms, loopMs }: LoadFigures) =>
  `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, longest turn ${ms(loopMs)}`;
const most = ({ perSecond: each, mainUs, allUs }: LoadFigures) =>
  `${perSecond(each)}; ${mainUs.toFixed(1)} µs of the main thread, ${allUs.toFixed(1)} of all`;

/** As many as go. */
async function mostRow(agents: number, seconds: number, limit: number): Promise<Row> {
  const [bare, ours] = [await measureBare(agents, 0, seconds), await measure({ agents, rate: 0, seconds })];
  return {
    what: `messages of 600 characters, ${agents} agents: parsed, on disk, delivered, settled`,
    caxton: `${most(ours)}; ${Math.round(ours.bytesEach)} B on disk`,
    peer: `${most(bare)}: the bare path, nothing checked or kept besides; ${perSecond(limit)}: EventEmitter, on no disk`,
    ratio: `${(ours.perSecond / bare.perSecond).toFixed(2)}×`,
    target: "250,000/s",
    met: ours.perSecond >= 250_000,
  };
}

const RATES = [
  { rate: 1_000, p99Ms: 1 },
  { rate: 10_000, p99Ms: 1 },
  { rate: 100_000, p99Ms: 10 },
] as const;

/** Until delivered, at a rate that is offered. */
async function offeredRow(agents: number, offered: (typeof RATES)[number], seconds: number): Promise<Row> {
  const { rate, p99Ms } = offered;
  const [bare, ours] = [await measureBare(agents, rate, seconds), await measure({ agents, rate, seconds })];
  return {
    what: `${perSecond(rate)} offered, ${agents} agents: until delivered`,
    caxton: `${times(ours)}; came to ${perSecond(ours.perSecond)}`,
    peer: `${times(bare)}; came to ${perSecond(bare.perSecond)}: the bare path`,
    ratio: `${(bare.p99Ms / ours.p99Ms).toFixed(2)}×`,
    target: `p99 ${ms(p99Ms)}`,
    met: ours.p99Ms <= p99Ms,
  };
}

function choiceRow(providers: number): Row {
  const each = ROUTING_STRATEGIES.map((strategy) => ({ strategy, ns: decisionNs(providers, strategy) }));
  return {
    what: `choosing one of ${providers} providers`,
    caxton: each.map(({ strategy, ns }) => `${strategy} ${Math.round(ns)} ns`).join(", "),
    peer: "",
    ratio: "",
    target: "100 ns",
    met: each.every(({ ns }) => ns <= 100),
  };
}

export async function run(seconds = 4): Promise<readonly Row[]> {
  const limit = emitterPerSecond();
  const rows: Row[] = [];
  for (const agents of [1, 1_000]) {
    rows.push(await mostRow(agents, seconds, limit));
    for (const offered of RATES) rows.push(await offeredRow(agents, offered, seconds));
  }
  return [...rows, choiceRow(1), choiceRow(10)];
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? 4)))}\n`);
