// What a request costs over each protocol beside REST, in one run: turns of the built-in model over REST, chat completions and MCP, and reads
// of an agent over REST and gRPC. The built product is in a process of its own. Run it alone with `node bench/protocols.ts`.
import { grpcClient } from "../test/grpc/client.ts";
import { connectMcp } from "../test/helpers/mcp.ts";
import { ServerProcess } from "./server-process.ts";
import { p50, sorted, us } from "./stage.ts";
import { type Row, table } from "./table.ts";

const ROUNDS = 12;
const REQUESTS = 60;
/** The engine compiles first. */
const WARM_ROUNDS = 3;
const CHAT_RATIO_MAX = 1.1;

const AGENT = `name = "bench"
version = "1.0.0"
capabilities = ["bench"]
model = "mock"
system_prompt = "Answer."
`;

type Kind = {
  readonly what: string;
  readonly peer?: string;
  readonly ratioMax?: number;
  readonly send: () => Promise<unknown>;
};
type Cost = { readonly timesMs: number[]; cpuMs: number };

async function post(url: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
}

async function read(url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  await response.text();
}

/** Requests of one kind, one after the other. */
async function measure(server: ServerProcess, { send }: Kind, cost: Cost): Promise<void> {
  const cpuMs = server.cpuMs();
  for (let count = 0; count < REQUESTS; count += 1) {
    const startMs = performance.now();
    await send();
    cost.timesMs.push(performance.now() - startMs);
  }
  cost.cpuMs += server.cpuMs() - cpuMs;
}

const TURN = "run, REST";
const READ = "agent read, REST";

export async function run(): Promise<readonly Row[]> {
  await using server = await ServerProcess.start();
  await server.post("/api/v1/agents", undefined, { source: AGENT });
  await using mcp = await connectMcp(server.url, { revision: "2026-07-28" });
  const grpc = await grpcClient(server.url);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => grpc.close());
  const input = "Say hello.";
  const messages = [{ role: "user", content: input }];
  const kinds: readonly Kind[] = [
    { what: TURN, send: () => post(`${server.url}/api/v1/runs`, { agent: "bench", input, wait: true }) },
    {
      what: "run, /v1/chat/completions",
      peer: TURN,
      ratioMax: CHAT_RATIO_MAX,
      send: () => post(`${server.url}/v1/chat/completions`, { model: "bench", messages }),
    },
    {
      what: "run, MCP tools/call by its SDK",
      peer: TURN,
      send: () => mcp.client.callTool({ name: "bench", arguments: { message: input } }),
    },
    { what: READ, send: () => read(`${server.url}/api/v1/agents/bench`) },
    {
      what: "agent read, gRPC by grpc-js",
      peer: READ,
      send: () => grpc.call("AgentService", "GetAgent", { name: "bench" }),
    },
  ];
  const costs = new Map(kinds.map(({ what }): [string, Cost] => [what, { timesMs: [], cpuMs: 0 }]));
  for (let round = -WARM_ROUNDS; round < ROUNDS; round += 1) {
    for (const kind of kinds) {
      const cost = (round < 0 ? undefined : costs.get(kind.what)) ?? { timesMs: [], cpuMs: 0 };
      await measure(server, kind, cost);
    }
  }
  return kinds.flatMap((kind) => rowsOf(kind, costs));
}

function rowsOf({ what, peer, ratioMax }: Kind, costs: ReadonlyMap<string, Cost>): readonly Row[] {
  const cost = costs.get(what);
  const other = costs.get(peer ?? what);
  if (cost === undefined || other === undefined) return [];
  const row = (name: string, value: (cost: Cost) => number): Row => {
    const ratio = value(cost) / value(other);
    const isCompared = peer !== undefined;
    return {
      what: `${what}: ${name}`,
      caxton: us(value(cost)),
      peer: isCompared ? `${us(value(other))}, ${peer}` : "",
      ratio: isCompared ? `${ratio.toFixed(2)}× the cost` : "",
      target: ratioMax === undefined ? "" : `≤ ${ratioMax}×`,
      met: ratioMax === undefined ? undefined : ratio <= ratioMax,
    };
  };
  return [
    row("p50", ({ timesMs }) => p50(sorted(timesMs))),
    row("CPU of the server", ({ cpuMs }) => cpuMs / (ROUNDS * REQUESTS)),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
