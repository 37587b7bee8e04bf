// What access control costs: servers of the built product in processes of their own, without access control, without it but with rate
// limits, and with both, asked in turns in one run; and a server with 10,000 keys and 1,000 workspaces beside one with a key. Run it
// alone with `npm run bench:access`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Figures, Load } from "./access-client.ts";
import { ServerProcess } from "./server-process.ts";
import { p50, row, sorted, us } from "./stage.ts";
import { mib, ms, perSecond, type Row, table } from "./table.ts";

/** Before the first round, as many requests as this many rounds have: the engine compiles. */
const WARM_ROUNDS = 5;
const LANES = 8;
const KEYS = 10_000;
const WORKSPACES = 1_000;
/** Fewer than the limit of one address. */
const CONNECTIONS = 1_000;
const RATIO_MIN = 0.95;

const MAILBOX = "takes-all";
const AGENT = `name = "bench"
version = "1.0.0"
capabilities = ["bench"]
tools = ["calculator"]
model = "mock"
system_prompt = "Calculate."
user_prompt_template = "{{request}}"
`;
/** No request of the benchmark is refused. */
const MESSAGES = `[messages]
mailbox_messages_max = 10000000
mailbox_bytes_max = "64GiB"
total_bytes_max = "64GiB"
`;
const RATES = `[server.limits.operations]
workspace = 1000000000
principal = 1000000000
address = 1000000000
`;
const REQUIRED = `[access]\nmode = "required"\n`;

type Kind = Pick<Load, "method" | "path" | "body" | "requests"> & { readonly what: string; readonly rounds: number };

const message = { performative: "inform", sender: "user", receiver: MAILBOX, content: "x".repeat(400) };
const GET_AGENTS: Kind = {
  what: "list of agents",
  method: "GET",
  path: "/api/v1/agents",
  body: "",
  requests: 4_000,
  rounds: 41,
};
const KINDS: readonly Kind[] = [
  GET_AGENTS,
  {
    what: "run of the built-in model with a tool call",
    method: "POST",
    path: "/api/v1/runs",
    body: JSON.stringify({ agent: "bench", input: "Calculate 17 * 23.", wait: true }),
    requests: 150,
    rounds: 25,
  },
  {
    what: "batch of 100 messages",
    method: "POST",
    path: "/api/v1/messages/batch",
    body: JSON.stringify({ messages: Array.from({ length: 100 }, () => message) }),
    requests: 100,
    rounds: 25,
  },
];

/** The process that sends the requests. */
class Client implements Disposable {
  readonly #child = spawn(process.execPath, [join(import.meta.dirname, "access-client.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  readonly #lines = createInterface(this.#child.stdout);

