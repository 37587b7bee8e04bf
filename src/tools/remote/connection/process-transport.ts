import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from "@modelcontextprotocol/client";
import type { Clock } from "../../../kernel/clock.ts";
import { JSON_DEPTH_MAX, parseJson } from "../../../kernel/json.ts";
import { tooLarge } from "./bounded-fetch.ts";
import { messageBucket, tooManyMessages } from "./flood.ts";
import type { TokenBucket } from "./token-bucket.ts";
import { McpMessageRefusedError, McpProcessError } from "../errors.ts";
import { currentScope, type RequestScope } from "../request-scope.ts";
import { killGroup } from "./kill-group.ts";

export type ProcessSpec = {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: { readonly [name: string]: string };
  readonly cwd: string | undefined;
  readonly messageBytesMax: number;
  readonly clock: Clock;
  /** Takes what the process writes to standard error, and remarks about what it writes to standard output. */
  readonly log: (piece: string) => void;
};

/** Time for a process to exit after its input is closed. */
const END_MS = 2_000;

/**
 * Starts the program in a group of its own and stays beside it: when the server dies, however it dies, the pipe on descriptor 3 closes
 * and the whole group is killed. `exec 4<&0` keeps standard input for the program, because a shell closes it for background jobs.
 */
const GROUP_KILLER = `exec 4<&0
"$@" <&4 3<&- 4<&- &
program=$!
exec 4<&- 0</dev/null 1>/dev/null 2>/dev/null
{ read -r _ <&3; sleep 1; kill -s KILL -- -$$; } &
killer=$!
wait $program
status=$?
kill -s KILL $killer
exit $status`;

/**
 * MCP over the standard input and output of a local process: one JSON message a line.
 * remote.process-transport.P1. The process and all it starts in its group are gone when `close` resolves, and when
 *   this process is.
 * remote.process-transport.P2. A line that is no message is noted and skipped; one that is too long ends the
 *   connection, as too many of them do. The request that such a line answers fails at once.
 */
