// Greedy clients at their real sizes against a server with the default limits: what is accepted and refused, and how long another
// client waits meanwhile. Run it alone with `node bench/limits.ts`.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { headOf, rawClient, type RawClient } from "../test/helpers/raw-request.ts";
import { ServerProcess } from "./server-process.ts";
import { row, sleep } from "./stage.ts";
import { mib, ms, type Row, table } from "./table.ts";

const MIB = 1024 ** 2;
const FILES = 200_000;
const ADDRESS = "127.0.0.2";
const JSON_TYPE = { "content-type": "application/json" };
const CONFIG = `[access]\nmode = "required"\n[messages]\nparticipant_tokens = false\n[server.limits]\nbody_timeout = "20s"\n`;

const crowd = (directory: string): void => {
  mkdirSync(join(directory, "data/crowded"), { recursive: true });
  for (let index = 0; index < FILES; index += 1) writeFileSync(join(directory, "data/crowded", `${index}.txt`), "");
};

/** The server with the keys of two administrators. */
type Server = Client & { readonly other: string; readonly process: ServerProcess };

type Client = { readonly url: string; readonly key: string };

async function ask({ url, key }: Client, method: string, path: string, body?: object | Uint8Array) {
  const isFile = body instanceof Uint8Array;
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(!isFile && body && JSON_TYPE) },
    ...(body && { body: isFile ? Buffer.from(body) : JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  return { status: response.status, body: answer };
}

/** Does the work while another client asks for its agents, and reports the outcomes and the longest wait of that client. */
async function during(
  what: string,
  server: Server,
  work: () => Promise<readonly (number | undefined)[]>,
): Promise<Row> {
  const other = new Worker(new URL("limits-client.ts", import.meta.url), {
    workerData: { url: server.url, key: server.other },
  });
  await once(other, "online");
  const outcomes = Map.groupBy(await work(), (status) => (status === undefined ? "open" : String(status)));
  other.postMessage("end");
  const [waits]: readonly number[][] = await once(other, "message");
  waits?.sort((one, another) => one - another);
  const counts = [...outcomes].map(([status, all]) => `${all.length} × ${status}`).join(", ");
  const median = waits?.[waits.length >> 1] ?? 0;
  return row(
    what,
    `${counts}; other client: median ${ms(median)}, longest ${ms(waits?.at(-1) ?? 0)}; RSS ${mib(server.process.residentBytes())}`,
  );
}

/** Statuses of requests whose bodies stop, as they are after a time. */
async function stalled(count: number, one: (index: number) => Promise<RawClient>, holdMs: number) {
  const clients = await Promise.all(Array.from({ length: count }, async (_, index) => one(index)));
  const writing = setInterval(() => {
    for (const { socket } of clients) if (socket.writable) socket.write(" ");
  }, 5_000);
  await sleep(holdMs);
  const found = await Promise.all(
    clients.map(({ ended }) => Promise.race([ended.then(({ status }) => status), sleep(50)])),
  );
  clearInterval(writing);
  for (const client of clients) client[Symbol.dispose]();
  await sleep(500);
  return found.map((status) => (typeof status === "number" ? status : undefined));
}

/** Statuses of requests, eight at a time. */
async function each(count: number, one: (index: number) => Promise<{ readonly status: number }>) {
  const statuses: number[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) statuses.push((await one(index)).status);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return statuses;
}

const definition = (index: number) =>
  `name = "agent-${index}"\nversion = "1.0.0"\ncapabilities = ["testing"]\nsystem_prompt = "You work."\nuser_prompt_template = "{{request}}"\n`;

export async function run(): Promise<readonly Row[]> {
  await using process = await ServerProcess.start({ config: CONFIG, prepare: crowd });
  const key = await process.createKey(process.setupToken, { name: "a", role: "admin" });
  const other = await process.createKey(key, { name: "b", role: "admin" });
  const { url } = process;
  const server: Server = { url, key, other, process };
  const authorization = `Bearer ${server.key}`;
  const head = (path: string, headers: Record<string, string | number>) =>
    headOf("POST", path, { authorization, connection: "close", ...headers });
  const body = (bytes: number) => head("/api/v1/agents/validate", { ...JSON_TYPE, "content-length": bytes });
  const module = head("/api/v1/tool-servers", {
    "content-type": "multipart/form-data; boundary=x",
    "content-length": 31 * MIB,
  });
  const upload = head("/api/v1/uploads?name=a.bin", { "content-length": 8 * MIB });
  const part = Buffer.alloc(4 * MIB - 65_536, " ");
  const file = Buffer.alloc(8 * MIB);
  await ask(server, "POST", "/api/v1/participants", { name: "reader" });
  return [
    await during("500 bodies of 100 bytes, one byte in 5 s, for 45 s", server, () =>
      stalled(500, () => rawClient(url, ADDRESS, body(100)), 45_000),
    ),
    await during("400 bodies of 4 MB that stop before their end, for 10 s", server, () =>
      stalled(400, () => rawClient(url, ADDRESS, Buffer.concat([Buffer.from(body(4 * MIB)), part])), 10_000),
    ),
    await during("20 modules of 31 MB that stop, for 5 s", server, () =>
      stalled(20, () => rawClient(url, ADDRESS, module), 5_000),
    ),
    await during("60 uploads of 8 MB at once that stop, for 5 s", server, () =>
      stalled(60, () => rawClient(url, ADDRESS, upload), 5_000),
    ),
    await during("60 uploads of 8 MB, 8 at a time", server, () =>
      each(60, () => ask(server, "POST", "/api/v1/uploads?name=a.bin", file)),
    ),
    await during("12,000 subscriptions", server, () =>
      each(12_000, (index) =>
        ask(server, "POST", "/api/v1/subscriptions", { subscriber: "reader", topic: `topic.t${index}` }),
      ),
    ),
    await during("3,000 agents, with a quota of 1,000", server, async () => {
      await ask(server, "PATCH", "/api/v1/workspaces/default", { quotas: { agents: 1_000 } });
      return each(3_000, (index) => ask(server, "POST", "/api/v1/agents", { source: definition(index) }));
    }),
    await during("4 lists of a directory of 200,000 files", server, () =>
      each(4, () =>
        ask(server, "POST", "/api/v1/tools/file_system/list_directory/call", { arguments: { path: "data/crowded" } }),
      ),
    ),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
