// Sends requests over connections that stay open, for `access.ts`. A line of standard input describes a load, a line of standard output
// has its figures. It speaks HTTP over plain sockets, because Node's own client takes more CPU than the server that it measures.
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import * as z from "zod";
import { quantile } from "./table.ts";

export const Load = z.object({
  port: z.int(),
  method: z.string(),
  path: z.string(),
  body: z.string(),
  /** Without any, requests have no credentials. Each connection has one of them, or each request another one. */
  keys: z.array(z.string()),
  isKeyOfRequest: z.boolean(),
  connections: z.int(),
  /** Requests at once. */
  lanes: z.int(),
  requests: z.int(),
});
export type Load = z.infer<typeof Load>;

export const Figures = z.object({ tookMs: z.number(), p50Ms: z.number(), p99Ms: z.number() });
export type Figures = z.infer<typeof Figures>;

/** A connection that sends one request at a time. */
class Connection implements Disposable {
  readonly #socket: Socket;
  #received = "";
  #answered = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (data) => this.#add(String(data)));
    socket.on("error", (error) => this.#answered.reject(error));
    socket.on("close", () => this.#answered.reject(new Error("the server closed a connection")));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  ask(request: string): Promise<void> {
    this.#answered = Promise.withResolvers();
    this.#socket.write(request, "latin1");
    return this.#answered.promise;
  }

  #add(data: string): void {
    this.#received += data;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1];
    if (length === undefined || !this.#received.startsWith("HTTP/1.1 20"))
      return this.#answered.reject(new Error(this.#received));
    if (this.#received.length < end + 4 + Number(length)) return;
    this.#received = "";
    this.#answered.resolve();
  }

  [Symbol.dispose](): void {
    this.#answered.promise.catch(() => {});
    this.#socket.destroy();
  }
}

function requestOf({ method, path, body }: Load, key: string | undefined): string {
  const content = body === "" ? [] : ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`];
  const authorization = key === undefined ? [] : [`authorization: Bearer ${key}`];
  return [`${method} ${path} HTTP/1.1`, "host: 127.0.0.1", ...authorization, ...content, "", body].join("\r\n");
}

async function send(load: Load): Promise<Figures> {
  const { port, keys, isKeyOfRequest, connections: count, lanes, requests } = load;
  using stack = new DisposableStack();
  const opened = await Promise.all(Array.from({ length: count }, () => Connection.open(port)));
  const connections = opened.map((connection) => stack.use(connection));
  const texts = keys.length === 0 ? [requestOf(load, undefined)] : keys.map((key) => requestOf(load, key));
  const times: number[] = [];
  let sent = 0;
  const lane = async (number: number) => {
    for (let own = number; sent < requests; own = (own + lanes) % count) {
      const which = (isKeyOfRequest ? sent : own) % texts.length;
      sent += 1;
      const begunMs = performance.now();
      await connections[own]?.ask(texts[which] ?? "");
      times.push(performance.now() - begunMs);
    }
  };
  const begunMs = performance.now();
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  const tookMs = performance.now() - begunMs;
  times.sort((one, other) => one - other);
  return { tookMs, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

if (import.meta.main)
  for await (const line of createInterface(process.stdin))
    process.stdout.write(`${JSON.stringify(await send(Load.parse(JSON.parse(line))))}\n`);