export class ProcessTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;
  readonly #spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #ended: PromiseWithResolvers<void> | undefined;
  readonly #messages: TokenBucket;
  #isRefused = false;
  #line: Buffer[] = [];
  #lineBytes = 0;
  /** Requests without an answer, by id. */
  readonly #scopes = new Map<unknown, RequestScope>();

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.#messages = messageBucket(spec.clock);
  }

  /** The library takes a transport with `pid` and `stderr` for a process, whose silence has another meaning than a server's. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get stderr(): Readable | undefined {
    return this.#child?.stderr ?? undefined;
  }

  /** Throws McpProcessError when the program cannot be started. */
  async start(): Promise<void> {
    const { command, args, environment, cwd } = this.#spec;
    const child: ChildProcess = isWindows
      ? spawn(command, args, { env: environment, cwd, stdio: ["pipe", "pipe", "pipe"], windowsHide: true })
      : spawn("/bin/sh", ["-c", GROUP_KILLER, "caxton-mcp", command, ...args], {
          env: environment,
          cwd,
          detached: true,
          stdio: ["pipe", "pipe", "pipe", "pipe"],
        });
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.#child = child;
    this.#ended = ended;
    child.once("spawn", () => started.resolve());
    child.once("error", (error) => {
      started.reject(cannotStart(command, error));
      ended.resolve();
    });
    child.once("exit", (code, signal) => {
      killGroup(child, this.#spec.log);
      this.#spec.log(`the process ended (${signal ?? `exit code ${code ?? "unknown"}`})\n`);
      ended.resolve();
    });
    void ended.promise.then(() => this.#isOver());
    // If this process has no descriptors left, the child has no streams, and its "error" event
    // gives the reason.
    child.stdout?.on("data", (chunk: Buffer) => this.#take(chunk));
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => this.#spec.log(piece));
    // Its end is reported by "exit"; without a listener, a write after the end would throw an
    // uncaught error.
    child.stdin?.on("error", () => undefined);
    await started.promise;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const input = this.#child?.stdin;
    if (!input?.writable) throw gone(this.#spec.command);
    const scope = currentScope();
    if (scope !== undefined && "id" in message && "method" in message) {
      this.#scopes.set(message.id, scope);
      scope.over.addEventListener("abort", () => this.#scopes.delete(message.id), { once: true });
    }
    await written(input, `${JSON.stringify(message)}\n`, () => gone(this.#spec.command));
  }

  /** Closes the process's input, waits, then kills its group. */
  async close(): Promise<void> {
    const child = this.#child;
    const ended = this.#ended;
    if (child === undefined || ended === undefined) return;
    child.stdin?.end();
    const timer = setTimeout(() => {
      // One that may not be killed is not waited for either.
      if (!killGroup(child, this.#spec.log)) ended.resolve();
    }, END_MS);
    await ended.promise;
    clearTimeout(timer);
  }

  #isOver(): void {
    const child = this.#child;
    if (child === undefined) return;
    if (child.stdout) for (const stream of child.stdio) stream?.destroy();
    this.#child = undefined;
    this.onclose?.();
  }

  #take(chunk: Buffer): void {
    if (this.#isRefused) return;
    let rest = chunk;
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      const line = Buffer.concat([...this.#line, rest.subarray(0, end)]);
      rest = rest.subarray(end + 1);
      this.#line = [];
      this.#lineBytes = 0;
      if (!this.#messages.take()) this.#giveUp(tooManyMessages());
      if (this.#isRefused) return;
      this.#read(line);
    }
    if (rest.length > 0) this.#line.push(rest);
    this.#lineBytes += rest.length;
    if (this.#lineBytes <= this.#spec.messageBytesMax) return;
    this.#giveUp(tooLarge(this.#spec.messageBytesMax));
  }

  /** Takes nothing more from the process, and ends it. */
  #giveUp(refusal: McpMessageRefusedError): void {
    this.#isRefused = true;
    this.#line = [];
    this.#spec.log(`${refusal.message}\n`);
    this.#refuse(undefined, refusal);
    if (this.#child) killGroup(this.#child, this.#spec.log);
  }

  #read(line: Buffer): void {
    if (line.length > this.#spec.messageBytesMax) {
      const head = line.toString("utf8", 0, ID_BYTES_MAX);
      this.#refuse(
        answeredId(`${head}${line.toString("utf8", line.length - ID_BYTES_MAX)}`),
        tooLarge(this.#spec.messageBytesMax),
      );
      return;
    }
    const text = line.toString("utf8").trim();
    if (text === "") return;
    const parsed = parseJson(text);
    if (parsed.type === "malformed") {
      this.#spec.log(`not a message on standard output (${parsed.reason}): ${text.slice(0, SHOWN_CHARS)}\n`);
      const id = answeredId(text);
      if (id !== undefined) this.#refuse(id, notJson(parsed.reason));
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(parsed.value);
    } catch {
      this.#spec.log(`not a JSON-RPC message on standard output: ${text.slice(0, SHOWN_CHARS)}\n`);
      return;
    }
    const scope = "id" in message && !("method" in message) ? this.#scopes.get(message.id) : undefined;
    if (scope?.receive(line.length) !== undefined) return;
    try {
      this.onmessage?.(message);
    } catch (error) {
      // Its requests are too many.
      if (!(error instanceof McpMessageRefusedError)) throw error;
      this.#giveUp(error);
    }
  }

  /** Fails the request with this id; all of them if it is not known which one was answered. */
  #refuse(id: unknown, refusal: McpMessageRefusedError): void {
    this.onerror?.(refusal);
    const scope = this.#scopes.get(id);
    for (const each of scope === undefined ? this.#scopes.values() : [scope]) each.lose(refusal);
  }
}

/** Bytes at either end of a long line in which the id of an answer is looked for. */
const ID_BYTES_MAX = 1_024;
const ID = String.raw`"id"\s*:\s*(\d{1,15}|"[^"\\]*")`;
/** An id among the first members of a message, or the last member of all. */
const ID_AT_AN_END = new RegExp(String.raw`^\s*\{[^{}[\]]*?${ID}|${ID}\s*\}\s*$`);

/** Returns the id that a message which cannot be parsed seems to answer. */
function answeredId(text: string): unknown {
  const [, first, last] = ID_AT_AN_END.exec(text) ?? [];
  const id = first ?? last;
  return id === undefined ? undefined : JSON.parse(id);
}

const notJson = (why: string): McpMessageRefusedError =>
  new McpMessageRefusedError(
    `the server's answer is not JSON that can be read: ${why}`,
    "Its log shows how it begins.",
    {
      limit: JSON_DEPTH_MAX,
    },
  );

const LINE_FEED = 10;
const SHOWN_CHARS = 200;
const isWindows = process.platform === "win32";

const written = (input: Writable, text: string, failure: () => Error): Promise<void> =>
  new Promise((resolve, reject) => {
    input.write(text, (error) => {
      if (error) reject(failure());
      else resolve();
    });
  });

const cannotStart = (command: string, cause: Error): McpProcessError =>
  new McpProcessError(
    `${command} cannot be started: ${cause.message}`,
    "Check command and cwd of the server.",
    { command },
    { cause },
  );

const gone = (command: string): McpProcessError =>
  new McpProcessError(`the process of ${command} has ended`, "It restarts automatically; see its log for the cause.", {
    command,
  });
