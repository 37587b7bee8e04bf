import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { toFault } from "../../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import { type Client, EventStreamReader } from "../client/index.ts";
import type { TerminalStreams } from "../terminal/index.ts";

const PATH = "/mcp";
const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
/** Statuses whose body is a message too. */
const REFUSALS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 429, 500, 502, 503, 504];
const PARSE_ERROR = -32_700;
const INTERNAL_ERROR = -32_603;

/** Methods with which a client begins; messages behind them wait for their answer. */
const FIRST = ["initialize", "notifications/initialized"];
/** Time before the stream of a session's notifications is opened again. */
const FOLLOW_AGAIN_MS = 1_000;
/** A request whose answer never ends; it is closed with standard input. */
const ENDLESS = "subscriptions/listen";

/** A request that is not answered yet. */
type Open = { readonly method: Json; readonly controller: AbortController };

/** What is known of a session of a 2025 revision. */
type Session = { readonly id: string; readonly version: string };

/** Passes messages of MCP between standard input and output and the server's URL, as they are. */
export class Bridge {
  readonly #client: Client;
  readonly #streams: Pick<TerminalStreams, "input" | "output">;
  readonly #open = new Map<string, Open>();
  readonly #pending = new Set<Promise<void>>();
  /** Aborts when the client closes standard input. */
  readonly #ending = new AbortController();
  #initialization: JsonObject | undefined;
  #session: Session | undefined;

  constructor(client: Client, streams: Pick<TerminalStreams, "input" | "output">) {
    this.#client = client;
    this.#streams = streams;
  }