  async send(load: Load): Promise<Figures> {
    const answered = once(this.#lines, "line");
    this.#child.stdin.write(`${JSON.stringify(load)}\n`);
    const [line] = await answered;
    return Figures.parse(JSON.parse(String(line)));
  }

  [Symbol.dispose](): void {
    this.#lines.close();
    this.#child.kill();
  }
}

type Cost = Figures & { readonly cpuMs: number; readonly perSecond: number };
type Side = { readonly server: ServerProcess; readonly keys: readonly string[] };

async function measured(client: Client, { server, keys }: Side, kind: Kind, how: Spread = {}): Promise<Cost> {
  const { connections = LANES, isKeyOfRequest = false } = how;
  const { method, path, body, requests } = kind;
  const port = Number(new URL(server.url).port);
  const before = server.cpuMs();
  const spread = { keys: [...keys], connections, isKeyOfRequest, lanes: LANES };
  const figures = await client.send({ port, method, path, body, requests, ...spread });
  const cpuMs = (server.cpuMs() - before) / requests;
  return { ...figures, cpuMs, perSecond: requests / (figures.tookMs / 1_000) };
}
type Spread = { readonly connections?: number; readonly isKeyOfRequest?: boolean };

type Sides = Readonly<Record<string, Side>>;

/** The costs of each side in each round. Sides take turns, and every second round has them in the opposite order. */
async function rounds(client: Client, sides: Sides, kind: Kind, spread?: Spread): Promise<Record<string, Cost[]>> {
  const costs: Record<string, Cost[]> = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  const entries = Object.entries(sides);
  for (const side of Object.values(sides))
    await measured(client, side, { ...kind, requests: kind.requests * WARM_ROUNDS }, spread);
  for (let round = 0; round < kind.rounds; round += 1)
    for (const [name, side] of round % 2 === 0 ? entries : entries.toReversed())
      costs[name]?.push(await measured(client, side, kind, spread));
  return costs;
}

type Figure = (cost: Cost) => number;

const median = (costs: readonly Cost[] = [], figure: Figure): number => p50(sorted(costs.map(figure)));
/** Of the rounds, so that what disturbs both sides of a round does not count. */
function ratios(ones: readonly Cost[] = [], others: readonly Cost[] = [], figure: Figure): readonly number[] {
  return sorted(ones.map((one, round) => figure(one) / figure(others[round] ?? one)));
}

/** The median lies between these two of the sorted values with a probability of about 95 %. */
function interval(values: readonly number[]): readonly [lower: number, upper: number] {
  const reach = 0.98 * Math.sqrt(values.length);
  const lower = values[Math.max(0, Math.floor(values.length / 2 - reach))] ?? Number.NaN;
  return [lower, values[Math.min(values.length - 1, Math.ceil(values.length / 2 + reach) - 1)] ?? Number.NaN];
}

const times = (values: readonly number[]): string =>
  `${p50(values).toFixed(2)}× (${interval(values)
    .map((value) => value.toFixed(2))
    .join(" to ")})`;

/** Undefined if the rounds differ too much for a verdict. */
function isMet(values: readonly number[]): boolean | undefined {
  const [lower, upper] = interval(values);
  if (lower >= RATIO_MIN) return true;
  return upper < RATIO_MIN ? false : undefined;
}

type Compared = { readonly costs: Record<string, Cost[]>; readonly names: readonly [own: string, peer: string] };

/** How often a side does something in the time of its peer, or how much of its CPU it takes. */
function comparison(what: string, { costs, names: [own, peer] }: Compared, isTarget: boolean): readonly Row[] {
  const shown = (figure: Figure, format: (value: number) => string): Pick<Row, "caxton" | "peer"> => ({
    caxton: format(median(costs[own], figure)),
    peer: `${format(median(costs[peer], figure))} (${peer})`,
  });
  const cpu = ratios(costs[peer], costs[own], ({ cpuMs }) => cpuMs);
  const rate = ratios(costs[own], costs[peer], (cost) => cost.perSecond);
  const late = ratios(costs[peer], costs[own], ({ p99Ms }) => p99Ms);
  const target = { target: isTarget ? "≥ 0.95×" : "", met: undefined };
  const met = (values: readonly number[]) => (isTarget ? isMet(values) : undefined);
  return [
    {
      ...target,
      ...shown(
        ({ cpuMs }) => cpuMs,
        (value) => (value < 1 ? us(value) : ms(value)),
      ),
      what: `${what}: CPU of the server`,
      ratio: times(cpu),
      met: met(cpu),
    },
    {
      ...target,
      ...shown((cost) => cost.perSecond, perSecond),
      what: `${what}: rate`,
      ratio: times(rate),
      met: met(rate),
    },
    {
      ...target,
      what: `${what}: p50, p99`,
      caxton: `${ms(median(costs[own], ({ p50Ms }) => p50Ms))}, ${ms(median(costs[own], ({ p99Ms }) => p99Ms))}`,
      peer: `${ms(median(costs[peer], ({ p50Ms }) => p50Ms))}, ${ms(median(costs[peer], ({ p99Ms }) => p99Ms))} (${peer})`,
      ratio: times(late),
      target: "",
    },
  ];
}

async function prepared(stack: AsyncDisposableStack, config: string): Promise<Side> {
  const server = stack.use(await ServerProcess.start({ config: MESSAGES + config }));
  const { setupToken } = server;
  const key = setupToken && (await server.createKey(setupToken, { name: "bench", role: "admin" }));
  await server.post("/api/v1/agents", key, { source: AGENT, file_name: "bench.toml" });
  await server.post("/api/v1/participants", key, { name: MAILBOX });
  return { server, keys: key === undefined ? [] : [key] };
}

async function costOfAccess(client: Client): Promise<readonly Row[]> {
  await using stack = new AsyncDisposableStack();
  const sides: Sides = {
    local: await prepared(stack, ""),
    "local with rate limits": await prepared(stack, RATES),
    required: await prepared(stack, RATES + REQUIRED),
  };
  const rows: Row[] = [];
  for (const kind of KINDS) {
    const costs = await rounds(client, sides, kind);
    rows.push(
      ...comparison(kind.what, { costs, names: ["required", "local"] }, true),
      ...comparison(
        `${kind.what}, rate limits in both`,
        { costs, names: ["required", "local with rate limits"] },
        false,
      ),
    );
  }
  return rows;
}

/** Twenty at a time. */
async function each<Result>(count: number, one: (index: number) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let index = 0; index < count; index += 20)
    results.push(...(await Promise.all(Array.from({ length: 20 }, (_, offset) => one(index + offset)))));
  return results;
}

async function costOfKeys(client: Client): Promise<readonly Row[]> {
  await using stack = new AsyncDisposableStack();
  const few = await prepared(stack, RATES + REQUIRED);
  const many = await prepared(stack, RATES + REQUIRED);
  const { server } = many;
  const [admin] = many.keys;
  const before = server.residentBytes();
  await each(WORKSPACES, (index) => server.post("/api/v1/workspaces", admin, { name: `w${index}` }));
  const begunMs = performance.now();
  const keys = await each(KEYS, (index) =>
    server.createKey(admin, { name: `k${index}`, role: "user", workspace: `w${index % WORKSPACES}` }),
  );
  const eachMs = (performance.now() - begunMs) / KEYS;
  const grown = server.residentBytes() - before;
  await few.server.post("/api/v1/workspaces", few.keys[0], { name: "w0" });
  const only = await few.server.createKey(few.keys[0], { name: "k0", role: "user", workspace: "w0" });
  const sides: Sides = { "1 key": { server: few.server, keys: [only] }, "10,000 keys": { server, keys } };
  const compared = async (spread: Spread): Promise<Compared> => ({
    costs: await rounds(client, sides, GET_AGENTS, spread),
    names: ["10,000 keys", "1 key"],
  });
  return [
    row("a key created on disk, 20 at a time", ms(eachMs)),
    row("memory that came with 10,000 keys and 1,000 workspaces", mib(grown)),
    ...comparison("10,000 keys, 1,000 connections with a key each", await compared({ connections: CONNECTIONS }), true),
    ...comparison("10,000 keys, another one in each request", await compared({ isKeyOfRequest: true }), false),
  ];
}

export async function run(): Promise<readonly Row[]> {
  using client = new Client();
  return [...(await costOfAccess(client)), ...(await costOfKeys(client))];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
