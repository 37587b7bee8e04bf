// What a model turn over HTTP costs the server: an OpenAI-compatible endpoint on loopback that answers at once, in a process of its own,
// asked through `POST /runs`. And what readers of `/api/v1/events` add. Run it alone with `node bench/http-model.ts`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { startServer, type TestServer } from "../test/helpers/server.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

const CONCURRENCY = 8;
const WARM_UP = 200;
const TOTAL = 1_000;
const READERS = 100;

const AGENT = `name = "bench"
version = "1.0.0"
capabilities = ["bench"]
model = "local/bench"
system_prompt = "Answer."
`;

type Cost = { readonly cpuMs: number; readonly perSecond: number };

/** CPU time of this process for a run, and runs a second, of `total` runs, some at a time. */
async function cost(server: TestServer, total: number): Promise<Cost> {
  let left = total;
  const worker = async () => {
    while (left-- > 0) {
      const { body } = await server.ask("POST", "/api/v1/runs", { agent: "bench", input: "hello", wait: true });
      if (!JSON.stringify(body).includes('"completed"')) throw new Error(`a run failed: ${JSON.stringify(body)}`);
    }
  };
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1_000 / total, perSecond: total / ((performance.now() - begunMs) / 1_000) };
}

/** The same answers read by fetch alone, without a server: the floor of what a turn can take in this process. */
async function floorOf(baseUrl: string, total: number): Promise<number> {
  let left = total;
  const worker = async () => {
    while (left-- > 0) {
      const body = JSON.stringify({ model: "bench", stream: true, messages: [{ role: "user", content: "hello" }] });
      const response = await fetch(`${baseUrl}/chat/completions`, { method: "POST", body });
      for (const line of (await response.text()).split("\n"))
        if (line.startsWith("data: {")) JSON.parse(line.slice("data: ".length));
    }
  };
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1_000 / total;
}

export async function run(): Promise<readonly Row[]> {
  const endpoint = spawn(process.execPath, [join(import.meta.dirname, "endpoint.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(endpoint.stdout, "data");
  const baseUrl = String(line).trim();
  await using server = await startServer({
    settings: {
      "models.providers": { local: { type: "openai-compatible", base_url: baseUrl } },
      "server.limits.streams.address": READERS * 2,
    },
  });
  await server.ask("POST", "/api/v1/agents", { source: AGENT, file_name: "bench.toml" });
  await cost(server, WARM_UP);
  const alone = await cost(server, TOTAL);
  const words = [
    join(import.meta.dirname, "followers.ts"),
    `${server.url}/api/v1/events?types=run,step`,
    String(READERS),
    "quick",
  ];
  const readers = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
  await once(readers.stdout, "data");
  const followed = await cost(server, TOTAL / 2);
  readers.kill();
  await floorOf(baseUrl, WARM_UP);
  const floor = await floorOf(baseUrl, TOTAL);
  endpoint.kill();
  return [
    {
      what: "a turn of a model over HTTP, CPU of the process, its client included",
      caxton: ms(alone.cpuMs),
      peer: `${ms(floor)} (fetch and JSON.parse)`,
      ratio: `${(alone.cpuMs / floor).toFixed(1)}×`,
      target: "≤ 1 ms",
      met: alone.cpuMs <= 1,
    },
    {
      what: `its runs, ${CONCURRENCY} at a time`,
      caxton: perSecond(alone.perSecond),
      peer: "",
      ratio: "",
      target: "",
      met: undefined,
    },
    {
      what: `the same with ${READERS} readers of /events?types=run,step, CPU`,
      caxton: ms(followed.cpuMs),
      peer: `${ms(alone.cpuMs)} (no reader)`,
      ratio: `${(followed.cpuMs / alone.cpuMs).toFixed(1)}×`,
      target: "≤ 2×",
      met: followed.cpuMs / alone.cpuMs <= 2,
    },
    { what: "its runs", caxton: perSecond(followed.perSecond), peer: "", ratio: "", target: "", met: undefined },
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