  /** Resolves when the client has closed standard input and the requests before it are answered. */
  async run(): Promise<void> {
    for await (const line of createInterface({ input: this.#streams.input })) {
      if (line.trim() === "") continue;
      const parsed = parseJson(line);
      if (parsed.type === "malformed") await this.#write(failure(null, PARSE_ERROR, parsed.reason));
      else await this.#take(parsed.value);
    }
    this.#ending.abort();
    for (const { method, controller } of this.#open.values()) if (method === ENDLESS) controller.abort();
    await Promise.all(this.#pending);
    await this.#endSession();
  }

  async #take(message: Json): Promise<void> {
    const received = this.#receive(message);
    if (isJsonObject(message) && FIRST.some((method) => method === message["method"])) return received;
    this.#pending.add(received);
    void received.finally(() => this.#pending.delete(received));
  }

  async #receive(message: Json): Promise<void> {
    const { method, id, params } = isJsonObject(message) ? message : {};
    if (method === "notifications/cancelled" && this.#session === undefined && isJsonObject(params)) {
      // Over HTTP, a request of 2026 is cancelled by closing its stream.
      this.#open.get(keyOf(params["requestId"]))?.controller.abort();
      return;
    }
    const isRequest = method !== undefined && id !== undefined;
    const controller = new AbortController();
    if (isRequest) this.#open.set(keyOf(id), { method, controller });
    try {
      await this.#send(message, controller.signal);
      if (method === "notifications/initialized") void this.#follow(this.#session);
    } catch (error) {
      const { message: text, hint } = toFault(error);
      if (isRequest && !controller.signal.aborted)
        await this.#write(failure(id, INTERNAL_ERROR, hint === "" ? text : `${text}. ${hint}`));
    } finally {
      if (isRequest) this.#open.delete(keyOf(id));
    }
  }

  async #send(message: Json, signal: AbortSignal): Promise<void> {
    const response = await this.#post(message, signal);
    const isLost = response.status === 404 && this.#session !== undefined && this.#initialization !== undefined;
    if (!isLost) return this.#forward(message, response);
    // The server was restarted: sessions are in its memory.
    await response.body?.cancel();
    this.#session = undefined;
    const again = await this.#post(this.#initialization ?? null, signal);
    if (!again.ok) return this.#forward(message, again);
    await this.#start(answersTo(this.#initialization ?? null, again), again.headers.get("mcp-session-id"));
    await (await this.#post({ jsonrpc: "2.0", method: "notifications/initialized" }, signal)).body?.cancel();
    void this.#follow(this.#session);
    return this.#forward(message, await this.#post(message, signal));
  }

  async #forward(message: Json, response: Response): Promise<void> {
    const answers = answersTo(message, response);
    if (!isJsonObject(message) || message["method"] !== "initialize") {
      for await (const answer of answers) await this.#write(answer);
      return;
    }
    this.#initialization = message;
    await this.#start(answers, response.headers.get("mcp-session-id"), (answer) => this.#write(answer));
  }

  /** Begins a session with the answer to an initialization. */
  async #start(
    answers: AsyncIterable<Json>,
    id: string | null,
    onAnswer?: (answer: Json) => Promise<void>,
  ): Promise<void> {
    for await (const answer of answers) {
      const { result } = isJsonObject(answer) ? answer : {};
      const version = isJsonObject(result) ? result["protocolVersion"] : undefined;
      if (id !== null && typeof version === "string") this.#session = { id, version };
      await onAnswer?.(answer);
    }
  }

  #post(message: Json, signal: AbortSignal): Promise<Response> {
    return this.#client.open({
      method: "POST",
      path: PATH,
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headersOf(message, this.#session),
      },
      body: JSON.stringify(message),
      accepts: REFUSALS,
      signal,
    });
  }

  /** Passes on the notifications that belong to no request, as long as the session lasts. Never rejects. */
  async #follow(session: Session | undefined): Promise<void> {
    const { signal } = this.#ending;
    if (session === undefined) return;
    while (this.#session === session && !signal.aborted) {
      try {
        const headers = { ...headersOf(null, session), accept: "text/event-stream" };
        const response = await this.#client.open({ method: "GET", path: PATH, headers, accepts: REFUSALS, signal });
        if (!response.ok) return;
        for await (const message of messagesOf(response)) await this.#write(message);
        await sleep(FOLLOW_AGAIN_MS, undefined, { signal });
      } catch {
        // The server is gone or stops: the next message of the client begins a session.
        return;
      }
    }
  }

  async #endSession(): Promise<void> {
    if (this.#session === undefined) return;
    const headers = headersOf(null, this.#session);
    try {
      const signal = AbortSignal.timeout(this.#client.timeoutMs);
      await this.#client.open({ method: "DELETE", path: PATH, headers, accepts: REFUSALS, signal });
    } catch {
      // A server that is gone has no session.
    }
  }

  async #write(message: Json): Promise<void> {
    if (!this.#streams.output.write(`${JSON.stringify(message)}\n`)) await once(this.#streams.output, "drain");
  }
}

const keyOf = (id: Json | undefined): string => JSON.stringify(id ?? null);

const failure = (id: Json, code: number, message: string): Json => ({ jsonrpc: "2.0", id, error: { code, message } });

/** Headers that repeat what a message says. */
function headersOf(message: Json, session: Session | undefined): Readonly<Record<string, string>> {
  if (session !== undefined) return { "mcp-session-id": session.id, "mcp-protocol-version": session.version };
  const { method, params } = isJsonObject(message) ? message : {};
  const { _meta: meta, name, uri, taskId } = isJsonObject(params) ? params : {};
  const version = isJsonObject(meta) ? meta[VERSION_KEY] : undefined;
  if (typeof version !== "string" || typeof method !== "string") return {};
  const named = name ?? uri ?? taskId;
  return {
    "mcp-protocol-version": version,
    "mcp-method": method,
    ...(typeof named === "string" && { "mcp-name": headerValue(named) }),
  };
}

/** A text as a header has it; what is not ASCII is encoded. */
const headerValue = (text: string): string =>
  /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;

/**
 * The messages of a response. A request gets an answer in any case: a refusal that does not name it is given its id, since
 * clients drop answers that name no request.
 */
async function* answersTo(message: Json, response: Response): AsyncGenerator<Json, void, undefined> {
  const { method, id } = isJsonObject(message) ? message : {};
  const isRequest = method !== undefined && id !== undefined;
  let isAnswered = false;
  for await (const answer of messagesOf(response)) {
    const isOwn = isJsonObject(answer) && answer["method"] === undefined;
    isAnswered ||= isOwn;
    const isUnnamed = isOwn && isRequest && (!response.ok || (answer["id"] ?? null) === null);
    yield isUnnamed ? { ...answer, id } : answer;
  }
  if (isRequest && !isAnswered) yield failure(id, INTERNAL_ERROR, unanswered(response));
}

const unanswered = ({ status, ok }: Response): string =>
  ok
    ? "the server ended its response before the answer. Send the request again"
    : `the server refused the request with HTTP ${status} and no message. Check the address with: caxton status`;

async function* messagesOf(response: Response): AsyncGenerator<Json, void, undefined> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("text/event-stream")) {
    const parsed = parseJson(await response.text());
    if (parsed.type === "parsed") yield parsed.value;
    return;
  }
  const reader = new EventStreamReader();
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    for (const { data } of reader.push(decoder.decode(piece, { stream: true }))) {
      const parsed = parseJson(data);
      if (parsed.type === "parsed") yield parsed.value;
    }
  }
}
