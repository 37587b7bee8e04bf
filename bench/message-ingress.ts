// How many messages a second come in through the server's own doors, each on disk before its receipt: over a WebSocket, singly and
// fifty in a frame, and one HTTP request for each. Both ends are in this process,
// so that a figure is what one core does for sender and server together. Alone: `node bench/message-ingress.ts [seconds]`.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { WebSocket } from "ws";
import { operations, MESSAGE_SOCKET } from "../src/api/contract/index.ts";
import { startServer } from "../test/helpers/server.ts";
import { perSecond, type Row, table } from "./table.ts";

const SECONDS = 5;
const WARM_MS = 1_000;
/** Messages without a receipt at once. */
const WINDOW = 1_000;
/** Requests at once. */
const CONNECTIONS = 64;
const MAILBOX = "takes-all";
const message = { performative: "inform", sender: "user", receiver: MAILBOX, content: "x".repeat(400) };

/** Counts what comes within the seconds after the warm time. */
class Meter {
  count = 0;
  readonly #fromMs = performance.now() + WARM_MS;
  readonly #seconds: number;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  get isOver(): boolean {
    return performance.now() >= this.#fromMs + this.#seconds * 1_000;
  }

  add(some: number): void {
    if (performance.now() >= this.#fromMs && !this.isOver) this.count += some;
  }

  get perSecond(): number {
    return this.count / this.#seconds;
  }
}

async function overSocket(url: string, batch: number, seconds: number): Promise<number> {
  const socket = new WebSocket(url.replace("http", "ws") + MESSAGE_SOCKET);
  await once(socket, "open");
  const single = { op: "send", message };
  const frame = JSON.stringify(
    batch === 1 ? single : { op: "send-batch", messages: Array.from({ length: batch }, () => message) },
  );
  const meter = new Meter(seconds);
  const ended = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => {
    if (!data.includes(`"accepted"`) || data.includes(`"refused"`)) return ended.reject(new Error(String(data)));
    meter.add(batch);
    if (meter.isOver) ended.resolve();
    else socket.send(frame);
  });
  for (let sent = 0; sent < WINDOW; sent += batch) socket.send(frame);
  await ended.promise;
  socket.terminate();
  return meter.perSecond;
}

async function overHttp(url: string, seconds: number): Promise<number> {
  using agent = new Connections();
  const meter = new Meter(seconds);
  const body = JSON.stringify(message);
  const lane = async () => {
    while (!meter.isOver) {
      await agent.post(url + operations.message.send.http.path, body);
      meter.add(1);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return meter.perSecond;
}

/** Connections that stay open from one request to the next. */
class Connections implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  post(url: string, body: string): Promise<void> {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const asked = request(url, { method: "POST", agent: this.#agent, headers }, (response) => {
        if (response.statusCode !== 202) reject(new Error(`answered with ${response.statusCode}`));
        response.resume().on("end", resolve);
      });
      asked.on("error", reject).end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

const row = (what: string, figure: number): Row => ({
  what: `messages in over ${what}, receipts from the disk`,
  caxton: perSecond(figure),
  peer: "",
  ratio: "",
  target: "",
  met: undefined,
});

export async function run(seconds = SECONDS): Promise<readonly Row[]> {
  const settings = { "agents.directory": "none", "messages.mailbox_messages_max": 10_000_000 };
  const bounds = { "messages.mailbox_bytes_max": "64GiB", "messages.total_bytes_max": "64GiB" };
  const rows: Row[] = [];
  for (const [what, measure] of [
    ["a WebSocket, one a frame", (url: string) => overSocket(url, 1, seconds)],
    ["a WebSocket, 50 a frame", (url: string) => overSocket(url, 50, seconds)],
    [`HTTP, one a request, ${CONNECTIONS} at once`, (url: string) => overHttp(url, seconds)],
  ] as const) {
    await using server = await startServer({ settings: { ...settings, ...bounds } });
    await server.ask("POST", operations.participant.register.http.path, { name: MAILBOX });
    rows.push(row(what, await measure(server.url)));
  }
  return rows;
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? SECONDS)))}\n`);
